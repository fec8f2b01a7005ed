//! How many requests each key may make: so many a minute on this node, all at once or evenly.
//!
//! Of each key there is one number, the moment at which it may again make all of them; each request moves it on by its share of the
//! minute (the generic cell rate algorithm). A key is counted from when the store has told that there is such a key, so that nobody who
//! makes keys up takes memory; and one that has all its requests again is forgotten when others want its place.

use std::collections::HashMap;
use std::time::Duration;

use baton_core::refusal::Refusal;
use parking_lot::Mutex;

use crate::auth::{Credential, KeyHash};
use crate::engine::{Ask, Engine};

const WINDOW: Duration = Duration::from_secs(60);
/// Keys that are counted at once; past it those that ask at the moment are counted anew.
const KEYS_MAX: usize = 10_000;

pub(crate) struct Rates {
    /// `None`: as many as anybody likes.
    limit: Option<Limit>,
    full_at: Mutex<HashMap<KeyHash, Duration>>,
}

#[derive(Clone, Copy)]
struct Limit {
    per_minute: u32,
    share: Duration,
}

/// What a key has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub per_minute: u32,
    pub left: u32,
    /// When it has one more; `None` where it has all.
    pub more_in: Option<Duration>,
}

impl Rates {
    /// 0: as many as anybody likes.
    pub fn new(per_minute: u32) -> Rates {
        let limit = (per_minute > 0).then(|| Limit { per_minute, share: WINDOW / per_minute });
        Rates { limit, full_at: Mutex::default() }
    }

    /// The store has told that there is such a key. Where it is not counted yet, the request that asked is its first.
    pub fn learn(&self, key: &KeyHash, now: Duration) {
        let Some(limit) = self.limit else { return };
        let mut full_at = self.full_at.lock();
        if full_at.contains_key(key) {
            return;
        }
        if full_at.len() >= KEYS_MAX {
            full_at.retain(|_, full_at| *full_at > now);
        }
        if full_at.len() >= KEYS_MAX {
            full_at.clear();
        }
        full_at.insert(*key, now + limit.share);
    }

    fn take(&self, key: &KeyHash, now: Duration) -> Result<(), Refusal> {
        let Some(limit) = self.limit else { return Ok(()) };
        let mut full_at = self.full_at.lock();
        let Some(full_at) = full_at.get_mut(key) else { return Ok(()) };
        let next = (*full_at).max(now) + limit.share;
        let wait = next.saturating_sub(now + limit.whole());
        if !wait.is_zero() {
            return Err(Refusal::TooManyRequests { per_minute: limit.per_minute, seconds: whole_seconds(wait) });
        }
        *full_at = next;
        Ok(())
    }

    fn of(&self, key: &KeyHash, now: Duration) -> Option<Rate> {
        let limit = self.limit?;
        let taken = self.full_at.lock().get(key)?.saturating_sub(now);
        let used = u32::try_from(taken.as_nanos().div_ceil(limit.share.as_nanos())).unwrap_or(u32::MAX);
        let more_in = (used > 0).then(|| taken - limit.share * (used - 1));
        Some(Rate { per_minute: limit.per_minute, left: limit.per_minute.saturating_sub(used), more_in })
    }
}

impl Limit {
    /// The minute, but for what is lost where it can't be shared without rest.
    fn whole(self) -> Duration {
        self.share * self.per_minute
    }
}

impl Rate {
    pub fn more_in_seconds(&self) -> Option<u64> {
        self.more_in.map(whole_seconds)
    }
}

/// Who comes back then does not come too early.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

impl Engine {
    /// Counts a request before anything is done for it, or refuses it.
    pub fn count_request(&self, ask: &Ask) -> Result<(), Refusal> {
        if self.shared.rates.limit.is_none() {
            return Ok(());
        }
        let Some(key) = ask.credential.key_hash() else { return Ok(()) };
        let taken = self.shared.rates.take(&key, self.shared.clock.monotonic());
        taken.inspect_err(|_| self.shared.metrics.rate_limited.add(1))
    }

    /// What the caller's key has left. `None`: there is no limit, or no such key.
    pub fn rate(&self, ask: &Ask) -> Option<Rate> {
        self.shared.rates.limit?;
        self.shared.rates.of(&ask.credential.key_hash()?, self.shared.clock.monotonic())
    }
}

