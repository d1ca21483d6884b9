//! What was told of a command's output while it ran.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::event::OutputStream;

/// The account of a run's `log` events: enough to name them in the result without keeping what they
/// carried. Of stdout only the checksum is kept; stderr, which is hashed behind it, is kept whole, so
/// whoever streams must bound it.
#[derive(Clone, Default)]
pub struct Told(Option<Box<Account>>);

#[derive(Clone, Default)]
struct Account {
    events: u64,
    stdout: Sha256,
    stdout_bytes: u64,
    stderr: Vec<u8>,
}

impl Told {
    /// Accounts for the next event and answers its number.
    pub fn add(&mut self, stream: OutputStream, bytes: &[u8]) -> u64 {
        let account = self.0.get_or_insert_default();
        match stream {
            OutputStream::Stdout => {
                account.stdout.update(bytes);
                account.stdout_bytes += bytes.len() as u64;
            }
            OutputStream::Stderr => account.stderr.extend_from_slice(bytes),
        }
        account.events += 1;
        account.events
    }

    /// How many events there were.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.0.as_ref().map_or(0, |account| account.events)
    }

    /// Bytes of stdout.
    pub(crate) fn stdout_bytes(&self) -> u64 {
        self.0.as_ref().map_or(0, |account| account.stdout_bytes)
    }

    /// Bytes of stderr.
    pub(crate) fn stderr_bytes(&self) -> u64 {
        self.stderr().len() as u64
    }

    fn stderr(&self) -> &[u8] {
        self.0.as_ref().map_or(&[], |account| &account.stderr)
    }

    /// The digest of what was told of stdout and `stdout`, then of stderr and `stderr`.
    pub(crate) fn digest(&self, stdout: &[u8], stderr: &[u8]) -> impl AsRef<[u8]> + use<> {
        let told = self.0.as_ref().map(|account| account.stdout.clone());
        told.unwrap_or_default()
            .chain_update(stdout)
            .chain_update(self.stderr())
            .chain_update(stderr)
            .finalize()
    }
}

impl PartialEq for Told {
    fn eq(&self, other: &Self) -> bool {
        self.events() == other.events()
            && self.stdout_bytes() == other.stdout_bytes()
            && self.stderr() == other.stderr()
            && self.digest(b"", b"").as_ref() == other.digest(b"", b"").as_ref()
    }
}

impl Eq for Told {}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Told")
            .field("events", &self.events())
            .field("stdout_bytes", &self.stdout_bytes())
            .field("stderr_bytes", &self.stderr_bytes())
            .finish()
    }
}
