//! Running commands: authenticate, decide, commit, then start what was claimed.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use baton_connect::guard::{Guard, SystemResolver};
use baton_connect::http::Client;
use baton_connect::seal::{KEY_BYTES, MasterKey};
use baton_connect::tls::Roots;
use baton_core::time::Timestamp;
use baton_store::backup::{Copied, Progress};
use baton_store::sql::jobs::Depth;
use baton_store::{Store, StoreError, Tx};
use parking_lot::Mutex;
use tracing::field::display;
use tracing::{Instrument, Span, debug_span};

use crate::auth::{self, Credential};
use crate::backlog::Backlog;
use crate::cache::{Cache, Learned};
use crate::cx::{Cx, Failure, Outcome};
use crate::env::{Clock, Entropy, TxEnv};
use crate::fail_point;
use crate::idempotency::{self, Answer, IdempotencyKey, IdempotencyScope, Replayed};
use crate::listings::Listings;
use crate::look::Look;
use crate::metrics::Metrics;
use crate::rankings::Rankings;
use crate::rates::Rates;
use crate::waiters::Waiters;
use crate::worker::{Claims, Worker};
use crate::world::{Outside, World};

#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// Begins every Task URL, without a slash at the end.
    pub public_url: String,
    /// Executions that one node runs at once.
    pub workers: usize,
    /// Names this node over restarts.
    pub node: baton_core::ids::Id,
    /// Requests of one key on this node; 0: as many as it likes.
    pub rate_per_minute: u32,
    /// For how long an execution that has ended is kept; `None`: for ever.
    pub executions_kept: Option<Duration>,
}

impl EngineOptions {
    /// Without limits.
    pub fn new(public_url: impl Into<String>, workers: usize, node: baton_core::ids::Id) -> EngineOptions {
        EngineOptions { public_url: public_url.into(), workers, node, rate_per_minute: 0, executions_kept: None }
    }
}

/// What an engine gets from outside, so that the same seed replays the same run.
pub struct Surroundings {
    pub clock: Arc<dyn Clock>,
    pub entropy: Entropy,
    /// Where calls and e-mails go.
    pub world: Arc<dyn World>,
    /// Seals the workspaces' secrets.
    pub master_key: Arc<MasterKey>,
}

impl Surroundings {
    /// With a guard that nothing is opened in, no mail server, and a master key that nobody else has.
    pub fn bare(clock: Arc<dyn Clock>, entropy: Entropy) -> Surroundings {
        let guard = Guard::new(Vec::new(), Arc::new(SystemResolver::default()));
        let client = Client::new(guard, &Roots::default()).expect("no certificate is read");
        let mut key = [0; KEY_BYTES];
        entropy.fill(&mut key);
        Surroundings { clock, entropy, world: Arc::new(Outside::new(client, None)), master_key: Arc::new(MasterKey::new(&key)) }
    }
}

/// What every command of a node shares.
pub(crate) struct Shared {
    pub store: Store,
    pub cache: Cache,
    pub clock: Arc<dyn Clock>,
    pub entropy: Entropy,
    pub world: Arc<dyn World>,
    pub master_key: Arc<MasterKey>,
    pub options: EngineOptions,
    pub worker: Arc<Worker>,
    pub backlog: Arc<Backlog>,
    pub waiters: Arc<Waiters>,
    pub listings: Listings,
    pub rankings: Rankings,
    pub rates: Rates,
    pub metrics: Metrics,
    /// Whether the store answers, and how much waits in it.
    pub answers: Look<()>,
    pub depth: Look<Depth>,
}

impl Shared {
    /// What a transaction has learned, once it is durable.
    pub fn keep(&self, learned: Learned) {
        self.metrics.ended(learned.ended);
        self.metrics.taken(&learned.steps);
        self.waiters.ended(&learned.executions_ended);
        self.cache.keep(learned);
    }
}

#[derive(Clone)]
pub struct Engine {
    pub(crate) shared: Arc<Shared>,
}

/// Who asks, as every surface says it.
#[derive(Clone, Debug)]
pub struct Ask {
    pub credential: Credential,
    /// `X-Request-Id`, for the log and the history.
    pub request: Option<String>,
}

impl Engine {
    pub fn new(store: Store, surroundings: Surroundings, options: EngineOptions) -> Engine {
        let worker = Arc::new(Worker::new(options.node, options.workers));
        let Surroundings { clock, entropy, world, master_key } = surroundings;
        let (metrics, listings, rankings) = (Metrics::new(), Listings::default(), Rankings::default());
        let (cache, backlog, waiters) = (Cache::default(), Arc::default(), Arc::new(Waiters::new()));
        let rates = Rates::new(options.rate_per_minute);
        let (answers, depth) = (Look::default(), Look::default());
        let shared = Shared {
            store,
            cache,
            clock,
            entropy,
            world,
            master_key,
            options,
            worker,
            backlog,
            waiters,
            listings,
            rankings,
            rates,
            metrics,
            answers,
            depth,
        };
        Engine { shared: Arc::new(shared) }
    }

