//! What an engine gets from the machine and the settings: the way out, the mail server, the master key.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use baton_connect::email::{Account, Mailer};
use baton_connect::guard::{Guard, SystemResolver};
use baton_connect::http::Client;
use baton_connect::private::Exposed;
use baton_connect::seal::{KEY_BYTES, KeyError, MasterKey};
use baton_connect::tls::Roots;
use baton_engine::Surroundings;
use baton_engine::env::{Entropy, SystemClock};
use baton_engine::world::{Mail, Outside};
use baton_store::sql::agreements;
use baton_store::{Store, Tx};

use crate::settings::{Settings, Smtp};
use crate::trouble::Trouble;
use crate::wiring::make_folder;

/// For a server.
pub async fn whole(settings: &Settings, store: &Store) -> Result<Surroundings, Trouble> {
    let roots = Roots::of_the_machine();
    let mail = settings.smtp.as_ref().map(|smtp| mail(smtp, &roots)).transpose()?;
    let guard = Guard::new(settings.outbound_allow.clone(), Arc::new(SystemResolver::default()));
    let client = Client::new(guard, &roots).map_err(|error| Trouble::refused(format!("no call can be made by TLS: {error}")))?;
    Ok(Surroundings { world: Arc::new(Outside::new(client, mail)), ..with_master_key(settings, store).await? })
}

/// For a command that seals a secret and calls nobody.
pub async fn with_master_key(settings: &Settings, store: &Store) -> Result<Surroundings, Trouble> {
    make_folder(&settings.data).map_err(Trouble::refused)?;
    sealing_by(&settings.master_key_file(), store, bare()).await
}

/// The same surroundings, with the master key in that file.
pub async fn sealing_by(path: &Path, store: &Store, surroundings: Surroundings) -> Result<Surroundings, Trouble> {
    let master_key = master_key(path, store, &surroundings.entropy).await?;
    Ok(Surroundings { master_key: Arc::new(master_key), ..surroundings })
}

/// For every other command.
pub fn bare() -> Surroundings {
    Surroundings::bare(Arc::new(SystemClock::new()), Entropy::from_system())
}

/// The one that all nodes of the store have. The first start makes it.
async fn master_key(path: &Path, store: &Store, entropy: &Entropy) -> Result<MasterKey, Trouble> {
    let agreed = store.read(|tx: &mut dyn Tx| agreements::get(tx, agreements::MASTER_KEY)).await?;
    let fresh = || {
        let mut key = [0; KEY_BYTES];
        entropy.fill(&mut key);
        key
    };
    let key = MasterKey::load(path, agreed.is_some(), fresh).map_err(|error| match error {
        KeyError::Missing(path) => Trouble::refused(format!(
            "the master key {} is missing, and this store's secrets are sealed with it: put it back from its backup, copy it from \
            another node, or say by --master-key-file where it is",
            path.display()
        )),
        error => Trouble::refused(error.to_string()),
    })?;
    let ours = key.id();
    let agreed = match agreed {
        Some(agreed) => agreed,
        None => {
            let ours = ours.clone();
            store.write(move |tx: &mut dyn Tx| agreements::agree(tx, agreements::MASTER_KEY, &ours)).await?
        }
    };
    if agreed == ours {
        return Ok(key);
    }
    Err(Trouble::refused(format!(
        "the master key {} is {ours}, and this store's secrets are sealed with {agreed}: copy that one there from its backup or from \
        another node, or say by --master-key-file where it is",
        path.display()
    )))
}

fn mail(smtp: &Smtp, roots: &Roots) -> Result<Mail, Trouble> {
    let account = smtp.account.as_ref().map(|(user, file)| {
        let password = secret_in(file, "password", "smtp.password_file")?;
        Ok::<_, Trouble>(Account { user: user.clone(), password: password.into() })
    });
    let settings =
        baton_connect::email::Settings { host: smtp.host.clone(), port: smtp.port, security: smtp.security, account: account.transpose()? };
    let mailer = Mailer::new(settings, roots).map_err(|error| Trouble::refused(error.to_string()))?;
    Ok(Mail { mailer, from: smtp.from.clone() })
}

/// The first line of the file that `setting` names. Who may use it is as with the master key.
pub fn secret_in(path: &Path, what: &str, setting: &str) -> Result<String, Trouble> {
    first_line(path, what).map_err(|wrong| Trouble::refused(format!("{setting} is {:?}, which {wrong}", path.display().to_string())))
}

fn first_line(path: &Path, what: &str) -> Result<String, String> {
    let unreadable = |error: std::io::Error| format!("can't be read: {error}");
    let mut file = File::open(path).map_err(unreadable)?;
    if let Some(exposed) = Exposed::of(&file).map_err(unreadable)? {
        return Err(exposed.to_string());
    }
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(unreadable)?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(line.to_owned()),
        _ => Err(format!("has no {what} in its first line")),
    }
}
