//! A certificate authority, and servers that it vouches for.

use std::net::TcpStream;
use std::sync::Arc;

use baton_connect::tls::Roots;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Authority(CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a certificate"))
    }

    pub fn roots(&self) -> Roots {
        // With one that nobody can read, as machines have them.
        Roots::from_der([b"unreadable".to_vec(), self.0.der().to_vec()])
    }

    /// What a server needs to be believed as one of `names`.
    pub fn server(&self, names: &[&str]) -> Arc<ServerConfig> {
        let key = KeyPair::generate().expect("a key");
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let certificate = CertificateParams::new(names).expect("names").signed_by(&key, &self.0).expect("a certificate");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let config = builder.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key);
        Arc::new(config.expect("the key is the certificate's"))
    }
}

pub type TlsStream = StreamOwned<ServerConnection, TcpStream>;

pub fn over_tls(config: &Arc<ServerConfig>, stream: TcpStream) -> TlsStream {
    StreamOwned::new(ServerConnection::new(Arc::clone(config)).expect("a configuration"), stream)
}
