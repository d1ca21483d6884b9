//! What a command may use and read, and what it leaves behind.

use std::sync::Arc;
use std::time::Duration;

use kubently_core::policy::Policy;

use crate::error::{Error, render};

/// A finished command's streams and exit code, byte for byte as kubectl's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Output {
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error: warnings, notices and errors; also when the command succeeded.
    pub stderr: Vec<u8>,
    /// 0, or 1 after any error.
    pub exit_code: i32,
    /// `stdout` was cut at the end of a line because it reached [`Limits::max_output_bytes`].
    pub truncated: bool,
    /// How often a text that looks like a credential was marked.
    pub redactions: u64,
}

impl Output {
    /// Adds a line to standard error.
    pub(crate) fn note(&mut self, line: &str) {
        self.stderr.extend_from_slice(line.as_bytes());
        if !line.ends_with('\n') {
            self.stderr.push(b'\n');
        }
    }

    /// Adds the server's warnings to standard error.
    pub(crate) fn warn(&mut self, texts: &[String]) {
        for text in texts {
            self.note(&format!("Warning: {text}"));
        }
    }

    /// The output of a command that ends with this error.
    pub(crate) fn fail(mut self, error: &Error) -> Self {
        self.note(&render(std::slice::from_ref(error)));
        self.exit_code = 1;
        self
    }

    /// Cuts standard output at the last line that ends within `max_bytes`; answers whether it was
    /// too long.
    pub(crate) fn cut(&mut self, max_bytes: usize) -> bool {
        if self.stdout.len() <= max_bytes {
            return false;
        }
        let kept = self.stdout.get(..max_bytes).unwrap_or_default();
        let end = kept
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |at| at + 1);
        self.stdout.truncate(end);
        self.truncated = true;
        true
    }
}

/// What one command may use and read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of standard output. Tables are cut there; documents (JSON, YAML, KYAML, templates,
    /// custom columns, names) fail.
    pub max_output_bytes: usize,
    /// Bytes of one response of the API server.
    pub max_response_bytes: usize,
    /// How long the command may take. Whoever runs it ends it then by dropping it; but a followed
    /// log ends by itself and keeps what was read. None means that nothing ends it.
    pub time: Option<Duration>,
    /// What the cluster's owner lets be read, asked about every type once discovery has said which
    /// type a name means.
    pub policy: Arc<Policy>,
}

impl Default for Limits {
    /// 16 MiB of output, 64 MiB a response, no secrets.
    fn default() -> Self {
        Self {
            max_output_bytes: 16 << 20,
            max_response_bytes: 64 << 20,
            time: None,
            policy: Arc::default(),
        }
    }
}

/// A command that has no [`Output`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// Documents larger than the limit are never cut.
    #[error("output is larger than {limit} bytes")]
    OutputTooLarge {
        /// Bytes printed so far; the whole is at least this large.
        size: usize,
        /// [`Limits::max_output_bytes`].
        limit: usize,
    },
    /// What has to be in memory as a whole (a `JSONPath` of a list, a sorted list) is larger than
    /// the limit.
    #[error("more than {limit} bytes of objects would have to be in memory at once")]
    InputTooLarge {
        /// Bytes read so far.
        size: usize,
        /// [`Limits::max_response_bytes`].
        limit: usize,
    },
    /// The order or the choice of the answer would tell what is in secrets.
    #[error("{flag} reaches the values of secrets, which this cluster shows nowhere")]
    SecretValues {
        /// Such as `--sort-by`.
        flag: &'static str,
    },
    /// This version does not run the command.
    #[error("{0} is not served by this version")]
    NotServed(&'static str),
    /// [`Policy::denies`] a type that the command would read. Nothing of it was asked for.
    #[error("this cluster's policy does not let {resource} be read")]
    Denied {
        /// `resource[.group]`
        resource: String,
    },
    /// The policy lists namespaces and the command would read a type outside of them. Nothing of
    /// it was asked for.
    #[error("{resource} is not in a namespace, and this cluster's policy allows namespaces only")]
    ClusterScoped {
        /// `resource[.group]`
        resource: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_cut_after_a_whole_line() {
        let mut output = Output {
            stdout: b"one\ntwo\nthree\n".to_vec(),
            ..Output::default()
        };
        assert!(output.cut(10));
        assert_eq!(output.stdout, b"one\ntwo\n");
        assert!(output.truncated);
    }

    #[test]
    fn output_at_the_limit_stays_whole() {
        let mut output = Output {
            stdout: b"one\n".to_vec(),
            ..Output::default()
        };
        assert!(!output.cut(4));
        assert!(!output.truncated);
    }
}
