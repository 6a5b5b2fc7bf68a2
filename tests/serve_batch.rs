//! The server of `examples/serve_batch` over sockets: broken, large and slow requests, overload, clients that vanish, the end.
#![cfg(all(not(loom), feature = "batch"))]
#![allow(dead_code, reason = "the example's parts are used in part")]

#[path = "../examples/serve_batch/args.rs"]
mod args;
mod child;
#[path = "../examples/serve_batch/client.rs"]
mod client;
#[path = "../examples/serve_batch/metrics.rs"]
mod metrics;
#[path = "../examples/serve_batch/patience.rs"]
mod patience;
#[path = "../examples/serve_batch/server.rs"]
mod server;
#[path = "../examples/serve_batch/work.rs"]
mod work;

use args::Args;
use client::Client;
use server::Server;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;
use tokio::runtime::Runtime;

fn args(batch: usize, model: u64, target: u64) -> Args {
    Args {
        port: 0,
        target: Duration::from_millis(target),
        batch,
        model: Duration::from_millis(model),
        max_body: 64 << 10,
        side: 32,
        seconds: 1,
        svg: "unused.svg".into(),
    }
}

/// Where the system finds a free port.
const ANY_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

fn start(batch: usize, model: u64, target: u64) -> (Runtime, Server) {
    let runtime = Runtime::new().expect("a runtime");
    let server = runtime.block_on(Server::start(&args(batch, model, target), ANY_PORT)).expect("a server");
    (runtime, server)
}

fn post(runtime: &Runtime, server: &Server, body: &[u8]) -> u16 {
    let mut client = Client::new(server.address, body).expect("a client");
    runtime.block_on(client.post()).expect("an answer")
}

#[test]
fn pictures_broken_pictures_and_large_bodies() {
    let (runtime, server) = start(4, 0, 5000);
    let picture = work::sample(32).expect("a picture");
    assert_eq!(post(&runtime, &server, &picture), 200);
    assert_eq!(post(&runtime, &server, b""), 400);
    assert_eq!(post(&runtime, &server, b"no picture"), 400);
    assert_eq!(post(&runtime, &server, &picture[..20]), 400, "a head that is cut off");
    assert_eq!(post(&runtime, &server, &vec![0; (64 << 10) + 1]), 413);
    assert_eq!(post(&runtime, &server, &picture), 200, "it serves on");
    let report = runtime.block_on(server.stop());
    assert_eq!(report.abandoned, 0);
}

