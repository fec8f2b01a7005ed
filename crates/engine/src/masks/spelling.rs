//! The ways in which a server writes what it heard: a text is read back in each, with the place of every byte in what was written.

use std::borrow::Cow;

/// How one escape reads, and how long it is; `None` where none begins. It begins with the byte of its way.
struct Way {
    begins: u8,
    read: fn(&[u8]) -> Option<(Escaped, usize)>,
}

enum Escaped {
    Byte(u8),
    Char(char),
}

const WAYS: [Way; 4] = [
    Way { begins: b'%', read: percent },
    Way { begins: b'+', read: form },
    Way { begins: b'\\', read: backslash },
    Way { begins: b'&', read: html },
];

/// No escape that is read is longer: `&#x1F989;` with room for leading zeros, and two `\uXXXX`.
const ESCAPE_BYTES_MAX: usize = 12;

/// A longer text is not read in two ways: that is as much work as reading it sixteen times.
const TWICE_BYTES_MAX: usize = 64 * 1024;

/// A text as it reads in one way.
pub(super) struct Reading<'a> {
    pub bytes: Cow<'a, [u8]>,
    /// Where each byte begins in the text; one more for the text's end. `None`: where it is.
    places: Option<Vec<usize>>,
}

impl Reading<'_> {
    /// What `from..to` of the reading takes of the text.
    pub fn place(&self, from: usize, to: usize) -> (usize, usize) {
        self.places.as_ref().map_or((from, to), |places| (places[from], places[to]))
    }
}

/// Looks at `text` as it is, in each way, and in two of them: a page or a JSON text may stand in another. `cut`: an escape at its end
/// may not be whole, and is left out.
pub(super) fn each_reading(text: &[u8], cut: bool, look: &mut dyn FnMut(&Reading<'_>)) {
    let as_it_is = Reading { bytes: text.into(), places: None };
    look(&as_it_is);
    for outer in WAYS.iter().filter_map(|way| way.reading(&as_it_is, cut)) {
        look(&outer);
        let ways = if text.len() <= TWICE_BYTES_MAX { &WAYS[..] } else { &[] };
        ways.iter().filter_map(|way| way.reading(&outer, cut)).for_each(|inner| look(&inner));
    }
}

impl Way {
    /// `None`: it is the same in this way.
    fn reading(&self, of: &Reading<'_>, cut: bool) -> Option<Reading<'static>> {
        let text = &*of.bytes;
        if !text.contains(&self.begins) {
            return None;
        }
        let place = |at: usize| of.place(at, at).0;
        let (mut bytes, mut places) = (Vec::with_capacity(text.len()), Vec::with_capacity(text.len() + 1));
        let mut at = 0;
        while let Some(byte) = text.get(at) {
            // A form is percent-encoded, too.
            let begins = *byte == self.begins || (self.begins == b'+' && *byte == b'%');
            match if begins { (self.read)(&text[at..]) } else { None } {
                Some((escaped, length)) => {
                    match escaped {
                        Escaped::Byte(byte) => bytes.push(byte),
                        Escaped::Char(char) => bytes.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
                    }
                    places.resize(bytes.len(), place(at));
                    at += length;
                }
                None if begins && cut && text.len() - at < ESCAPE_BYTES_MAX => break,
                None => {
                    bytes.push(*byte);
                    places.push(place(at));
                    at += 1;
                }
            }
        }
        places.push(place(text.len()));
        (bytes != text).then(|| Reading { bytes: bytes.into(), places: Some(places) })
    }
}

/// `%C3`, in either case.
fn percent(text: &[u8]) -> Option<(Escaped, usize)> {
    let byte = number(text.get(1..3)?, 16)?;
    Some((Escaped::Byte(u8::try_from(byte).ok()?), 3))
}

/// As in a form, where a plus is a space.
fn form(text: &[u8]) -> Option<(Escaped, usize)> {
    if text[0] == b'+' { Some((Escaped::Byte(b' '), 1)) } else { percent(text) }
}

/// `\u00e9`, `\ud83e\udd89`, `\"`, `\/`: JSON and what is like it. No secret has a character that has a letter there.
fn backslash(text: &[u8]) -> Option<(Escaped, usize)> {
    let unit = |at: usize| match text.get(at..at + 6)? {
        [b'\\', b'u', digits @ ..] => number(digits, 16),
        _ => None,
    };
    match (text.get(1)?, unit(0)) {
        (b'u', Some(high @ 0xd800..0xdc00)) => {
            let low = unit(6).filter(|low| (0xdc00..0xe000).contains(low))?;
            Some((Escaped::Char(char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00))?), 12))
        }
        (b'u', unit) => Some((Escaped::Char(char::from_u32(unit?)?), 6)),
        (byte, _) => Some((Escaped::Byte(*byte), 2)),
    }
}

