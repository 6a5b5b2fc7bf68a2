//! Measures omnilane beside its peers and writes `docs/performance.md`: `cargo run --release -p omnilane-peers`.

use omnilane_peers::{report, sections};
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("omnilane-peers: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let names: Vec<&str> = match &args[..] {
        [] => sections::NAMES.into(),
        [flag] if flag == "--render" => Vec::new(),
        [flag, names] if flag == "--only" => names.split(',').collect(),
        _ => return Err(format!("usage: [--render | --only NAME,...], with {}", sections::NAMES.join(", ")).into()),
    };
    if let Some(unknown) = names.iter().find(|name| !sections::NAMES.contains(name)) {
        return Err(format!("no section {unknown}, but {}", sections::NAMES.join(", ")).into());
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let mut results = report::load(&folder)?;
    for name in names {
        if let Some(section) = sections::measure(name) {
            section.print();
            results.insert(name.into(), section);
            // A later failure loses nothing.
            report::write(&folder, &results)?;
        }
    }
    report::write(&folder, &results)?;
    Ok(())
}
