//! The public API from outside: what `baton actions`, `act`, `tasks`, `import` and `export` ask a server by HTTP, as any client does.
//!
//! Map: [`Call`] is one request and [`Answer`] what came back, with what a refusal means; `names` finds what people call a workflow, an action
//! or a checklist item, `plain` makes of the server's texts what a terminal may be given; `upload` sends a file,
//! and `waiting` looks at what goes on by itself, both also past a restart of the server.

mod answer;
mod call;
mod names;
pub mod plain;
mod ready;
mod upload;
mod waiting;

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use baton_connect::guard::{Guard, SystemResolver, network};
use baton_connect::http::{CALL_TIMEOUT_MAX, Client, Failure};
use baton_connect::tls::Roots;
use baton_engine::env::{Clock, Entropy, SystemClock};

pub use answer::{Answer, sentences};
pub use call::Call;
pub use names::Named;
pub use ready::check_ready;
pub use upload::Opened;
pub use waiting::AWAY_MAX;

use crate::settings::{Settings, table};
use crate::surroundings::secret_in;
use crate::trouble::Trouble;

/// Lists come whole.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// A server that restarts is back by the last of them.
const ATTEMPTS_MAX: u32 = 5;
const AGAIN_AFTER: Duration = Duration::from_millis(200);

/// A server, and the key that it is asked with.
pub struct Remote {
    client: Client,
    url: String,
    key: String,
}

impl Remote {
    pub fn open(settings: &Settings) -> Result<Remote, Trouble> {
        let key = key(settings)?;
        Ok(Remote { client: client()?.taking(ANSWER_BYTES_MAX), url: settings.url(), key })
    }

    /// The command that shows what is there.
    pub fn curl(&self, place: &str) -> String {
        format!("curl '{}/api/v1/{place}' --header \"Authorization: Bearer $BATON_API_KEY\"", self.url)
    }

    /// What Baton answers, a refusal too. Where the connection breaks first, the same is asked again if that can do nothing twice.
    pub async fn ask(&self, call: &Call) -> Result<Answer, Trouble> {
        let request = call.request(&self.url, &self.key)?;
        let mut broken = 0;
        loop {
            let failure = match self.client.call(&request).await {
                Ok(answer) => return Answer::read(answer, now(), call, &self.url),
                Err(error) => error.failure,
            };
            let broke = match failure {
                Failure::BrokenOff { .. } => true,
                // Nobody has heard this one, but perhaps one before it.
                Failure::NoConnection { .. } => broken > 0,
                _ => false,
            };
            if !broke || !call.may_be_repeated() || broken + 1 == ATTEMPTS_MAX {
                return Err(Trouble::refused(self.unanswered(call, &failure, broken > 0)));
            }
            tokio::time::sleep(AGAIN_AFTER * 2u32.pow(broken)).await;
            broken += 1;
        }
    }

    /// An answer that is written while it comes, to what people call `name`. Nothing is asked again: some of it may be written.
    pub async fn download(&self, call: &Call, sink: &mut (dyn Write + Send), name: &str) -> Result<(), Trouble> {
        let request = call.request(&self.url, &self.key)?;
        let mut unwritten = None;
        let mut write = |piece: &[u8]| {
            sink.write_all(piece).map_err(|error| {
                let kind = error.kind();
                unwritten = Some(error);
                kind.into()
            })
        };
        match self.client.download(&request, &mut write).await {
            Ok(answer) if answer.failure().is_none() => Ok(()),
            Ok(answer) => Err(Answer::read(answer, now(), call, &self.url)?.refusal()),
            Err(error) => match unwritten {
                Some(error) => Err(Trouble::unwritten(name, &error)),
                None => Err(Trouble::refused(self.unanswered(call, &error.failure, false))),
            },
        }
    }

    /// What is only read on the way to something else.
    pub async fn look(&self, call: &Call) -> Result<Answer, Trouble> {
        let answer = self.ask(call).await?;
        if answer.is_yes() { Ok(answer) } else { Err(answer.refusal()) }
    }

    /// Where the answer has another shape than Baton gives it.
    pub fn unexpected(&self) -> Trouble {
        Trouble::refused(answer::not_batons(&self.url, "something else than was asked for"))
    }

    fn unanswered(&self, call: &Call, failure: &Failure, heard: bool) -> String {
        let url = &self.url;
        match failure {
            Failure::NoConnection { detail } if !heard => {
                format!("no server answers at {url} ({detail}): start one by `baton serve`, or say by --url where it is")
            }
            Failure::NoConnection { detail } => format!("{url} broke off, and can't be reached any more ({detail}); {}", call.what_now()),
            Failure::TimedOut { after, sent: false } => format!("{url} can't be reached within {} s: check --url", after.as_secs()),
            Failure::TimedOut { after, .. } => format!("{url} has not answered within {} s; {}", after.as_secs(), call.what_now()),
            Failure::StoodStill { after } => {
                format!("{url} has taken and given nothing for {} s; {}", after.as_secs(), call.what_now())
            }
            Failure::BrokenOff { .. } => format!("{url} broke off before its answer was whole; {}", call.what_now()),
            Failure::TooLong { bytes_max } => {
                format!("the answer is longer than {} MiB: ask for less by --filter", bytes_max / (1024 * 1024))
            }
            Failure::Unreadable(detail) => answer::not_batons(url, &format!("what can't be read ({detail})")),
            Failure::NotAllowed(address) => format!("{url} is at {address}, which can't be called: say another by --url"),
            Failure::Answered { status, first_line } => format!("{url} answered {status}: {first_line}"),
        }
    }
}

/// The one address that is called is the operator's own choice, like the mail server.
fn client() -> Result<Client, Trouble> {
    let anywhere = ["0.0.0.0/0", "::/0"].map(|all| network(all).expect("a network")).to_vec();
    let client = Client::new(Guard::new(anywhere, Arc::new(SystemResolver::default())), &Roots::of_the_machine());
    client.map_err(|error| Trouble::refused(format!("no call can be made by TLS: {error}")))
}

/// Longer ones take the time that they need.
const TIMEOUT: Duration = Duration::from_secs(60);
const LIST_TIMEOUT: Duration = CALL_TIMEOUT_MAX;

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(SystemClock::new().now().micros().unsigned_abs())
}

/// Nobody else has it: 128 random bits.
pub fn fresh_key() -> String {
    let mut bytes = [0; 16];
    Entropy::from_system().fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn key(settings: &Settings) -> Result<String, Trouble> {
    match (&settings.api_key, &settings.api_key_file) {
        (Some(key), _) => Ok(key.clone()),
        (None, Some(path)) => {
            let key = secret_in(path, "API key", table::API_KEY_FILE.key)?;
            let allowed = table::API_KEY.allowed;
            let wrong = || Trouble::usage(format!("the first line of {} is no API key; allowed is {allowed}", path.display()));
            Some(key).filter(|key| key.bytes().all(|byte| byte.is_ascii_graphic())).ok_or_else(wrong)
        }
        (None, None) => Err(Trouble::usage(
            "there is no API key: set BATON_API_KEY to one, or name a file with one by --api-key-file; `baton api-key create --name NAME` makes one",
        )),
    }
}
