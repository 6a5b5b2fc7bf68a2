//! An HTTP server that batches pictures, and a load generator for it.
//!
//! `cargo run --release --example serve_batch` serves on 127.0.0.1:8080; `-- sweep` starts a server of its own, raises the load
//! step by step and draws latency against load; `-- soak` offers twice the capacity for a minute. `-- --help` tells the rest.
//!
//! ```text
//! curl --data-binary @picture.png http://127.0.0.1:8080/codes --output codes.bin --dump-header -
//! curl http://127.0.0.1:8080/metrics
//! ```

mod args;
mod chart;
mod client;
mod load;
mod metrics;
mod patience;
mod server;
mod work;

use args::{Args, Command};
use server::Server;
use std::error::Error;
use std::net::SocketAddr;
use std::process::ExitCode;

fn main() -> ExitCode {
    let command = match args::parse() {
        Ok(command) => command,
        Err(e) => {
            eprintln!("serve_batch: {e}\nTry --help.");
            return ExitCode::from(2);
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => {
            eprintln!("serve_batch: no runtime: {e}");
            return ExitCode::FAILURE;
        }
    };
    let outcome = match command {
        Command::Help => {
            print!("{}", args::HELP);
            return ExitCode::SUCCESS;
        }
        Command::Serve(args) => runtime.block_on(server::serve(&args, SocketAddr::from(([127, 0, 0, 1], args.port)))),
        Command::Sweep(args) => runtime.block_on(sweep(args)),
        Command::Soak(args) => runtime.block_on(soak(args)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("serve_batch: {e}");
            ExitCode::FAILURE
        }
    }
}

async fn sweep(args: Args) -> Result<(), Box<dyn Error>> {
    let server = Server::start(&args, SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    let body = work::sample(args.side)?;
    let capacity = load::capacity(server.address, &body).await?;
    println!("capacity: {capacity:.0} pictures/s, with 64 clients that ask again at once");
    println!("{}", load::Step::HEAD);
    let mut steps = Vec::new();
    for percent in [10, 25, 50, 70, 85, 95, 110, 130, 160, 200] {
        let rate = capacity * f64::from(percent) / 100.0;
        let before = server.batcher.stats();
        let mut step = load::run(server.address, &body, rate, args.seconds.min(30), 0).await?;
        step.batch_size = mean_batch(&before, &server.batcher.stats());
        println!("{step}");
        steps.push(step);
    }
    server.stop().await;
    std::fs::write(&args.svg, chart::draw(&steps, capacity))
        .map_err(|e| format!("cannot write {}: {e}", args.svg.display()))?;
    println!("wrote {}", args.svg.display());
    Ok(())
}

/// The mean size of the batches between two looks at the counters.
fn mean_batch(before: &omnilane::batch::BatchStats, after: &omnilane::batch::BatchStats) -> f64 {
    let items = |stats: &omnilane::batch::BatchStats| stats.batch_size.mean * stats.batches as f64;
    (items(after) - items(before)) / (after.batches - before.batches).max(1) as f64
}

/// Twice the capacity, for as long as asked; one client in fifty hangs up without waiting for the answer.
async fn soak(args: Args) -> Result<(), Box<dyn Error>> {
    let server = Server::start(&args, SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    let body = work::sample(args.side)?;
    let capacity = load::capacity(server.address, &body).await?;
    println!("capacity: {capacity:.0} pictures/s; offering twice that for {} s", args.seconds);
    let (address, batcher) = (server.address, server.batcher.clone());
    let memory = tokio::spawn(load::watch_memory(args.seconds));
    let before = batcher.stats();
    let mut step = load::run(address, &body, 2.0 * capacity, args.seconds, 50).await?;
    step.batch_size = mean_batch(&before, &batcher.stats());
    let memory = memory.await?;
    println!("{}\n{step}", load::Step::HEAD);
    let stats = batcher.stats();
    println!(
        "cancelled before their batch {}, after its start {}; timeouts {}; batches of {:.1} in the mean",
        stats.cancelled_waiting, stats.cancelled_running, stats.timeouts, stats.batch_size.mean
    );
    println!("resident memory, MB: {memory:?}");
    let promise = |what: &str, value: f64, most: f64| {
        let value = (value * 1e3).ceil() / 1e3;
        let holds = if value <= most { "holds" } else { "DOES NOT HOLD" };
        println!("{what}: {value:.3}, at most {most}: {holds}");
    };
    promise("p99 of the accepted, share of the time promised", step.p99.as_secs_f64() / args.target.as_secs_f64(), 1.0);
    promise("503, ms at p99", step.refused_p99.as_secs_f64() * 1e3, 4.999);
    match (memory.get(memory.len() / 4), memory.iter().max()) {
        (Some(early), Some(most)) => {
            promise("memory, the most beside that after a quarter", *most as f64 / *early as f64, 1.1)
        }
        _ => println!("memory: not measured, it is read from /proc"),
    }
    promise("items left to nobody", (stats.waiting + batcher.stats().in_flight) as f64, 0.0);
    println!("shutdown: {:?}", server.stop().await);
    Ok(())
}
