//! Where a list goes on, as a text that says nothing to others. It is not secret and proves nothing: whoever makes one up gets
//! another page of what the key may see. The checksum tells what was cut off, or belongs to another list.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use baton_core::ids::Id;
use baton_core::list::{Place, SortKey};
use baton_core::refusal::Refusal;
use sha2::{Digest, Sha256};

use super::ranked::Standing;
use super::{Mark, Within};

const VERSION: u8 = 2;
const CHECK_BYTES: usize = 8;
/// A key has at most 200 bytes, which JSON may escape.
const TEXT_CHARACTERS_MAX: usize = 16 * 1024;

type Written = (u64, Vec<Option<String>>, Id, Option<(Id, usize)>, Option<(Option<Id>, u32)>);
/// Its sort, and whether what is found is ranked before.
type Sorted<'a> = (&'a [SortKey], bool);

pub(super) fn write(mark: &Mark, workflow: Id, sorted: Sorted<'_>) -> String {
    let standing = mark.standing.map(|Standing { oldest, score }| (oldest, score));
    let within = mark.within.as_ref().map(|within| (within.listing, within.done));
    let written: Written = (mark.basis, mark.place.keys.clone(), mark.place.id, within, standing);
    let content = serde_json::to_vec(&written).expect("keys and ids are JSON");
    let mut bytes = vec![VERSION];
    bytes.extend(check(&content, workflow, sorted));
    bytes.extend(content);
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(super) fn read(text: &str, workflow: Id, sorted: Sorted<'_>) -> Result<Mark, Refusal> {
    let bad = || Refusal::BadParameter {
        name: "_cursor".to_owned(),
        value: text.chars().take(60).collect(),
        allowed: "a cursor from a Link header of this list, with the same _sort".to_owned(),
    };
    if text.len() > TEXT_CHARACTERS_MAX {
        return Err(bad());
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| bad())?;
    let (head, content) = bytes.split_at_checked(1 + CHECK_BYTES).ok_or_else(bad)?;
    if head[0] != VERSION || head[1..] != check(content, workflow, sorted) {
        return Err(bad());
    }
    let (basis, keys, id, within, standing): Written = serde_json::from_slice(content).map_err(|_| bad())?;
    // No stored key holds NUL, and PostgreSQL takes none.
    if keys.len() != sorted.0.len() || keys.iter().flatten().any(|key| key.contains('\0')) {
        return Err(bad());
    }
    let standing = standing.map(|(oldest, score)| Standing { oldest, score });
    let within = within.map(|(listing, done)| Within { listing, done, held: None });
    Ok(Mark { basis, place: Place { keys, id }, within, standing })
}

fn check(content: &[u8], workflow: Id, sorted: Sorted<'_>) -> [u8; CHECK_BYTES] {
    let mut hash = Sha256::new();
    hash.update(b"baton list cursor");
    hash.update([VERSION]);
    hash.update(workflow.as_i64().to_be_bytes());
    hash.update(format!("{sorted:?}").as_bytes());
    hash.update(content);
    let mut check = [0; CHECK_BYTES];
    check.copy_from_slice(&hash.finalize()[..CHECK_BYTES]);
    check
}

#[cfg(test)]
mod tests {
    use baton_core::condition::Column;

    use super::*;

    fn id(raw: i64) -> Id {
        Id::from_i64(raw).expect("not negative")
    }

    #[test]
    fn a_cursor_is_read_back_and_nothing_else_is() {
        let sort = [SortKey { column: Column::Field(id(7)), descending: true }, SortKey { column: Column::Stage, descending: false }];
        let place = Place { keys: vec![Some("ä\"\\".repeat(50)), None], id: id(99) };
        let sorted = (&sort[..], true);
        for (within, standing) in [
            (None, None),
            (Some((id(5), 123_456)), None),
            (None, Some(Standing { oldest: Some(id(9)), score: 7 })),
            (None, Some(Standing { oldest: None, score: 1 })),
        ] {
            let listing = within.map(|(listing, done)| Within { listing, done, held: None });
            let mark = Mark { basis: u64::MAX, place: place.clone(), within: listing, standing };
            let text = write(&mark, id(1), sorted);
            let read_back = read(&text, id(1), sorted).expect("it is one");
            assert_eq!((read_back.basis, &read_back.place), (u64::MAX, &place));
            assert_eq!((read_back.within.map(|read| (read.listing, read.done)), read_back.standing), (within, standing));
            assert!(read(&text, id(2), sorted).is_err(), "of another workflow");
            assert!(read(&text, id(1), (&sort[..1], true)).is_err(), "of another order");
            assert!(read(&text, id(1), (&sort, false)).is_err(), "of one without rank");
            for at in 0..text.len() {
                let mut other: Vec<char> = text.chars().collect();
                other[at] = if other[at] == 'A' { 'B' } else { 'A' };
                assert!(read(&other.iter().collect::<String>(), id(1), sorted).is_err(), "{at}");
                assert!(read(&text[..at], id(1), sorted).is_err(), "{at}");
            }
        }
        let Err(Refusal::BadParameter { value, .. }) = read(&"é".repeat(10_000), id(1), sorted) else { panic!("it is refused") };
        assert_eq!(value.chars().count(), 60);
    }
}
