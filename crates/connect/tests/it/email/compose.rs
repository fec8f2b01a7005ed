use std::collections::HashMap;

use baton_connect::email::{BadEmail, Email, Message};
use mailparse::{MailHeaderMap, ParsedMail, parse_mail};
use proptest::prelude::*;

use super::email;

const HEADERS: &[&str] = &["From", "Message-ID", "Date", "Subject", "To", "Cc", "Auto-Submitted", "MIME-Version", "Content-Type"];

fn composed(email: &Email) -> Message {
    email.compose().unwrap_or_else(|error| panic!("{error}"))
}

fn parsed(message: &Message) -> ParsedMail<'_> {
    parse_mail(message.bytes()).expect("it is a message")
}

fn header_names(mail: &ParsedMail<'_>) -> Vec<String> {
    mail.headers.iter().map(|header| header.get_key()).collect()
}

#[test]
fn a_message_has_what_it_was_given() {
    let message = composed(&email());
    let mail = parsed(&message);
    let value = |name: &str| mail.headers.get_first_value(name).unwrap_or_default();
    assert_eq!(header_names(&mail), HEADERS);
    assert_eq!(value("From"), "Baton <baton@work.example>");
    assert_eq!(value("To"), "ada@example.com, Grace <grace@example.com>");
    assert_eq!(value("Cc"), "Zoë <zoe@example.com>");
    assert_eq!(value("Subject"), "Task approved");
    assert_eq!(value("Message-ID"), "<exe_1_s2@work.example>");
    assert_eq!(value("Date"), "Sun, 06 Nov 1994 08:49:37 +0000");
    assert_eq!(value("Auto-Submitted"), "auto-generated");
    assert!(!String::from_utf8_lossy(message.bytes()).contains("hidden"));

    let [text, html] = &mail.subparts[..] else { panic!("it has two parts") };
    assert_eq!(
        (mail.ctype.mimetype.as_str(), text.ctype.mimetype.as_str(), html.ctype.mimetype.as_str()),
        ("multipart/alternative", "text/plain", "text/html")
    );
    assert_eq!(text.get_body().expect("text"), email().text.replace('\n', "\r\n"));
    assert!(html.get_body().expect("text").contains("<p>Hello <strong>Ada</strong>,</p>"));
}

#[test]
fn the_same_email_is_the_same_bytes() {
    assert_eq!(composed(&email()).bytes(), composed(&email()).bytes());
}

#[test]
fn a_subject_has_one_line() {
    for (subject, expected) in
        [("a\r\nBcc: x@example.com", "a Bcc: x@example.com"), (" a\t\n b\0c ", "a b c"), ("", ""), ("Grüße 🎉", "Grüße 🎉")]
    {
        let message = composed(&Email { subject: subject.to_owned(), ..email() });
        let mail = parsed(&message);
        assert_eq!(mail.headers.get_first_value("Subject").unwrap_or_default(), expected);
        assert_eq!(header_names(&mail), HEADERS);
    }
}

#[test]
fn a_bad_email_is_told_before_it_is_sent() {
    let bad = |email: Email| email.compose().map(|_| ()).expect_err("it is bad");
    let addresses = [
        "",
        "ada",
        "@example.com",
        "ada@",
        "ada@example.com, eve@example.com",
        "ada@example.com\r\nBcc: eve@example.com",
        "ada@example.com\n",
        "<ada@example.com",
        "ada@exam ple.com",
        "Ada\r\n <ada@example.com>",
        "ada@example.com\0",
        "\"a\r\n\"@example.com",
        "ada@example.com> SIZE=1 <x@example.com",
        "a\u{7f}@example.com",
    ];
    for address in addresses {
        let expected = BadEmail::Address(address.to_owned());
        let list = || vec!["ok@example.com".to_owned(), address.to_owned()];
        assert_eq!(bad(Email { from: address.to_owned(), ..email() }), expected);
        assert_eq!(bad(Email { to: list(), ..email() }), expected);
        assert_eq!(bad(Email { cc: list(), ..email() }), expected);
        assert_eq!(bad(Email { bcc: list(), ..email() }), expected);
        assert_eq!(expected.to_string(), format!("{address:?} is not an e-mail address"));
    }
    for id in ["", "x", "@x", "x@", "a b@x", "a@b@c", "<a@b>", "a@b\r\nX: y", "ä@b"] {
        let error = bad(Email { message_id: id.to_owned(), ..email() });
        assert_eq!(error.to_string(), format!("{id:?} is not a Message-ID: write it like name@example.com"));
    }
    assert_eq!(bad(Email { to: vec![], cc: vec![], bcc: vec![], ..email() }).to_string(), "the e-mail has no recipient");
    let many = vec!["ada@example.com".to_owned(); 101];
    assert_eq!(bad(Email { to: many, cc: vec![], bcc: vec![], ..email() }).to_string(), "the e-mail has 101 recipients, 100 are allowed");
}

