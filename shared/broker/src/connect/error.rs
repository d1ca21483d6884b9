//! Why there is no connection, a sentence each.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use async_nats::ConnectErrorKind;
use async_nats::rustls::{self, AlertDescription, CertificateError};

use crate::nkey::NkeyError;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nobody answered, or TLS failed.
    #[error("the hub at {url} cannot be reached: check nats_url, the network and the certificates")]
    NotReachable {
        /// The configured address, without user and password.
        url: String,
        /// What the client said.
        #[source]
        source: async_nats::Error,
    },
    /// The credentials file is none.
    #[error("the NATS credentials file {} cannot be read", path.display())]
    Credentials {
        /// Its path.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The server did not let us in.
    #[error(
        "the hub at {url} refuses this credential: it is wrong, revoked, or its account is not in the server's configuration yet (reload the server after `cluster add`)"
    )]
    Refused {
        /// The configured address, without user and password.
        url: String,
    },
    /// The nkey file is none.
    #[error(transparent)]
    Nkey(#[from] NkeyError),
    /// A file of TLS is none.
    #[error("the TLS file {} cannot be read", path.display())]
    Tls {
        /// Its path.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A certificate without its key, or the other way round.
    #[error(
        "nats_client_certificate_file and nats_client_key_file belong together: set both or neither"
    )]
    HalfAPair,
    /// The key is another certificate's.
    #[error(
        "the key {} is not that of the certificate {}: set nats_client_key_file and nats_client_certificate_file to a pair",
        key.display(), certificate.display()
    )]
    NoPair {
        /// The certificate's path.
        certificate: PathBuf,
        /// The key's path.
        key: PathBuf,
    },
    /// The hub's certificate is not to be trusted.
    #[error("no connection to {url}: {reason}")]
    Untrusted {
        /// The configured address, without user and password.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The hub does not take our certificate, or misses one.
    #[error("no connection to {url}: {reason}")]
    Unwelcome {
        /// The configured address, without user and password.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The server is too old to be trusted with this.
    #[error(
        "nats-server {found} is too old: kubently needs 2.12.12 or later of 2.12, or 2.14.3 or later"
    )]
    TooOld {
        /// What the server calls itself.
        found: String,
    },
}

impl ConnectError {
    /// What the client's error means, of a hub at this address.
    pub(super) fn of(url: String, error: async_nats::ConnectError) -> Self {
        if let ConnectErrorKind::AuthorizationViolation | ConnectErrorKind::Authentication =
            error.kind()
        {
            return Self::Refused { url };
        }
        let reasons = match tls_error(&error) {
            Some(rustls::Error::InvalidCertificate(wrong)) => (Some(of_theirs(wrong)), None),
            Some(rustls::Error::AlertReceived(alert)) => (None, of_ours(*alert)),
            _ => (None, None),
        };
        match reasons {
            (Some(reason), _) => Self::Untrusted { url, reason },
            (_, Some(reason)) => Self::Unwelcome { url, reason },
            (None, None) => Self::NotReachable {
                url,
                source: error.into(),
            },
        }
    }

    /// The reason, where certificates are in the way.
    #[must_use]
    pub const fn distrust(&self) -> Option<&'static str> {
        match self {
            Self::Untrusted { reason, .. } | Self::Unwelcome { reason, .. } => Some(*reason),
            _ => None,
        }
    }
}

/// The error of TLS among an error's causes.
fn tls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        // This one tells of its cause's causes, and not of the cause.
        let within = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        let within = within.and_then(|within| within.downcast_ref());
        if let Some(found) = within.or_else(|| error.downcast_ref()) {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

/// What is wrong with the hub's certificate.
const fn of_theirs(wrong: &CertificateError) -> &'static str {
    use CertificateError as Wrong;
    match wrong {
        Wrong::Expired | Wrong::ExpiredContext { .. } => "the hub's certificate has expired",
        Wrong::NotValidYet | Wrong::NotValidYetContext { .. } => {
            "the hub's certificate is not valid yet, or our clock is wrong"
        }
        Wrong::NotValidForName | Wrong::NotValidForNameContext { .. } => {
            "the hub's certificate is for other names than the one in nats_url"
        }
        Wrong::UnknownIssuer => {
            "the hub's certificate comes from an authority that is not known here; nats_ca_file names it"
        }
        Wrong::Revoked => "the hub's certificate is revoked",
        _ => "the hub's certificate cannot be used",
    }
}

/// What an alert of the hub says of our certificate, where it is about that (RFC 8446 §6.2).
const fn of_ours(alert: AlertDescription) -> Option<&'static str> {
    use AlertDescription as Alert;
    Some(match alert {
        Alert::CertificateRequired | Alert::NoCertificate => {
            "the hub asks for a client certificate; nats_client_certificate_file and nats_client_key_file name it"
        }
        Alert::CertificateExpired => "the hub refuses our client certificate: it has expired",
        Alert::CertificateRevoked => "the hub refuses our client certificate: it is revoked",
        Alert::UnknownCA => {
            "the hub refuses our client certificate: it comes from another authority"
        }
        Alert::BadCertificate
        | Alert::UnsupportedCertificate
        | Alert::CertificateUnknown
        | Alert::AccessDenied => {
            "the hub refuses our client certificate, or misses one; nats_client_certificate_file and nats_client_key_file name it"
        }
        _ => return None,
    })
}
