//! Connections whose peer may be silent for so long, and take so long for a request, and no longer; and not too many of them.

use axum::serve::Listener;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep};

/// A peer that neither sends nor takes anything for so long is gone.
const SILENCE: Duration = Duration::from_secs(15);
/// A request must be here so long after the answer before it, however its bytes drip in; a body has its own, shorter time.
const REQUEST: Duration = Duration::from_secs(30);
/// Connections at once; the others wait in the system's backlog.
const CONNECTIONS: usize = 2048;

pub struct Patience {
    listener: TcpListener,
    places: Arc<Semaphore>,
    silence: Duration,
    request: Duration,
}

impl Patience {
    pub fn new(listener: TcpListener) -> Self {
        Patience::with(listener, SILENCE, REQUEST)
    }

    /// With other limits than those of the example.
    pub fn with(listener: TcpListener, silence: Duration, request: Duration) -> Self {
        Patience { listener, places: Arc::new(Semaphore::new(CONNECTIONS)), silence, request }
    }
}

impl Listener for Patience {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let place = Arc::clone(&self.places).acquire_owned().await.ok();
        let (stream, address) = Listener::accept(&mut self.listener).await;
        // Small answers must not wait for each other.
        let _ = stream.set_nodelay(true);
        let [silence, request] = [self.silence, self.request].map(Timer::new);
        (Connection { stream, silence, request, _place: place }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

pub struct Connection {
    stream: TcpStream,
    silence: Timer,
    request: Timer,
    _place: Option<OwnedSemaphorePermit>,
}

/// Time that runs out unless it is started again.
struct Timer {
    sleep: Pin<Box<Sleep>>,
    limit: Duration,
}

impl Timer {
    fn new(limit: Duration) -> Self {
        Timer { sleep: Box::pin(tokio::time::sleep(limit)), limit }
    }

    fn again(&mut self) {
        self.sleep.as_mut().reset(Instant::now() + self.limit);
    }

    fn is_over(&mut self, context: &mut Context<'_>) -> bool {
        self.sleep.as_mut().poll(context).is_ready()
    }
}

impl Connection {
    /// `poll`, unless there has been silence for too long.
    fn patient<T>(&mut self, context: &mut Context<'_>, poll: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if poll.is_ready() {
            self.silence.again();
            return poll;
        }
        if self.silence.is_over(context) { Poll::Ready(Err(io::ErrorKind::TimedOut.into())) } else { Poll::Pending }
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.request.is_over(context) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let poll = Pin::new(&mut self.stream).poll_read(context, to);
        self.patient(context, poll)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        self.request.again(); // an answer
        let poll = Pin::new(&mut self.stream).poll_write(context, from);
        self.patient(context, poll)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
