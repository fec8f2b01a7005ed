//! Values in and out, and their keys.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::fixtures::{any_decimal, any_field_with_value, any_text, any_value, workflow, workspace};
use crate::people::Workspace;
use crate::refusal::Refusal;
use crate::workflow::Field;

fn field(name: &str) -> Field {
    workflow().field_named(name).expect(name).clone()
}

/// What the API shows after `given` was sent for the field.
fn sent(field: &Field, workspace: &Workspace, given: &Json) -> Result<Json, Refusal> {
    parse(field, workspace, given).map(|value| show(field, workspace, value.as_ref()))
}

#[test]
fn what_is_sent_and_what_is_shown() {
    let workspace = workspace();
    for (name, given, shown) in [
        ("Name", json!("  Ann "), json!("  Ann ")),
        ("Name", json!("a\nb"), json!("a\nb")),
        ("Name", json!(" \t\n\u{a0}"), json!(null)),
        ("Name", json!(null), json!(null)),
        ("Name", json!([]), json!(null)),
        ("Size", json!(10), json!("10")),
        ("Size", json!("10"), json!("10")),
        ("Size", json!(" -1.50 "), json!("-1.5")),
        ("Size", json!(0), json!("0")),
        ("Size", json!(""), json!(null)),
        ("Amount", json!(10000), json!("10000.00")),
        ("Amount", json!("0.5"), json!("0.50")),
        ("Amount", json!("10.000"), json!("10.00")),
        ("Yen", json!("10"), json!("10")),
        ("Phone", json!("030 123456"), json!("+4930123456")),
        ("Phone", json!("+1 (650) 253-0000"), json!("+16502530000")),
        ("Due", json!("2020-01-31"), json!("2020-01-31")),
        ("Due", json!(" 2020-01-31 "), json!("2020-01-31")),
        ("Seen", json!("2020-01-31T12:00:00.1239+02:00"), json!("2020-01-31T10:00:00.123Z")),
        ("Owner", json!("ANN@example.com"), json!("ann@example.com")),
        ("Owner", json!(" cy@example.com "), json!("cy@example.com")),
        ("Plan", json!("Pro"), json!("Pro")),
        ("Plan", json!(" Pro "), json!("Pro")),
        ("Tags", json!(["Green", "Red", "Green"]), json!(["Green", "Red"])),
        ("Tags", json!("Blue, dark"), json!(["Blue, dark"])),
        ("Tags", json!([]), json!(null)),
        ("Done", json!(true), json!(true)),
        ("Done", json!("true"), json!(true)),
        ("Done", json!(false), json!(false)),
        ("Done", json!(null), json!(false)),
        ("Done", json!(""), json!(false)),
        ("Number", json!(42), json!("42")),
        ("Number", json!("42"), json!("42")),
        ("Code", json!(" Cafe\u{301} "), json!("Caf\u{e9}")),
        ("Code", json!("..."), json!("...")),
        ("Code", json!(""), json!(null)),
        ("Papers", json!([]), json!([])),
        ("Papers", json!(null), json!([])),
        ("Email", json!(" ann+x@example.com "), json!("ann+x@example.com")),
        ("Site", json!("https://example.com/a?b=c"), json!("https://example.com/a?b=c")),
        ("Site", json!("HTTP://bücher.example"), json!("HTTP://bücher.example")),
    ] {
        assert_eq!(sent(&field(name), &workspace, &given), Ok(shown), "{name} {given}");
    }
}

