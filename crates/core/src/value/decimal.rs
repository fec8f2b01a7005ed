//! Exact decimals: read digit for digit, never through a binary float, never rounded.

use rust_decimal::Decimal;

use crate::limits::DECIMAL_DIGITS_MAX;

/// Reads `-12.50`, `+7`, `1e3`. `None` for anything else, and for what would need more than
/// [`DECIMAL_DIGITS_MAX`] digits written out without an exponent (leading zeros don't count).
///
/// A decimal that ends after more than 28 places has no exact representation here, whatever its digits, so it is refused too.
pub fn parse_decimal(text: &str) -> Option<Decimal> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], parse_exponent(&unsigned[at + 1..])?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    if !is_digits(whole) || !is_digits(fraction) {
        return None;
    }

    let significant: Vec<u8> = whole.bytes().chain(fraction.bytes()).skip_while(|digit| *digit == b'0').collect();
    let trailing = significant.iter().rev().take_while(|digit| **digit == b'0').count();
    let digits = &significant[..significant.len() - trailing];
    if digits.is_empty() {
        return Some(Decimal::ZERO);
    }
    // The value is `digits` times ten to the power `shift`.
    let shift = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?.checked_add(i64::try_from(trailing).ok()?)?;
    let zeros = u32::try_from(shift.max(0)).ok()?;
    let scale = u32::try_from((-shift).max(0)).ok()?;
    if u32::try_from(digits.len()).ok()?.checked_add(zeros)? > DECIMAL_DIGITS_MAX || scale > Decimal::MAX_SCALE {
        return None;
    }
    let coefficient = digits.iter().fold(0i128, |sum, digit| sum * 10 + i128::from(digit - b'0')) * 10i128.pow(zeros);
    Decimal::try_from_i128_with_scale(if negative { -coefficient } else { coefficient }, scale).ok()
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// An exponent beyond four digits belongs to no decimal that we keep, except to a zero.
fn parse_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !is_digits(digits) {
        return None;
    }
    let size = if digits.trim_start_matches('0').len() > 4 { i64::from(i32::MAX) } else { digits.parse().ok()? };
    Some(if text.starts_with('-') { -size } else { size })
}

/// Without exponent or trailing zeros, but with at least `minor_units` decimal places.
pub fn show_decimal(decimal: Decimal, minor_units: u32) -> String {
    let normal = decimal.normalize();
    let mut text = normal.to_string();
    if normal.scale() < minor_units {
        if normal.scale() == 0 {
            text.push('.');
        }
        text.extend((normal.scale()..minor_units).map(|_| '0'));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(parse_decimal(text).map(|decimal| show_decimal(decimal, 0)).as_deref(), expected, "{text}");
    }

    #[test]
    fn digit_for_digit() {
        for (text, expected) in [
            ("0", "0"),
            ("-0", "0"),
            ("0e99999999999999999999", "0"),
            ("10", "10"),
            ("10.50", "10.5"),
            ("-10.050", "-10.05"),
            ("+7", "7"),
            ("007", "7"),
            ("1e3", "1000"),
            ("1.5E+3", "1500"),
            ("15e-1", "1.5"),
            ("1500e-3", "1.5"),
            ("1234567890123456789012345678", "1234567890123456789012345678"),
            ("-0.1234567890123456789012345678", "-0.1234567890123456789012345678"),
            ("99999999999999.99999999999999", "99999999999999.99999999999999"),
            ("1e27", "1000000000000000000000000000"),
            ("1e-28", "0.0000000000000000000000000001"),
            ("12345678901234567890123456780.000e-1", "1234567890123456789012345678"),
        ] {
            check(text, Some(expected));
        }
    }

    #[test]
    fn never_rounded() {
        for text in [
            "",
            "-",
            ".",
            ".5",
            "5.",
            "1e",
            "e3",
            "1e+",
            "1.2.3",
            "1,000",
            "0x10",
            "NaN",
            "inf",
            "1 000",
            " 1",
            "--1",
            "１２",
            "12345678901234567890123456789",
            "0.12345678901234567890123456789",
            "1e28",
            "1e-29",
            "1e99999999999999999999",
            "1e-99999999999999999999",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn minor_units_are_always_there() {
        for (text, minor_units, expected) in [
            ("10000", 2, "10000.00"),
            ("1.5", 2, "1.50"),
            ("-0.05", 2, "-0.05"),
            ("0", 2, "0.00"),
            ("0", 0, "0"),
            ("1.5", 3, "1.500"),
            ("1234567890123456789012345678", 2, "1234567890123456789012345678.00"),
        ] {
            assert_eq!(show_decimal(parse_decimal(text).expect(text), minor_units), expected);
        }
    }
}
