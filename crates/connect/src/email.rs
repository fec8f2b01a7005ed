//! One message over SMTP, to the server that the operator has set.

mod markdown;
mod message;

pub use message::{BadEmail, Email, Message, is_sender};

use std::error::Error;
use std::time::Duration;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use zeroize::Zeroizing;

use crate::guard::CONNECT_TIMEOUT;
use crate::tls::Roots;

/// Of the server's words.
const WORDS_CHARS_MAX: usize = 200;

/// How the connection is kept secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    None,
    /// Begins in the open and changes to TLS, or fails.
    StartTls,
    Tls,
}

pub struct Settings {
    pub host: String,
    pub port: u16,
    pub security: Security,
    pub account: Option<Account>,
}

#[derive(Clone)]
pub struct Account {
    pub user: String,
    pub password: Zeroizing<String>,
}

pub struct Mailer {
    host: String,
    port: u16,
    tls: Tls,
    account: Option<Account>,
}

#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// A 5xx, or a server that cannot do what is set.
    #[error("the mail server {host} refused the e-mail: {words}")]
    Refused { host: String, words: String },
    /// A 4xx.
    #[error("the mail server {host} did not take the e-mail now: {words}")]
    NotNow { host: String, words: String },
    #[error("the mail server {host} could not be reached: {words}")]
    NotReached { host: String, words: String },
    /// It may have taken the message.
    #[error("the mail server {host} gave no answer: {words}")]
    NoAnswer { host: String, words: String },
}

impl MailError {
    /// Without the server's words, which may quote the message.
    pub fn bare(&self) -> &'static str {
        match self {
            MailError::Refused { .. } => "the mail server refused the e-mail",
            MailError::NotNow { .. } => "the mail server did not take the e-mail now",
            MailError::NotReached { .. } => "the mail server could not be reached",
            MailError::NoAnswer { .. } => "the mail server gave no answer",
        }
    }

    /// Whether the same message may be taken later.
    pub fn may_be_repeated(&self) -> bool {
        match self {
            MailError::Refused { .. } => false,
            MailError::NotNow { .. } | MailError::NotReached { .. } | MailError::NoAnswer { .. } => true,
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the mail server {host} cannot be reached by TLS: {reason}")]
pub struct BadSettings {
    host: String,
    reason: String,
}

impl Mailer {
    pub fn new(settings: Settings, roots: &Roots) -> Result<Mailer, BadSettings> {
        let Settings { host, port, security, account } = settings;
        let parameters = || {
            // All roots come from one place, and lettre looks for none of its own.
            let mut parameters = TlsParameters::builder(host.clone()).certificate_store(CertificateStore::None);
            for root in roots.iter() {
                parameters = parameters.add_root_certificate(Certificate::from_der(root.to_vec())?);
            }
            parameters.build()
        };
        let tls = match security {
            Security::None => Ok(Tls::None),
            Security::StartTls => parameters().map(Tls::Required),
            Security::Tls => parameters().map(Tls::Wrapper),
        };
        let tls = tls.map_err(|error| BadSettings { host: host.clone(), reason: error.to_string() })?;
        Ok(Mailer { host, port, tls, account })
    }

    /// `timeout` is for the whole exchange; the library has only connecting to it.
    pub async fn send(&self, message: &Message, timeout: Duration) -> Result<(), MailError> {
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&self.host)
            .port(self.port)
            .tls(self.tls.clone())
            .hello_name(ClientId::Domain(message.domain.clone()))
            .timeout(Some(CONNECT_TIMEOUT.min(timeout)));
        if let Some(Account { user, password }) = &self.account {
            transport = transport.credentials(Credentials::new(user.clone(), password.to_string()));
        }
        let transport: AsyncSmtpTransport<Tokio1Executor> = transport.build();
        let sent = transport.send_raw(&message.envelope, &message.bytes);
        match tokio::time::timeout(timeout, sent).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(self.failure(&error)),
            Err(_) => Err(self.no_answer(&format!("timed out after {} s", timeout.as_secs_f64()))),
        }
    }

    fn failure(&self, error: &lettre::transport::smtp::Error) -> MailError {
        let words = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        let words = match error.status() {
            Some(code) => format!("{code} {words}"),
            None => words,
        };
        if error.is_permanent() || error.is_client() {
            return MailError::Refused { host: self.host.clone(), words: on_one_line(&words) };
        }
        if error.is_transient() {
            return MailError::NotNow { host: self.host.clone(), words: on_one_line(&words) };
        }
        // The only way in which the library tells this kind; a test holds it to that.
        if error.to_string().starts_with("Connection error") {
            return MailError::NotReached { host: self.host.clone(), words: on_one_line(&words) };
        }
        self.no_answer(&words)
    }

    fn no_answer(&self, words: &str) -> MailError {
        MailError::NoAnswer { host: self.host.clone(), words: on_one_line(words) }
    }
}

fn on_one_line(words: &str) -> String {
    let line: String = words.chars().map(|c| if c.is_control() { ' ' } else { c }).take(WORDS_CHARS_MAX).collect();
    line.trim().to_owned()
}