#[test]
fn what_is_refused() {
    use Refusal::{IsInvalid, IsNotAUserOfWorkspace, IsNotAnOption, IsTooLong};
    let text_long = "x".repeat(64 * 1024 + 1);
    let workspace = workspace();
    for (name, given, refusal) in [
        ("Name", json!(5), IsInvalid),
        ("Name", json!(true), IsInvalid),
        ("Name", json!(["a"]), IsInvalid),
        ("Name", json!({}), IsInvalid),
        ("Name", json!("a\0b"), IsInvalid),
        ("Name", json!(text_long), IsTooLong { bytes_max: 64 * 1024 }),
        ("Notes", json!("x".repeat(1024 * 1024 + 1)), IsTooLong { bytes_max: 1024 * 1024 }),
        ("Size", json!("ten"), IsInvalid),
        ("Size", json!("1,000"), IsInvalid),
        ("Size", json!(true), IsInvalid),
        ("Amount", json!("0.001"), IsInvalid),
        ("Yen", json!("0.5"), IsInvalid),
        ("Phone", json!("12"), IsInvalid),
        ("Phone", json!(493_012_345_678_u64), IsInvalid),
        ("Due", json!("31.01.2020"), IsInvalid),
        ("Due", json!("2020-01-31T00:00:00Z"), IsInvalid),
        ("Due", json!(20_200_131), IsInvalid),
        ("Seen", json!("2020-01-31T12:00:00"), IsInvalid),
        ("Seen", json!("2020-01-31"), IsInvalid),
        ("Owner", json!("bob@example.com"), IsNotAUserOfWorkspace),
        ("Owner", json!("dan@example.com"), IsNotAUserOfWorkspace),
        ("Owner", json!(11), IsInvalid),
        ("Plan", json!("pro"), IsNotAnOption),
        ("Plan", json!(1), IsNotAnOption),
        ("Plan", json!(["Pro"]), IsInvalid),
        ("Tags", json!(["Red", "Pink"]), IsNotAnOption),
        ("Tags", json!(["Red", null]), IsNotAnOption),
        ("Tags", json!([["Red"]]), IsInvalid),
        ("Tags", json!({ "Red": true }), IsInvalid),
        ("Done", json!("yes"), IsInvalid),
        ("Done", json!(1), IsInvalid),
        ("Code", json!("."), IsInvalid),
        ("Code", json!(" .. "), IsInvalid),
        ("Code", json!(1.5), IsInvalid),
        ("Code", json!(true), IsInvalid),
        ("Code", json!("a\0"), IsInvalid),
        ("Code", json!("é".repeat(256)), IsTooLong { bytes_max: 255 }),
        ("Papers", json!([{ "blobId": "a" }]), IsInvalid),
        ("Email", json!("ann"), IsInvalid),
        ("Email", json!("Ann <ann@example.com>"), IsInvalid),
        ("Email", json!("ann@localhost"), IsInvalid),
        ("Email", json!("a@b.c, d@e.f"), IsInvalid),
        ("Email", json!("\"a\r\nBcc: x\"@example.com"), IsInvalid),
        ("Site", json!("example.com"), IsInvalid),
        ("Site", json!("ftp://example.com"), IsInvalid),
        ("Site", json!("javascript:alert(1)"), IsInvalid),
        ("Site", json!("https://exa mple.com"), IsInvalid),
        ("Site", json!("https://example.com/\nX"), IsInvalid),
        ("Site", json!("https://"), IsInvalid),
    ] {
        assert_eq!(sent(&field(name), &workspace, &given), Err(refusal), "{name}");
    }
    assert!(sent(&field("Code"), &workspace, &json!("é".repeat(255))).is_ok());
}

/// JSON numbers must not pass through a binary float on their way.
#[test]
fn numbers_of_a_body_keep_their_digits() {
    let workspace = workspace();
    for (name, body, shown) in [
        ("Size", "1234567890.123456789012345678", Ok(json!("1234567890.123456789012345678"))),
        ("Size", "9999999999999999999999999999", Ok(json!("9999999999999999999999999999"))),
        ("Size", "0.1000000000000000000000000001", Ok(json!("0.1000000000000000000000000001"))),
        ("Size", "99999999999999999999999999999", Err(Refusal::IsInvalid)),
        ("Size", "1e400", Err(Refusal::IsInvalid)),
        ("Size", "12.5e1", Ok(json!("125"))),
        ("Amount", "0.10", Ok(json!("0.10"))),
        ("Code", "12345678901234567890123456789012345678901234567890", Ok(json!("12345678901234567890123456789012345678901234567890"))),
        ("Code", "1e3", Err(Refusal::IsInvalid)),
        ("Code", "1.0", Err(Refusal::IsInvalid)),
    ] {
        let body: Json = serde_json::from_str(body).expect(body);
        assert_eq!(sent(&field(name), &workspace, &body), shown, "{name} {body}");
    }
}

#[test]
fn a_deactivated_person_may_stay_but_not_come() {
    let workspace = workspace();
    let owner = field("Owner");
    let bob = Value::Person(crate::fixtures::id(crate::fixtures::BOB_DEACTIVATED));
    let ann = Value::Person(crate::fixtures::id(crate::fixtures::ANN));
    let email = json!("BOB@example.com");
    assert_eq!(parse_over(&owner, &workspace, &email, Some(&bob)), Ok(Some(bob.clone())));
    assert_eq!(parse_over(&owner, &workspace, &email, Some(&ann)), Err(Refusal::IsNotAUserOfWorkspace));
    assert_eq!(parse_over(&owner, &workspace, &email, None), Err(Refusal::IsNotAUserOfWorkspace));
    assert_eq!(show(&owner, &workspace, Some(&bob)), json!("Bob@example.com"));
}

