//! CSV, as files come in and go out: RFC 4180 in UTF-8, read strictly while it arrives, written so that a spreadsheet that divides it as it
//! is divided takes no cell for a formula.
//!
//! Map: `read` makes rows of bytes, `write` bytes of rows; `guard` is between a value and its cell, both ways; `cell` says how each type
//! of field reads in a cell; `mapping` says which column is which field; `table` makes rows of tasks.
//!
//! What is written here and read here again is the same, whatever stands in it.

mod cell;
mod guard;
mod mapping;
mod read;
mod table;
#[cfg(test)]
mod tests;
mod write;

pub use mapping::{Column, Target, body, columns, header, targets};
pub use read::{Bad, Reader, Row};
pub use table::Table;
pub use write::write_row;

/// What may stand between two cells.
pub const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// The columns that a file of refused rows has beside its own. No field can have such a name, so they are left out when the file comes
/// back.
pub const LINE_COLUMN: &str = "_Line";
pub const ERRORS_COLUMN: &str = "_Errors";
