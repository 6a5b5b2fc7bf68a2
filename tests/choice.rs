//! The choice of the instruction set: names, scopes, levels, and the environment.

#[path = "child/mod.rs"]
mod processes;

use omnilane::cpu::{self, Isa, IsaError, OptLevel, current_isa, with_isa};
use omnilane::lanes::Simd;
use omnilane::{Kernel, dispatch, dispatch_on};
use std::process::Output;
use std::sync::{Mutex, MutexGuard};

/// The level is the process's: tests that set it, or look at what follows from it, take turns.
static LEVEL: Mutex<()> = Mutex::new(());

fn at_level(level: OptLevel) -> MutexGuard<'static, ()> {
    let guard = LEVEL.lock().unwrap_or_else(|e| e.into_inner());
    cpu::set_opt_level(level);
    guard
}

struct Where;
impl Kernel for Where {
    type Output = Isa;
    #[inline(always)]
    fn run<S: Simd>(self, _: S) -> Isa {
        S::ISA
    }
}

fn missing() -> Vec<Isa> {
    Isa::ALL.into_iter().filter(|isa| !isa.is_available()).collect()
}

#[test]
fn names_are_read_in_any_case() {
    for isa in Isa::ALL {
        assert_eq!(isa.name().parse(), Ok(isa));
        assert_eq!(isa.name().to_uppercase().parse(), Ok(isa));
        assert_eq!(isa.to_string(), isa.name());
    }
    for name in ["", " ", "sse", "avx-512", "avx2 ", "scalar\0", "ſcalar", "best"] {
        assert!(name.parse::<Isa>().is_err(), "{name:?}");
    }
    let text = "sse5".parse::<Isa>().unwrap_err().to_string();
    assert!(Isa::ALL.iter().all(|isa| text.contains(isa.name())), "{text}");
    assert_eq!(format!("[{:>8}]", Isa::Avx2), "[    avx2]", "Display pads");
}

#[test]
fn every_machine_has_the_basic_ones_and_a_best() {
    let available: Vec<Isa> = Isa::available().collect();
    assert!(available.starts_with(&[Isa::Scalar, Isa::Portable]));
    assert_eq!(available.last(), Some(&Isa::best()));
    assert_eq!(Isa::available().len(), available.len());
    assert!(available.iter().all(|isa| isa.is_available()) && available.is_sorted());
    assert_eq!(available.len() + missing().len(), Isa::ALL.len());
    assert_eq!(format!("{:?}", Isa::available()), format!("{available:?}"));
    let foreign = if cfg!(any(target_arch = "x86", target_arch = "x86_64")) { Isa::Neon } else { Isa::Avx2 };
    assert!(!foreign.is_available());
}

#[test]
fn a_kernel_runs_where_it_is_sent() {
    for isa in Isa::available() {
        assert_eq!(dispatch_on(isa, Where), Ok(isa));
        assert_eq!(with_isa(isa, || (current_isa(), dispatch(Where))), Ok((isa, isa)));
    }
}

#[test]
fn what_the_cpu_lacks_is_refused() {
    for isa in missing() {
        let error = with_isa(isa, || panic!("called")).unwrap_err();
        assert!(matches!(error, IsaError { requested, .. } if requested == isa), "{error:?}");
        assert_eq!(dispatch_on(isa, Where), Err(error));
        let text = error.to_string();
        assert!(text.contains(isa.name()) && Isa::available().all(|isa| text.contains(isa.name())), "{text}");
    }
}

#[test]
fn scopes_nest_and_end() {
    let _level = at_level(OptLevel::Full);
    let outside = current_isa();
    with_isa(Isa::Scalar, || {
        with_isa(Isa::Portable, || {
            assert_eq!(dispatch(Where), Isa::Portable);
            assert_eq!(with_isa(Isa::Scalar, || dispatch(Where)), Ok(Isa::Scalar));
            assert_eq!(dispatch(Where), Isa::Portable);
        })
        .unwrap();
        // One that is refused changes nothing.
        for isa in missing() {
            assert!(with_isa(isa, || ()).is_err());
        }
        assert_eq!(dispatch(Where), Isa::Scalar);
        // An instruction set of one's own does not reach other threads.
        assert_eq!(std::thread::spawn(current_isa).join().unwrap(), outside);
    })
    .unwrap();
    assert_eq!(current_isa(), outside);
}

#[test]
fn a_panic_ends_the_scope() {
    let _level = at_level(OptLevel::Full);
    let outside = current_isa();
    let result = std::panic::catch_unwind(|| {
        with_isa(Isa::Portable, || {
            let inner = std::panic::catch_unwind(|| with_isa(Isa::Scalar, || panic!("inner, on purpose")));
            assert!(inner.is_err());
            assert_eq!(current_isa(), Isa::Portable);
            panic!("outer, on purpose")
        })
    });
    assert!(result.is_err());
    assert_eq!(current_isa(), outside);
}

