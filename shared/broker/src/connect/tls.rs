//! Who we are and whom we trust, from files.

use std::io;
use std::path::Path;

use async_nats::ConnectOptions;
use async_nats::rustls::crypto::ring::sign::any_supported_type;
use async_nats::rustls::pki_types::pem::PemObject as _;
use async_nats::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use async_nats::rustls::sign::CertifiedKey;
use async_nats::rustls::{Error, InconsistentKeys};

use super::{ConnectError, HubConfig};
use crate::nkey::Nkey;

/// Says who we are and whom we trust. Every file is read first, so that one that does not serve is named; the
/// client reads them again at each connection, so that renewed ones are taken.
pub(super) async fn identified(
    mut options: ConnectOptions,
    config: &HubConfig,
) -> Result<ConnectOptions, ConnectError> {
    if let Some(path) = &config.nkey {
        options = options.nkey(Nkey::read(path)?.seed());
    } else if let Some(path) = &config.credentials {
        options =
            options
                .credentials_file(path)
                .await
                .map_err(|source| ConnectError::Credentials {
                    path: path.clone(),
                    source,
                })?;
    }
    if let Some(ca) = &config.tls.ca {
        certificates(ca).await?;
        options = options.add_root_certificates(ca.clone()).require_tls(true);
    }
    match &config.tls.client {
        (None, None) => {}
        (Some(certificate), Some(key)) => {
            pair(certificate, key).await?;
            options = options
                .add_client_certificate(certificate.clone(), key.clone())
                .require_tls(true);
        }
        _ => return Err(ConnectError::HalfAPair),
    }
    Ok(options)
}

/// Holds a certificate against its key.
async fn pair(certificate: &Path, key: &Path) -> Result<(), ConnectError> {
    let certificates = certificates(certificate).await?;
    let odd = |text: &str| ConnectError::Tls {
        path: key.to_owned(),
        source: io::Error::new(io::ErrorKind::InvalidData, text),
    };
    // What the reader says of it is not told: it may hold a piece of the key.
    let read = PrivateKeyDer::from_pem_slice(&read(key).await?);
    let private = read.map_err(|_| odd("it holds no private key"))?;
    let private = any_supported_type(&private).map_err(|_| odd("its kind of key is not known"))?;
    match CertifiedKey::new(certificates, private).keys_match() {
        Err(Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => Err(ConnectError::NoPair {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
        }),
        // Whatever else is wrong with it the hub will say.
        _ => Ok(()),
    }
}

async fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ConnectError> {
    let bytes = read(path).await?;
    let certificates = CertificateDer::pem_slice_iter(&bytes).collect::<Result<Vec<_>, _>>();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(ConnectError::Tls {
            path: path.to_owned(),
            source: io::Error::new(io::ErrorKind::InvalidData, "it holds no certificate"),
        }),
    }
}

async fn read(path: &Path) -> Result<Vec<u8>, ConnectError> {
    let read = tokio::fs::read(path).await;
    read.map_err(|source| ConnectError::Tls {
        path: path.to_owned(),
        source,
    })
}
