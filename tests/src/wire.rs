//! The callers of a bench: kept-alive connections over which one request is sent again and again.
//!
//! A load generator shares the machine with what it measures, so it should cost little: the request is
//! written out once, and of an answer the head is read and the length is counted.

use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::http::Http;

/// The most headers of an answer.
const HEADERS: usize = 32;

/// One request, and the connections to send it over.
#[derive(Debug)]
pub struct Wire {
    request: Vec<u8>,
    idle: Mutex<Vec<Connection>>,
}

#[derive(Debug)]
struct Connection {
    stream: TcpStream,
    /// What has come of the answer.
    answer: Vec<u8>,
}

impl Wire {
    /// So many connections to a gateway, for running one command to its end.
    ///
    /// # Errors
    /// When one cannot be opened.
    pub async fn open(http: &Http, body: &Value, connections: usize) -> Result<Self> {
        let address = http.authority().context("a gateway without an address")?;
        let body = body.to_string();
        let length = body.len();
        let key = http.key().unwrap_or_default();
        let request = format!(
            "POST /v1/commands HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\ncontent-type: \
             application/json\r\nprefer: wait=30\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        let mut idle = Vec::with_capacity(connections);
        for _ in 0..connections {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let answer = Vec::with_capacity(8192);
            idle.push(Connection { stream, answer });
        }
        Ok(Self {
            request: request.into_bytes(),
            idle: Mutex::new(idle),
        })
    }

    /// Sends the request and reads the whole answer.
    ///
    /// # Errors
    /// When it is not 200, or more calls are under way than there are connections.
    pub async fn call(&self) -> Result<()> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let mut connection = idle().pop().context("more calls than connections")?;
        connection.call(&self.request).await?;
        idle().push(connection);
        Ok(())
    }
}

impl Connection {
    async fn call(&mut self, request: &[u8]) -> Result<()> {
        self.answer.clear();
        self.stream.write_all(request).await?;
        loop {
            let read = self.stream.read_buf(&mut self.answer).await?;
            ensure!(read > 0, "the gateway closed a connection");
            if let Some(length) = length(&self.answer)? {
                ensure!(self.answer.len() <= length, "more than one answer");
                if self.answer.len() == length {
                    return Ok(());
                }
            }
        }
    }
}

/// How long an answer is, with its head, once that has come whole.
fn length(answer: &[u8]) -> Result<Option<usize>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut head = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(end) = head.parse(answer)? else {
        return Ok(None);
    };
    if head.code != Some(200) {
        bail!("{}", String::from_utf8_lossy(answer));
    }
    let length = head
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("content-length"))
        .context("an answer without a length")?;
    let length: usize = std::str::from_utf8(length.value)?.parse()?;
    Ok(Some(end + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_as_long_as_its_head_says() {
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
        assert_eq!(length(head).unwrap(), Some(head.len() + 2));
        assert_eq!(length(&head[..30]).unwrap(), None);
        for bad in [
            &b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n"[..],
            b"HTTP/1.1 200 OK\r\n\r\n",
            b"nonsense\r\n\r\n",
        ] {
            length(bad).unwrap_err();
        }
    }
}
