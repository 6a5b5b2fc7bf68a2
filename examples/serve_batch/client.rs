//! As much of an HTTP client as a load generator needs, for the loopback only.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Nobody waits longer for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

pub struct Client {
    address: SocketAddr,
    stream: Option<TcpStream>,
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Client {
    /// A client that posts the same body again and again.
    pub fn new(address: SocketAddr, body: &[u8]) -> io::Result<Self> {
        if !address.ip().is_loopback() {
            return Err(io::Error::other(format!("{address}: load is sent to this machine only")));
        }
        let head = format!("POST /codes HTTP/1.1\r\nhost: {address}\r\ncontent-length: {}\r\n\r\n", body.len());
        Ok(Client { address, stream: None, request: [head.as_bytes(), body].concat(), answer: Vec::new() })
    }

    /// Posts, and gives the status of the answer.
    pub async fn post(&mut self) -> io::Result<u16> {
        let status = match timeout(PATIENCE, self.exchange()).await {
            Ok(status) => status,
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "no answer")),
        };
        if status.is_err() {
            self.stream = None;
        }
        status
    }

    /// Posts and hangs up.
    pub async fn post_and_go(&mut self) -> io::Result<()> {
        let stream = self.connection().await?;
        write_all(&stream, &self.request).await
    }

    async fn connection(&mut self) -> io::Result<TcpStream> {
        match self.stream.take() {
            Some(stream) => Ok(stream),
            None => {
                let stream = TcpStream::connect(self.address).await?;
                stream.set_nodelay(true)?;
                Ok(stream)
            }
        }
    }

    async fn exchange(&mut self) -> io::Result<u16> {
        let stream = self.connection().await?;
        write_all(&stream, &self.request).await?;
        self.answer.clear();
        let (head, length) = loop {
            if read_some(&stream, &mut self.answer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(end) = self.answer.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&self.answer[..end]).to_ascii_lowercase();
                let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
                let length: usize = length.ok_or_else(|| io::Error::other("an answer without a length"))?;
                break (head, end + 4 + length);
            }
        };
        while self.answer.len() < length {
            if read_some(&stream, &mut self.answer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        if !head.contains("connection: close") {
            self.stream = Some(stream);
        }
        let status = head.split_whitespace().nth(1).and_then(|status| status.parse().ok());
        status.ok_or_else(|| io::Error::other("an answer without a status"))
    }
}

async fn write_all(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        stream.writable().await?;
        match stream.try_write(bytes) {
            Ok(n) => bytes = &bytes[n..],
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// Appends what has come; 0: nothing will come any more.
async fn read_some(stream: &TcpStream, to: &mut Vec<u8>) -> io::Result<usize> {
    let mut some = [0; 16 << 10];
    loop {
        stream.readable().await?;
        match stream.try_read(&mut some) {
            Ok(n) => {
                to.extend_from_slice(&some[..n]);
                return Ok(n);
            }
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
            Err(e) => return Err(e),
        }
    }
}
