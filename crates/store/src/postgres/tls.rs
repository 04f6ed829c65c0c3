//! TLS to PostgreSQL, with the meaning that libpq gives to `sslmode` and `sslrootcert`: by default
//! it is used when the server offers it; `verify-full` also proves who the server is.

use crate::error::StoreError;
use deadpool_postgres::Connect;
use futures::future::{BoxFuture, FutureExt};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error as TlsError, RootCertStore,
    SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};
use std::{path::PathBuf, sync::Arc};
use tokio::task::JoinHandle;
use tokio_postgres::{
    Client, Config, Error,
    config::{Host, SslMode},
    error::SqlState,
};
use tokio_postgres_rustls::MakeRustlsConnect;

/// What an address asks of its connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) mode: Mode,
    pub(super) roots: Option<Roots>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// Whom to trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Roots {
    System,
    File(PathBuf),
}

impl Mode {
    const NAMES: [(&str, Self); 6] = [
        ("disable", Self::Disable),
        ("allow", Self::Allow),
        ("prefer", Self::Prefer),
        ("require", Self::Require),
        ("verify-ca", Self::VerifyCa),
        ("verify-full", Self::VerifyFull),
    ];

    fn parse(text: &str) -> Result<Self, StoreError> {
        let found = Self::NAMES.into_iter().find(|(name, _)| *name == text);
        found.map(|(_, mode)| mode).ok_or_else(|| {
            let names = Self::NAMES.map(|(name, _)| name).join(", ");
            StoreError::Address(format!("`sslmode` is none of {names}"))
        })
    }

    /// What is tried, one after the other, as far as the driver tells it apart.
    fn tries(self) -> &'static [SslMode] {
        match self {
            Self::Disable => &[SslMode::Disable],
            Self::Allow => &[SslMode::Disable, SslMode::Require],
            Self::Prefer => &[SslMode::Prefer, SslMode::Disable],
            Self::Require | Self::VerifyCa | Self::VerifyFull => &[SslMode::Require],
        }
    }
}

impl Wanted {
    /// Reads the two parameters with which `tokio-postgres` does less than libpq.
    pub(super) fn read(mode: Option<&str>, roots: Option<&str>) -> Result<Self, StoreError> {
        let roots = roots.filter(|roots| !roots.is_empty()).map(|roots| match roots {
            "system" => Roots::System,
            path => Roots::File(path.into()),
        });
        let default = if roots == Some(Roots::System) { Mode::VerifyFull } else { Mode::Prefer };
        let mode = match (mode.map_or(Ok(default), Mode::parse)?, &roots) {
            // Whoever names a root wants to be sure of it, says libpq.
            (Mode::Require, Some(Roots::File(_))) => Mode::VerifyCa,
            (mode, _) => mode,
        };
        let wrong = |text: &str| Err(StoreError::Address(text.to_owned()));
        match (mode, &roots) {
            (Mode::VerifyFull, _) | (_, Some(Roots::File(_))) => Ok(Self { mode, roots }),
            (_, Some(Roots::System)) => {
                wrong("`sslrootcert=system` goes with `sslmode=verify-full` only")
            }
            (Mode::VerifyCa, None) => wrong(
                "`sslmode=verify-ca` needs `sslrootcert=FILE`; with the certificates of the \
                 system, use `verify-full`",
            ),
            (mode, None) => Ok(Self { mode, roots: None }),
        }
    }

    /// Whether a connection may be in the clear.
    pub(super) fn may_be_plain(&self) -> bool {
        matches!(self.mode, Mode::Disable | Mode::Allow | Mode::Prefer)
    }
}

/// Opens connections as an address asks. Clones are alike.
#[derive(Clone)]
pub(super) struct Tls {
    tries: &'static [SslMode],
    connector: MakeRustlsConnect,
}

