//! What a measurement depends on.

use omnilane::cpu::{Isa, detect_features};
use serde::{Deserialize, Serialize};
use std::process::Command;
use std::time::SystemTime;

/// Where and when a section was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// The model of the processor.
    pub cpu: String,
    /// What omnilane finds of its extensions.
    pub features: String,
    /// The instruction sets that kernels can run on.
    pub isas: String,
    /// Cores that this process may use.
    pub cores: usize,
    /// The compiler.
    pub rustc: String,
}

/// This machine.
pub fn this() -> Machine {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let rustc = Command::new("rustc").arg("-V").output().map(|out| String::from_utf8_lossy(&out.stdout).into_owned());
    Machine {
        cpu: model.map_or_else(|| std::env::consts::ARCH.into(), |(_, name)| name.into()),
        features: detect_features().to_string(),
        isas: Isa::available().map(|isa| isa.name()).collect::<Vec<_>>().join(", "),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        rustc: rustc.unwrap_or_default().trim().into(),
    }
}

/// The commit of the sources, with `+` where files differ from it; nothing without git.
pub fn revision() -> String {
    let git = |args: &[&str]| {
        let out = Command::new("git").args(["-C", env!("CARGO_MANIFEST_DIR")]).args(args).output().ok()?;
        out.status.success().then(|| String::from_utf8_lossy(&out.stdout).trim().to_owned())
    };
    // The report itself changes while it is written.
    let changed =
        git(&["status", "--porcelain", "--", ":(top)", ":(top,exclude)docs"]).is_some_and(|out| !out.is_empty());
    git(&["rev-parse", "--short=7", "HEAD"]).map_or_else(String::new, |commit| commit + if changed { "+" } else { "" })
}

/// Today in UTC, as 2026-01-31.
pub fn date() -> String {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    // Days of the proleptic calendar, with years that begin in March.
    let days = since.as_secs() / 86_400 + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month) = (day - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    format!("{}-{month:02}-{day:02}", era * 400 + year + u64::from(month <= 2))
}

/// The peers' versions, from the lock file.
pub fn versions(names: &[&str]) -> Vec<String> {
    let lock = include_str!("../../../Cargo.lock");
    let version = |name: &&str| {
        let (_, rest) = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?;
        Some(format!("{name} {}", rest.split_once('"')?.0))
    };
    names.iter().filter_map(version).collect()
}
