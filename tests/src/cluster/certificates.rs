//! The keys of a sandbox cluster: one authority, and what it signs for a server and its clients.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

const BOTH: [ExtendedKeyUsagePurpose; 2] = [
    ExtendedKeyUsagePurpose::ServerAuth,
    ExtendedKeyUsagePurpose::ClientAuth,
];

/// An authority that lives as long as one start of a cluster: its key is never written.
pub(crate) struct Authority {
    dir: PathBuf,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key, as files.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Authority {
    /// Makes an authority, and writes its certificate to `ca.crt` in `dir`.
    pub(crate) fn new(dir: &Path) -> Result<Self> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(DnType::CommonName, "sandbox");
        params.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyCertSign,
            KeyUsagePurpose::CrlSign,
        ];
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        write(&dir.join("ca.crt"), &certificate.pem())?;
        Ok(Self {
            dir: dir.to_owned(),
            issuer: Issuer::new(params, key),
        })
    }

    /// The authority's own certificate.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.dir.join("ca.crt")
    }

    /// A server's identity for 127.0.0.1 and localhost.
    pub(crate) fn server(&self, name: &str) -> Result<Identity> {
        let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
        let params = CertificateParams::new(names)?;
        self.sign(name, name, params, &[ExtendedKeyUsagePurpose::ServerAuth])
    }

    /// The identity of a server that is a client of its peers, too.
    pub(crate) fn peer(&self, name: &str) -> Result<Identity> {
        let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
        let params = CertificateParams::new(names)?;
        self.sign(name, name, params, &BOTH)
    }

    /// The same, for another name alone.
    pub(crate) fn of_another_name(&self, name: &str) -> Result<Identity> {
        let params = CertificateParams::new(["hub.example.com".to_owned()])?;
        self.sign(name, name, params, &BOTH)
    }

    /// The same, but it has expired long ago.
    pub(crate) fn expired(&self, name: &str) -> Result<Identity> {
        let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
        let mut params = CertificateParams::new(names)?;
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2021, 1, 1);
        self.sign(name, name, params, &BOTH)
    }

    /// A client's identity: the user `user`, in the group `group`.
    pub(crate) fn client(&self, name: &str, user: &str, group: Option<&str>) -> Result<Identity> {
        let mut params = CertificateParams::default();
        if let Some(group) = group {
            params
                .distinguished_name
                .push(DnType::OrganizationName, group);
        }
        self.sign(name, user, params, &[ExtendedKeyUsagePurpose::ClientAuth])
    }

    fn sign(
        &self,
        file: &str,
        common_name: &str,
        mut params: CertificateParams,
        usages: &[ExtendedKeyUsagePurpose],
    ) -> Result<Identity> {
        params
            .distinguished_name
            .push(DnType::CommonName, common_name);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = usages.to_vec();
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let identity = Identity {
            certificate: self.dir.join(format!("{file}.crt")),
            key: self.dir.join(format!("{file}.key")),
        };
        write(&identity.certificate, &certificate.pem())?;
        write(&identity.key, &key.serialize_pem())?;
        Ok(identity)
    }
}

/// The pair that signs and checks service accounts' tokens: (public, private).
pub(crate) fn token_keys(dir: &Path) -> Result<(PathBuf, PathBuf)> {
    let key = KeyPair::generate()?;
    let (public, private) = (dir.join("sa.pub"), dir.join("sa.key"));
    write(&public, &key.public_key_pem())?;
    write(&private, &key.serialize_pem())?;
    Ok((public, private))
}

/// Keys are nobody else's business, also on a machine with other users.
pub(crate) fn write(path: &Path, text: &str) -> Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("write {}", path.display()))
}