#[test]
fn what_is_gone_is_left_out() {
    let workspace = workspace();
    let gone = crate::fixtures::id(999);
    for (name, value, shown) in [
        ("Plan", Value::Option(gone), json!(null)),
        ("Tags", Value::Options(vec![gone]), json!([])),
        ("Owner", Value::Person(gone), json!(null)),
    ] {
        assert_eq!(show(&field(name), &workspace, Some(&value)), shown, "{name}");
        assert_eq!(text(&field(name), &workspace, Some(&value)), "", "{name}");
    }
}

#[test]
fn filters_in_an_address() {
    let workspace = workspace();
    for (name, query, given) in [
        ("Name", "Acme, Inc.", Ok(json!("Acme, Inc."))),
        ("Notes", "x", Ok(json!("x"))),
        ("Name", "", Ok(json!(null))),
        ("Size", "10.0", Ok(json!(10))),
        ("Amount", "1e1", Ok(json!("10.00"))),
        ("Due", "2020-01-31", Ok(json!("2020-01-31"))),
        ("Done", "true", Ok(json!(true))),
        ("Done", "false", Ok(json!(false))),
        ("Done", "", Ok(json!(false))),
        ("Plan", "Pro", Ok(json!("Pro"))),
        ("Tags", "Red", Ok(json!("Red"))),
        ("Owner", "ANN@example.com", Ok(json!("ann@example.com"))),
        ("Code", "Cafe\u{301}", Ok(json!("Café"))),
        // An unencoded `+`.
        ("Phone", " 4930123456", Ok(json!("+4930123456"))),
        ("Phone", "030 123456", Ok(json!("+4930123456"))),
        ("Email", "nobody", Err(None)),
        ("Size", "ten", Err(Some(Refusal::IsInvalid))),
        ("Due", "yesterday", Err(Some(Refusal::IsInvalid))),
        ("Done", "yes", Err(Some(Refusal::IsInvalid))),
        ("Plan", "Gold", Err(Some(Refusal::IsNotAnOption))),
        ("Owner", "dan@example.com", Err(Some(Refusal::IsNotAUserOfWorkspace))),
        ("Owner", "bob@example.com", Err(None)),
        ("Seen", "2020-01-31T00:00:00Z", Err(Some(Refusal::IsInvalid))),
        ("Seen", "", Err(Some(Refusal::IsInvalid))),
        ("Papers", "", Err(Some(Refusal::IsInvalid))),
        ("Phone", "x", Err(Some(Refusal::IsInvalid))),
        ("Name", "a\0", Err(Some(Refusal::IsInvalid))),
    ] {
        let field = field(name);
        let asked = parse_filter(&field, &workspace, query);
        match given {
            Ok(given) => {
                let value = parse(&field, &workspace, &given).expect(name);
                let keys = value.map(|value| filter_keys(&field, &value).remove(0).exact);
                assert_eq!(asked.map(|asked| asked.map(|asked| exact_key(&asked))), Ok(keys), "{name} {query}");
            }
            Err(Some(refusal)) => assert_eq!(asked, Err(refusal), "{name} {query}"),
            // Can be asked for, though it could not be set.
            Err(None) => assert!(matches!(asked, Ok(Some(_))), "{name} {query}"),
        }
    }
}

#[test]
fn numbers_given_out_sort_as_numbers() {
    let kind = field("Number").kind;
    let mut ids = vec!["x", "10", "9", "-1", "100", "2"].into_iter().map(|id| Value::Text(id.to_owned())).collect::<Vec<_>>();
    ids.sort_by(|one, other| compare(&kind, one, other));
    assert_eq!(ids, ["-1", "2", "9", "10", "100", "x"].map(|id| Value::Text(id.to_owned())));
}

#[test]
fn sort_keys_need_no_case_and_stay_short() {
    let kind = field("Name").kind;
    let key = |text: &str| sort_key(&kind, &Value::Text(text.to_owned()));
    assert!(key("apple") < key("Banana") && key("Banana") < key("cherry"));
    assert_eq!(key("STRASSE"), key("straße"));
    assert!(key(&"é".repeat(30_000)).len() <= 200);
    let exact = exact_key(&Value::Text("é".repeat(30_000)));
    assert!(exact.len() < 250);
    assert_ne!(exact, exact_key(&Value::Text("é".repeat(30_001))));
}

