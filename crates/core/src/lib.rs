//! What is true and what may happen next.
//!
//! This crate has no I/O, no clock and no randomness: all of that comes in through [`env::Env`] and the
//! arguments, so a decision can only be made or refused, never fail half-way, and can be replayed.
//!
//! Map: a [`definition`] document is checked and compiled into a [`workflow::Workflow`]; a [`task::Task`] holds
//! [`value::Value`]s of its fields; [`condition`]s and [`template`]s read a task; [`requirement`] and [`access`] say
//! whether an action may be taken; [`execution`] accepts it and decides what its steps do; [`activity`] is the
//! history that this leaves; [`words`] are what tasks are found by; [`csv`] is how tasks come and go in files. Every reason to say no is
//! a [`refusal::Refusal`]; what is kept of it is [`told::Told`].
#![forbid(unsafe_code)]

pub mod access;
pub mod activity;
pub mod actor;
pub mod checklist;
pub mod condition;
pub mod csv;
pub mod definition;
pub mod env;
pub mod execution;
#[cfg(test)]
mod fixtures;
pub mod ids;
pub mod limits;
pub mod lint;
pub mod list;
pub mod people;
pub mod refusal;
pub mod requirement;
pub mod secret;
pub mod suggest;
pub mod task;
pub mod template;
pub mod time;
pub mod told;
pub mod unblock;
pub mod value;
pub mod words;
pub mod workflow;
