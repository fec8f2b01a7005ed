use std::future::pending;
use std::io::Write;
use std::net::TcpListener;

use baton_connect::email::{Account, MailError, Mailer, Message, Security, Settings};
use baton_connect::tls::Roots;
use zeroize::Zeroizing;

use super::{SEND_TIMEOUT, email};
use crate::servers::Server;
use crate::servers::smtp::{self, replying, start, taking_all};
use crate::servers::tls::Authority;

fn message() -> Message {
    email().compose().unwrap_or_else(|error| panic!("{error}"))
}

fn mailer(port: u16, security: Security, account: Option<(&str, &str)>, roots: &Roots) -> Mailer {
    let account = account.map(|(user, password)| Account { user: user.to_owned(), password: Zeroizing::new(password.to_owned()) });
    let settings = Settings { host: "localhost".to_owned(), port, security, account };
    Mailer::new(settings, roots).expect("the roots are read")
}

async fn send_to(server: &Server) -> Result<(), MailError> {
    mailer(server.address.port(), Security::None, None, &Roots::default()).send(&message(), SEND_TIMEOUT).await
}

#[tokio::test]
async fn a_message_is_taken_as_it_was_composed() {
    let (server, taken) = start(taking_all());
    send_to(&server).await.expect("it is taken");
    let taken = taken.recv().expect("it came");
    assert_eq!((taken.hello.as_str(), taken.from.as_str(), taken.account), ("work.example", "baton@work.example", None));
    assert_eq!(taken.to, ["ada@example.com", "grace@example.com", "zoe@example.com", "hidden@example.com"]);
    // A dot at the start of a line is doubled on the way, and a dot alone ends it.
    let sent = String::from_utf8(message().bytes().to_vec()).expect("ASCII").replace("\r\n.", "\r\n..");
    assert!(sent.contains("\r\n..\r\n"));
    assert_eq!(String::from_utf8(taken.data).expect("ASCII").trim_end_matches(".\r\n").trim_end(), sent.trim_end());
}

#[tokio::test]
async fn what_the_server_says_is_told() {
    let rows: [(&str, &str, &str, bool); 9] = [
        ("", "554 no mail here", "554 no mail here", false),
        ("", "421 too busy", "421 too busy", true),
        ("MAIL", "550 not from you", "550 not from you", false),
        ("MAIL", "452 4.3.1 disk full", "452 4.3.1 disk full", true),
        ("RCPT", "550-5.1.1 No such user\r\n550 5.1.1 at all", "550 5.1.1 No such user at all", false),
        ("RCPT", "450 4.2.1 come back", "450 4.2.1 come back", true),
        ("DATA", "554 no thanks", "554 no thanks", false),
        (".", "552 too large", "552 too large", false),
        (".", "451 try again", "451 try again", true),
    ];
    for (verb, said, words, repeat) in rows {
        let (server, taken) = start(replying(move |line| (line.starts_with(verb) && line.is_empty() == verb.is_empty()).then_some(said)));
        let error = send_to(&server).await.expect_err("it is refused");
        let told = if repeat { "did not take the e-mail now" } else { "refused the e-mail" };
        assert_eq!(error.to_string(), format!("the mail server localhost {told}: {words}"));
        assert_eq!(error.may_be_repeated(), repeat);
        assert!(taken.try_recv().is_err(), "nothing was taken");
    }
}

#[tokio::test]
async fn a_greylisted_message_is_taken_the_second_time_and_is_the_same() {
    let mut asked = 0;
    let (server, taken) = start(replying(move |line| {
        asked += u32::from(line == ".");
        (line == "." && asked == 1).then_some("451 4.7.1 greylisted")
    }));
    assert!(send_to(&server).await.expect_err("not yet").may_be_repeated());
    send_to(&server).await.expect("now it is");
    let taken = taken.recv().expect("it came");
    assert!(String::from_utf8_lossy(&taken.data).contains("\r\nMessage-ID: <exe_1_s2@work.example>\r\n"));
}

