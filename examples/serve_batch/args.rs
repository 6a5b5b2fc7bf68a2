//! The command line.

use std::path::PathBuf;
use std::time::Duration;

pub const HELP: &str = "\
Serves pictures over HTTP on this machine, in batches: gray, normalized, quantized to bytes.

usage: serve_batch [serve|sweep|soak] [options]

  serve            serve until Ctrl-C or SIGTERM [default]
  sweep            a server and rising load: p50, p99, batch sizes, and a chart of latency against load
  soak             a server and twice the load that it can bear

  --port N         where to serve, on 127.0.0.1 [8080]
  --target MS      the latency that accepted requests are promised, in ms [150]
  --batch N        pictures in a batch at most [32]
  --model MS       time of a model that would run on the codes, for each batch; it sleeps [0; soak: 15]
  --max-body KB    the largest body that is read [4096]
  --side N         the side of the picture that the load generator sends, in pixels [96]
  --seconds N      of a step of the sweep [3], at most 30; of the soak [60], at most 600
  --svg FILE       the chart [target/serve_batch.svg]
  --help           this text

POST /codes with a PNG or JPEG gives its codes, a byte a pixel, with x-scale, x-zero-point, x-width and x-height:
(code - zero point) * scale is the normalized pixel. 400: no picture. 408: the body came too slowly. 413: too large.
503: too busy, try again. 504: the promise could not be kept. GET /metrics is for Prometheus, GET /healthz for probes.
";

pub enum Command {
    Help,
    Serve(Args),
    Sweep(Args),
    Soak(Args),
}

pub struct Args {
    pub port: u16,
    pub target: Duration,
    pub batch: usize,
    pub model: Duration,
    pub max_body: usize,
    pub side: u32,
    pub seconds: u64,
    pub svg: PathBuf,
}

pub fn parse() -> Result<Command, lexopt::Error> {
    use lexopt::prelude::{Long, Short, Value, ValueExt};

    let (mut verb, mut model, mut seconds) = (None, None, None);
    let mut args = Args {
        port: 8080,
        target: Duration::from_millis(150),
        batch: 32,
        model: Duration::ZERO,
        max_body: 4096 << 10,
        side: 96,
        seconds: 3,
        svg: "target/serve_batch.svg".into(),
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(arg) = parser.next()? {
        match arg {
            Short('h') | Long("help") => return Ok(Command::Help),
            Long("port") => args.port = parser.value()?.parse()?,
            Long("target") => args.target = Duration::from_millis(parser.value()?.parse::<u32>()?.max(1).into()),
            Long("batch") => args.batch = parser.value()?.parse::<usize>()?.clamp(1, 4096),
            Long("model") => model = Some(Duration::from_millis(parser.value()?.parse::<u16>()?.into())),
            Long("max-body") => args.max_body = parser.value()?.parse::<usize>()?.clamp(1, 1 << 20) << 10,
            Long("side") => args.side = parser.value()?.parse::<u32>()?.clamp(1, 4096),
            Long("seconds") => seconds = Some(parser.value()?.parse::<u64>()?.clamp(1, 600)),
            Long("svg") => args.svg = parser.value()?.into(),
            Value(value) if verb.is_none() => verb = Some(value.string()?),
            other => return Err(other.unexpected()),
        }
    }
    args.model = model.unwrap_or_default();
    args.seconds = seconds.unwrap_or(3);
    match verb.as_deref() {
        None | Some("serve") => Ok(Command::Serve(args)),
        Some("sweep") => Ok(Command::Sweep(args)),
        Some("soak") => {
            let model = model.unwrap_or(Duration::from_millis(15));
            Ok(Command::Soak(Args { model, seconds: seconds.unwrap_or(60), ..args }))
        }
        Some(other) => Err(format!("{other}: it must be serve, sweep or soak").into()),
    }
}
