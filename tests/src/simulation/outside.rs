//! The world that steps call: it answers, refuses, keeps silent, and watches that nobody is called who may not be.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use baton_core::execution::call::{Answer, Call, Failure, FailureKind, Reply, Request};
use baton_core::ids::Id;
use baton_core::time::Timestamp;
use baton_core::told::Told;
use baton_engine::world::{Sending, Sent, World};
use baton_store::sql::{calls, executions};
use baton_store::{StoreError, Tx};
use parking_lot::Mutex;

use super::broken::Broken;
use super::chance::Chance;
use super::life::Life;
use super::wire::Ground;

const MAIL_FROM: &str = "Baton <baton@hogwarts.edu>";

/// All that can be called, as it is for all nodes.
pub struct Outside {
    pub ground: Arc<Ground>,
    pub chance: Chance,
    /// By their keys.
    pub heard: Mutex<BTreeMap<String, Heard>>,
}

/// A call as it came.
pub struct Heard {
    /// Method, URL and body, or the message.
    pub content: String,
    /// Attempts, and those of them that came through.
    pub attempts: u32,
    pub came_through: u32,
}

/// The same, as one start of a node reaches it.
pub struct Door {
    pub outside: Arc<Outside>,
    pub life: Arc<Life>,
}

/// What becomes of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Fate {
    Answers(u16),
    /// A 2xx that the step can't use.
    AnswersNonsense,
    NotReached,
    BreaksOff,
    Hangs,
}

impl World for Door {
    fn send(&self, sending: Sending, now: Timestamp) -> Sent<'_> {
        Box::pin(async move {
            let attempt = Attempt::of(sending, now, self.outside.ground.broken);
            let (time, handed_over) = (self.outside.ground.journal.time, self.outside.ground.journal.handed_over());
            let fate = self.outside.hear(self.life.number, &attempt).await;
            let begun = self.outside.stored(&attempt.key).await;
            let wait = match fate {
                Fate::Hangs => attempt.timeout,
                _ if self.outside.chance.once_in(8) => self.outside.chance.millis(500..4000).min(attempt.timeout),
                _ => self.outside.chance.millis(0..200),
            };
            time.pass(wait).await;
            self.life.runs().await;
            if self.outside.ground.journal.handed_over() == handed_over {
                self.outside.still_alone(&attempt.key, begun).await;
            }
            let reply = self.outside.reply(fate, &attempt);
            self.outside.ground.journal.event(fate, || format!("node {}: {} {fate:?}", self.life.number, attempt.key));
            reply
        })
    }

    fn mail_from(&self) -> Option<&str> {
        Some(MAIL_FROM)
    }
}

struct Attempt {
    key: String,
    content: String,
    is_email: bool,
    maps: bool,
    once: bool,
    timeout: Duration,
}

impl Attempt {
    fn of(sending: Sending, now: Timestamp, broken: Option<Broken>) -> Attempt {
        match sending {
            Sending::Http { method, url, headers, body, timeout } => {
                let key = headers.iter().find(|(name, _)| name == "Idempotency-Key").map_or("", |(_, value)| value.as_str());
                let key = if broken == Some(Broken::KeyNotStable) { format!("{key}_{now}") } else { key.to_owned() };
                Attempt {
                    key,
                    content: format!("{method} {url} {body}"),
                    is_email: false,
                    maps: url.ends_with("/map"),
                    once: url.ends_with("/once"),
                    timeout,
                }
            }
            Sending::Email { email, message_id, timeout } => {
                let key = message_id.split('@').next().unwrap_or_default().to_owned();
                Attempt { key, content: content_of(&Request::Email(email)), is_email: true, maps: false, once: false, timeout }
            }
        }
    }
}

/// What a rendered request is when it comes.
pub fn content_of(request: &Request) -> String {
    match request {
        Request::Http(http) => format!("{} {} {}", http.method, http.url, http.body),
        Request::Email(email) => format!("{email:?}"),
    }
}

/// Whose call a key names.
pub fn named(key: &str) -> Option<(Id, usize)> {
    let (execution, step) = key.strip_prefix("exe_")?.split_once("_s")?;
    Some((execution.parse().ok()?, step.parse().ok()?))
}

