//! Processes that a test starts: its own binary again, on the same emulator where it runs on one.

use std::process::Command;

/// This test binary, started by `OMNILANE_TEST_RUNNER` (a program and its arguments, as `ci/cross-test.sh` sets it) if that is set.
pub fn this_binary() -> Command {
    let exe = std::env::current_exe().expect("a running program");
    let runner = std::env::var("OMNILANE_TEST_RUNNER").unwrap_or_default();
    let mut words = runner.split_whitespace();
    match words.next() {
        None => Command::new(exe),
        Some(program) => {
            let mut command = Command::new(program);
            command.args(words).arg(exe);
            command
        }
    }
}
