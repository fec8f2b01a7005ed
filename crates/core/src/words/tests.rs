use proptest::prelude::*;

use super::*;
use crate::access::Access;
use crate::fixtures::{any_task, any_text, id, laws, task, workflow};
use crate::workflow::Rights;

const NAME: i64 = 101;
const NOTES: i64 = 103;
const CODE: i64 = 117;

fn split(text: &str) -> Vec<String> {
    words_of(&fold(text)).map(str::to_owned).collect()
}

#[test]
fn a_text_is_split_into_words() {
    let long = "x".repeat(70);
    for (text, words) in [
        ("", vec![]),
        (" - . '\"* ", vec![]),
        ("Harry  Potter", vec!["harry", "potter"]),
        ("O'Brien, A-42/b", vec!["o", "brien", "a", "42", "b"]),
        ("mailto:H.Potter@hogwarts.edu", vec!["mailto", "h", "potter", "hogwarts", "edu"]),
        ("+441632960961", vec!["441632960961"]),
        ("STRASSE Straße", vec!["strasse", "strasse"]),
        ("RENE\u{301} rene", vec!["ren\u{e9}", "rene"]),
        // A sign that joins letters is part of its word.
        ("हिन्दी भाषा", vec!["हिन्दी", "भाषा"]),
        ("東京都", vec!["東京", "京都", "都"]),
        ("都", vec!["都"]),
        ("A社のB", vec!["a", "社の", "の", "b"]),
        ("東京。京都", vec!["東京", "京", "京都", "都"]),
        ("ไทย", vec!["ไท", "ทย", "ย"]),
        (&long, vec![&long[..64]]),
    ] {
        assert_eq!(split(text), words, "{text:?}");
    }
}

#[test]
fn a_search_says_what_it_lacks() {
    assert_eq!(Search::read("Potter harry POTTER").unwrap().words(), ["potter", "harry"]);
    let many = (100..133).map(|number| number.to_string()).collect::<Vec<_>>().join(" ");
    assert_eq!(Search::read("pot potter 東京 京 都").unwrap().words(), ["potter", "東京", "都"], "the others are implied");
    for (text, told) in [
        ("", "_search is \"\"; allowed is text with a letter or digit"),
        (" *-", "_search is \" *-\"; allowed is text with a letter or digit"),
        (&many, &format!("_search is {many:?}; allowed is at most 32 words")),
    ] {
        assert_eq!(Search::read(text).unwrap_err().to_string(), told);
    }
    assert!(Search::read(&many[..many.len() - 4]).is_ok());
}

fn scored(values: &[(i64, &str)], text: &str) -> Option<u32> {
    let mut task = task();
    task.values = values.iter().map(|(field, text)| (id(*field), Value::Text((*text).to_owned()))).collect();
    Search::read(text).unwrap().score(&task, &workflow(), Access::Everything)
}

#[test]
fn a_better_place_counts_for_more() {
    let places = [
        scored(&[(CODE, "harry")], "harry"),
        scored(&[(NAME, "harry")], "harry"),
        scored(&[(NOTES, "harry")], "harry"),
        scored(&[(CODE, "harry")], "harr"),
        scored(&[(NAME, "harry")], "harr"),
        scored(&[(NOTES, "harry")], "harr"),
        scored(&[(NOTES, "harry")], "harryy"),
        scored(&[(NOTES, "harry")], "arry"),
    ];
    assert_eq!(places, [Some(6), Some(5), Some(4), Some(3), Some(2), Some(1), None, None]);
    assert_eq!(scored(&[(NAME, "Harry Potter"), (NOTES, "Pot. harry")], "harry pot"), Some(5 + 4), "of each word the best");
    assert_eq!(scored(&[(NAME, "Harry")], "harry potter"), None, "all of them");
    assert_eq!(scored(&[(999, "Harry")], "harry"), None, "a field that there is not");
}

