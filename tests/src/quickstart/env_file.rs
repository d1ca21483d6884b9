//! The environment file: how to reach what runs, for as long as it runs.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Child;

use anyhow::{Context as _, Result, bail};

use crate::{guard, place};

/// The file, and the claim on it: one quick start at a time writes it. It goes away with this process, however
/// that ends.
#[derive(Debug)]
pub(super) struct EnvFile {
    path: PathBuf,
    remover: Option<Child>,
    _lock: File,
}

impl EnvFile {
    /// Claims the file without writing it; `target/quickstart/env` where none is given.
    pub(super) fn claim(path: Option<&Path>) -> Result<Self> {
        let (path, lock_path) = if let Some(path) = path {
            let path = std::path::absolute(path)?;
            let lock_path = path.with_extension("lock");
            (path, lock_path)
        } else {
            let target = place::target()?;
            (
                target.join("quickstart/env"),
                target.join("quickstart.lock"),
            )
        };
        let dir = path.parent().unwrap_or(&path);
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)
            .with_context(|| format!("cannot make {}", dir.display()))?;
        let lock = File::options()
            .create(true)
            .append(true)
            .open(&lock_path)
            .with_context(|| format!("cannot write {}", lock_path.display()))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => {
                bail!(
                    "a quick start that writes {} is running already: end it (Ctrl-C), or name another file with --env",
                    path.display()
                )
            }
            Err(std::fs::TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("lock {}", lock_path.display()));
            }
        }
        Ok(Self {
            path,
            remover: None,
            _lock: lock,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes `NAME=value` lines for a shell, readable by nobody else.
    pub(super) fn write(&mut self, variables: &[(&str, &str)]) -> Result<()> {
        self.remover = Some(guard::remover(&self.path)?);
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
