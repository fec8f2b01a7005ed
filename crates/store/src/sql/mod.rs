//! The SQL, by noun, written once.
