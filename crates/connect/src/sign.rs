//! Signatures by which a receiver knows that a call is ours and whole: <https://www.standardwebhooks.com>, version 1, symmetric.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

pub const PREFIX: &str = "whsec_";
/// What the specification allows.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// A secret shared with the receiver, written `whsec_` and base64.
pub struct SigningSecret(Zeroizing<Vec<u8>>);

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a signing secret is whsec_ and the base64 of {} to {} bytes", SECRET_BYTES.start(), SECRET_BYTES.end())]
pub struct NotSigningSecret;

impl SigningSecret {
    pub fn parse(text: &str) -> Result<SigningSecret, NotSigningSecret> {
        let encoded = text.strip_prefix(PREFIX).ok_or(NotSigningSecret)?;
        let bytes = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| NotSigningSecret)?);
        if SECRET_BYTES.contains(&bytes.len()) { Ok(SigningSecret(bytes)) } else { Err(NotSigningSecret) }
    }

    fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

/// The headers of a call that carries `body`, sent at `timestamp` (seconds since 1970). While a secret is being changed, both the
/// old and the new one sign.
pub fn headers(secrets: &[SigningSecret], id: &str, timestamp: i64, body: &[u8]) -> [(&'static str, String); 3] {
    let signatures: Vec<String> = secrets.iter().map(|secret| secret.sign(id, timestamp, body)).collect();
    [("webhook-id", id.to_owned()), ("webhook-timestamp", timestamp.to_string()), ("webhook-signature", signatures.join(" "))]
}
