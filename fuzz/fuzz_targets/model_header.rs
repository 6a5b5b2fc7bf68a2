#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| omnilane_fuzz::fuzz_bodies::model_header::run(bytes));
