//! What lies outside of the demo's Baton, started beside it: who is called, and who gets e-mails.

use std::sync::Arc;

use baton_connect::email::{Mailer, Security, Settings};
use baton_connect::guard::{Guard, SystemResolver, network};
use baton_connect::http::Client;
use baton_connect::tls::Roots;
use baton_engine::Surroundings;
use baton_engine::env::{Clock, Entropy};
use baton_engine::world::{self, Mail};

use super::mailbox::Mailbox;
use super::payments::Payments;
use crate::trouble::Trouble;

/// All that the guard opens: both are here.
const ALLOWED: &str = "127.0.0.1/32";
const FROM: &str = "Baton <baton@example.com>";

pub struct Outside {
    pub payments: Payments,
    pub mailbox: Mailbox,
}

impl Outside {
    pub async fn open() -> Result<Outside, Trouble> {
        let failed = |error: std::io::Error| Trouble::refused(format!("127.0.0.1 can't be listened on: {error}"));
        Ok(Outside { payments: Payments::open().await.map_err(failed)?, mailbox: Mailbox::open().await.map_err(failed)? })
    }

    /// As a server has them whose operator has opened this machine to calls and set a mail server.
    /// The error is a sentence.
    pub fn surroundings(&self, clock: Arc<dyn Clock>) -> Result<Surroundings, String> {
        let failed = |error: &dyn std::fmt::Display| format!("calls can't be made: {error}");
        // Nothing here speaks TLS.
        let roots = Roots::default();
        let allowed = network(ALLOWED).map_err(|error| failed(&error))?;
        let client = Client::new(Guard::new(vec![allowed], Arc::new(SystemResolver::default())), &roots).map_err(|error| failed(&error))?;
        let address = self.mailbox.address;
        let settings = Settings { host: address.ip().to_string(), port: address.port(), security: Security::None, account: None };
        let mailer = Mailer::new(settings, &roots).map_err(|error| failed(&error))?;
        let world = Arc::new(world::Outside::new(client, Some(Mail { mailer, from: FROM.to_owned() })));
        Ok(Surroundings { world, ..Surroundings::bare(clock, Entropy::from_system()) })
    }
}