#[test]
fn a_body_that_does_not_come_is_a_408() {
    let (_runtime, server) = start(4, 0, 5000);
    let mut stream = TcpStream::connect(server.address).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a time limit");
    stream.write_all(b"POST /codes HTTP/1.1\r\nhost: here\r\ncontent-length: 100\r\n\r\nslow").expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer, and the end");
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

/// Bytes that come one by one, none of them late, end with the time for a request.
#[test]
fn a_head_that_drips_in_is_cut_off() {
    let runtime = Runtime::new().expect("a runtime");
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a port");
    let address = listener.local_addr().expect("its address");
    let (silence, request) = (Duration::from_secs(20), Duration::from_millis(300));
    let router = axum::Router::new().route("/", axum::routing::get(|| async { "here" }));
    let patience = patience::Patience::with(listener, silence, request);
    runtime.spawn(async move { axum::serve(patience, router).await });

    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a time limit");
    stream.write_all(b"GET / HTTP/1.1\r\nhost: here\r\n\r\n").expect("a request in time");
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 200");
    // 200 bytes take at least two seconds.
    let sent = (0..200).take_while(|_| {
        std::thread::sleep(Duration::from_millis(10));
        stream.write_all(b"G").is_ok()
    });
    assert!(sent.count() < 200, "the connection is still open");
}

#[test]
fn overload_is_refused_and_the_rest_is_served() {
    // A batch of one that takes 200 ms, and a queue of two.
    let (runtime, server) = start(1, 200, 5000);
    let picture = work::sample(32).expect("a picture");
    let statuses: Vec<u16> = runtime.block_on(async {
        let tasks: Vec<_> = (0..16)
            .map(|_| {
                let mut client = Client::new(server.address, &picture).expect("a client");
                tokio::spawn(async move { client.post().await.expect("an answer") })
            })
            .collect();
        let mut statuses = Vec::new();
        for task in tasks {
            statuses.push(task.await.expect("the task ends"));
        }
        statuses
    });
    assert!(statuses.contains(&503) && statuses.contains(&200), "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 503].contains(status)), "{statuses:?}");
}

/// A refusal waits for nothing: it comes while the first batch is still running.
#[test]
fn a_full_queue_is_a_503_at_once() {
    // A batch of one, and a queue of two.
    let (runtime, server) = start(1, 2000, 60_000);
    let picture = work::sample(32).expect("a picture");
    let batcher = server.batcher.clone();
    let waiting: Vec<_> = (1..=3)
        .map(|n| {
            let mut client = Client::new(server.address, &picture).expect("a client");
            let task = runtime.spawn(async move { client.post().await });
            let stats = || batcher.stats();
            eventually(|| stats().in_flight == 1 && stats().submitted == n);
            task
        })
        .collect();
    assert_eq!((batcher.stats().waiting, batcher.stats().batches), (2, 0));
    assert_eq!(post(&runtime, &server, &picture), 503);
    let stats = batcher.stats();
    assert_eq!((stats.in_flight, stats.batches, stats.rejected_full), (1, 0, 1), "the batch had ended");
    waiting.iter().for_each(|task| task.abort());
    runtime.block_on(server.stop());
}

/// Waits until something holds.
fn eventually(mut holds: impl FnMut() -> bool) {
    let start = std::time::Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(20), "it does not come");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn clients_that_vanish_leave_nothing_behind() {
    let (runtime, server) = start(2, 20, 5000);
    let picture = work::sample(32).expect("a picture");
    runtime.block_on(async {
        for _ in 0..8 {
            let mut client = Client::new(server.address, &picture).expect("a client");
            client.post_and_go().await.expect("it is sent");
        }
        let batcher = server.batcher.clone();
        let report = server.stop().await;
        assert_eq!(report.abandoned, 0);
        let stats = batcher.stats();
        assert_eq!((stats.waiting, stats.in_flight), (0, 0));
    });
}

#[test]
fn what_is_taken_in_is_answered_before_the_end() {
    let (runtime, server) = start(4, 100, 5000);
    let picture = work::sample(32).expect("a picture");
    runtime.block_on(async {
        let mut client = Client::new(server.address, &picture).expect("a client");
        let answer = tokio::spawn(async move { client.post().await });
        while server.batcher.stats().submitted == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let report = server.stop().await;
        assert_eq!((report.completed, report.abandoned), (1, 0));
        assert_eq!(answer.await.expect("the task ends").expect("an answer"), 200);
    });
}

/// Not a test by itself: what the example does with `serve`, in a process of its own.
#[cfg(unix)]
#[test]
#[ignore = "signals_end_the_server_when_all_are_answered starts it"]
fn a_process_that_serves() {
    // By itself it would never end.
    std::env::var_os("OMNILANE_TEST_SERVES").expect("run by signals_end_the_server_when_all_are_answered");
    let runtime = Runtime::new().expect("a runtime");
    runtime.block_on(server::serve(&args(2, 500, 60_000), ANY_PORT)).expect("it serves");
}

/// A process that is killed if the test fails.
#[cfg(unix)]
struct Process(std::process::Child);

#[cfg(unix)]
impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Ctrl-C and SIGTERM: who runs and who is queued is answered, then the process ends by itself.
#[cfg(unix)]
#[test]
fn signals_end_the_server_when_all_are_answered() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    let (runtime, picture) = (Runtime::new().expect("a runtime"), work::sample(32).expect("a picture"));
    for signal in ["-INT", "-TERM"] {
        let mut command = child::this_binary();
        command.args(["--exact", "a_process_that_serves", "--ignored", "--nocapture"]);
        command.env("OMNILANE_TEST_SERVES", "1").stdout(Stdio::piped());
        let mut process = Process(command.spawn().expect("a process"));
        let mut output = BufReader::new(process.0.stdout.take().expect("its output")).lines();
        let address = output.by_ref().map_while(Result::ok).find_map(|line| {
            line.split_once("serving on http://")?.1.split_whitespace().next()?.parse::<SocketAddr>().ok()
        });
        let address = address.expect("an address");

        let posts: Vec<_> = (0..3)
            .map(|_| {
                let mut client = Client::new(address, &picture).expect("a client");
                runtime.spawn(async move { client.post().await })
            })
            .collect();
        // All of them are in: a metric of the server's says so.
        eventually(|| metrics_of(address).lines().any(|line| line == "batch_items_submitted_total 3"));
        let sent = Command::new("kill").args([signal, &process.0.id().to_string()]).status().expect("kill runs");
        assert!(sent.success());
        for post in posts {
            assert_eq!(runtime.block_on(post).expect("the task ends").expect("an answer"), 200, "{signal}");
        }
        let said: Vec<String> = output.map_while(Result::ok).collect();
        let report = said.iter().find_map(|line| line.strip_suffix(" pictures finished since, 0 given up"));
        // Two batches of half a second: not all of them had ended before the signal.
        assert!(report.is_some_and(|finished| finished != "0"), "{said:?}");
        assert!(process.0.wait().expect("its end").success(), "{signal}");
    }
}

#[cfg(unix)]
fn metrics_of(address: SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time limit");
    stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n").expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}
