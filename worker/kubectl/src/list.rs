//! Whole lists: what is sorted or counted needs all of its pages at once.

use bytes::Bytes;
use serde::Deserialize;

use crate::client::{Cluster, Failure, Subject, TYPED};
use crate::error::Error;
use crate::request::{Accept, Request, Route};
use crate::table::ListMeta;

/// A list to read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct List<'a> {
    pub(crate) route: Route<'a>,
    /// `None` for all.
    pub(crate) namespace: Option<&'a str>,
    pub(crate) labels: Option<&'a str>,
    pub(crate) fields: Option<&'a str>,
    /// Objects a page; `None` lets the server send all at once.
    pub(crate) limit: Option<u32>,
}

/// The pages of a list, in order.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    pub(crate) bodies: Vec<Bytes>,
    /// Texts of the server's warnings, each once.
    pub(crate) warnings: Vec<String>,
    /// There are more, but these have as many bytes as may be kept.
    pub(crate) cut: bool,
}

impl Pages {
    /// Bytes of all pages.
    pub(crate) fn bytes(&self) -> usize {
        self.bodies.iter().map(Bytes::len).sum()
    }

    fn warn(&mut self, texts: Vec<String>) {
        for text in texts {
            if !self.warnings.contains(&text) {
                self.warnings.push(text);
            }
        }
    }
}

impl List<'_> {
    /// Reads page after page, at most `max_bytes` of them.
    pub(crate) async fn read(&self, cluster: &Cluster, max_bytes: usize) -> Result<Pages, Failure> {
        let mut pages = Pages::default();
        let mut token = None;
        loop {
            match self.page(cluster, token.as_deref(), max_bytes).await {
                Ok(answer) => {
                    pages.warn(answer.warnings);
                    token = next_page(&answer.body)?;
                    pages.bodies.push(answer.body);
                }
                Err(failure) => {
                    pages.warn(failure.warnings);
                    return Err(Failure {
                        error: failure.error,
                        warnings: pages.warnings,
                    });
                }
            }
            pages.cut = token.is_some() && pages.bytes() > max_bytes;
            if token.is_none() || pages.cut {
                return Ok(pages);
            }
        }
    }

    async fn page(
        &self,
        cluster: &Cluster,
        token: Option<&str>,
        max_bytes: usize,
    ) -> Result<crate::client::Answer, Failure> {
        let limit = self.limit.map(|limit| limit.to_string());
        let request = Request::list(self.route, self.namespace, Accept::Json)
            .map_err(|error| Error::Usage(error.to_string()))?
            .with_some("labelSelector", self.labels)
            .with_some("fieldSelector", self.fields)
            .with_some("limit", limit.as_deref())
            .with_some("continue", token);
        let resource = match self.route.group {
            "" => self.route.resource.to_owned(),
            group => format!("{}.{group}", self.route.resource),
        };
        let subject = Subject {
            resource: &resource,
            typed: true,
            ..Subject::default()
        };
        cluster.send(&request, subject, max_bytes).await
    }
}

/// The token of the page behind this one.
fn next_page(body: &[u8]) -> Result<Option<String>, Error> {
    #[derive(Deserialize)]
    struct Page<'a> {
        #[serde(borrow, default)]
        metadata: ListMeta<'a>,
    }
    let page: Page<'_> = serde_json::from_slice(body).map_err(unreadable)?;
    Ok(page.metadata.next_page())
}

/// An answer that is not what was asked for, where kubectl reads it with a type of its own.
#[expect(clippy::needless_pass_by_value, reason = "the argument of map_err")]
pub(crate) fn unreadable(error: serde_json::Error) -> Error {
    Error::Unreadable(if error.is_eof() {
        format!("{TYPED}unexpected end of JSON input")
    } else {
        format!("unable to read the answer: {error}")
    })
}
