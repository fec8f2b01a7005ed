//! Engines that are broken on purpose, to show that the simulation would notice.
//!
//! Nothing of the product is changed: a broken one runs behind a link or a world that does what the mistake would do.

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Broken {
    /// The end of a job is accepted from whoever comes.
    NoFence,
    /// An answer is given before its commit is durable.
    EarlyAnswer,
    /// A lease is taken, and not renewed.
    LeaseNotRenewed,
    /// The change of a task is committed apart from the end of its job.
    EffectOutside,
    /// Each attempt of a call has a key of its own.
    KeyNotStable,
    /// Stage and requirements are checked when an execution is accepted, and not when it runs.
    CheckNotRepeated,
}
