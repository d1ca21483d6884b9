//! A small HTTP client: whole answers, no redirects, a deadline, nothing that hides a status.

mod events;

use std::time::Duration;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::Value;

use crate::cluster::install_crypto;

pub use events::{Event, Events};

/// Longer than the longest wait that a gateway grants.
const LIMIT: Duration = Duration::from_secs(120);

/// A client of one gateway with one key. Its connections belong to the runtime that it is used on: make one
/// for each test, do not keep it in a static.
#[derive(Debug, Clone)]
pub struct Http {
    base: String,
    key: Option<String>,
    client: reqwest::Client,
}

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    /// A header's value, empty where it is absent or no text.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// When it is none; the error holds status and body.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body).with_context(|| {
            format!(
                "{} with a body that is no JSON: {}",
                self.status,
                self.text()
            )
        })
    }
}

impl Http {
    /// `base` is such as `http://127.0.0.1:8080`; with a key, every request carries it as bearer token.
    ///
    /// # Errors
    /// When the client cannot be made.
    pub fn new(base: &str, key: Option<&str>) -> Result<Self> {
        install_crypto();
        let client = reqwest::Client::builder()
            .timeout(LIMIT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        Ok(Self {
            base: base.to_owned(),
            key: key.map(str::to_owned),
            client,
        })
    }

    /// The same connections with another key, or none.
    #[must_use]
    pub fn with_key(&self, key: Option<&str>) -> Self {
        Self {
            key: key.map(str::to_owned),
            ..self.clone()
        }
    }

    /// Host and port of the gateway.
    #[must_use]
    pub fn authority(&self) -> Option<&str> {
        self.base.strip_prefix("http://")
    }

    /// The key that requests carry.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// `GET PATH`.
    ///
    /// # Errors
    /// When no whole answer comes.
    pub async fn get(&self, path: &str) -> Result<Answer> {
        self.send(Method::GET, path, &[], Bytes::new()).await
    }

    /// `POST /v1/commands` with this body; `headers` such as `("prefer", "wait=5")`.
    ///
    /// # Errors
    /// When no whole answer comes.
    pub async fn post_command(&self, body: &Value, headers: &[(&str, &str)]) -> Result<Answer> {
        let mut all = vec![("content-type", "application/json")];
        all.extend_from_slice(headers);
        let body = serde_json::to_vec(body)?;
        self.send(Method::POST, "/v1/commands", &all, body).await
    }

    /// A request with a JSON body.
    ///
    /// # Errors
    /// When no whole answer comes.
    pub async fn json(&self, method: Method, path: &str, body: &Value) -> Result<Answer> {
        let headers = [("content-type", "application/json")];
        self.send(method, path, &headers, serde_json::to_vec(body)?)
            .await
    }

    /// Any request, with exactly these headers and body beside the key and what HTTP/1.1 itself needs.
    ///
    /// # Errors
    /// When no whole answer comes, or a header is none.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Result<Answer> {
        let answer = self.request(method, path, headers, body.into()).await?;
        Ok(Answer {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            body: answer.bytes().await.with_context(|| path.to_owned())?,
        })
    }

    /// `GET PATH` as a stream of events.
    ///
    /// # Errors
    /// When no answer begins, or a header is none.
    pub async fn events(&self, path: &str, headers: &[(&str, &str)]) -> Result<Events> {
        let mut all = vec![("accept", "text/event-stream")];
        all.extend_from_slice(headers);
        let answer = self.request(Method::GET, path, &all, Bytes::new());
        Ok(Events::new(answer.await?))
    }

    /// `POST /v1/commands` with this body, answered as a stream of events.
    ///
    /// # Errors
    /// When no answer begins, or a header is none.
    pub async fn stream_command(&self, body: &Value, headers: &[(&str, &str)]) -> Result<Events> {
        let mut all = vec![
            ("content-type", "application/json"),
            ("accept", "text/event-stream"),
        ];
        all.extend_from_slice(headers);
        let body = serde_json::to_vec(body)?.into();
        let answer = self.request(Method::POST, "/v1/commands", &all, body);
        Ok(Events::new(answer.await?))
    }

    async fn request(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<reqwest::Response> {
        let url = format!("{}{path}", self.base);
        let mut request = self.client.request(method, &url).body(body);
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        for (name, value) in headers {
            let name: HeaderName = name.parse()?;
            request = request.header(name, HeaderValue::from_str(value)?);
        }
        request.send().await.context(url)
    }
}
