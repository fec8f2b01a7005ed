//! Every example of `docs/api.md`, in order, on a fresh server: each `sh` block is run, and the `http` block after it is
//! what it must answer. Ids and times of the document stand for those of the server.

use std::collections::HashMap;

use serde_json::{Map, Value as Json};

use super::server::{Call, PUBLIC_URL, Reply, Server, get};

struct Example {
    line: usize,
    command: String,
    answer: String,
}

fn examples() -> Vec<Example> {
    let path = format!("{}/../docs/api.md", env!("CARGO_MANIFEST_DIR"));
    let document = std::fs::read_to_string(path).expect("the guide");
    let mut blocks = Vec::new();
    let mut lines = document.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let text: Vec<&str> = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
            blocks.push((number + 1, language, text.join("\n")));
        }
    }
    let pairs = blocks.chunks(2).map(|pair| match pair {
        [(line, "sh", command), (_, "http", answer)] => Example { line: *line, command: command.clone(), answer: answer.clone() },
        other => panic!("a sh block and its http block: {other:?}"),
    });
    pairs.collect()
}

/// The words of a shell line.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    let mut characters = command.chars();
    while let Some(character) = characters.next() {
        match character {
            '\'' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            '\\' if !quoted => {
                if let Some(next) = characters.next().filter(|next| *next != '\n') {
                    word.get_or_insert_default().push(next);
                }
            }
            space if space.is_whitespace() && !quoted => words.extend(word.take()),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    words
}

/// What curl would send.
fn call(command: &str) -> Call {
    let mut words = words(command).into_iter();
    assert_eq!(words.next().as_deref(), Some("curl"), "{command}");
    let (mut method, mut call, mut query) = (None, get(""), Vec::new());
    while let Some(word) = words.next() {
        let mut value = || words.next().expect("a value");
        match word.as_str() {
            "-X" => method = Some(value()),
            "--header" => {
                let header = value();
                let (name, text) = header.split_once(": ").expect("a header");
                call = call.with(name, text);
            }
            "--data" => call.body = value().into(),
            "--data-urlencode" => {
                let parameter = value();
                let (name, text) = parameter.split_once('=').expect("a parameter");
                let encoded: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
                query.push(format!("{name}={encoded}"));
            }
            "--get" => {}
            url => call.path = url.strip_prefix(PUBLIC_URL).and_then(|path| path.strip_prefix("/api/v1")).expect(url).to_owned(),
        }
    }
    if !query.is_empty() {
        call.path.push_str(&format!("?{}", query.join("&")));
    }
    let posts = if call.body.is_empty() { "GET" } else { "POST" };
    let method = method.unwrap_or_else(|| posts.to_owned());
    Call { method: ["GET", "POST", "PUT", "DELETE"].into_iter().find(|known| *known == method).expect("a method"), ..call }
}

/// The document's ids, and the server's that they stand for.
#[derive(Clone, Default)]
struct Names(HashMap<String, String>);

impl Names {
    /// The document's text with the server's ids.
    fn meant(&self, text: &str) -> String {
        let word = |character: char| character.is_ascii_alphanumeric();
        let mut meant = String::new();
        let mut rest = text;
        while !rest.is_empty() {
            let length = rest.find(|character| !word(character)).unwrap_or(rest.len());
            let (name, more) = rest.split_at(length);
            meant.push_str(self.0.get(name).map_or(name, String::as_str));
            let gap = more.find(word).unwrap_or(more.len());
            meant.push_str(&more[..gap]);
            rest = &more[gap..];
        }
        meant
    }

    /// Whether what came is what the document says, where a new id may stand for one not seen before.
    fn fits(&mut self, said: &Json, came: &Json, key: &str) -> bool {
        match (said, came) {
            (Json::Object(said), Json::Object(came)) => self.object_fits(said, came),
            (Json::Array(said), Json::Array(came)) => {
                said.len() == came.len() && said.iter().zip(came).all(|(said, came)| self.fits(said, came, key))
            }
            (Json::String(said), Json::String(came)) => self.text_fits(said, came, key),
            (Json::Number(_), Json::Number(_)) if key == "sequence" => true,
            (said, came) => said == came,
        }
    }

    fn object_fits(&mut self, said: &Map<String, Json>, came: &Map<String, Json>) -> bool {
        said.keys().eq(came.keys()) && said.iter().all(|(key, said)| self.fits(said, &came[key], key))
    }

    fn text_fits(&mut self, said: &str, came: &str, key: &str) -> bool {
        match key {
            "id" | "role_id" | "task" | "task_id" | "action_id" | "retry_of" | "quote" => {
                self.0.entry(said.to_owned()).or_insert_with(|| came.to_owned()) == came
            }
            "at" | "timestamp" | "created_at" | "updated_at" | "started_at" | "finished_at" | "expires_at" => {
                said.len() == came.len() && came.ends_with('Z')
            }
            "request_id" => true,
            "errors" => self.meant(said) == came,
            "Task URL" => self.path_fits(said, came),
            _ => said == came,
        }
    }

    /// The last part may be an id not seen before.
    fn path_fits(&mut self, said: &str, came: &str) -> bool {
        let ((said_place, said_id), (came_place, came_id)) =
            (said.rsplit_once('/').expect("a path"), came.rsplit_once('/').expect("a path"));
        self.meant(said_place) == came_place && self.text_fits(said_id, came_id, "id")
    }

    fn answer_fits(&mut self, said: &str, came: &Reply) -> Result<(), String> {
        let (head, body) = said.split_once("\n\n").unwrap_or((said, ""));
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status");
        if came.status.as_str() != status {
            return Err(format!("status {status}"));
        }
        let (said_body, came_body) = (parsed(body), parsed(came.text()));
        if !self.fits(&said_body, &came_body, "") {
            return Err(format!("body {said_body}"));
        }
        for line in lines {
            let (name, said) = line.split_once(": ").expect("a header");
            let came = came.header(name).unwrap_or_default();
            let fits = match name {
                "Location" if !said.ends_with("/definition") => self.path_fits(said, came),
                "Link" => said.split("_cursor=").next().map(|said| self.meant(said)) == came.split("_cursor=").next().map(str::to_owned),
                _ => self.meant(said) == came,
            };
            if !fits {
                return Err(format!("{name}: {said}, not {came}"));
            }
        }
        Ok(())
    }
}

fn parsed(body: &str) -> Json {
    if body.is_empty() { Json::Null } else { serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}")) }
}

#[tokio::test]
async fn every_example_answers_as_it_is_documented() {
    let server = Server::working().await;
    let mut names = Names::default();
    names.0.insert("YOUR_API_KEY".to_owned(), server.key.clone());
    let examples = examples();
    assert!(examples.len() > 30, "{} examples", examples.len());
    for Example { line, command, answer } in examples {
        let command = names.meant(&command.replace("YOUR_API_KEY", &server.key));
        let call = call(&command);
        let wait = async {
            loop {
                let reply = server.send(call.clone()).await;
                let mut learned = names.clone();
                match learned.answer_fits(&answer, &reply) {
                    Ok(()) => return learned,
                    // An execution needs its time.
                    Err(_) if call.path.contains("/executions/") && reply.text().contains("Pending") => tokio::task::yield_now().await,
                    Err(told) => panic!("docs/api.md line {line} says {told}; it answered {} {}", reply.status, reply.text()),
                }
            }
        };
        names = tokio::time::timeout(std::time::Duration::from_secs(60), wait).await.expect("an end");
    }
}

#[test]
fn a_shell_line_is_split_like_a_shell_does() {
    assert_eq!(
        words("curl -X POST a/b \\\n  --data '{ \"a\": 1,\n }' 'c d'e \\'"),
        ["curl", "-X", "POST", "a/b", "--data", "{ \"a\": 1,\n }", "c de", "'"]
    );
}
