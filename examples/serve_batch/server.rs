//! The server: admission before anything costs time, and an answer whatever happens.

use crate::args::Args;
use crate::metrics;
use crate::patience::Patience;
use crate::work::{Codes, Picture, Worker};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http_body_util::LengthLimitError;
use omnilane::batch::{BatchConfig, BatchError, DynamicBatcher, Shutdown};
use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

pub type Batcher = DynamicBatcher<Picture, Result<Codes, String>>;

/// The time that a body may take to come.
const BODY: Duration = Duration::from_secs(5);
/// The time that a shutdown may take.
const FINISH: Duration = Duration::from_secs(5);

pub struct Server {
    pub address: SocketAddr,
    pub batcher: Batcher,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

#[derive(Clone)]
struct Shared {
    batcher: Batcher,
    max_body: usize,
}

impl Server {
    pub async fn start(args: &Args, address: SocketAddr) -> Result<Server, Box<dyn Error>> {
        let config = BatchConfig {
            max_batch_size: args.batch,
            max_wait_ms: 2,
            // Two batches wait while one runs: more would wait for longer than is promised.
            max_queue_size: 2 * args.batch,
            preferred_batch_size: args.batch,
        };
        let mut worker = Worker::new(args.model)?;
        let batcher: Batcher = DynamicBatcher::builder(config)
            // What has waited for half of the promise will not keep it.
            .deadline(args.target / 2)
            .key(|picture: &Picture| (picture.width, picture.height))
            .build(move |pictures| worker.run(pictures))?;
        let shared = Shared { batcher: batcher.clone(), max_body: args.max_body };
        let router = Router::new()
            .route("/codes", post(codes))
            .route("/metrics", get(async |State(shared): State<Shared>| metrics::text(&shared.batcher.stats())))
            .route("/healthz", get(async || "ok\n"))
            .with_state(shared);
        let listener = TcpListener::bind(address).await.map_err(|e| format!("cannot serve on {address}: {e}"))?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let served = axum::serve(Patience::new(listener), router).with_graceful_shutdown(async {
                let _ = stopped.await;
            });
            if let Err(e) = served.await {
                eprintln!("serve_batch: the server ended: {e}");
            }
        });
        Ok(Server { address, batcher, stop, task })
    }

    /// No new connections; requests that have been taken in are answered, but nobody is waited for beyond a limit.
    pub async fn stop(mut self) -> Shutdown {
        let _ = self.stop.send(());
        let report = self.batcher.shutdown(FINISH).await;
        if timeout(FINISH, &mut self.task).await.is_err() {
            // Clients that keep their connection open without a word.
            self.task.abort();
        }
        report
    }
}

/// Serves until the process is asked to end, and answers what has been taken in until then.
pub async fn serve(args: &Args, address: SocketAddr) -> Result<(), Box<dyn Error>> {
    let server = Server::start(args, address).await?;
    let end = end_of_process()?;
    println!("serving on http://{} until Ctrl-C", server.address);
    end.await;
    println!("finishing what has been taken in");
    let report = server.stop().await;
    println!("{} pictures finished since, {} given up", report.completed, report.abandoned);
    Ok(())
}

/// Ready when Ctrl-C is pressed, or the system asks the process to end; both are heard from now on.
#[cfg(unix)]
fn end_of_process() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Ready when Ctrl-C is pressed.
#[cfg(not(unix))]
fn end_of_process() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            // Nobody can ask it to end then but by killing it.
            std::future::pending::<()>().await;
        }
    })
}

/// An answer in words.
fn refuse(status: StatusCode, why: impl std::fmt::Display) -> Response {
    let mut response = (status, format!("{why}\n")).into_response();
    let headers = response.headers_mut();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
    }
    // What is left of a body that was not read is in the way of the next request.
    if matches!(status, StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT) {
        headers.insert(header::CONNECTION, header::HeaderValue::from_static("close"));
    }
    response
}

async fn codes(State(shared): State<Shared>, request: Request) -> Response {
    let bytes = match body(request.into_body(), shared.max_body).await {
        Ok(bytes) => bytes,
        Err(response) => return response,
    };
    let picture = match Picture::new(bytes) {
        Ok(picture) => picture,
        Err(why) => return refuse(StatusCode::BAD_REQUEST, why),
    };
    let (width, height) = (picture.width, picture.height);
    let answer = match shared.batcher.add(picture) {
        // If the client hangs up, this future is dropped and the picture leaves the queue.
        Ok(pending) => pending.await,
        Err(rejected) => Err(rejected.reason),
    };
    match answer {
        Ok(Ok(Codes { codes, scale, zero_point })) => Response::builder()
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .header("x-scale", scale.to_string())
            .header("x-zero-point", zero_point)
            .header("x-width", width)
            .header("x-height", height)
            .body(Body::from(Bytes::from_owner(codes)))
            .unwrap_or_else(|e| refuse(StatusCode::INTERNAL_SERVER_ERROR, e)),
        Ok(Err(why)) => refuse(StatusCode::BAD_REQUEST, why),
        Err(error @ (BatchError::QueueFull | BatchError::Closed | BatchError::Abandoned)) => {
            refuse(StatusCode::SERVICE_UNAVAILABLE, error)
        }
        Err(error @ BatchError::Timeout) => refuse(StatusCode::GATEWAY_TIMEOUT, error),
        Err(error) => refuse(StatusCode::INTERNAL_SERVER_ERROR, error),
    }
}

/// The body, if it comes in time and is not too large.
async fn body(body: Body, max: usize) -> Result<Bytes, Response> {
    match timeout(BODY, axum::body::to_bytes(body, max)).await {
        Ok(Ok(bytes)) if bytes.is_empty() => Err(refuse(StatusCode::BAD_REQUEST, "body: empty, it must be a picture")),
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(e)) if e.source().is_some_and(|e| e.is::<LengthLimitError>()) => {
            Err(refuse(StatusCode::PAYLOAD_TOO_LARGE, format!("body: at most {max} bytes are read")))
        }
        Ok(Err(e)) => Err(refuse(StatusCode::BAD_REQUEST, format!("body: {e}"))),
        Err(_) => Err(refuse(StatusCode::REQUEST_TIMEOUT, format!("body: it did not come within {BODY:?}"))),
    }
}
