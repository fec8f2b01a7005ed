//! What tests are made of that is also a program: the simulation. The tests themselves are in tests/it.
#![forbid(unsafe_code)]

pub mod simulation;
