//! Running commands: authenticate, decide, commit, then start what was claimed.

use std::io::Write;
use std::sync::Arc;

use baton_connect::guard::{Guard, SystemResolver};
use baton_connect::http::Client;
use baton_connect::seal::{KEY_BYTES, MasterKey};
use baton_connect::tls::Roots;
use baton_core::time::Timestamp;
use baton_store::backup::{Copied, Progress};
use baton_store::{Store, StoreError, Tx};
use parking_lot::Mutex;

use crate::auth::{self, Credential};
use crate::backlog::Backlog;
use crate::cache::{Cache, Learned};
use crate::cx::{Cx, Failure, Outcome};
use crate::env::{Clock, Entropy, TxEnv};
use crate::fail_point;
use crate::idempotency::{self, Answer, IdempotencyKey, Replayed};
use crate::listings::Listings;
use crate::metrics::Metrics;
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
    pub metrics: Metrics,
}

impl Shared {
    /// What a transaction has learned, once it is durable.
    pub fn keep(&self, learned: Learned) {
        self.metrics.ended(learned.ended);
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
        let (metrics, listings) = (Metrics::default(), Listings::default());
        let (cache, backlog, waiters) = (Cache::default(), Arc::default(), Arc::new(Waiters::new()));
        let shared = Shared { store, cache, clock, entropy, world, master_key, options, worker, backlog, waiters, listings, metrics };
        Engine { shared: Arc::new(shared) }
    }

    pub fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    pub fn public_url(&self) -> &str {
        &self.shared.options.public_url
    }

    /// A fresh key for `X-Request-Id`, or whatever else wants one.
    pub fn fresh_id(&self) -> baton_core::ids::Id {
        self.shared.entropy.id(self.now())
    }

    /// Whether the store answers.
    pub async fn ready(&self) -> Result<(), StoreError> {
        self.shared.store.read(|tx: &mut dyn Tx| tx.rows("SELECT 1", &[], &mut |_| Ok(()))).await
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
        let shared = self.shared.clone();
        self.shared
            .store
            .read(move |tx| {
                let claims = Mutex::new(Claims::new(&shared.worker));
                let mut cx = context(&shared, tx, &ask, &claims)?;
                let done = command(&mut cx)?;
                shared.keep(cx.learned);
                Ok(done)
            })
            .await
    }

    /// A command that may change things; answers when the commit is durable.
    pub async fn write<T: Send + 'static>(
        &self,
        ask: Ask,
        mut command: impl FnMut(&mut Cx<'_>) -> Outcome<T> + Send + 'static,
    ) -> Outcome<T> {
        let shared = self.shared.clone();
        let claims = Arc::new(Mutex::new(Claims::new(&shared.worker)));
        let claims_of_work = claims.clone();
        let work = move |tx: &mut dyn Tx| {
            claims_of_work.lock().begin();
            let mut cx = context(&shared, tx, &ask, &claims_of_work)?;
            shared.backlog.learn(&ask, cx.caller.workspace);
            let done = command(&mut cx)?;
            fail_point::pass("write.decided");
            Ok::<_, Failure>((done, cx.learned, cx.wakes))
        };
        let (done, learned, wakes) = self.shared.store.write(work).await?;
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
}

fn context<'a>(shared: &'a Arc<Shared>, tx: &'a mut dyn Tx, ask: &'a Ask, claims: &'a Mutex<Claims>) -> Outcome<Cx<'a>> {
    let now = shared.clock.now();
    let caller = auth::authenticate(tx, &ask.credential, now)?;
    let env = TxEnv::new(now, &shared.entropy);
    Ok(Cx { tx, env, caller, request: ask.request.as_deref(), shared, claims, learned: Learned::default(), wakes: false })
}
