//! What each outgoing step sends.

use serde_json::json;

use super::bed::{ANN, Bed, KEY, id};
use crate::actor::Actor;
use crate::workflow::Auth;

const CALL: &str = "{ do: api_call, url: 'https://a.example/x' }";

#[test]
fn the_default_format_word_for_word_and_in_its_order() {
    let mut bed = Bed::new(CALL).set(&[
        ("Name", json!("Ada \"A\"\n<b>")),
        ("Email", json!("ada@example.com")),
        ("Amount", json!("10")),
        ("Count", json!("1.50")),
        ("Due", json!("2020-01-31")),
        ("Seen", json!("2020-01-31T10:00:00+01:00")),
        ("Owner", json!("bob@example.com")),
        ("Plan", json!("Pro")),
        ("Tags", json!(["Blue", "Red"])),
        ("Paid", json!(true)),
    ]);
    bed.task.as_mut().unwrap().assignee = Some(id(ANN));
    bed.begin();
    let user = format!(r#"{{"id":"{}","email":"ann@example.com","first_name":"Ann","last_name":"Lee"}}"#, id(ANN));
    let task = r#"{"Stage":"Open","Assigned To":"ann@example.com","ID":null,"Name":"Ada \"A\"\n<b>","Notes":null,"Email":"ada@example.com","Amount":"10.00","Count":"1.5","Due":"2020-01-31","Seen":"2020-01-31T09:00:00.000Z","Owner":"bob@example.com","Plan":"Pro","Tags":["Blue","Red"],"Paid":true,"Site":null,"Papers":[]}"#;
    let request = bed.http();
    assert_eq!(request.body, format!(r#"{{"action":"Finish","user":{user},"task":{task}}}"#));
    assert_eq!((request.method.as_str(), request.url.as_str()), ("POST", "https://a.example/x"));
    assert_eq!(request.headers, [("Content-Type".to_owned(), "application/json".to_owned())]);
    assert_eq!(request.auth, None);
}

#[test]
fn where_no_person_acts_the_user_is_null() {
    for steps in [CALL, "{ do: zapier, url: 'https://a.example/x' }"] {
        let mut bed = Bed::new(steps).performed_by(Actor::ApiKey(id(KEY)));
        bed.begin();
        assert!(bed.http().body.starts_with(r#"{"action":"Finish","user":null,"task":{"Stage":"Open","Assigned To":null,"#));
    }
}

#[test]
fn a_call_shows_the_task_as_the_steps_before_left_it() {
    let steps = format!("{{ do: move_to_stage, stage: Done }}\n{{ do: update_data, set: {{ Name: Bo }} }}\n{CALL}");
    let mut bed = Bed::new(&steps);
    let ran = bed.begin();
    assert!(bed.http().body.contains(r#""task":{"Stage":"Done","Assigned To":null,"ID":null,"Name":"Bo""#), "{}", bed.http().body);
    assert_eq!((bed.stage(), bed.text("Name")), ("Done", "Bo".to_owned()), "saved with the call");
    assert!(ran.task.unwrap().1.performers.is_empty(), "who took the action is known when it has succeeded");
}

/// The URL, the rest of the headers and the body that a step sends.
#[test]
fn custom_requests() {
    // A value that would mean something in every place.
    let value = "a/b?c=\"d\"&<e>\\{{Email}}";
    let json_value = r#"a/b?c=\"d\"&<e>\\{{Email}}"#;
    let url_value = "a%2Fb%3Fc%3D%22d%22%26%3Ce%3E%5C%7B%7BEmail%7D%7D";
    let html_value = "a/b?c=&quot;d&quot;&amp;&lt;e&gt;\\{{Email}}";
    let body = |content_type: &str| {
        format!("{{ do: api_call, url: 'https://a.example', headers: {{ content-type: '{content_type}' }}, body: 'v={{{{Name}}}}' }}")
    };
    let json = |name: &str| format!(r#"{{"v":"{name}"}}"#);
    let rows = [
        (format!("{{ do: api_call, url: 'https://a.example', body: '{}' }}", json("{{Name}}")), json(json_value)),
        (
            format!(
                "{{ do: api_call, url: 'https://a.example', headers: {{ Content-Type: 'application/ld+json; charset=utf-8' }}, body: '{}' }}",
                json("{{Name}}")
            ),
            json(json_value),
        ),
        (body("application/x-www-form-urlencoded"), format!("v={url_value}")),
        (body("application/xml"), format!("v={html_value}")),
        (body("application/soap+xml; charset=utf-8"), format!("v={html_value}")),
        (body("text/html"), format!("v={html_value}")),
        (body("text/plain"), format!("v={value}")),
    ];
    for (step, expected) in rows {
        let mut bed = Bed::new(&step).set(&[("Name", json!(value))]);
        bed.begin();
        assert_eq!(bed.http().body, expected, "{step}");
        assert_eq!(bed.http().headers.len(), 1, "{step}: one Content-Type");
    }
}

#[test]
fn urls_headers_and_methods() {
    let rows = [
        ("url: 'https://a.example/{{Name}}?q={{Name}}'", "https://a.example/a%2Fb%20c?q=a%2Fb%20c"),
        ("url: '{{Site}}'", "https://b.example/p?q=1"),
        ("url: '{{Site}}&n={{Name}}'", "https://b.example/p?q=1&n=a%2Fb%20c"),
        ("url: 'https://{{Name}}.example/'", "https://a%2Fb%20c.example/"),
    ];
    for (url, expected) in rows {
        let mut bed =
            Bed::new(&format!("{{ do: api_call, {url} }}")).set(&[("Name", json!("a/b c")), ("Site", json!("https://b.example/p?q=1"))]);
        bed.begin();
        assert_eq!(bed.http().url, expected, "{url}");
    }

    let step = "{ do: api_call, method: PUT, url: 'https://a.example', headers: { X-Name: ' {{Notes}} ', X-Two: 'b' }, auth: { basic: { user: me, password: 'secret:PASS' } } }";
    let mut bed = Bed::new(step).set(&[("Notes", json!("one\r\nX-Evil: 1"))]);
    bed.begin();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        bed.http().headers,
        [pair("Content-Type", "application/json"), pair("X-Name", "one X-Evil: 1"), pair("X-Two", "b")],
        "a value stays in its line"
    );
    assert_eq!(bed.http().method, "PUT");
    assert_eq!(bed.http().auth, Some(Auth::Basic { user: "me".into(), password: "PASS".into() }), "a secret goes by its name");
}

#[test]
fn without_a_body_there_is_none_and_no_type_of_it() {
    for method in ["GET", "HEAD", "DELETE", "OPTIONS"] {
        let mut bed = Bed::new(&format!("{{ do: api_call, method: {method}, url: 'https://a.example' }}"));
        bed.begin();
        assert_eq!((bed.http().body.as_str(), bed.http().headers.len()), ("", 0), "{method}");
    }
    let mut bed = Bed::new("{ do: api_call, method: DELETE, url: 'https://a.example', body: '{\"a\":1}' }");
    bed.begin();
    assert_eq!((bed.http().body.as_str(), bed.http().headers.len()), (r#"{"a":1}"#, 1));
}

#[test]
fn an_email_with_its_people() {
    let step = "{ do: email, to: '{{Email}}, Cy Lee <cy@example.com>', cc: ['{{Owner}}', ' '], bcc: '{{Notes}}', subject: 'To {{Name}}', body: '**{{Name}}**' }";
    let mut bed = Bed::new(step).set(&[("Email", json!("ada@example.com")), ("Name", json!("Ada *A*\nB"))]);
    bed.begin();
    let email = bed.email();
    assert_eq!(email.from, "Acme <baton@acme.example>");
    assert_eq!(email.to, ["ada@example.com", "Cy Lee <cy@example.com>"]);
    assert!(email.cc.is_empty() && email.bcc.is_empty(), "blank ones are left out");
    assert_eq!(email.subject, "To Ada *A* B");
    assert_eq!(email.text, "**Ada *A*\nB**");
    assert_eq!(email.date, bed.now);
}

/// Nothing goes out, and the step says why.
#[test]
fn what_cannot_be_rendered() {
    let email = |to: &str| format!("{{ do: email, to: '{to}', subject: s, body: b }}");
    let call = |rest: &str| format!("{{ do: api_call, url: 'https://a.example/{{{{Name}}}}', {rest} }}");
    let rows = [
        (email("{{Email}}"), json!("x"), "The e-mail has no recipient: to, cc and bcc are blank"),
        (email("{{Name}}"), json!("foo"), "foo is not a valid email"),
        (email("ann@example.com, {{Name}}"), json!("a@b.example, c@d.example"), "a@b.example, c@d.example is not a valid email"),
        (email("{{Name}} <ann@example.com>"), json!("A <x@y.example>,"), "A <x@y.example>, <ann@example.com> is not a valid email"),
        (email("{{Name}}"), json!("a@b.example>"), "a@b.example> is not a valid email"),
        (call("body: '{\"n\":{{Count}}}'"), json!("x"), "body is not valid JSON: expected value at line 1 column 6"),
        (call(""), json!(".."), "url is invalid"),
        (call("headers: { X: '{{Notes}}' }"), json!("x"), "X is too long"),
        (call("body: '\"{{Notes}}{{Notes}}\"'"), json!("x"), "body is too long"),
    ];
    for (step, name, expected) in rows {
        let mut bed = Bed::new(&step).set(&[("Name", name), ("Notes", json!("n".repeat(200_000)))]);
        bed.begin();
        assert_eq!(bed.errors(), [expected], "{step}");
        assert!(bed.call.is_none());
    }
    let mut bed = Bed::new(&email("ann@example.com"));
    bed.mail_from = None;
    bed.begin();
    assert_eq!(bed.errors(), ["E-mail can't be sent: the operator has set no mail server (smtp.host)"]);
}

#[test]
fn a_part_that_is_gone_says_so_itself() {
    let steps = [
        "{ do: api_call, url: 'https://a.example/{{Plan}}' }",
        "{ do: api_call, url: 'https://a.example', headers: { X: '{{Plan}}' } }",
        "{ do: api_call, url: 'https://a.example', body: '\"{{Plan}}\"' }",
        "{ do: email, to: '{{Plan}}', subject: s, body: b }",
        "{ do: email, to: ann@example.com, subject: s, body: '{{Plan}}' }",
        "{ do: zapier, url: 'https://a.example/{{Plan}}' }",
    ];
    for step in steps {
        let mut bed = Bed::new(step);
        bed.current.fields.retain(|field| field.name != "Plan");
        bed.begin();
        assert_eq!(bed.errors(), ["Field Plan no longer exists"], "{step}");
    }
}

#[test]
fn a_renamed_field_and_stage_are_followed() {
    let mut bed = Bed::new(CALL);
    bed.current.fields.iter_mut().find(|field| field.name == "Name").unwrap().name = "Customer".into();
    bed.current.stages[0].name = "New".into();
    bed.begin();
    assert!(bed.http().body.contains(r#""task":{"Stage":"New","Assigned To":null,"ID":null,"Customer":"Ada""#));
    bed.reply(super::bed::ok(&json!({ "task": { "Customer": "Bo", "Stage": "New" } })));
    assert!(bed.succeeded());
    assert_eq!(bed.text("Customer"), "Bo");
}
