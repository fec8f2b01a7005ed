//! Everything nondeterministic that a decision may need.

use crate::ids::Id;
use crate::time::Timestamp;

pub trait Env {
    /// The moment of the decision; the same for a whole transaction.
    fn now(&self) -> Timestamp;
    fn new_id(&mut self) -> Id;
    /// 128 random bits for an activity row's hash.
    fn salt(&mut self) -> [u8; 16];
}
