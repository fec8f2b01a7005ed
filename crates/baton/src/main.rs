//! Start it: command line, configuration, logging, wiring, shutdown.
//!
//! Map: `cli` has one file for each command; `settings` is what the operator may set; `wiring` opens the store and
//! makes the engine, `surroundings` what it meets the world with; `serve` is the server; `admin` lets commands and the running server talk, `remote` asks a server by its API; `demo` is the sample.
#![forbid(unsafe_code)]

mod admin;
mod cli;
mod demo;
#[cfg(test)]
mod documents;
mod remote;
mod serve;
mod settings;
mod surroundings;
mod telemetry;
mod trouble;
mod wiring;

use std::process::ExitCode;

/// The C library's keeps what a listing of a million tasks took, and is slower when all threads allocate.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match cli::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => trouble.tell(),
    }
}
