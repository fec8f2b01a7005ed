//! What lies outside: every call and every e-mail of a step goes through [`World`], so that a simulation can put another one there.

use std::pin::Pin;
use std::time::{Duration, UNIX_EPOCH};

use baton_connect::email::{Email, MailError, Mailer};
use baton_connect::http::{CallError, Client, Failure as CallFailure, Request};
use baton_core::execution::call::{Answer, EmailRequest, Failure, FailureKind, Reply};
use baton_core::time::Timestamp;
use baton_core::told::Told;
use zeroize::Zeroizing;

pub trait World: Send + Sync {
    /// Makes one attempt. It never fails otherwise than by its reply.
    fn send(&self, sending: Sending, now: Timestamp) -> Sent<'_>;
    /// Whom e-mails are from; `None` where no mail server is set.
    fn mail_from(&self) -> Option<&str>;
}

pub type Sent<'a> = Pin<Box<dyn Future<Output = Reply> + Send + 'a>>;

/// One attempt, ready to go: what was rendered, with what is made anew each time.
pub enum Sending {
    Http { method: String, url: String, headers: Vec<(String, Zeroizing<String>)>, body: String, timeout: Duration },
    Email { email: EmailRequest, message_id: String, timeout: Duration },
}

/// The world itself, through the guard.
pub struct Outside {
    client: Client,
    mail: Option<Mail>,
}

pub struct Mail {
    pub mailer: Mailer,
    pub from: String,
}

impl Outside {
    pub fn new(client: Client, mail: Option<Mail>) -> Outside {
        Outside { client, mail }
    }

    async fn call(&self, request: &Request, now: Timestamp) -> Reply {
        match self.client.call(request).await {
            Ok(answer) => Reply::Answered(Answer {
                status: answer.status,
                failure: answer.failure().map(|error| told(&error)),
                content_type: answer.content_type.clone(),
                retry_after: answer.retry_after(UNIX_EPOCH + Duration::from_micros(now.micros().unsigned_abs())),
                body: answer.body.to_vec(),
            }),
            Err(error) => {
                if let CallFailure::NoConnection { detail } | CallFailure::BrokenOff { detail } = &error.failure {
                    // The host may be the value of a field, and a certificate that is not believed names it.
                    tracing::debug!(detail = detail.replace(&error.host, "the host"), "a call has failed");
                }
                failed(told(&error), kind_of(&error))
            }
        }
    }

    async fn mail(&self, email: EmailRequest, message_id: String, timeout: Duration) -> Reply {
        let Some(Mail { mailer, .. }) = &self.mail else {
            return failed(baton_core::refusal::Refusal::NoMailServer.told(), FailureKind::Final);
        };
        let email = Email {
            from: email.from,
            to: email.to,
            cc: email.cc,
            bcc: email.bcc,
            subject: email.subject,
            text: email.text,
            markdown: email.markdown,
            message_id,
            date: UNIX_EPOCH + Duration::from_micros(email.date.micros().unsigned_abs()),
        };
        let message = match email.compose() {
            Ok(message) => message,
            Err(error) => return failed(Told::quoting(error.to_string(), "the e-mail cannot be composed"), FailureKind::Final),
        };
        match mailer.send(&message, timeout).await {
            Ok(()) => Reply::Delivered,
            Err(error) => {
                let kind = match &error {
                    MailError::Refused { .. } => FailureKind::Final,
                    MailError::NotNow { .. } => FailureKind::NotNow,
                    MailError::NotReached { .. } => FailureKind::NotSent,
                    MailError::NoAnswer { .. } => FailureKind::NoAnswer,
                };
                failed(Told::quoting(error.to_string(), error.bare()), kind)
            }
        }
    }
}

impl World for Outside {
    fn send(&self, sending: Sending, now: Timestamp) -> Sent<'_> {
        Box::pin(async move {
            match sending {
                Sending::Http { method, url, headers, body, timeout } => {
                    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                    match Request::new(&method, &url, &headers, body.into(), timeout) {
                        Ok(request) => self.call(&request, now).await,
                        Err(error) => {
                            let bare = "API call can't be made";
                            failed(Told::quoting(format!("{bare}: {error}"), bare), FailureKind::Final)
                        }
                    }
                }
                Sending::Email { email, message_id, timeout } => self.mail(email, message_id, timeout).await,
            }
        })
    }

    fn mail_from(&self) -> Option<&str> {
        self.mail.as_ref().map(|mail| mail.from.as_str())
    }
}

fn told(error: &CallError) -> Told {
    Told::quoting(error.to_string(), error.bare())
}

fn failed(told: Told, kind: FailureKind) -> Reply {
    Reply::Failed(Failure { told, kind })
}

fn kind_of(error: &CallError) -> FailureKind {
    match &error.failure {
        CallFailure::NotAllowed(_) => FailureKind::NotAllowed,
        CallFailure::TooLong { .. } | CallFailure::Unreadable(_) | CallFailure::Answered { .. } => FailureKind::Final,
        CallFailure::NoConnection { .. } | CallFailure::TimedOut { sent: false, .. } => FailureKind::NotSent,
        CallFailure::TimedOut { sent: true, .. } | CallFailure::StoodStill { .. } | CallFailure::BrokenOff { .. } => FailureKind::NoAnswer,
    }
}
