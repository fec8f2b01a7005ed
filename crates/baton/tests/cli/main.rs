//! The program as its users meet it: the built binary, its exit codes, its two outputs, its server.

mod apply;
mod audit;
mod backup;
mod bulk;
mod calls;
mod canaries;
mod demo;
mod echoes;
mod full_disk;
mod init;
mod keys;
mod lint;
mod log;
mod master_key;
mod readme;
mod receiver;
mod remote;
mod roles;
mod rotation;
mod secrets;
mod serve;
mod settings;
mod site;
mod traces;
mod users;
mod waits;
