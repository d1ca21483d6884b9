//! Server-sent events as a client reads them.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use http::HeaderMap;
use serde_json::Value;

/// How long an event may take to come.
const LIMIT: Duration = Duration::from_secs(60);

/// An open stream of events.
#[derive(Debug)]
pub struct Events {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    response: reqwest::Response,
    read: Vec<u8>,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its id; empty where it has none.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its data.
    pub data: Value,
}

impl Events {
    pub(super) fn new(response: reqwest::Response) -> Self {
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            response,
            read: Vec::new(),
        }
    }

    /// The next event; `None` once the stream has ended in order. Comments are passed over.
    ///
    /// # Errors
    /// When none comes within a minute, the connection breaks or the text is no event.
    pub async fn next(&mut self) -> Result<Option<Event>> {
        let next = tokio::time::timeout(LIMIT, self.look());
        next.await.context("no event in time")?
    }

    /// All events until the stream ends.
    ///
    /// # Errors
    /// As [`Self::next`].
    pub async fn rest(mut self) -> Result<Vec<Event>> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await? {
            events.push(event);
        }
        Ok(events)
    }

    /// The whole text of an answer that is no stream, such as a refusal.
    ///
    /// # Errors
    /// When the connection breaks or the text is none.
    pub async fn text(self) -> Result<String> {
        Ok(self.response.text().await?)
    }

    async fn look(&mut self) -> Result<Option<Event>> {
        loop {
            while let Some(end) = self.read.windows(2).position(|two| two == b"\n\n") {
                let block: Vec<u8> = self.read.drain(..end + 2).collect();
                if let Some(event) = event(std::str::from_utf8(&block)?)? {
                    return Ok(Some(event));
                }
            }
            match self.response.chunk().await? {
                Some(bytes) => self.read.extend(bytes),
                None if self.read.is_empty() => return Ok(None),
                None => bail!("the stream broke off within an event"),
            }
        }
    }
}

fn event(block: &str) -> Result<Option<Event>> {
    let mut event = Event {
        id: String::new(),
        name: String::new(),
        data: Value::Null,
    };
    let mut is_event = false;
    for line in block.lines().filter(|line| !line.is_empty()) {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => value.clone_into(&mut event.id),
            "event" => value.clone_into(&mut event.name),
            "data" => {
                event.data = serde_json::from_str(value)?;
                is_event = true;
            }
            "" | "retry" => {}
            _ => bail!("an unknown field: {line}"),
        }
    }
    Ok(is_event.then_some(event))
}
