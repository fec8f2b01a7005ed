//! Every setting, in the order in which `baton config` shows them.

/// One thing that can be set. The flag of `log.level` is `--log-level`, its variable `BATON_LOG_LEVEL`.
#[derive(Debug, PartialEq, Eq)]
pub struct Setting {
    /// In the file; `log.level` is `level` under `[log]`.
    pub key: &'static str,
    pub value_name: &'static str,
    pub help: &'static str,
    pub default: Option<&'static str>,
    pub allowed: &'static str,
}

pub const SETTINGS: &[Setting] = &[
    ROLE,
    LISTEN,
    PUBLIC_URL,
    DATA,
    DATABASE_URL,
    MASTER_KEY_FILE,
    WORKERS,
    SMTP_HOST,
    SMTP_PORT,
    SMTP_TLS,
    SMTP_USER,
    SMTP_PASSWORD_FILE,
    SMTP_FROM,
    OUTBOUND_ALLOW,
    RATE_PER_MINUTE,
    BODY_MIB,
    IMPORT_MIB,
    CONNECTIONS,
    EXECUTIONS_DAYS,
    PAGE_COUNT_MAX,
    LOG_LEVEL,
    LOG_FORMAT,
    OTLP_ENDPOINT,
    OTLP_SERVICE_NAME,
    OTLP_SAMPLING,
    URL,
    API_KEY,
    API_KEY_FILE,
];

pub const ROLE: Setting = Setting {
    key: "role",
    value_name: "ROLE",
    help: "Whether `baton serve` serves the API, runs executions, or does both",
    default: Some("all"),
    allowed: "all, web or worker",
};
pub const LISTEN: Setting = Setting {
    key: "listen",
    value_name: "ADDRESS",
    help: "Where to serve HTTP",
    default: Some("127.0.0.1:3000"),
    allowed: "an IP address and a port, such as 127.0.0.1:3000 or [::1]:3000",
};
pub const PUBLIC_URL: Setting = Setting {
    key: "public_url",
    value_name: "URL",
    help: "How others reach this server; begins every Task URL [default: follows from `listen`]",
    default: None,
    allowed: "an http or https URL without query, such as https://baton.example.com",
};
pub const DATA: Setting = Setting {
    key: "data",
    value_name: "FOLDER",
    help: "Folder of the database, the master key and the admin socket",
    default: Some("./baton-data"),
    allowed: "a path",
};
pub const DATABASE_URL: Setting = Setting {
    key: "database_url",
    value_name: "URL",
    help: "A PostgreSQL database instead of the one in the data folder",
    default: None,
    allowed: "postgres://user:password@host/database",
};
pub const MASTER_KEY_FILE: Setting = Setting {
    key: "master_key_file",
    value_name: "FILE",
    help: "The key that secrets are sealed with; made on the first start [default: master.key in the data folder]",
    default: None,
    allowed: "a path",
};
pub const WORKERS: Setting = Setting {
    key: "workers",
    value_name: "COUNT",
    help: "Executions that run at once",
    default: Some("64"),
    allowed: "a whole number from 1 to 1024",
};
pub const SMTP_HOST: Setting = Setting {
    key: "smtp.host",
    value_name: "HOST",
    help: "The mail server; left out, no e-mail can be sent",
    default: None,
    allowed: "the name or the IP address of a host",
};
pub const SMTP_PORT: Setting = Setting {
    key: "smtp.port",
    value_name: "PORT",
    help: "Its port [default: 587, with tls 465, with none 25]",
    default: None,
    allowed: "a whole number from 1 to 65535",
};
pub const SMTP_TLS: Setting = Setting {
    key: "smtp.tls",
    value_name: "HOW",
    help: "How the connection to it is kept secret",
    default: Some("starttls"),
    allowed: "none, starttls or tls",
};
pub const SMTP_USER: Setting = Setting {
    key: "smtp.user",
    value_name: "NAME",
    help: "Who signs in there; left out, nobody does",
    default: None,
    allowed: "a name without control characters",
};
pub const SMTP_PASSWORD_FILE: Setting = Setting {
    key: "smtp.password_file",
    value_name: "FILE",
    help: "A file with the password, which only its owner may read",
    default: None,
    allowed: "a path",
};
pub const SMTP_FROM: Setting = Setting {
    key: "smtp.from",
    value_name: "ADDRESS",
    help: "Whom e-mails are from",
    default: None,
    allowed: "an e-mail address, such as baton@example.com or Baton <baton@example.com>",
};
pub const OUTBOUND_ALLOW: Setting = Setting {
    key: "outbound.allow",
    value_name: "NETWORKS",
    help: "Networks that calls may go to although they are not on the open internet, separated by commas",
    default: None,
    allowed: "networks like 10.1.0.0/16, fd00::/8 or 10.1.2.3",
};
pub const RATE_PER_MINUTE: Setting = Setting {
    key: "limits.rate_per_minute",
    value_name: "COUNT",
    help: "Requests that one API key may make in a minute; 0 is as many as it likes",
    default: Some("600"),
    allowed: "a whole number from 0 to 1000000",
};
pub const BODY_MIB: Setting = Setting {
    key: "limits.body_mib",
    value_name: "MIB",
    help: "The largest request body, in MiB",
    default: Some("10"),
    allowed: "a whole number from 1 to 1024",
};
pub const IMPORT_MIB: Setting = Setting {
    key: "limits.import_mib",
    value_name: "MIB",
    help: "The largest file to import, in MiB",
    default: Some("1024"),
    allowed: "a whole number from 1 to 65536",
};
pub const CONNECTIONS: Setting = Setting {
    key: "limits.connections",
    value_name: "COUNT",
    help: "Connections that are served at once; one more waits",
    default: Some("1000"),
    allowed: "a whole number from 1 to 1000000",
};
pub const EXECUTIONS_DAYS: Setting = Setting {
    key: "retention.executions_days",
    value_name: "DAYS",
    help: "How long executions and imports that have ended are kept; 0 keeps them for ever",
    default: Some("90"),
    allowed: "0, or a whole number from 2 to 36500",
};
pub const PAGE_COUNT_MAX: Setting = Setting {
    key: "sqlite.page_count_max",
    value_name: "PAGES",
    help: "How large the database in the data folder may grow, in its pages [default: as large as the disk]",
    default: None,
    allowed: "a whole number from 1 to 4294967294",
};
pub const LOG_LEVEL: Setting = Setting {
    key: "log.level",
    value_name: "LEVEL",
    help: "How much to log",
    default: Some("info"),
    allowed: "off, error, warn, info, debug or trace",
};
pub const LOG_FORMAT: Setting =
    Setting { key: "log.format", value_name: "FORMAT", help: "How to log", default: Some("human"), allowed: "human or json" };