    pub fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// Never goes back; from some fixed point.
    pub fn monotonic(&self) -> Duration {
        self.shared.clock.monotonic()
    }

    pub fn public_url(&self) -> &str {
        &self.shared.options.public_url
    }

    /// A fresh key for `X-Request-Id`, or whatever else wants one.
    pub fn fresh_id(&self) -> baton_core::ids::Id {
        self.shared.entropy.id(self.now())
    }

    /// Whether this node goes on to take requests, and the store answers.
    pub async fn ready(&self) -> Result<bool, StoreError> {
        let store = self.shared.store.clone();
        let look = async move { store.read_own(|tx: &mut dyn Tx| tx.rows("SELECT 1", &[], &mut |_| Ok(()))).await };
        self.shared.answers.found(look).await?;
        Ok(!self.shared.waiters.is_closed())
    }

    /// A copy of all that the store holds, for its operator.
    pub async fn back_up(
        &self,
        out: impl Write + Send + 'static,
        progress: impl FnMut(Progress) + Send + 'static,
    ) -> Result<Copied, StoreError> {
        self.shared.store.back_up(self.now(), out, progress).await
    }

    /// A command that changes nothing.
    pub async fn read<T: Send + 'static>(&self, ask: Ask, command: impl FnOnce(&mut Cx<'_>) -> Outcome<T> + Send + 'static) -> Outcome<T> {
        let (shared, span) = (self.shared.clone(), Span::current());
        let work = move |tx: &mut dyn Tx| {
            let claims = Mutex::new(Claims::new(&shared.worker));
            let mut cx = context(&shared, tx, &ask, &claims, &span)?;
            let done = command(&mut cx)?;
            shared.keep(cx.learned);
            Ok(done)
        };
        self.shared.store.read(work).instrument(debug_span!("command", writes = false)).await
    }

    /// A command that may change things; answers when the commit is durable.
    pub async fn write<T: Send + 'static>(
        &self,
        ask: Ask,
        mut command: impl FnMut(&mut Cx<'_>) -> Outcome<T> + Send + 'static,
    ) -> Outcome<T> {
        let (shared, span) = (self.shared.clone(), Span::current());
        let claims = Arc::new(Mutex::new(Claims::new(&shared.worker)));
        let claims_of_work = claims.clone();
        let work = move |tx: &mut dyn Tx| {
            claims_of_work.lock().begin();
            let mut cx = context(&shared, tx, &ask, &claims_of_work, &span)?;
            shared.backlog.learn(&ask, cx.caller.workspace);
            let done = command(&mut cx)?;
            fail_point::pass("write.decided");
            Ok::<_, Failure>((done, cx.learned, cx.wakes))
        };
        let (done, learned, wakes) = self.shared.store.write(work).instrument(debug_span!("command", writes = true)).await?;
        self.shared.keep(learned);
        fail_point::pass("write.committed");
        self.run_soon(&claims);
        if wakes {
            self.wake();
        }
        Ok(done)
    }

    /// The same for a POST, under its `Idempotency-Key` if it has one: a repetition gets the stored answer.
    pub async fn write_once(
        &self,
        ask: Ask,
        key: Option<IdempotencyKey>,
        mut command: impl FnMut(&mut Cx<'_>) -> Outcome<Answer> + Send + 'static,
    ) -> Outcome<(Answer, Replayed)> {
        let Some(key) = key else { return self.write(ask, move |cx| Ok((command(cx)?, Replayed(false)))).await };
        let kept_under = key.clone();
        let done = self.write(ask.clone(), move |cx| idempotency::once(cx, &key, &mut command)).await;
        match done {
            // A simultaneous twin may have changed what this one then waited for, and was refused by.
            Err(Failure::Refused(refusals)) => match self.read(ask, move |cx| idempotency::kept(cx, &kept_under)).await? {
                Some(answer) => Ok((answer, Replayed(true))),
                None => Err(refusals.into()),
            },
            done => done,
        }
    }

    /// Whether a POST under this key has an answer already, which is kept for the caller's rights.
    pub async fn has_answered(&self, ask: Ask, scope: IdempotencyScope) -> Outcome<bool> {
        self.read(ask, move |cx| idempotency::is_kept(cx, &scope)).await
    }
}

/// `span`: of whoever asks, which is told whose workspace it is.
fn context<'a>(shared: &'a Arc<Shared>, tx: &'a mut dyn Tx, ask: &'a Ask, claims: &'a Mutex<Claims>, span: &Span) -> Outcome<Cx<'a>> {
    let now = shared.clock.now();
    let caller = auth::authenticate(tx, &ask.credential, now)?;
    span.record("workspace", display(caller.workspace));
    if let Credential::Header(_) = &ask.credential {
        shared.rates.learn(&caller.key_hash, shared.clock.monotonic());
    }
    let env = TxEnv::new(now, &shared.entropy);
    Ok(Cx { tx, env, caller, request: ask.request.as_deref(), shared, claims, learned: Learned::default(), wakes: false })
}
