//! Only tests, which stand in `tests/loom_*.rs`.
