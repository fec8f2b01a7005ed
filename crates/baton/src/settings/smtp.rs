//! The mail server: settings that only make sense together.

use std::path::PathBuf;

use baton_connect::email::Security;

use super::table::Setting;
use super::{Values, parse, table};

#[derive(Clone, Debug)]
pub struct Smtp {
    pub host: String,
    pub port: u16,
    pub security: Security,
    /// Who signs in, and the file with the password.
    pub account: Option<(String, PathBuf)>,
    pub from: String,
}

/// Who sets the one must set the other.
const NEEDS: [(&Setting, &Setting); 8] = [
    (&table::SMTP_PORT, &table::SMTP_HOST),
    (&table::SMTP_TLS, &table::SMTP_HOST),
    (&table::SMTP_USER, &table::SMTP_HOST),
    (&table::SMTP_PASSWORD_FILE, &table::SMTP_HOST),
    (&table::SMTP_FROM, &table::SMTP_HOST),
    (&table::SMTP_HOST, &table::SMTP_FROM),
    (&table::SMTP_USER, &table::SMTP_PASSWORD_FILE),
    (&table::SMTP_PASSWORD_FILE, &table::SMTP_USER),
];

/// `None`: no mail server is set, or the settings do not fit, which is among the problems then.
pub(super) fn read(values: &mut Values<'_>) -> Option<Smtp> {
    let host = values.read(&table::SMTP_HOST, parse::host);
    let port = values.read(&table::SMTP_PORT, parse::port);
    let security = values.read(&table::SMTP_TLS, parse::security);
    let user = values.read(&table::SMTP_USER, parse::user);
    let password_file = values.read(&table::SMTP_PASSWORD_FILE, parse::path);
    let from = values.read(&table::SMTP_FROM, parse::sender);

    for (setting, needed) in NEEDS {
        values.check_needed(setting, needed);
    }
    let security = security?;
    let port = port.unwrap_or(match security {
        Security::StartTls => 587,
        Security::Tls => 465,
        Security::None => 25,
    });
    Some(Smtp { host: host?, port, security, account: user.zip(password_file), from: from? })
}
