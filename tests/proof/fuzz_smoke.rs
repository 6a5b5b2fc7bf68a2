//! The fuzzer's targets on stable: a few thousand inputs from a fixed seed, and the corpus.
//!
//! `OMNILANE_FUZZ_INPUTS=1000000 cargo test --release --test fuzz_smoke -- --nocapture` runs that many for each target.

mod fuzz_bodies;

use omnilane_test_values::Random;
use std::sync::atomic::Ordering::Relaxed;

fn smoke(target: &str, default_inputs: u64) {
    let (_, run) = *fuzz_bodies::TARGETS.iter().find(|(name, _)| *name == target).expect("a target");
    let inputs = std::env::var("OMNILANE_FUZZ_INPUTS").ok().and_then(|n| n.parse().ok()).unwrap_or(default_inputs);
    for seed in 0..inputs {
        let mut random = Random(seed);
        let len = random.next() % if seed % 8 == 0 { 2000 } else { 300 };
        let bytes: Vec<u8> = (0..len).map(|_| random.next() as u8).collect();
        run(&bytes);
    }
    let corpus = format!("{}/../../fuzz/corpus/{target}", env!("CARGO_MANIFEST_DIR"));
    for file in std::fs::read_dir(corpus).expect("the target's corpus") {
        run(&std::fs::read(file.expect("a file of the corpus").path()).expect("a file of the corpus"));
    }
    println!("{target}: {inputs} inputs; {} lanes compared by now", fuzz_bodies::COMPARED.load(Relaxed));
}

macro_rules! targets {
    ($($name:ident $inputs:literal),*) => {
        $(#[test] fn $name() { smoke(stringify!($name), $inputs); })*

        #[test]
        fn every_target_is_here() {
            assert!(fuzz_bodies::TARGETS.iter().map(|(name, _)| *name).eq([$(stringify!($name)),*]));
        }
    };
}
targets!(
    lane_ops 3000, gray 500, threshold 500, normalize 300, image_views 5000, integers 400, quantize 500, batch 300,
    model_header 5000
);
