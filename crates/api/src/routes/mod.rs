//! The endpoints: one file each, with its route, its wire types and its handler.

pub mod health;
pub mod reference;
pub mod v1;