#[test]
fn the_level_decides_for_the_process() {
    let _level = at_level(OptLevel::None);
    assert_eq!((current_isa(), dispatch(Where)), (Isa::Scalar, Isa::Scalar));
    assert!(!cpu::simd_enabled() && !cpu::parallel_enabled() && !cpu::memory_opt_enabled());
    assert_eq!(std::thread::spawn(current_isa).join().unwrap(), Isa::Scalar);
    // A scope goes before the level.
    assert_eq!(with_isa(Isa::Portable, || dispatch(Where)), Ok(Isa::Portable));

    let enabled = [(OptLevel::Simd, false, false), (OptLevel::Parallel, true, false), (OptLevel::Full, true, true)];
    for (level, parallel, memory) in enabled {
        cpu::set_opt_level(level);
        assert_eq!(cpu::get_opt_level(), level);
        assert!(cpu::simd_enabled());
        assert_eq!((cpu::parallel_enabled(), cpu::memory_opt_enabled()), (parallel, memory));
        if std::env::var_os("OMNILANE_ISA").is_none() {
            assert_eq!(current_isa(), Isa::best());
        }
    }
    assert_eq!(OptLevel::default(), OptLevel::Full);
}

/// Runs `child` below in a process of its own with this `OMNILANE_ISA`.
fn child_with(value: Option<&str>) -> (String, String) {
    let mut command = processes::this_binary();
    command.args(["--exact", "child", "--ignored", "--nocapture"]).env_remove("OMNILANE_ISA");
    if let Some(value) = value {
        command.env("OMNILANE_ISA", value);
    }
    let Output { status, stdout, stderr } = command.output().unwrap();
    assert!(status.success());
    let stdout = String::from_utf8(stdout).unwrap();
    let ran = stdout.lines().find_map(|l| l.split_once("ran on ")).expect("the child says it").1;
    (ran.to_owned(), String::from_utf8(stderr).unwrap())
}

#[test]
#[ignore = "others run it, in a process of its own"]
fn child() {
    // Several threads at once, so that a warning per thread would show.
    let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(|| dispatch(Where))).collect();
    let isas: Vec<Isa> = threads.into_iter().map(|t| t.join().unwrap()).collect();
    assert!(isas.iter().all(|isa| *isa == isas[0]) && dispatch(Where) == isas[0]);
    println!("ran on {}", isas[0]);
}

#[track_caller]
fn warns_once(value: &str) {
    let (ran, stderr) = child_with(Some(value));
    assert_eq!(ran, Isa::best().name());
    let warnings: Vec<&str> = stderr.lines().filter(|l| l.contains("OMNILANE_ISA")).collect();
    assert_eq!(warnings.len(), 1, "{stderr}");
    assert!(warnings[0].contains(value) && warnings[0].contains(Isa::best().name()), "{stderr}");
}

#[test]
fn the_environment_is_honoured() {
    for isa in Isa::available() {
        let (ran, stderr) = child_with(Some(isa.name()));
        assert_eq!(ran, isa.name());
        assert!(!stderr.contains("omnilane"), "{stderr}");
    }
    assert_eq!(child_with(Some(" SCALAR ")).0, "scalar");
    for unset in [None, Some("")] {
        let (ran, stderr) = child_with(unset);
        assert_eq!(ran, Isa::best().name());
        assert!(!stderr.contains("omnilane"), "{stderr}");
    }
}

#[test]
fn nonsense_in_the_environment_warns_once() {
    warns_once("nonsense");
}

#[test]
fn what_the_cpu_lacks_in_the_environment_warns_once() {
    for isa in missing() {
        warns_once(isa.name());
    }
}

#[cfg(unix)]
#[test]
fn bytes_that_are_no_text_warn_once() {
    use std::os::unix::ffi::OsStrExt;
    let mut command = processes::this_binary();
    command.args(["--exact", "child", "--ignored", "--nocapture"]);
    let output = command.env("OMNILANE_ISA", std::ffi::OsStr::from_bytes(b"\xff\xfe")).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && stderr.matches("OMNILANE_ISA").count() == 1, "{stderr}");
}

#[test]
fn features_are_consistent() {
    let features = cpu::detect_features();
    for isa in Isa::ALL {
        assert_eq!(features.has(isa), isa.is_available());
    }
    let text = features.to_string();
    for (name, set) in features.iter() {
        assert_eq!(text.split([' ', ',']).any(|word| word == name), set, "{name} in {text}");
    }
}
