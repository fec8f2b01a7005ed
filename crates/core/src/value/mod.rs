//! The values of fields: parsing, showing, comparing, sort keys.
//!
//! To add a field type: a variant of [`crate::workflow::FieldKind`]; the compiler then asks for its arm in `parse.rs` (what
//! callers may send), `show.rs` (what they get back), `key.rs` (how it filters and sorts) and in the conditions.

mod countries;
mod decimal;
mod fold;
mod key;
mod parse;
mod phone;
mod show;
#[cfg(test)]
mod tests;

pub use decimal::{parse_decimal, show_decimal};
pub use fold::fold;
pub(crate) use key::compare_texts;
pub use key::{WHOLE_KEY_BYTES, compare, exact_key, filter_keys, moment_of_key, parse_filter, possible_sort_keys, sort_key};
pub use parse::{option_named, parse, parse_email, parse_over, parse_unique_id};
pub use phone::normalise as normalise_phone;
pub use show::{show, text};

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::ids::Id;
use crate::time::Timestamp;

/// A value that is not blank. What type of field it belongs to is the field's business.
/// Its serde form is how the store keeps it: small, tagged, and independent of the definition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// text, longText, phone, email, url, uniqueId
    #[serde(rename = "t")]
    Text(String),
    /// number, currency
    #[serde(rename = "n", with = "rust_decimal::serde::str")]
    Decimal(Decimal),
    #[serde(rename = "d")]
    Date(Date),
    #[serde(rename = "i")]
    DateTime(Timestamp),
    #[serde(rename = "c")]
    Checked,
    /// A user.
    #[serde(rename = "p")]
    Person(Id),
    /// An option of a singleSelect.
    #[serde(rename = "o")]
    Option(Id),
    /// Options of a multipleSelect, in the order given, each once.
    #[serde(rename = "m")]
    Options(Vec<Id>),
    #[serde(rename = "f")]
    Files(Vec<File>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct File {
    pub blob: Id,
    pub content_type: String,
    pub filename: String,
}

/// What the store's side table keeps of one value, so that a list can be filtered and sorted by it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FilterKey {
    pub field: Id,
    /// Orders as the values do; texts case-folded.
    pub sort: String,
    /// Equal for equal values only.
    pub exact: String,
}
