//! Errors as kubectl words them (kubectl `cmd/util/helpers.go`, apimachinery `api/errors`).

mod status;

pub use self::status::{Status, StatusCause, StatusDetails};

use std::fmt;

/// Something that kubectl would print on standard error. Its Display is the message without
/// kubectl's prefix.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// The API server said no.
    Status(Box<Status>),
    /// Nothing listens at the server's address.
    ConnectionRefused {
        /// `host:port` of the API server.
        server: String,
    },
    /// The request or its answer got lost. Kept as text: it goes to the caller, not to a log.
    Transport(String),
    /// The server answered something that is not what was asked for.
    Unreadable(String),
    /// kubectl's own words, after `error: `.
    Usage(String),
    /// kubectl's own words with nothing before them.
    Plain(String),
}

impl Error {
    /// The object or path does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Status(status) if status.is_not_found())
    }

    /// The caller may not do that.
    #[must_use]
    pub fn is_forbidden(&self) -> bool {
        matches!(self, Self::Status(status) if status.is_forbidden())
    }

    /// What kubectl prints for this error as one of several; `None` where it has no standard form.
    fn standard(&self) -> Option<String> {
        match self {
            Self::Status(status) => Some(match status.reason.as_str() {
                "Unauthorized" => {
                    format!(
                        "error: You must be logged in to the server ({})",
                        status.message
                    )
                }
                "" => format!("Error from server: {status}"),
                reason => format!("Error from server ({reason}): {status}"),
            }),
            Self::ConnectionRefused { server } => Some(format!(
                "The connection to the server {server} was refused - did you specify the right \
                 host or port?"
            )),
            Self::Transport(message) => Some(format!("Unable to connect to the server: {message}")),
            Self::Plain(message) => Some(message.clone()),
            Self::Unreadable(_) | Self::Usage(_) => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => status.fmt(f),
            Self::ConnectionRefused { server } => {
                write!(f, "dial tcp {server}: connection refused")
            }
            Self::Transport(message)
            | Self::Unreadable(message)
            | Self::Usage(message)
            | Self::Plain(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Error {}

/// What kubectl prints on standard error for the errors of one command: a single error with its
/// prefix, several of them a line each.
#[must_use]
pub fn render(errors: &[Error]) -> String {
    let mut text = match errors {
        [] => return String::new(),
        [Error::Status(status)] if status.reason == "Invalid" => status.invalid(),
        [error] => error.standard().unwrap_or_else(|| {
            let message = error.to_string();
            if message.starts_with("error: ") {
                message
            } else {
                format!("error: {message}")
            }
        }),
        several => return render_lines(several),
    };
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// A line each, without `error: `. kubectl prints the errors of lists this way, also a single one.
#[must_use]
pub fn render_lines(errors: &[Error]) -> String {
    errors
        .iter()
        .map(|error| error.standard().unwrap_or_else(|| error.to_string()) + "\n")
        .collect()
}

#[cfg(test)]
mod tests;
