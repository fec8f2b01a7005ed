//! A cell that a spreadsheet would run as a formula gets a `'` before it, which is taken off again when it comes back. A cell that has
//! such quotes already gets one more, so no two values ever make the same cell.

use std::borrow::Cow;

pub fn guard(value: &str) -> Cow<'_, str> {
    if is_guarded(value) || begins_a_formula(value) { Cow::Owned(format!("'{value}")) } else { Cow::Borrowed(value) }
}

pub fn unguard(cell: &str) -> &str {
    if is_guarded(cell) { &cell[1..] } else { cell }
}

/// Quotes, and then what would be a formula without them.
fn is_guarded(cell: &str) -> bool {
    let bare = cell.trim_start_matches('\'');
    bare.len() < cell.len() && begins_so(bare)
}

fn begins_a_formula(value: &str) -> bool {
    begins_so(value) && !is_plain_number(value)
}

fn begins_so(value: &str) -> bool {
    value.starts_with(['=', '+', '-', '@', '\t', '\r', '\n'])
}

/// `-5`, `+44791` and the like compute nothing.
fn is_plain_number(value: &str) -> bool {
    let digits = value.strip_prefix(['-', '+']).unwrap_or(value);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    [whole, part].iter().all(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_guarded_and_numbers_are_not() {
        for (value, cell) in [
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\tx", "'\tx"),
            ("\rx", "'\rx"),
            ("\nx", "'\nx"),
            ("-", "'-"),
            ("-5", "-5"),
            ("-5.25", "-5.25"),
            ("+447911123456", "+447911123456"),
            ("-5e3", "'-5e3"),
            ("-5.", "'-5."),
            ("-5+1", "'-5+1"),
            ("'=1", "''=1"),
            ("''=1", "'''=1"),
            ("'-5", "''-5"),
            ("'it", "'it"),
            ("'", "'"),
            ("", ""),
            ("a=b", "a=b"),
        ] {
            assert_eq!(guard(value), cell, "{value:?}");
            assert_eq!(unguard(cell), value, "{cell:?}");
        }
        // As people force a text in a spreadsheet.
        assert_eq!(unguard("'-5"), "-5");
    }
}
