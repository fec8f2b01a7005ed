//! Whom to believe when a server says who it is.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

/// The certificates of the authorities that are believed.
#[derive(Clone, Default)]
pub struct Roots(Vec<CertificateDer<'static>>);

impl Roots {
    /// Those of the machine, so that a company's own authority is believed where its operator has put it: the system's store, or
    /// what `SSL_CERT_FILE` and `SSL_CERT_DIR` name. A machine may have none; then no certificate is believed.
    pub fn of_the_machine() -> Roots {
        Roots::readable(rustls_native_certs::load_native_certs().certs)
    }

    pub fn from_der(certificates: impl IntoIterator<Item = Vec<u8>>) -> Roots {
        Roots::readable(certificates.into_iter().map(CertificateDer::from))
    }

    /// Machines carry certificates that nothing can read any more: one such must not take all the others down.
    fn readable(certificates: impl IntoIterator<Item = CertificateDer<'static>>) -> Roots {
        let is_readable = |certificate: &CertificateDer<'static>| RootCertStore::empty().add(certificate.clone()).is_ok();
        Roots(certificates.into_iter().filter(is_readable).collect())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &CertificateDer<'static>> {
        self.0.iter()
    }

    pub(crate) fn client_config(&self) -> Result<ClientConfig, rustls::Error> {
        let mut store = RootCertStore::empty();
        for certificate in self.iter() {
            store.add(certificate.clone())?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let mut config = builder.with_root_certificates(store).with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}
