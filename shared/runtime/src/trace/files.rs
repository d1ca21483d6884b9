//! The files of TLS to the collector, named as OpenTelemetry's specification of the OTLP exporter has it
//! (`OTEL_EXPORTER_OTLP_CERTIFICATE` and its kin), so that one setting serves every program of a host.

use std::path::PathBuf;

use rustls::RootCertStore;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The names of one setting: that for traces alone, which wins, and that for every signal.
pub(super) type Names = [&'static str; 2];

/// The authority that the collector's certificate must come from; the system's where neither is set.
pub(super) const AUTHORITY: Names = [
    "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_CERTIFICATE",
];
/// Our own certificate, where the collector asks for one.
const CERTIFICATE: Names = [
    "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
];
/// Its key.
const KEY: Names = [
    "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY",
    "OTEL_EXPORTER_OTLP_CLIENT_KEY",
];

/// A file that is none of these.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read, or not as PEM.
    #[error("the file {} of {name} cannot be read", path.display())]
    Unreadable {
        /// Its setting.
        name: &'static str,
        /// Its path.
        path: PathBuf,
        /// Why not.
        source: pem::Error,
    },
    /// It is no certificate that can be used.
    #[error("the file {} of {name} holds no certificate that can be used", path.display())]
    Empty {
        /// Its setting.
        name: &'static str,
        /// Its path.
        path: PathBuf,
    },
    /// A certificate without its key, or the other way round.
    #[error(
        "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY belong together: set both or neither"
    )]
    HalfAPair,
}

/// A certificate with what it was signed by, and its key.
pub(super) type Pair = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

type Named = (&'static str, PathBuf);

/// The file that the environment names.
pub(super) fn named(names: Names) -> Option<Named> {
    let set = names
        .into_iter()
        .filter_map(|name| Some((name, std::env::var_os(name)?)));
    let mut given = set.filter(|(_, path)| !path.is_empty());
    given.next().map(|(name, path)| (name, path.into()))
}

/// The authorities in a file.
pub(super) fn authorities(file: Named) -> Result<RootCertStore, FileError> {
    let (name, path) = file.clone();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates(file)?);
    if roots.is_empty() {
        return Err(FileError::Empty { name, path });
    }
    Ok(roots)
}

/// Our certificate, where the environment names one.
pub(super) fn pair() -> Result<Option<Pair>, FileError> {
    match (named(CERTIFICATE), named(KEY)) {
        (None, None) => Ok(None),
        (Some(certificate), Some((name, path))) => {
            let key = PrivateKeyDer::from_pem_file(&path);
            let key = key.map_err(|source| FileError::Unreadable { name, path, source })?;
            Ok(Some((certificates(certificate)?, key)))
        }
        _ => Err(FileError::HalfAPair),
    }
}

fn certificates((name, path): Named) -> Result<Vec<CertificateDer<'static>>, FileError> {
    let read =
        CertificateDer::pem_file_iter(&path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(certificates) if certificates.is_empty() => Err(FileError::Empty { name, path }),
        Ok(certificates) => Ok(certificates),
        Err(source) => Err(FileError::Unreadable { name, path, source }),
    }
}