/// `&amp;`, `&#39;`, `&#x27;`.
fn html(text: &[u8]) -> Option<(Escaped, usize)> {
    let end = text.iter().take(ESCAPE_BYTES_MAX).position(|byte| *byte == b';')?;
    let char = match &text[1..end] {
        b"amp" => '&',
        b"lt" => '<',
        b"gt" => '>',
        b"quot" => '"',
        b"apos" => '\'',
        [b'#', b'x' | b'X', digits @ ..] => char::from_u32(number(digits, 16)?)?,
        [b'#', digits @ ..] => char::from_u32(number(digits, 10)?)?,
        _ => return None,
    };
    Some((Escaped::Char(char), end + 1))
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let digits = std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|byte| byte.is_ascii_alphanumeric()))?;
    u32::from_str_radix(digits, radix).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(way: usize, text: &str, cut: bool) -> Reading<'static> {
        WAYS[way].reading(&Reading { bytes: text.as_bytes().into(), places: None }, cut).expect("it is another text")
    }

    #[test]
    fn each_way_reads_its_own_escapes() {
        for (way, text, expected) in [
            (0, "a%20b%c3%A9%zz%4", "a b\u{e9}%zz%4"),
            (1, "a+b%2Bc%", "a b+c%"),
            (2, r#"\"\\\/\u00e9\u00C9\ud83e\udd89\ud83e!\u12"#, "\"\\/\u{e9}\u{c9}\u{1f989}\\ud83e!\\u12"),
            (3, "&amp;&lt;&gt;&quot;&apos;&#39;&#x27;&#x1F989;&#0233;&nbsp;&#;&", "&<>\"''\'\u{1f989}\u{e9}&nbsp;&#;&"),
        ] {
            assert_eq!(String::from_utf8(reading(way, text, false).bytes.into_owned()).unwrap(), expected);
        }
    }

    #[test]
    fn a_byte_knows_its_place_and_a_cut_escape_is_left_out() {
        let cut = reading(2, r"a\u00e9b\u00", true);
        assert_eq!(&*cut.bytes, "a\u{e9}b".as_bytes());
        assert_eq!((cut.place(1, 3), cut.place(3, 4)), ((1, 7), (7, 12)));
        let twice = WAYS[0].reading(&reading(2, r"\u0025\u0034\u0031!", false), false).unwrap();
        assert_eq!((&*twice.bytes, twice.place(0, 1), twice.place(1, 2)), (&b"A!"[..], (0, 18), (18, 19)));
        assert_eq!(&*reading(0, "100% of it, and%20more of", true).bytes, b"100% of it, and more of", "far from the end");
    }

    #[test]
    fn a_long_text_is_not_read_in_two_ways() {
        let readings = |text: &str| {
            let mut count = 0;
            each_reading(text.as_bytes(), false, &mut |_| count += 1);
            count
        };
        let twice = r"\u0026amp;";
        let long = " ".repeat(TWICE_BYTES_MAX);
        assert_eq!([readings("a"), readings(twice), readings(&format!("{twice}{long}"))], [1, 3, 2]);
    }
}
