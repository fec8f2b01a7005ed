//! A call made ready to go: what was rendered, with the secrets as they are now, the key, and the signature of this attempt.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use baton_connect::sign::{self, SigningSecret};
use baton_core::execution::call::{self, HttpRequest, Request};
use baton_core::ids::Id;
use baton_core::refusal::Refusal;
use baton_core::time::Timestamp;
use baton_core::told::Told;
use baton_core::workflow::Auth;
use baton_store::sql::secrets;
use baton_store::{StoreError, Tx};
use zeroize::Zeroizing;

use crate::commands::runs::Outgoing;
use crate::engine::Shared;
use crate::masks::Masks;
use crate::world::Sending;

/// Why a call can't go out. Nothing has been sent.
pub(crate) enum NotReady {
    Store(StoreError),
    /// The step fails so.
    Refused(Refusal),
}

impl From<StoreError> for NotReady {
    fn from(error: StoreError) -> NotReady {
        NotReady::Store(error)
    }
}

/// With what is to be masked in its answer.
pub(crate) async fn prepare(shared: &Arc<Shared>, outgoing: &Outgoing, now: Timestamp) -> Result<(Sending, Masks), NotReady> {
    let mut masks = Masks::default();
    let key = call::key(outgoing.job.id, outgoing.call.step);
    let timeout = outgoing.timeout;
    match &outgoing.call.request {
        Request::Email(email) => {
            let domain = email.from.rsplit('@').next().unwrap_or_default().trim_end_matches('>');
            Ok((Sending::Email { email: email.clone(), message_id: format!("{key}@{domain}"), timeout }, masks))
        }
        Request::Http(request) => {
            let mut headers: Vec<(String, Zeroizing<String>)> =
                request.headers.iter().map(|(name, value)| (name.clone(), Zeroizing::new(value.clone()))).collect();
            headers.push(("Idempotency-Key".to_owned(), Zeroizing::new(key.clone())));
            if let Some(auth) = &request.auth {
                let secrets = Secrets { shared, workspace: outgoing.job.workspace, masks: &mut masks };
                headers.extend(authorisation(secrets, auth, request, &key, now).await?);
            }
            let sending =
                Sending::Http { method: request.method.clone(), url: request.url.clone(), headers, body: request.body.clone(), timeout };
            Ok((sending, masks))
        }
    }
}

type Headers = Vec<(String, Zeroizing<String>)>;

async fn authorisation(
    mut secrets: Secrets<'_>,
    auth: &Auth,
    request: &HttpRequest,
    key: &str,
    now: Timestamp,
) -> Result<Headers, NotReady> {
    let one = |name: &str, value: Zeroizing<String>| vec![(name.to_owned(), value)];
    Ok(match auth {
        Auth::Basic { user, password } => {
            let pair = Zeroizing::new(format!("{user}:{}", *secrets.read(password).await?));
            let encoded = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
            secrets.masks.hide(&encoded);
            one("Authorization", Zeroizing::new(format!("Basic {}", *encoded)))
        }
        Auth::Bearer { token } => one("Authorization", Zeroizing::new(format!("Bearer {}", *secrets.read(token).await?))),
        Auth::Header { name, value } => one(name, secrets.read(value).await?),
        Auth::Hmac { secret: name } => {
            let text = secrets.read(name).await?;
            // While it is being changed, the old one and the new stand side by side.
            // The prefix is no part of the secret, which may be told without it.
            let parts = text.split_ascii_whitespace().inspect(|part| secrets.masks.hide(part.trim_start_matches(sign::PREFIX)));
            let secrets: Result<Vec<SigningSecret>, _> = parts.map(SigningSecret::parse).collect();
            let secrets = secrets.map_err(|error| unusable(name, &error))?;
            let signed = sign::headers(&secrets, key, now.micros().div_euclid(1_000_000), request.body.as_bytes());
            signed.into_iter().map(|(name, value)| (name.to_owned(), Zeroizing::new(value))).collect()
        }
    })
}

/// The secrets of a workspace, each masked from when it was read.
struct Secrets<'a> {
    shared: &'a Arc<Shared>,
    workspace: Id,
    masks: &'a mut Masks,
}

impl Secrets<'_> {
    /// As it is at this moment: one that was changed is used from the next attempt on.
    async fn read(&mut self, name: &str) -> Result<Zeroizing<String>, NotReady> {
        let (workspace, asked) = (self.workspace, name.to_owned());
        let sealed = self.shared.store.read_own(move |tx: &mut dyn Tx| secrets::sealed(tx, workspace, &asked)).await?;
        let sealed = sealed.ok_or_else(|| NotReady::Refused(Refusal::SecretMissing { name: name.to_owned() }))?;
        let bytes = self.shared.master_key.open(&workspace.to_string(), name, &sealed).map_err(|error| unusable(name, &error))?;
        let text = std::str::from_utf8(&bytes).map_err(|error| unusable(name, &error))?;
        self.masks.hide(text);
        Ok(Zeroizing::new(text.to_owned()))
    }
}

fn unusable(name: &str, error: &dyn std::fmt::Display) -> NotReady {
    NotReady::Refused(Refusal::CallFailed { told: Told::plain(format!("Secret {name} can't be used: {error}")) })
}
