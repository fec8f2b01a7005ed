//! "Did you mean ...?" for a name that does not exist.

use crate::value::fold;

/// Longer words are no misspelt names, and comparing costs the product of the lengths.
const WANTED_BYTES_MAX: usize = 400;

/// The known name that `wanted` was probably meant to be.
pub fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if wanted.len() > WANTED_BYTES_MAX {
        return None;
    }
    let wanted = fold(wanted.trim());
    if wanted.is_empty() {
        return None;
    }
    // A third of the letters may be wrong; more would be a guess.
    let distance_max = (wanted.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|name| (strsim::osa_distance(&wanted, &fold(name)), name))
        .filter(|(distance, _)| *distance <= distance_max)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// `; did you mean Email?`, or nothing.
pub fn did_you_mean<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(wanted, known).map(|name| format!("; did you mean {name}?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_but_not_far() {
        for (wanted, expected) in [
            ("Emial", Some("Email")),
            ("EMAIL", Some("Email")),
            ("email ", Some("Email")),
            ("Stagee", Some("Stage")),
            ("Company", None),
            ("", None),
        ] {
            assert_eq!(nearest(wanted, ["Name", "Email", "Stage", "N"]), expected, "{wanted}");
        }
    }
}
