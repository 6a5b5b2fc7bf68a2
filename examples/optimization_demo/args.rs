//! The command line.

use std::path::PathBuf;

pub const HELP: &str = "\
A page goes through omnilane's kernels on every instruction set of this machine.

usage: optimization_demo [PICTURE] [--out DIR] [--json FILE] [--quick]

  PICTURE      a PNG or JPEG; without it, the page that comes with omnilane
  --out DIR    where index.html, its pictures and its plots go [target/optimization_demo]
  --json FILE  the measurements as JSON too
  --quick      fewer repetitions: a few seconds, noisier numbers
  --help       this text
";

pub enum Command {
    Help,
    Run(Args),
}

pub struct Args {
    pub picture: Option<PathBuf>,
    pub out: PathBuf,
    pub json: Option<PathBuf>,
    pub quick: bool,
}

pub fn parse() -> Result<Command, lexopt::Error> {
    use lexopt::prelude::{Long, Short, Value};

    let mut args = Args { picture: None, out: "target/optimization_demo".into(), json: None, quick: false };
    let mut parser = lexopt::Parser::from_env();
    while let Some(arg) = parser.next()? {
        match arg {
            Short('h') | Long("help") => return Ok(Command::Help),
            Long("out") => args.out = parser.value()?.into(),
            Long("json") => args.json = Some(parser.value()?.into()),
            Long("quick") => args.quick = true,
            Value(path) if args.picture.is_none() => args.picture = Some(path.into()),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Command::Run(args))
}