impl Credential {
    /// `None`: it can be no key.
    fn key_hash(&self) -> Option<KeyHash> {
        crate::auth::key_hash_in(self.header())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: KeyHash = [1; 32];

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn a_minute_s_requests_may_come_at_once_and_then_one_by_one() {
        let rates = Rates::new(600);
        rates.learn(&KEY, Duration::ZERO);
        for left in (0..599).rev() {
            assert_eq!(rates.take(&KEY, Duration::ZERO), Ok(()));
            assert_eq!(rates.of(&KEY, Duration::ZERO).map(|rate| rate.left), Some(left));
        }
        let refused = Err(Refusal::TooManyRequests { per_minute: 600, seconds: 1 });
        assert_eq!([rates.take(&KEY, Duration::ZERO), rates.take(&KEY, seconds(0.09))], [refused.clone(), refused.clone()]);
        assert_eq!([rates.take(&KEY, seconds(0.1)), rates.take(&KEY, seconds(0.1))], [Ok(()), refused]);
        let rested = rates.of(&KEY, seconds(60.1));
        assert_eq!(rested, Some(Rate { per_minute: 600, left: 600, more_in: None }));
    }

    #[test]
    fn who_waits_as_told_is_let_in() {
        let rates = Rates::new(7);
        rates.learn(&KEY, Duration::ZERO);
        (0..6).for_each(|_| assert_eq!(rates.take(&KEY, Duration::ZERO), Ok(())));
        let Err(Refusal::TooManyRequests { seconds, .. }) = rates.take(&KEY, Duration::ZERO) else { panic!("it is let in") };
        assert_eq!((seconds, rates.of(&KEY, Duration::ZERO).and_then(|rate| rate.more_in_seconds())), (9, Some(9)));
        assert_eq!(rates.take(&KEY, Duration::from_secs(seconds)), Ok(()));
    }

    #[test]
    fn strangers_and_whoever_has_no_limit_are_not_counted() {
        let rates = Rates::new(1);
        for _ in 0..3 {
            assert_eq!((rates.take(&KEY, Duration::ZERO), rates.of(&KEY, Duration::ZERO)), (Ok(()), None));
        }
        assert!(rates.full_at.lock().is_empty());
        let unlimited = Rates::new(0);
        unlimited.learn(&KEY, Duration::ZERO);
        assert_eq!((unlimited.take(&KEY, Duration::ZERO), unlimited.of(&KEY, Duration::ZERO)), (Ok(()), None));
        assert!(unlimited.full_at.lock().is_empty());
    }

    #[test]
    fn a_key_has_its_own_and_is_learned_once() {
        let rates = Rates::new(1);
        rates.learn(&KEY, Duration::ZERO);
        rates.learn(&[2; 32], Duration::ZERO);
        rates.learn(&KEY, seconds(1.0));
        assert!(rates.take(&KEY, seconds(59.0)).is_err());
        assert_eq!([rates.take(&KEY, seconds(60.0)), rates.take(&[2; 32], seconds(60.0))], [Ok(()), Ok(())]);
    }

    #[test]
    fn keys_that_rest_make_room() {
        let rates = Rates::new(1);
        let key = |number: usize| {
            let mut key = [0; 32];
            key[..8].copy_from_slice(&number.to_be_bytes());
            key
        };
        (0..KEYS_MAX).for_each(|number| rates.learn(&key(number), seconds(if number % 2 == 0 { 0.0 } else { 30.0 })));
        rates.learn(&key(KEYS_MAX), seconds(61.0));
        assert_eq!(rates.full_at.lock().len(), KEYS_MAX / 2 + 1);
        (0..KEYS_MAX).for_each(|number| rates.learn(&key(KEYS_MAX + number), seconds(61.0)));
        assert!(rates.full_at.lock().len() <= KEYS_MAX);
    }

    proptest! {
        /// Whenever they come: as many as in one minute at once, and from then on one for each share of it.
        #[test]
        fn never_more_than_the_limit_allows(per_minute in 1u32..2000, gaps in prop::collection::vec(0u64..2_000_000, 1..3000)) {
            let rates = Rates::new(per_minute);
            rates.learn(&KEY, Duration::ZERO);
            let (mut now, mut let_in) = (Duration::ZERO, 1u128);
            for gap in gaps {
                now += Duration::from_micros(gap);
                let_in += u128::from(rates.take(&KEY, now).is_ok());
                let earned = now.as_nanos() / (WINDOW / per_minute).as_nanos();
                prop_assert!(let_in <= u128::from(per_minute) + earned);
                let left = rates.of(&KEY, now).map_or(0, |rate| rate.left);
                prop_assert!(left < per_minute);
            }
        }
    }
}