#[test]
fn a_hidden_recipient_may_be_the_only_one() {
    let message = composed(&Email { to: vec![], cc: vec![], ..email() });
    let without: Vec<&str> = HEADERS.iter().copied().filter(|name| !["To", "Cc"].contains(name)).collect();
    assert_eq!(header_names(&parsed(&message)), without);
}

/// Pieces that have broken mail programs, between anything.
fn nasty() -> impl Strategy<Value = String> {
    let pieces = [
        "\r\n",
        "\n",
        "\r",
        "\0",
        "\r\n\r\n",
        "\r\n.\r\n",
        "\n.\n",
        ".",
        "..",
        "Bcc: eve@example.com",
        "\r\nBcc: eve@example.com\r\n",
        "--=_baton",
        "\r\n--=_baton--\r\n",
        "Content-Type: text/html\r\n\r\n",
        "=?utf-8?q?=0D=0ABcc:_eve?=",
        "=?utf-8?b?DQo=?=",
        "=0D=0A",
        "&#13;",
        "&#10;",
        "&#0;",
        "&#133;",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "\u{1f389}",
        "ß",
        "\"",
        "\\",
        "<",
        ">",
        ",",
        ";",
        "(",
        ")",
        "@",
        ":",
        " ",
        "\t",
        "From ",
        "QUIT",
        "MAIL FROM:<eve@example.com>",
    ];
    let piece = prop_oneof![3 => prop::sample::select(pieces.to_vec()).prop_map(str::to_owned), 1 => "\\PC{0,12}", 1 => any::<String>()];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// What of a text is left when the control characters are taken out, as RFC 5322 wants its lines.
fn lines(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.chars().filter(|c| !c.is_control() || "\n\t".contains(*c)).collect::<String>().replace('\n', "\r\n")
}

/// No half line breaks, no NUL, nothing but ASCII, and no line longer than a server must take.
fn is_plain(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.split("\r\n").all(|line| line.len() <= 998 && line.bytes().all(|byte| (b' '..=b'~').contains(&byte) || byte == b'\t'))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]
    #[test]
    fn no_value_changes_the_structure(subject in nasty(), body in nasty(), name in nasty()) {
        let shown_name: String = name.chars().filter(|c| !c.is_control() && !"\"\\<>".contains(*c)).collect();
        let to = vec![format!("\"{shown_name}\" <ada@example.com>")];
        let email = Email { subject: subject.clone(), text: body.clone(), markdown: body.clone(), to, cc: vec![], ..email() };
        let Ok(message) = email.compose() else {
            // A name that no address may have is refused, and nothing goes out.
            return Ok(());
        };
        prop_assert!(is_plain(message.bytes()), "{}", String::from_utf8_lossy(message.bytes()));
        let mail = parsed(&message);
        let expected: Vec<&str> = HEADERS.iter().copied().filter(|name| *name != "Cc").collect();
        prop_assert_eq!(header_names(&mail), expected);
        let recipients = mailparse::addrparse_header(mail.headers.get_first_header("To").expect("it is there")).expect("addresses");
        prop_assert_eq!(recipients.extract_single_info().map(|info| info.addr), Some("ada@example.com".to_owned()));

        prop_assert_eq!(mail.subparts.len(), 2);
        let kinds: HashMap<&str, usize> = mail.subparts.iter().map(|part| (part.ctype.mimetype.as_str(), part.subparts.len())).collect();
        prop_assert_eq!(kinds, HashMap::from([("text/plain", 0), ("text/html", 0)]));
        // The parser takes a byte order mark for what it is.
        let html = mail.subparts[1].get_body().expect("text");
        prop_assert_eq!(&html, &lines(&html));
        let shown = lines(&body);
        prop_assert_eq!(mail.subparts[0].get_body().expect("text"), shown.strip_prefix('\u{feff}').unwrap_or(&shown));
    }
}
