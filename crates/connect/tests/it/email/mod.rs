//! One message: how it is composed, and what a mail server makes of it.

mod compose;
mod markdown;
mod send;

use std::time::{Duration, SystemTime};

use baton_connect::email::Email;

const SEND_TIMEOUT: Duration = Duration::from_secs(60);
const BODY: &str = "Hello **Ada**,\n\n.\nit is [done](https://work.example/t/1).\n";

fn email() -> Email {
    Email {
        from: "Baton <baton@work.example>".to_owned(),
        to: vec!["ada@example.com".to_owned(), "Grace <grace@example.com>".to_owned()],
        cc: vec!["Zoë <zoe@example.com>".to_owned()],
        bcc: vec!["hidden@example.com".to_owned()],
        subject: "Task approved".to_owned(),
        text: BODY.to_owned(),
        markdown: BODY.to_owned(),
        message_id: "exe_1_s2@work.example".to_owned(),
        date: SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777),
    }
}