#[tokio::test]
async fn a_server_that_is_not_there_may_be_later() {
    let free = TcpListener::bind("127.0.0.1:0").expect("the loopback is there").local_addr().expect("it listens");
    let error =
        mailer(free.port(), Security::None, None, &Roots::default()).send(&message(), SEND_TIMEOUT).await.expect_err("nobody listens");
    assert!(matches!(error, MailError::NotReached { .. }) && error.may_be_repeated(), "{error}");
    assert!(error.to_string().contains("refused"), "{error}");

    let hangs_up = Server::new(drop);
    let error = send_to(&hangs_up).await.expect_err("it hangs up");
    assert!(matches!(error, MailError::NoAnswer { .. }) && error.may_be_repeated(), "{error}");
    let speaks_otherwise = Server::new(|mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    assert!(send_to(&speaks_otherwise).await.expect_err("it is no mail server").may_be_repeated());
}

#[tokio::test]
async fn a_server_that_hangs_is_left() {
    let (connected, seen) = tokio::sync::oneshot::channel();
    let mut connected = Some(connected);
    let mut kept = Vec::new();
    let server = Server::new(move |stream| {
        kept.push(stream);
        let _ = connected.take().map(|connected| connected.send(()));
    });
    let clock = async {
        seen.await.expect("the caller comes");
        tokio::time::pause();
        pending::<()>().await;
    };
    let error = tokio::select! {
        sent = send_to(&server) => sent.expect_err("it is late"),
        () = clock => unreachable!("the clock runs for ever"),
    };
    assert_eq!(error.to_string(), "the mail server localhost gave no answer: timed out after 60 s");
    assert!(error.may_be_repeated());
}

#[tokio::test]
async fn an_account_signs_in() {
    let (server, taken) = start(taking_all());
    let mailer = mailer(server.address.port(), Security::None, Some(("baton", "pass word")), &Roots::default());
    mailer.send(&message(), SEND_TIMEOUT).await.expect("it is taken");
    let expected = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, "\0baton\0pass word");
    assert_eq!(taken.recv().expect("it came").account, Some(expected));
}

#[tokio::test]
async fn a_wrong_password_is_not_tried_again() {
    let (server, _taken) = start(replying(|line| line.starts_with("AUTH").then_some("535 5.7.8 wrong")));
    let mailer = mailer(server.address.port(), Security::None, Some(("baton", "canary")), &Roots::default());
    let error = mailer.send(&message(), SEND_TIMEOUT).await.expect_err("it is wrong");
    assert_eq!(error.to_string(), "the mail server localhost refused the e-mail: 535 5.7.8 wrong");
    assert!(!error.may_be_repeated());
}

#[tokio::test]
async fn mail_goes_over_tls_when_it_is_to() {
    let authority = Authority::new();
    let config = authority.server(&["localhost"]);
    for security in [Security::StartTls, Security::Tls] {
        let config = Some(config.clone());
        let settings = match security {
            Security::Tls => smtp::Settings { tls: config, ..taking_all() },
            _ => smtp::Settings { starttls: config, ..taking_all() },
        };
        let (server, taken) = start(settings);
        mailer(server.address.port(), security, Some(("baton", "x")), &authority.roots())
            .send(&message(), SEND_TIMEOUT)
            .await
            .expect("it is taken");
        let taken = taken.recv().expect("it came");
        assert!(taken.over_tls && taken.account.is_some(), "{security:?}");

        // Nobody vouches for it.
        let error =
            mailer(server.address.port(), security, Some(("baton", "x")), &Authority::new().roots()).send(&message(), SEND_TIMEOUT).await;
        assert!(error.expect_err("it is not believed").to_string().contains("certificate"), "{security:?}");
    }
}

/// Whoever sits between may take the offer of TLS away.
#[tokio::test]
async fn nothing_is_sent_in_the_open_when_tls_is_wanted() {
    let (server, taken) = start(replying(|line| {
        assert!(line.is_empty() || line.starts_with("EHLO") || line == "QUIT", "{line}");
        None
    }));
    let mailer = mailer(server.address.port(), Security::StartTls, Some(("baton", "canary")), &Authority::new().roots());
    assert!(!mailer.send(&message(), SEND_TIMEOUT).await.expect_err("it offers no TLS").may_be_repeated());
    assert!(taken.try_recv().is_err());
}