#[test]
fn of_many_texts_the_longest_is_cut() {
    let word = "potter ";
    let long = word.repeat(SEARCHED_BYTES_MAX / word.len() + 1);
    let values = [(NOTES, &*format!("{long} snape")), (NAME, "harry")];
    assert!(scored(&values, "harry potter").is_some());
    assert_eq!(scored(&values, "snape"), None);
}

/// What PostgreSQL can hold in one row: a mebibyte of words with what the store puts before each.
#[test]
fn the_words_of_any_task_fit_in_a_row_of_an_index() {
    const BEFORE_EACH: usize = 17;
    // Of two characters that fold to three and keep apart; of two bytes; pairs of Han.
    let han = |number: u32| char::from_u32(0x4e00 + number % 20_000).unwrap();
    let letters = "abcdefghijklmnopqrstuvwxyz0123456789";
    let pairs = letters.chars().flat_map(|one| letters.chars().map(move |two| format!("{one}{two}\u{390}")));
    for text in [
        (0..50_000u32).map(|number| han(number.wrapping_mul(7919) ^ (number / 7))).collect::<String>(),
        pairs.collect::<Vec<_>>().join(" ").repeat(30),
        (0..40_000u32).map(|number| format!("{number:x} ")).collect(),
        "\u{390}".repeat(70_000),
        (0..30_000u32).map(|number| format!("\u{1fb7}{number:x} ")).collect(),
    ] {
        let mut task = task();
        task.values.insert(id(NOTES), Value::Text(text));
        let bytes: usize = words(&task).iter().map(|word| word.len() + BEFORE_EACH).sum();
        assert!(bytes < 1 << 20, "{bytes}");
    }
}

fn any_access() -> impl Strategy<Value = Vec<Id>> {
    let fields: Vec<Id> = workflow().fields.iter().map(|field| field.id).collect();
    let count = fields.len();
    prop::sample::subsequence(fields, 0..=count)
}

fn hiding(hidden: &[Id]) -> Rights {
    Rights { fields: hidden.iter().map(|field| (*field, FieldRight::Hidden)).collect(), ..Rights::collaborator() }
}

proptest! {
    #![proptest_config(laws())]

    #[test]
    fn a_task_is_found_by_each_of_its_words_and_their_beginnings(task in any_task(), length in 1usize..5) {
        for word in words(&task) {
            for text in [word.clone(), word.chars().take(length).collect()] {
                let search = Search::read(&text).unwrap();
                prop_assert_eq!(search.words(), [text.clone()]);
                prop_assert!(search.score(&task, &workflow(), Access::Everything).is_some(), "{:?}", text);
            }
        }
    }

    /// So an index of the words that a task is found by has every task that matches, whoever asks.
    #[test]
    fn a_task_that_matches_has_all_words(task in any_task(), text in any_text(), hidden in any_access()) {
        let Ok(search) = Search::read(&text) else { return Ok(()) };
        let rights = hiding(&hidden);
        if search.score(&task, &workflow(), Access::Rights(&rights)).is_some() {
            let there = words(&task);
            for word in search.words() {
                prop_assert!(there.iter().any(|found| found.starts_with(word)), "{:?} in {:?}", word, there);
            }
        }
    }

    #[test]
    fn a_hidden_field_is_as_if_it_were_blank(task in any_task(), of in any_task(), hidden in any_access(), index in any::<prop::sample::Index>()) {
        let there: Vec<String> = words(&of).into_iter().collect();
        if there.is_empty() {
            return Ok(());
        }
        let search = Search::read(&there[index.index(there.len())]).unwrap();
        let mut without = task.clone();
        without.values.retain(|field, _| !hidden.contains(field));
        let rights = hiding(&hidden);
        prop_assert_eq!(
            search.score(&task, &workflow(), Access::Rights(&rights)),
            search.score(&without, &workflow(), Access::Everything)
        );
    }

    #[test]
    fn what_differs_is_seen(before in any_task(), after in any_task()) {
        prop_assert!(differ(&before, &after) || words(&before) == words(&after));
        prop_assert!(!differ(&before, &before));
        prop_assert!(has_texts(&before) || words(&before).is_empty());
    }
}
