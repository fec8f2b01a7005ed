//! One message, composed so that no value in it can become a header, a recipient or a part.

use std::time::SystemTime;

use lettre::Address;
use lettre::address::Envelope;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, MessageBuilder, MultiPart, SinglePart};

use super::markdown;

const RECIPIENTS_MAX: usize = 100;
/// Neither base64 nor quoted-printable can write `=_`, so no body contains it.
const BOUNDARY: &str = "=_baton";

/// What to send. Addresses are `ada@example.com` or `Ada <ada@example.com>`.
pub struct Email {
    pub from: String,
    pub to: Vec<String>,
    pub cc: Vec<String>,
    pub bcc: Vec<String>,
    pub subject: String,
    /// The body for who reads plain text, and as Markdown for who reads HTML.
    pub text: String,
    pub markdown: String,
    /// `<left>@<right>`, the same each time this message is sent, so that a reader who gets it twice sees it once.
    pub message_id: String,
    pub date: SystemTime,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadEmail {
    #[error("{0:?} is not an e-mail address")]
    Address(String),
    #[error("the e-mail has no recipient")]
    NoRecipient,
    #[error("the e-mail has {0} recipients, {RECIPIENTS_MAX} are allowed")]
    TooManyRecipients(usize),
    #[error("{0:?} is not a Message-ID: write it like name@example.com")]
    MessageId(String),
    #[error("the e-mail cannot be composed: {0}")]
    Composing(String),
}

/// A message ready to go: the same e-mail always becomes the same bytes.
pub struct Message {
    pub(super) envelope: Envelope,
    pub(super) bytes: Vec<u8>,
    /// The domain that sends it.
    pub(super) domain: String,
}

impl Message {
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl Email {
    pub fn compose(&self) -> Result<Message, BadEmail> {
        let from = mailbox(&self.from)?;
        let [to, cc, bcc] =
            [&self.to, &self.cc, &self.bcc].map(|list| list.iter().map(|text| mailbox(text)).collect::<Result<Vec<_>, _>>());
        let (to, cc, bcc) = (to?, cc?, bcc?);
        let recipients: Vec<Address> = to.iter().chain(&cc).chain(&bcc).map(|mailbox| mailbox.email.clone()).collect();
        match recipients.len() {
            0 => return Err(BadEmail::NoRecipient),
            count if count > RECIPIENTS_MAX => return Err(BadEmail::TooManyRecipients(count)),
            _ => {}
        }
        let domain = from.email.domain().to_owned();
        let envelope = Envelope::new(Some(from.email.clone()), recipients).map_err(composing)?;

        let mut message =
            MessageBuilder::new().from(from).message_id(Some(self.checked_message_id()?)).date(self.date).subject(one_line(&self.subject));
        message = to.into_iter().fold(message, |message, mailbox| message.to(mailbox));
        message = cc.into_iter().fold(message, |message, mailbox| message.cc(mailbox));
        let automatic = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
        let message =
            message.raw_header(automatic).envelope(envelope.clone()).multipart(parts(&self.text, &self.markdown)?).map_err(composing)?;
        let bytes = message.formatted();
        if !is_well_formed(&bytes) {
            return Err(BadEmail::Composing("it would have bare line breaks or NUL".to_owned()));
        }
        Ok(Message { envelope, bytes, domain })
    }

    fn checked_message_id(&self) -> Result<String, BadEmail> {
        match self.message_id.split_once('@') {
            Some((left, right)) if is_id_part(left) && is_id_part(right) => Ok(format!("<{}>", self.message_id)),
            _ => Err(BadEmail::MessageId(self.message_id.clone())),
        }
    }
}

/// Whether e-mails can be from there: an address whose domain can stand in a Message-ID.
pub fn is_sender(text: &str) -> bool {
    mailbox(text).is_ok_and(|mailbox| is_id_part(mailbox.email.domain()))
}

fn is_id_part(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

fn mailbox(text: &str) -> Result<Mailbox, BadEmail> {
    let bad = || BadEmail::Address(text.to_owned());
    if text.chars().any(char::is_control) {
        return Err(bad());
    }
    text.trim().parse().map_err(|_| bad())
}

/// Text that came from a field may have several lines, and a subject has one.
fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_control() || c == ' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn parts(text: &str, markdown: &str) -> Result<MultiPart, BadEmail> {
    let html = part(ContentType::TEXT_HTML, &markdown::to_html(&cleaned(markdown)))?;
    Ok(MultiPart::alternative().boundary(BOUNDARY).singlepart(part(ContentType::TEXT_PLAIN, text)?).singlepart(html))
}

/// Always encoded, so that nothing in the text is ever a line of the message.
fn part(kind: ContentType, text: &str) -> Result<SinglePart, BadEmail> {
    // Markdown can write any character as an entity, so its HTML is cleaned once more.
    let body = Body::new_with_encoding(cleaned(text), ContentTransferEncoding::QuotedPrintable);
    let body = body.map_err(|_| BadEmail::Composing("its body cannot be encoded".to_owned()))?;
    Ok(SinglePart::builder().header(kind).body(body))
}

/// With one kind of line break, and no other control characters.
fn cleaned(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").chars().filter(|c| !c.is_control() || "\n\t".contains(*c)).collect()
}

/// Servers disagree about where a line with only half a line break ends, and what follows may be taken for a message of its own.
fn is_well_formed(bytes: &[u8]) -> bool {
    let text = bytes.iter().enumerate();
    let mut ends = text.filter(|(_, byte)| b"\r\n\0".contains(byte));
    ends.all(|(at, byte)| match byte {
        b'\r' => bytes.get(at + 1) == Some(&b'\n'),
        b'\n' => at > 0 && bytes[at - 1] == b'\r',
        _ => false,
    })
}

fn composing(error: lettre::error::Error) -> BadEmail {
    BadEmail::Composing(error.to_string())
}