impl Outside {
    /// An attempt comes, or not; what is stored of it at this moment says whether it should have been made.
    async fn hear(&self, number: usize, attempt: &Attempt) -> Fate {
        let key = &attempt.key;
        let fate = self.fate(attempt);
        self.ground.journal.event((key, fate), || format!("node {number}: {key} goes out: {}", attempt.content));
        match self.stored(key).await {
            None => self.ground.journal.find(format!("{key} names no call that is stored")),
            Some((call, pending)) => {
                if content_of(&call.request) != attempt.content {
                    self.ground.journal.find(format!("{key} is not what was rendered: {}", attempt.content));
                }
                if !call.open || !pending {
                    self.ground.journal.find(format!("{key} goes out again after its answer was recorded"));
                }
            }
        }
        let mut heard = self.heard.lock();
        let known = heard.entry(key.clone()).or_insert_with(|| Heard { content: attempt.content.clone(), attempts: 0, came_through: 0 });
        if known.content != attempt.content {
            self.ground.journal.find(format!("{key} is two calls"));
        }
        if known.attempts > 0 {
            self.ground.journal.count(|totals| totals.repeated_calls += 1);
        }
        if attempt.once && known.came_through > 0 {
            self.ground.journal.find(format!("{key} is repeated, which it never may"));
        }
        known.attempts += 1;
        known.came_through += u32::from(fate != Fate::NotReached);
        fate
    }

    /// An attempt comes back to a node that has lived and held its lease all the while: whatever else went wrong, nobody has made the
    /// call again or given it up meanwhile.
    async fn still_alone(&self, key: &str, begun: Option<(Call, bool)>) {
        let ended = self.stored(key).await;
        if ended != begun {
            let told = |stored: &Option<(Call, bool)>| stored.as_ref().map(|(call, pending)| (call.attempts, call.open, *pending));
            let (begun, ended) = (told(&begun), told(&ended));
            self.ground.journal.find(format!("{key} was under way as attempt, open, pending {begun:?}, and has become {ended:?}"));
        }
    }

    /// The call of that key, and whether its execution goes on.
    async fn stored(&self, key: &str) -> Option<(Call, bool)> {
        let (execution, step) = named(key)?;
        let look = move |tx: &mut dyn Tx| {
            let pending = executions::load(tx, execution)?.status == baton_core::execution::Status::Pending;
            Ok::<_, StoreError>((calls::get(tx, execution, step)?, pending))
        };
        self.ground.store.read(look).await.ok()
    }

    fn fate(&self, attempt: &Attempt) -> Fate {
        if !self.ground.is_stormy() {
            return Fate::Answers(200);
        }
        match self.chance.within(0..16) {
            0 => Fate::NotReached,
            1 => Fate::BreaksOff,
            2 => Fate::Hangs,
            3 | 4 => Fate::Answers(503),
            5 => Fate::Answers(429),
            6 => Fate::Answers(400),
            7 if attempt.maps => Fate::AnswersNonsense,
            _ => Fate::Answers(200),
        }
    }

    fn reply(&self, fate: Fate, attempt: &Attempt) -> Reply {
        let failed = |message: &str, kind| Reply::Failed(Failure { told: Told::plain(message), kind });
        match fate {
            Fate::NotReached => failed("could not connect", FailureKind::NotSent),
            Fate::BreaksOff => failed("broke off", FailureKind::NoAnswer),
            Fate::Hangs => failed("timed out", FailureKind::NoAnswer),
            Fate::Answers(200 | 429 | 503) | Fate::AnswersNonsense if attempt.is_email => match fate {
                Fate::Answers(200) | Fate::AnswersNonsense => Reply::Delivered,
                _ => failed("not now", FailureKind::NotNow),
            },
            Fate::Answers(_) if attempt.is_email => failed("no such person", FailureKind::Final),
            Fate::Answers(status) => {
                let body = if attempt.maps { r#"{"got":"owl"}"# } else { r#"{"task":{"Got":"owl"}}"# };
                let ok = (200..300).contains(&status);
                self.answer(status, if ok { body } else { "no" })
            }
            Fate::AnswersNonsense => self.answer(200, "{"),
        }
    }

    fn answer(&self, status: u16, body: &str) -> Reply {
        let retry_after = (status == 429).then(|| self.chance.millis(0..5000));
        Reply::Answered(Answer {
            status,
            failure: (!(200..300).contains(&status)).then(|| Told::plain(format!("answered {status}"))),
            content_type: Some("application/json".to_owned()),
            retry_after,
            body: body.as_bytes().to_vec(),
        })
    }
}
