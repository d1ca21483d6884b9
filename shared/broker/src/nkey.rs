//! Nkey credentials: an Ed25519 seed in a file that only its owner can read.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use kubently_core::nkey::PublicNkey;
use nkeys::{KeyPair, KeyPairType};

/// Larger files are no seed.
const MAX_BYTES: usize = 4096;

/// A user's nkey with its secret half, which no `Debug` shows.
pub struct Nkey {
    seed: String,
    public: PublicNkey,
}

/// Why there is no credential.
#[derive(Debug, thiserror::Error)]
pub enum NkeyError {
    /// The file cannot be read.
    #[error("the nkey file {} cannot be read", path.display())]
    Unreadable {
        /// Its path.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file holds something else.
    #[error("the nkey file {} holds no user's seed: a line that starts with SU", path.display())]
    NoSeed {
        /// Its path.
        path: PathBuf,
    },
    /// The file cannot be written.
    #[error("the credential {} cannot be written", path.display())]
    Unwritable {
        /// Its path.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The system gave no key.
    #[error("a new nkey cannot be made")]
    NotMade,
}

impl Nkey {
    /// A new one, from the system's randomness.
    ///
    /// # Errors
    /// [`NkeyError::NotMade`]
    pub fn generate() -> Result<Self, NkeyError> {
        Self::of(&KeyPair::new_user()).ok_or(NkeyError::NotMade)
    }

    /// Reads a seed file: the first line that starts with `SU`.
    ///
    /// # Errors
    /// [`NkeyError`], which names the file and nothing that is in it.
    pub fn read(path: &Path) -> Result<Self, NkeyError> {
        let text = std::fs::read(path).map_err(|source| NkeyError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        let seed = text.get(..MAX_BYTES.min(text.len())).unwrap_or_default();
        String::from_utf8_lossy(seed)
            .lines()
            .map(str::trim)
            .find(|line| line.starts_with("SU"))
            .and_then(|line| KeyPair::from_seed(line).ok())
            .filter(|pair| matches!(pair.key_pair_type(), KeyPairType::User))
            .and_then(|pair| Self::of(&pair))
            .ok_or_else(|| NkeyError::NoSeed {
                path: path.to_owned(),
            })
    }

    /// What is at this path, or a new one that is written there with mode 0600.
    ///
    /// # Errors
    /// [`NkeyError`]
    pub fn read_or_make(path: &Path) -> Result<Self, NkeyError> {
        match Self::read(path) {
            Err(NkeyError::Unreadable { source, .. })
                if source.kind() == io::ErrorKind::NotFound =>
            {
                let made = Self::generate()?;
                made.write(path)?;
                Ok(made)
            }
            found => found,
        }
    }

    fn write(&self, path: &Path) -> Result<(), NkeyError> {
        // Never over a file that is there: it may be the only copy of another key.
        let written = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .and_then(|mut file| {
                writeln!(file, "{}", self.seed)?;
                file.sync_all()
            });
        written.map_err(|source| NkeyError::Unwritable {
            path: path.to_owned(),
            source,
        })
    }

    /// The half that the hub is told.
    #[must_use]
    pub const fn public(&self) -> &PublicNkey {
        &self.public
    }

    pub(crate) fn seed(&self) -> String {
        self.seed.clone()
    }

    fn of(pair: &KeyPair) -> Option<Self> {
        Some(Self {
            seed: pair.seed().ok()?,
            public: pair.public_key().parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_seed_is_written_once_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.nk");
        let made = Nkey::read_or_make(&path).unwrap();
        let again = Nkey::read_or_make(&path).unwrap();
        assert_eq!(made.public(), again.public());
        let rights = path.metadata().unwrap().permissions();
        assert_eq!(rights.mode() & 0o777, 0o600);
        assert!(made.write(&path).is_err());
    }

    #[test]
    fn what_is_no_seed_is_named_by_its_path_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("b.nk");
        let account = KeyPair::new_account().seed().unwrap();
        for text in ["", "hunter2", &account] {
            std::fs::write(&path, text).unwrap();
            let error = Nkey::read(&path).err().unwrap().to_string();
            assert!(error.contains("b.nk"), "{error}");
            assert!(text.is_empty() || !error.contains(text), "{error}");
        }
    }
}
