//! `metav1.Status`, the API server's own form of an error, and the one that client-go makes up
//! where the server sent none.

use std::fmt;

use serde::Deserialize;

use crate::printer::text::Quoted;

/// An error of the API server.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Status {
    /// `Failure`, or `Success` where nothing went wrong.
    pub status: String,
    /// A word such as `NotFound`; empty where the server gave none.
    pub reason: String,
    /// The sentence for people.
    pub message: String,
    /// What it is about.
    pub details: Option<StatusDetails>,
    /// The HTTP status code.
    pub code: u16,
}

/// What an error is about.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct StatusDetails {
    /// The object's name.
    pub name: String,
    /// Its kind, or its resource.
    pub kind: String,
    /// One entry for each wrong field.
    pub causes: Option<Vec<StatusCause>>,
}

/// One wrong field.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct StatusCause {
    /// Path of the field.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Status {
    /// By reason, or by code where the reason is none that clients know.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.reason == "NotFound" || (self.reason.is_empty() && self.code == 404)
    }

    /// As [`is_not_found`](Self::is_not_found).
    #[must_use]
    pub fn is_bad_request(&self) -> bool {
        self.reason == "BadRequest" || (self.reason.is_empty() && self.code == 400)
    }

    /// As [`is_not_found`](Self::is_not_found).
    #[must_use]
    pub fn is_forbidden(&self) -> bool {
        self.reason == "Forbidden" || (self.reason.is_empty() && self.code == 403)
    }

    /// The error for an answer without a Status in its body. `resource` is `resource[.group]` of
    /// the request, `text` the body of a textual answer.
    pub(crate) fn generic(code: u16, resource: &str, name: &str, text: &str) -> Self {
        let (reason, message) = match code {
            400 => (
                "BadRequest",
                "the server rejected our request for an unknown reason".into(),
            ),
            401 => (
                "Unauthorized",
                "the server has asked for the client to provide credentials".into(),
            ),
            403 => ("Forbidden", text.to_owned()),
            404 => (
                "NotFound",
                "the server could not find the requested resource".into(),
            ),
            405 => (
                "MethodNotAllowed",
                "the server does not allow this method on the requested resource".into(),
            ),
            406 if text.is_empty() || text == "unknown" => (
                "NotAcceptable",
                "the server was unable to respond with a content type that the client supports"
                    .into(),
            ),
            406 => ("NotAcceptable", text.to_owned()),
            409 => ("Conflict", "the server reported a conflict".into()),
            415 => ("UnsupportedMediaType", text.to_owned()),
            422 => (
                "Invalid",
                "the server rejected our request due to an error in our request".into(),
            ),
            429 => (
                "TooManyRequests",
                "the server has received too many requests and has asked us to try again later"
                    .into(),
            ),
            503 => (
                "ServiceUnavailable",
                "the server is currently unable to handle the request".into(),
            ),
            504 => (
                "Timeout",
                "the server was unable to return a response in the time allotted, but may still \
                 be processing the request"
                    .into(),
            ),
            500.. => (
                "InternalError",
                format!(
                    "an error on the server ({}) has prevented the request from succeeding",
                    Quoted(text)
                ),
            ),
            _ => (
                "",
                format!(
                    "the server responded with the status code {code} but did not return more \
                     information"
                ),
            ),
        };
        let subject = match (resource.is_empty(), name.is_empty()) {
            (true, _) => String::new(),
            (false, true) => format!(" (get {resource})"),
            (false, false) => format!(" (get {resource} {name})"),
        };
        Self {
            status: "Failure".to_owned(),
            reason: reason.to_owned(),
            message: message + &subject,
            details: Some(StatusDetails {
                name: name.to_owned(),
                kind: resource.to_owned(),
                // As client-go keeps what it does not understand.
                causes: Some(vec![StatusCause {
                    field: String::new(),
                    message: text.to_owned(),
                }]),
            }),
            code,
        }
    }

    /// The error for an answer that client-go itself fails over.
    pub(crate) fn internal(text: &str) -> Self {
        Self {
            status: "Failure".to_owned(),
            reason: "InternalError".to_owned(),
            message: format!("Internal error occurred: {text}"),
            details: None,
            code: 500,
        }
    }

    /// kubectl's text for an object that the server finds invalid.
    pub(super) fn invalid(&self) -> String {
        let mut text = "The request is invalid".to_owned();
        let Some(details) = &self.details else {
            if !self.message.is_empty() {
                text = format!("{text}: {}", self.message);
            }
            return text;
        };
        let causes = details.causes.as_deref().unwrap_or_default();
        if !details.kind.is_empty() || !details.name.is_empty() {
            text = format!("The {} {} is invalid", details.kind, Quoted(&details.name));
        } else if !self.message.is_empty() && causes.is_empty() {
            text = format!("{text}: {}", self.message);
        }
        let mut lines: Vec<String> = Vec::new();
        for cause in causes {
            let line = format!("{}: {}", cause.field, cause.message);
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        match lines.as_slice() {
            [] => text,
            [line] => format!("{text}: {line}"),
            _ => format!("{text}: \n* {}", lines.join("\n* ")),
        }
    }
}