impl Tls {
    pub(super) fn new(wanted: &Wanted, config: &Config) -> Result<Self, StoreError> {
        let sockets = config.get_hosts();
        let local = !sockets.is_empty() && sockets.iter().all(|host| matches!(host, Host::Unix(_)));
        let mode = if local { Mode::Disable } else { wanted.mode };
        let provider = Arc::new(ring::default_provider());
        let verifier: Arc<dyn ServerCertVerifier> = match mode {
            Mode::Disable | Mode::Allow | Mode::Prefer | Mode::Require => {
                Arc::new(Unverified(provider.clone()))
            }
            Mode::VerifyCa => Arc::new(AnyName(verifier(wanted, &provider)?)),
            Mode::VerifyFull => verifier(wanted, &provider)?,
        };
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| StoreError::Address(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        Ok(Self { tries: mode.tries(), connector: MakeRustlsConnect::new(config) })
    }

    pub(super) async fn connect(&self, config: &Config) -> Result<(Client, JoinHandle<()>), Error> {
        let mut tries = self.tries.iter().copied();
        let mut mode = tries.next().unwrap_or(SslMode::Require);
        let (client, connection) = loop {
            let mut config = config.clone();
            match (config.ssl_mode(mode).connect(self.connector.clone()).await, tries.next()) {
                (Ok(connected), _) => break connected,
                (Err(error), Some(next)) if is_about_tls(&error) => mode = next,
                (Err(error), _) => return Err(error),
            }
        };
        let task = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::warn!(%error, "a connection to PostgreSQL was lost");
            }
        });
        Ok((client, task))
    }
}

impl Connect for Tls {
    fn connect(&self, config: &Config) -> BoxFuture<'_, Result<(Client, JoinHandle<()>), Error>> {
        let config = config.clone();
        async move { Tls::connect(self, &config).await }.boxed()
    }
}

/// Whether the other of encrypted and not encrypted may be let in: the server has a rule for it
/// (`hostssl`, `hostnossl`), or the handshake came to nothing.
fn is_about_tls(error: &Error) -> bool {
    let no_rule = error.code() == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION);
    let handshake = error.as_db_error().is_none() && error.to_string().contains("TLS handshake");
    no_rule || handshake
}

fn verifier(
    wanted: &Wanted,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, StoreError> {
    let roots = Arc::new(match &wanted.roots {
        Some(Roots::File(path)) => roots_of(path)?,
        Some(Roots::System) | None => system_roots()?,
    });
    WebPkiServerVerifier::builder_with_provider(roots, provider.clone())
        .build()
        .map_err(|error| StoreError::Address(format!("the root certificates: {error}")))
}

fn roots_of(path: &std::path::Path) -> Result<RootCertStore, StoreError> {
    let wrong =
        |error: String| StoreError::Address(format!("`sslrootcert` {}: {error}", path.display()));
    let certificates = CertificateDer::pem_file_iter(path).map_err(|e| wrong(e.to_string()))?;
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(wrong("there is no certificate in it".to_owned()));
    }
    Ok(roots)
}

fn system_roots() -> Result<RootCertStore, StoreError> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let detail = "this system has no root certificates: name a file in `sslrootcert`";
        return Err(StoreError::Address(detail.to_owned()));
    }
    Ok(roots)
}

/// Encrypts to any server: `require` keeps listeners out, not impostors.
#[derive(Debug)]
struct Unverified(Arc<CryptoProvider>);

/// A certificate of a trusted root, whatever name is in it.
#[derive(Debug)]
struct AnyName(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        let verified =
            self.0.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match verified {
            // The name is looked at last, when the chain has been found good.
            Err(TlsError::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.0.verify_tls12_signature(message, cert, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.0.verify_tls13_signature(message, cert, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_mean_what_libpq_says() {
        let file = || Some(Roots::File("ca.pem".into()));
        for (mode, roots, expected) in [
            (None, None, Some((Mode::Prefer, None))),
            (None, Some(""), Some((Mode::Prefer, None))),
            (Some("disable"), None, Some((Mode::Disable, None))),
            (Some("allow"), None, Some((Mode::Allow, None))),
            (Some("require"), None, Some((Mode::Require, None))),
            (Some("require"), Some("ca.pem"), Some((Mode::VerifyCa, file()))),
            (Some("verify-ca"), Some("ca.pem"), Some((Mode::VerifyCa, file()))),
            (Some("verify-full"), Some("ca.pem"), Some((Mode::VerifyFull, file()))),
            (Some("verify-full"), None, Some((Mode::VerifyFull, None))),
            (Some("verify-full"), Some("system"), Some((Mode::VerifyFull, Some(Roots::System)))),
            (None, Some("system"), Some((Mode::VerifyFull, Some(Roots::System)))),
            (Some("verify-ca"), None, None),
            (Some("verify-ca"), Some("system"), None),
            (Some("require"), Some("system"), None),
            (Some("prefer"), Some("system"), None),
            (Some("Require"), None, None),
            (Some(""), None, None),
        ] {
            let read = Wanted::read(mode, roots);
            let read = read.ok().map(|wanted| (wanted.mode, wanted.roots));
            assert_eq!(read, expected, "{mode:?} {roots:?}");
        }
    }
}
