//! Takes every e-mail, as far as SMTP asks for it.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use super::{Mail, State, lock};

pub(super) fn serve(stream: TcpStream, state: &State) -> std::io::Result<()> {
    let output = stream.try_clone()?;
    talk(BufReader::new(stream), output, &mut |mail| lock(&state.received).mails.push(mail))
}

fn talk(mut input: impl BufRead, mut output: impl Write, taken: &mut dyn FnMut(Mail)) -> std::io::Result<()> {
    let mut say = |text: &str| output.write_all(format!("{text}\r\n").as_bytes());
    let mut mail = Mail { from: String::new(), to: Vec::new(), text: String::new() };
    say("220 sink")?;
    let mut line = String::new();
    while {
        line.clear();
        input.read_line(&mut line)?
    } > 0
    {
        let command = line.trim_end().to_owned();
        match command.get(..4).unwrap_or_default().to_ascii_uppercase().as_str() {
            "EHLO" => say("250-sink\r\n250-8BITMIME\r\n250 SMTPUTF8")?,
            "MAIL" => {
                mail = Mail { from: address(&command), to: Vec::new(), text: String::new() };
                say("250 yes")?;
            }
            "RCPT" => {
                mail.to.push(address(&command));
                say("250 yes")?;
            }
            "DATA" => {
                say("354 go on")?;
                // A message that is cut off was never taken.
                let Some(text) = data(&mut input)? else { return Ok(()) };
                mail.text = text;
                // Before it is answered: what is known to be delivered has been seen.
                taken(mail.clone());
                say("250 taken")?;
            }
            "QUIT" => return say("221 bye"),
            _ => say("250 yes")?,
        }
    }
    Ok(())
}

fn data(input: &mut impl BufRead) -> std::io::Result<Option<String>> {
    let mut text = String::new();
    loop {
        let mut line = Vec::new();
        if input.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&line);
        match line.strip_prefix('.') {
            Some("\r\n") => return Ok(Some(text)),
            Some(stuffed) => text.push_str(stuffed),
            None => text.push_str(&line),
        }
    }
}

/// `MAIL FROM:<ada@example.com> BODY=8BITMIME` is from ada@example.com.
fn address(command: &str) -> String {
    command.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or_else(String::new, |(address, _)| address.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_taken_whole_or_not_at_all() {
        let whole = "EHLO us\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nDATA\r\nMessage-ID: <exe_x_s4@b.c>\r\n\r\n..dot\r\n.\r\nQUIT\r\n";
        let mail = Mail { from: "a@b.c".into(), to: vec!["d@e.f".into()], text: "Message-ID: <exe_x_s4@b.c>\r\n\r\n.dot\r\n".into() };
        assert_eq!(mail.message_id(), Some("<exe_x_s4@b.c>"));
        for (said, expected) in [(whole, vec![mail]), (&whole[..whole.len() - 9], vec![])] {
            let mut taken = Vec::new();
            talk(said.as_bytes(), Vec::new(), &mut |mail| taken.push(mail)).expect("memory takes everything");
            assert_eq!(taken, expected);
        }
    }
}
