//! The order of places in a document.

/// One piece of a path: `actions[10]` comes after `actions[2]`.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Piece<'a> {
    Number(u64),
    Text(&'a str),
}

pub(super) fn of(path: &str) -> Vec<Piece<'_>> {
    let is_digit = |symbol: char| symbol.is_ascii_digit();
    let mut pieces = Vec::new();
    let mut rest = path;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|symbol: char| is_digit(symbol) != is_digit(first)).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        pieces.push(match piece.parse() {
            Ok(number) => Piece::Number(number),
            Err(_) => Piece::Text(piece),
        });
        rest = after;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn numbers_count() {
        let mut paths = ["actions[10]", "actions[2].steps[10]", "actions[2]", "actions[2].steps[9].when", "", "stages[0]", "fields[1]"];
        paths.sort_by(|one, other| of(one).cmp(&of(other)));
        assert_eq!(paths, ["", "actions[2]", "actions[2].steps[9].when", "actions[2].steps[10]", "actions[10]", "fields[1]", "stages[0]"]);
    }
}
