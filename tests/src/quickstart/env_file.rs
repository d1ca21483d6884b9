//! `target/quickstart/env`: how to reach what runs, for as long as it runs.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Child;

use anyhow::{Context as _, Result, bail};

use crate::{guard, place};

/// The file, and the claim on it: one quick start at a time in one checkout. It goes away with this process,
/// however that ends.
#[derive(Debug)]
pub(super) struct EnvFile {
    path: PathBuf,
    remover: Option<Child>,
    _lock: File,
}

impl EnvFile {
    /// Claims the file without writing it.
    pub(super) fn claim() -> Result<Self> {
        let target = place::target()?;
        let lock_path = target.join("quickstart.lock");
        let lock = File::options()
            .create(true)
            .append(true)
            .open(&lock_path)
            .with_context(|| format!("cannot write in {}", target.display()))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => {
                bail!("a quick start of this checkout is running already: end it first (Ctrl-C)")
            }
            Err(std::fs::TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("lock {}", lock_path.display()));
            }
        }
        Ok(Self {
            path: target.join("quickstart/env"),
            remover: None,
            _lock: lock,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes `NAME=value` lines for a shell, readable by nobody else.
    pub(super) fn write(&mut self, variables: &[(&str, &str)]) -> Result<()> {
        let dir = self.path.parent().unwrap_or(&self.path);
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)
            .with_context(|| format!("make {}", dir.display()))?;
        self.remover = Some(guard::remover(dir)?);
        // A file that is there already would keep its mode.
        let _ = std::fs::remove_file(&self.path);
        let mut file = File::options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&self.path)
            .with_context(|| format!("write {}", self.path.display()))?;
        for (name, value) in variables {
            writeln!(file, "{name}={}", quoted(value))?;
        }
        Ok(())
    }
}

impl Drop for EnvFile {
    fn drop(&mut self) {
        if let Some(mut remover) = self.remover.take() {
            // Waiting closes its standard input first, which is its sign.
            let _ = remover.wait();
        }
    }
}

/// As it is where a shell reads it so, else in single quotes.
fn quoted(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+,".contains(c);
    if !value.is_empty() && value.chars().all(plain) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_a_shell_would_split_are_quoted() {
        assert_eq!(quoted("http://127.0.0.1:80"), "http://127.0.0.1:80");
        assert_eq!(quoted("/a b/it's"), r"'/a b/it'\''s'");
    }
}