pub const OTLP_ENDPOINT: Setting = Setting {
    key: "otlp.endpoint",
    value_name: "URL",
    help: "The collector of OpenTelemetry that traces are sent to, below which it takes /v1/traces; left out, none are made",
    default: None,
    allowed: PUBLIC_URL.allowed,
};
pub const OTLP_SERVICE_NAME: Setting = Setting {
    key: "otlp.service_name",
    value_name: "NAME",
    help: "Whose traces they are [default: baton]",
    default: None,
    allowed: "a name without control characters",
};
pub const OTLP_SAMPLING: Setting = Setting {
    key: "otlp.sampling",
    value_name: "SHARE",
    help: "The share of traces that are sent, of those for which no caller has decided",
    default: Some("1"),
    allowed: "a number from 0 to 1, such as 0.1",
};
pub const URL: Setting = Setting {
    key: "url",
    value_name: "URL",
    help: "The server that `baton actions`, `act`, `tasks`, `import` and `export` ask [default: follows from `listen`]",
    default: None,
    allowed: PUBLIC_URL.allowed,
};
/// Said by its variable only: every user of the machine may see an argument, and a file of settings is kept with others.
pub const API_KEY: Setting = Setting {
    key: "api_key",
    value_name: "KEY",
    help: "The key that they ask with",
    default: None,
    allowed: "a key, as `baton api-key create` prints it",
};
pub const API_KEY_FILE: Setting = Setting {
    key: "api_key_file",
    value_name: "FILE",
    help: "A file with the API key that they ask with, which only its owner may read; BATON_API_KEY goes before it",
    default: None,
    allowed: "a path",
};

impl Setting {
    /// Without the two dashes.
    pub fn flag(&self) -> String {
        self.key.replace(['.', '_'], "-")
    }

    pub fn variable(&self) -> String {
        format!("BATON_{}", self.key.replace('.', "_").to_uppercase())
    }
}