/// Any two values of one field.
fn two_values() -> impl Strategy<Value = (Field, Value, Value)> {
    any_field_with_value().prop_flat_map(|(field, value)| {
        let other = prop_oneof![3 => any_value(&field.kind), 1 => Just(value.clone())];
        (Just(field), Just(value), other)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn what_is_shown_can_be_sent((field, value) in any_field_with_value()) {
        prop_assume!(!matches!(value, Value::Files(_)));
        let workspace = workspace();
        let shown = show(&field, &workspace, Some(&value));
        prop_assert_eq!(parse_over(&field, &workspace, &shown, Some(&value)), Ok(Some(value)));
    }

    #[test]
    fn what_is_stored_can_be_read((_, value) in any_field_with_value()) {
        let text = serde_json::to_string(&value).expect("values are JSON");
        prop_assert_eq!(&serde_json::from_str::<Value>(&text).expect(&text), &value);
        prop_assert_eq!(serde_json::from_value::<Value>(serde_json::from_str(&text).expect(&text)).expect(&text), value);
    }

    #[test]
    fn exact_keys_are_equal_for_equal_values_only((field, one, other) in two_values()) {
        let keys = |value| filter_keys(&field, value).into_iter().map(|key| key.exact).collect::<std::collections::BTreeSet<_>>();
        match (&one, &other) {
            (Value::Files(_), _) => prop_assert!(keys(&one).is_empty()),
            (Value::Options(ids), Value::Options(others)) => {
                let same = ids.iter().all(|id| others.contains(id)) && others.iter().all(|id| ids.contains(id));
                prop_assert_eq!(keys(&one) == keys(&other), same);
            }
            _ => prop_assert_eq!(keys(&one) == keys(&other), one == other),
        }
    }

    #[test]
    fn sort_keys_order_as_values_do((field, one, other) in two_values()) {
        let keys = sort_key(&field.kind, &one).cmp(&sort_key(&field.kind, &other));
        prop_assert_eq!(compare(&field.kind, &one, &other), keys);
        let expected = match (&one, &other) {
            (Value::Decimal(one), Value::Decimal(other)) => Some(one.cmp(other)),
            (Value::Date(one), Value::Date(other)) => Some(one.cmp(other)),
            (Value::DateTime(one), Value::DateTime(other)) => Some(one.cmp(other)),
            (Value::Text(one), Value::Text(other)) if matches!(field.kind, crate::workflow::FieldKind::Text) && one.len() < 60 && other.len() < 60 => {
                Some(fold(one).cmp(&fold(other)))
            }
            _ => None,
        };
        if let Some(expected) = expected {
            prop_assert_eq!(keys, expected);
        }
    }

    #[test]
    fn decimals_of_one_value_have_one_key(decimal in any_decimal(), other in any_decimal(), zeros in 0u32..5) {
        let kind = field("Size").kind;
        let mut padded = decimal;
        padded.rescale((decimal.scale() + zeros).min(28));
        if padded == decimal {
            prop_assert_eq!(exact_key(&Value::Decimal(padded)), exact_key(&Value::Decimal(decimal)));
        }
        prop_assert_eq!(compare(&kind, &Value::Decimal(decimal), &Value::Decimal(other)), sort_key(&kind, &Value::Decimal(decimal)).cmp(&sort_key(&kind, &Value::Decimal(other))));
        prop_assert_eq!(parse_decimal(&show_decimal(decimal, 2)).or(parse_decimal(&show_decimal(decimal, 0))), Some(decimal));
    }

    #[test]
    fn any_json_is_read_or_refused(field in crate::fixtures::any_field(), given in any_json()) {
        let workspace = workspace();
        if let Ok(Some(value)) = parse(&field, &workspace, &given) {
            prop_assert_eq!(parse(&field, &workspace, &show(&field, &workspace, Some(&value))), Ok(Some(value)));
        }
    }

    #[test]
    fn any_filter_is_read_or_refused(field in crate::fixtures::any_field(), query in any::<String>()) {
        let _ = parse_filter(&field, &workspace(), &query);
    }
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        any_text().prop_map(Json::from),
        any::<String>().prop_map(Json::from),
        any_decimal().prop_map(|decimal| serde_json::from_str(&decimal.to_string()).expect("a number")),
        proptest::sample::select(vec![
            "true",
            "Pro",
            "Red",
            "ann@example.com",
            "2020-01-31",
            "2020-01-31T00:00Z",
            "+4930123456",
            "https://a.b",
            "."
        ])
        .prop_map(Json::from),
    ];
    leaf.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Json::from),
            proptest::collection::hash_map("[a-z]{1,3}", inner, 0..3)
                .prop_map(|map| map.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}
