//! The load generator: requests at a given rate, whether the server keeps up or not; bounded in number and time.

use crate::client::Client;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

/// Connections of a run.
const CLIENTS: u64 = 256;
/// Requests of a run at most.
const MOST: f64 = 5e6;

/// What a run has shown.
#[derive(Clone, Debug, Default)]
pub struct Step {
    pub rate: f64,
    /// Requests that were sent or should have been.
    pub requests: u64,
    /// Answers with codes in a second.
    pub served: f64,
    pub p50: Duration,
    pub p99: Duration,
    /// 503, and how long they took.
    pub refused: u64,
    pub refused_p99: Duration,
    pub expired: u64,
    pub hung_up: u64,
    pub errors: u64,
    /// Requests that were due when no connection was free.
    pub unsent: u64,
    pub batch_size: f64,
}

impl Step {
    pub const HEAD: &str =
        " offered/s   served/s   p50 ms   p99 ms      503   503 p99 ms      504    hung up   errors   unsent   batch";
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Step { rate, served, refused, expired, hung_up, errors, unsent, batch_size, .. } = self;
        let [p50, p99, refused_p99] = [self.p50, self.p99, self.refused_p99].map(ms);
        write!(
            f,
            "{rate:>10.0} {served:>10.0} {p50:>8.1} {p99:>8.1} {refused:>8} {refused_p99:>12.2} {expired:>8} {hung_up:>10} \
             {errors:>8} {unsent:>8} {batch_size:>7.1}"
        )
    }
}

/// Answers by what they were. Of a fixed size, so that what grows in a soak is the server.
#[derive(Default)]
struct Times {
    served: Histogram,
    refused: Histogram,
    expired: u64,
    hung_up: u64,
    errors: u64,
}

/// Times in buckets that are 1 / 32 wide, in microseconds.
struct Histogram {
    counts: Vec<u32>,
    count: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Histogram { counts: vec![0; 32 * 64], count: 0 }
    }
}

impl Histogram {
    fn record(&mut self, time: Duration) {
        let us = (time.as_micros() as u64).max(32);
        let shift = us.ilog2() - 5;
        self.counts[(32 * shift) as usize + (us >> shift) as usize - 32] += 1;
        self.count += 1;
    }

    /// The upper end of the bucket that holds the quantile.
    fn quantile(&self, share: f64) -> Duration {
        let rank = (share * self.count as f64).ceil() as u64;
        let mut seen = 0;
        for (bucket, n) in self.counts.iter().enumerate() {
            seen += u64::from(*n);
            if seen >= rank && seen > 0 {
                return Duration::from_micros((33 + bucket as u64 % 32) << (bucket / 32));
            }
        }
        Duration::ZERO
    }
}

/// Pictures a second with 64 clients that ask again at once, over 3 s.
pub async fn capacity(address: SocketAddr, body: &[u8]) -> io::Result<f64> {
    let served = Arc::new(AtomicU64::new(0));
    let end = Instant::now() + Duration::from_secs(4);
    let mut tasks = Vec::new();
    for _ in 0..64 {
        let (mut client, served) = (Client::new(address, body)?, Arc::clone(&served));
        tasks.push(tokio::spawn(async move {
            while Instant::now() < end {
                match timeout_at(end, client.post()).await {
                    Ok(Ok(200)) => _ = served.fetch_add(1, Relaxed),
                    Ok(Ok(_)) => sleep(Duration::from_millis(5)).await,
                    Ok(Err(_)) | Err(_) => break,
                }
            }
        }));
    }
    // The first second warms up.
    sleep(Duration::from_secs(1)).await;
    let (before, start) = (served.load(Relaxed), Instant::now());
    sleep(Duration::from_millis(2900)).await;
    let rate = (served.load(Relaxed) - before) as f64 / start.elapsed().as_secs_f64();
    for task in tasks {
        let _ = task.await;
    }
    if rate > 0.0 { Ok(rate) } else { Err(io::Error::other("the server serves nothing")) }
}

/// `rate` requests a second for some seconds; of each `hang_up` clients, one goes without waiting (0: none).
pub async fn run(address: SocketAddr, body: &[u8], rate: f64, seconds: u64, hang_up: u64) -> io::Result<Step> {
    let requests = (rate * seconds as f64).min(MOST) as u64;
    let start = Instant::now() + Duration::from_millis(50);
    let next = Arc::new(AtomicU64::new(0));
    let times = Arc::new(Mutex::new(Times::default()));
    let unsent = Arc::new(AtomicU64::new(0));
    let mut tasks = Vec::new();
    for _ in 0..CLIENTS {
        let mut client = Client::new(address, body)?;
        let (next, times, unsent) = (Arc::clone(&next), Arc::clone(&times), Arc::clone(&unsent));
        tasks.push(tokio::spawn(async move {
            let note = |what: &dyn Fn(&mut Times)| what(&mut times.lock().unwrap_or_else(PoisonError::into_inner));
            loop {
                let number = next.fetch_add(1, Relaxed);
                if number >= requests {
                    break;
                }
                let due = start + Duration::from_secs_f64(number as f64 / rate);
                if Instant::now() > due + Duration::from_secs(1) {
                    unsent.fetch_add(1, Relaxed);
                    continue;
                }
                sleep_until(due).await;
                let sent = Instant::now();
                if hang_up > 0 && number % hang_up == 0 {
                    match client.post_and_go().await {
                        Ok(()) => note(&|all| all.hung_up += 1),
                        Err(_) => note(&|all| all.errors += 1),
                    }
                    continue;
                }
                let status = client.post().await;
                let (since_due, since_sent) = (due.elapsed(), sent.elapsed());
                note(&|all| match status {
                    // Of an accepted request all that it waited since it was due counts.
                    Ok(200) => all.served.record(since_due),
                    Ok(503) => all.refused.record(since_sent),
                    Ok(504) => all.expired += 1,
                    Ok(_) | Err(_) => all.errors += 1,
                });
            }
        }));
    }
    for task in tasks {
        let _ = task.await;
    }
    let took = start.elapsed().as_secs_f64();
    let all = std::mem::take(&mut *times.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(Step {
        rate,
        requests,
        served: all.served.count as f64 / took,
        p50: all.served.quantile(0.5),
        p99: all.served.quantile(0.99),
        refused: all.refused.count,
        refused_p99: all.refused.quantile(0.99),
        expired: all.expired,
        hung_up: all.hung_up,
        errors: all.errors,
        unsent: unsent.load(Relaxed),
        batch_size: f64::NAN,
    })
}

/// The resident memory of this process in MB, a dozen times over the run; nothing where there is no /proc.
pub async fn watch_memory(seconds: u64) -> Vec<u64> {
    let mut samples = Vec::new();
    for _ in 0..12 {
        sleep(Duration::from_millis(seconds * 1000 / 12)).await;
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let kb =
            status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse::<u64>().ok());
        samples.extend(kb.map(|kb| kb / 1024));
    }
    samples
}
