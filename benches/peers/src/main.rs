//! Measures omnilane beside its peers and writes `docs/performance.md`: `cargo run --release -p omnilane-peers`.
//!
//! `-- --only NAME,...` measures these sections again; `--render` writes the page of what is stored. `--page NAME`, before
//! them, is for another machine's page, `docs/performance-NAME.md`.

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
    let (page, args) = match &args[..] {
        [flag, page, rest @ ..] if flag == "--page" => (format!("{}-{page}", report::PAGE), rest),
        all => (report::PAGE.into(), all),
    };
    let names: Vec<&str> = match args {
        [] => sections::NAMES.into(),
        [flag] if flag == "--render" => Vec::new(),
        [flag, names] if flag == "--only" => names.split(',').collect(),
        _ => {
            let known = sections::NAMES.join(", ");
            return Err(format!("usage: [--page NAME] [--render | --only NAME,...], with {known}").into());
        }
    };
    if let Some(unknown) = names.iter().find(|name| !sections::NAMES.contains(name)) {
        return Err(format!("no section {unknown}, but {}", sections::NAMES.join(", ")).into());
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let mut results = report::load(&folder, &page)?;
    for name in names {
        if let Some(section) = sections::measure(name) {
            section.print();
            results.insert(name.into(), section);
            // A later failure loses nothing.
            report::write(&folder, &page, &results)?;
        }
    }
    report::write(&folder, &page, &results)?;
    Ok(())
}
