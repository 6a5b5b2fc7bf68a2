//! A page goes through the kernels on every instruction set of this machine.
//!
//! `cargo run --release --example optimization_demo` reads the page that the repository carries (or any PNG or JPEG), runs
//! the kernels, prints a table, and writes pictures and a report as HTML.

mod args;
mod batching;
mod bits;
mod chart;
mod html;
mod measure;
mod picture;
mod pool;
mod table;
mod threads;

use args::{Args, Command};
use measure::Settings;
use omnilane::cpu::{Isa, current_isa, detect_features};
use picture::Page;
use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;
use std::{fmt, fs, io};

fn main() -> ExitCode {
    match args::parse() {
        Ok(Command::Help) => {
            print!("{}", args::HELP);
            ExitCode::SUCCESS
        }
        Ok(Command::Run(args)) => match run(&args) {
            Ok(()) => ExitCode::SUCCESS,
            Err(e) => {
                eprintln!("optimization_demo: {e}");
                ExitCode::FAILURE
            }
        },
        Err(e) => {
            eprintln!("optimization_demo: {e}\nTry --help.");
            ExitCode::from(2)
        }
    }
}

/// Prints; a reader that has gone away (`| head`) is no reason to stop.
fn say(text: fmt::Arguments<'_>) -> io::Result<()> {
    match io::stdout().write_fmt(text) {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    if cfg!(debug_assertions) {
        eprintln!("optimization_demo: built without --release, so the times mean nothing");
    }
    let page = Page::read(args.picture.as_deref())?;
    say(format_args!(
        "CPU      {}\nkernels  on {}, could run on {:?}\npage     {}, {} x {} pixels\n\n",
        detect_features(),
        current_isa(),
        Isa::available(),
        page.name,
        page.width(),
        page.height()
    ))?;

    let settings = if args.quick { Settings::QUICK } else { Settings::FULL };
    let rows = measure::all(&page, settings)?;
    say(format_args!("{}", table::table(&rows)))?;
    let threads = threads::all(&page, settings)?;
    say(format_args!("{}", threads::table(&threads)))?;
    let pools = pool::all(&page, settings)?;
    say(format_args!("{}", pool::table(&pools)))?;
    let rules = batching::rules()?;
    say(format_args!("{}", batching::table(&rules)))?;

    fs::create_dir_all(&args.out).map_err(|e| format!("cannot make {}: {e}", args.out.display()))?;
    page.write(&args.out)?;
    let quality = bits::plot(&bits::all(&page)?);
    fs::write(args.out.join("quality.svg"), &quality)?;
    let sections = [threads::html(&threads), pool::html(&pools), bits::html(&quality), batching::html(&rules)];
    html::write(&args.out, &page, &rows, &sections)?;
    let index = args.out.join("index.html");
    say(format_args!("\nwrote {} (gray.png, threshold.png, chart.svg and quality.svg beside it)\n", index.display()))?;
    if let Some(path) = &args.json {
        let json = serde_json::to_string_pretty(&rows)?;
        fs::write(path, json + "\n").map_err(|e| format!("cannot write {}: {e}", path.display()))?;
        say(format_args!("wrote {}\n", path.display()))?;
    }
    Ok(())
}
