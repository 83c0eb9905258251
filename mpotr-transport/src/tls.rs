//! TLS of connections: whom a client takes for the server that it means. `docs/spec/07-transport.md`, "TLS".

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, ServerConfig,
    SignatureScheme,
};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::transport::{CloseCode, Closed};

/// The SHA-256 of a server's public key (its SubjectPublicKeyInfo): renewing a certificate keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pin([u8; 32]);

impl Pin {
    /// From its bytes.
    #[must_use]
    pub const fn new(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// From 64 hexadecimal digits.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut digest = [0; 32];
        base16ct::mixed::decode(text, &mut digest).ok()?;
        (text.len() == 64).then_some(Self(digest))
    }

    /// 64 hexadecimal digits.
    #[must_use]
    pub fn to_hex(self) -> String {
        base16ct::lower::encode_string(&self.0)
    }

    /// Of the key in a certificate.
    fn of(certificate: &CertificateDer<'_>) -> Result<Self, rustls::Error> {
        let bad = || CertificateError::BadEncoding;
        let certificate = webpki::EndEntityCert::try_from(certificate).map_err(|_error| bad())?;
        let key = certificate.subject_public_key_info();
        Ok(Self(Sha256::digest(key.as_ref()).into()))
    }
}

/// How a client knows a server, and the server it.
#[derive(Clone)]
pub struct Tls(TlsConnector);

impl core::fmt::Debug for Tls {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Tls")
    }
}

impl Tls {
    /// Takes a server that has one of the pinned keys, without asking an authority; without pins, one that an authority vouches
    /// for which the system trusts. Shows it the certificate in a file of PEM, with its key, if there is one.
    ///
    /// # Errors
    /// The file cannot be used, or the system trusts nobody.
    pub fn new(pins: &[Pin], certificate: Option<&Path>) -> Result<Self, Closed> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder
            .with_safe_default_protocol_versions()
            .map_err(of_tls)?;
        let builder = if pins.is_empty() {
            builder.with_root_certificates(trusted_by_the_system()?)
        } else {
            let pins = pins.to_vec();
            let pinned = Arc::new(Pinned { pins, provider });
            builder.dangerous().with_custom_certificate_verifier(pinned)
        };
        let config = match certificate {
            None => builder.with_no_client_auth(),
            Some(path) => {
                let (chain, key) = certificate_in(path)?;
                builder.with_client_auth_cert(chain, key).map_err(of_tls)?
            }
        };
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }

    /// The same for a library that makes its connections itself.
    #[must_use]
    pub fn config(&self) -> Arc<ClientConfig> {
        Arc::clone(self.0.config())
    }

    /// Encrypts a connection to the server that is called `host`.
    ///
    /// # Errors
    /// The server is not the one that is meant, or speaks TLS as this side does not.
    pub async fn connect<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        host: &str,
        stream: S,
    ) -> Result<TlsStream<S>, Closed> {
        let name = ServerName::try_from(host.to_owned());
        let name = name.map_err(|error| Closed::new(CloseCode::Tls, error))?;
        self.0.connect(name, stream).await.map_err(of_io)
    }
}

/// What a server shows its clients.
#[derive(Clone)]
pub struct TlsServer {
    acceptor: TlsAcceptor,
    pin: Pin,
}

impl core::fmt::Debug for TlsServer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("TlsServer").field(&self.pin).finish()
    }
}

impl TlsServer {
    /// The certificate in a file of PEM, with those of the authorities that vouch for it, and its key.
    ///
    /// # Errors
    /// The file cannot be used: code `auth`.
    pub fn from_file(path: &Path) -> Result<Self, Closed> {
        let (chain, key) = certificate_in(path)?;
        let unusable = |error| {
            let text = format!(
                "the certificate in {} cannot be used: {error}",
                path.display()
            );
            Closed::new(CloseCode::Auth, text)
        };
        let Some(first) = chain.first() else {
            let text = format!("no certificate is in {}", path.display());
            return Err(Closed::new(CloseCode::Auth, text));
        };
        let pin = Pin::of(first).map_err(unusable)?;
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder
            .with_safe_default_protocol_versions()
            .map_err(of_tls)?;
        let builder = builder.with_no_client_auth();
        let config = builder.with_single_cert(chain, key).map_err(unusable)?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Ok(Self { acceptor, pin })
    }

    /// Of the key that it shows: what an address names it by.
    #[must_use]
    pub const fn pin(&self) -> Pin {
        self.pin
    }

    /// Encrypts a connection of a client.
    pub(crate) async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
    ) -> io::Result<tokio_rustls::server::TlsStream<S>> {
        self.acceptor.accept(stream).await
    }
}

fn trusted_by_the_system() -> Result<RootCertStore, Closed> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (added, _unreadable) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        let text = "the system has no certificates of authorities";
        return Err(Closed::new(CloseCode::Tls, text));
    }
    Ok(roots)
}

fn certificate_in(
    path: &Path,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), Closed> {
    let bad = |error: rustls::pki_types::pem::Error| {
        let text = format!(
            "the certificate in {} cannot be used: {error}",
            path.display()
        );
        Closed::new(CloseCode::Auth, text)
    };
    let chain = CertificateDer::pem_file_iter(path).map_err(bad)?;
    let chain = chain.collect::<Result<_, _>>().map_err(bad)?;
    let key = PrivateKeyDer::from_pem_file(path).map_err(bad)?;
    Ok((chain, key))
}

fn of_tls(error: rustls::Error) -> Closed {
    let other_key = CertificateError::ApplicationVerificationFailure;
    if error == rustls::Error::InvalidCertificate(other_key) {
        let text = "the server has another key than its address says";
        return Closed::new(CloseCode::Pin, text);
    }
    // What a server shows stays as it is. All else may be a server that is full, or going.
    let is_shown = matches!(
        error,
        rustls::Error::InvalidCertificate(_)
            | rustls::Error::NoCertificatesPresented
            | rustls::Error::UnsupportedNameType
    );
    let text = format!("the connection cannot be encrypted: {}", words(&error));
    Closed::new(CloseCode::Tls, text).retrying(!is_shown)
}

/// What a person can do about it, where that is known.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "of all others a person is told what the library says"
)]
fn words(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "no authority that this system trusts vouches for the server; if its key is known, as a relay prints it, add that to \
             the address: #sha256=.. and 64 digits"
                .to_owned()
        }
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => "the server's certificate is for another name than the address has".to_owned(),
        rustls::Error::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. },
        ) => "the server's certificate is no longer valid, or the clock of this machine is wrong".to_owned(),
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
        ) => "the server's certificate is not valid yet, or the clock of this machine is wrong".to_owned(),
        rustls::Error::InvalidMessage(_) => {
            "what answers there does not speak TLS; for a connection that is not encrypted the address begins with mpotr://, \
             ws:// or irc://"
                .to_owned()
        }
        error => error.to_string(),
    }
}

fn of_io(error: io::Error) -> Closed {
    let kind = error.kind();
    match error
        .into_inner()
        .map(|inner| inner.downcast::<rustls::Error>())
    {
        Some(Ok(error)) => of_tls(*error),
        Some(Err(other)) => Closed::new(CloseCode::Unreachable, other),
        None => Closed::new(CloseCode::Unreachable, io::Error::from(kind)),
    }
}

/// Takes the servers whose keys are pinned. The handshake shows that the server has the key; dates and names say no more.
#[derive(Debug)]
struct Pinned {
    pins: Vec<Pin>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if self.pins.contains(&Pin::of(end_entity)?) {
            return Ok(ServerCertVerified::assertion());
        }
        Err(CertificateError::ApplicationVerificationFailure.into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
