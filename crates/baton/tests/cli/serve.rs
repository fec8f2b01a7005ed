use std::io::{BufRead, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::process::Stdio;

use serde_json::json;

use crate::site::{PATIENCE, Site, connect, mode, request, until};

#[test]
fn the_first_start_says_how_to_begin() {
    let site = Site::new();
    let mut server = site.serve(&[]);
    let mut line = String::new();
    server.out.read_line(&mut line).expect("output is UTF-8");
    assert!(line.starts_with("There is no workspace yet. Make one by: baton init --workspace NAME --admin-email "), "{line}");
    assert_eq!(server.get("/healthz", "").status, 200);
    assert_eq!(server.get("/readyz", "").status, 200);
}

#[test]
fn commands_talk_to_the_server_that_has_the_folder() {
    let (site, made) = Site::with_workspace();
    let server = site.serve(&[]);
    let socket = site.data().join("admin.sock");
    assert_eq!(mode(&socket), 0o600);
    let workflow = site.apply_reviews();
    let key = made["api_key"].as_str().expect("a key");
    let listed = server.get("/api/v1/workflows", key);
    assert_eq!(listed.json(), json!([{ "id": workflow, "name": "Reviews" }]));
    assert_eq!(server.stop(), Some(0));
    assert!(!socket.exists(), "the socket is left behind");
}

#[test]
fn a_second_server_is_refused() {
    let (site, _) = Site::with_workspace();
    let server = site.serve(&[]);
    let said = site.refused(&["serve", "--listen", "127.0.0.1:0"]);
    let last = said.lines().last().unwrap_or_default();
    let told = format!("error: another baton (pid {}) uses ./baton-data: stop it, or use another folder", server.child.id());
    assert_eq!(last, told);

    let other = site.refused(&["serve", "--data", "other", "--listen", &server.address]);
    let last = other.lines().last().unwrap_or_default();
    assert!(last.starts_with(&format!("error: {} can't be listened on: ", server.address)), "{last}");
    assert_eq!(server.get("/readyz", "").status, 200);
}

#[test]
fn a_killed_server_leaves_nothing_in_the_way() {
    let (site, _) = Site::with_workspace();
    let node = || std::fs::read_to_string(site.data().join("node-id")).expect("it is there");
    site.serve(&[]).kill();
    let first = node();
    assert!(site.data().join("admin.sock").exists(), "a killed server removes nothing");
    site.ok(&["user", "list"]);
    let server = site.serve(&[]);
    site.ok(&["user", "list"]);
    assert_eq!(node(), first);
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn commands_and_a_starting_server_wait_for_each_other() {
    let (site, _) = Site::with_workspace();
    for _ in 0..5 {
        let mut command = site.command(&["serve", "--listen", "127.0.0.1:0", "--log-level", "off"]);
        let mut server = command.stdout(Stdio::null()).spawn().expect("it starts");
        for _ in 0..5 {
            site.ok(&["user", "list"]);
        }
        assert_eq!(server.try_wait().expect("it is our child"), None, "the server is gone");
        server.kill().expect("it is our child");
        server.wait().expect("it is our child");
    }
}

#[test]
fn a_stop_lets_requests_end_and_closes_what_is_idle() {
    let (site, made) = Site::with_workspace();
    let workflow = site.apply_reviews();
    let server = site.serve(&[]);
    let key = made["api_key"].as_str().expect("a key");

    // A request of which only the head has come, and a connection on which nothing is asked.
    let idle = connect(&server.address);
    let body = "{\"ID\":\"1\",\"Title\":\"Late\"}";
    let mut late = connect(&server.address);
    let head = format!(
        "POST /api/v1/workflows/{workflow}/tasks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\
        Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    late.write_all(head.as_bytes()).expect("the server reads");
    // It says when it has begun to read the body.
    let mut begun = [0; 25];
    late.read_exact(&mut begun).expect("the server answers");
    assert_eq!(&begun, b"HTTP/1.1 100 Continue\r\n\r\n");

    let (address, mut child) = (server.address.clone(), server);
    crate::site::send_signal(&child.child, "-TERM");
    let mut nothing = String::new();
    (&idle).read_to_string(&mut nothing).expect("the server closes it");
    assert_eq!(nothing, "");
    late.write_all(body.as_bytes()).expect("the server still reads");
    let mut answer = String::new();
    late.read_to_string(&mut answer).expect("the server answers");
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    assert_eq!(child.child.wait().expect("it is our child").code(), Some(0));
    assert!(TcpStream::connect(&address).is_err(), "it still listens");

    let server = site.serve(&[]);
    assert_eq!(server.get(&format!("/api/v1/workflows/{workflow}/tasks/1"), key).status, 200);
}

#[test]
fn a_second_signal_cuts_off_what_still_runs() {
    let (site, made) = Site::with_workspace();
    let server = site.serve(&[]);
    let key = made["api_key"].as_str().expect("a key");
    let mut late = connect(&server.address);
    let head = format!(
        "POST /api/v1/workflows HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\
        Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    );
    late.write_all(head.as_bytes()).expect("the server reads");
    late.read_exact(&mut [0; 25]).expect("the server answers");

    let mut server = server;
    crate::site::send_signal(&server.child, "-TERM");
    until(|| site.log().contains("stopping"));
    assert_eq!(server.child.try_wait().expect("it is our child"), None, "nobody waits for the request");
    crate::site::send_signal(&server.child, "-TERM");
    assert_eq!(server.child.wait().expect("it is our child").code(), Some(0));
    assert!(site.log().contains("told to stop again"), "{}", site.log());
}

#[test]
fn a_stop_lets_a_command_have_its_answer() {
    let (site, _) = Site::with_workspace();
    let mut server = site.serve(&["--log-level", "debug"]);
    let mut socket = UnixStream::connect(site.data().join("admin.sock")).expect("it is there");
    socket.set_read_timeout(Some(PATIENCE)).expect("it is not zero");
    let request = json!({ "database_url": null, "request": { "Init": {
        "name": "Late", "admin_email": "ada@example.com", "admin_password": null, "time_zone": "UTC" } } });
    let request = request.to_string();
    socket.write_all(&request.as_bytes()[..10]).expect("the server reads");
    // Connections are accepted in their order.
    site.ok(&["user", "list"]);
    crate::site::send_signal(&server.child, "-TERM");
    until(|| !site.data().join("admin.sock").exists());
    socket.write_all(&request.as_bytes()[10..]).expect("the server still reads");
    socket.shutdown(std::net::Shutdown::Write).expect("it is open");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("the server answers");
    assert!(answer.contains("\"api_key\":\"bat_"), "{answer}");
    assert_eq!(server.child.wait().expect("it is our child").code(), Some(0));
}

#[test]
fn one_connection_more_than_the_setting_waits_for_another_to_end() {
    let (site, _) = Site::with_workspace();
    let server = site.serve(&["--limits-connections", "1"]);
    let ask = |stream: &mut TcpStream| stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").expect("the system takes it");
    let answered = |stream: &mut TcpStream| {
        let (mut answer, mut byte) = (Vec::new(), [0]);
        while !answer.ends_with(b"}") {
            stream.read_exact(&mut byte).expect("the server answers");
            answer.push(byte[0]);
        }
    };
    let mut first = connect(&server.address);
    ask(&mut first);
    answered(&mut first);
    let mut second = connect(&server.address);
    ask(&mut second);
    // Were the second served, it would have an answer by the time that the first has so many.
    for _ in 0..200 {
        ask(&mut first);
        answered(&mut first);
    }
    second.set_nonblocking(true).expect("it is open");
    assert_eq!(second.read(&mut [0]).map_err(|error| error.kind()), Err(std::io::ErrorKind::WouldBlock));
    drop(first);
    second.set_nonblocking(false).expect("it is open");
    answered(&mut second);
}

#[test]
fn the_address_of_links_follows_from_the_settings() {
    let (site, made) = Site::with_workspace();
    let workflow = site.apply_reviews();
    let key = made["api_key"].as_str().expect("a key");
    for (number, (arguments, begins)) in
        [(vec![], None), (vec!["--public-url", "https://work.example/"], Some("https://work.example/"))].iter().enumerate()
    {
        let server = site.serve(arguments);
        let body = json!({ "ID": number.to_string(), "Title": "x" }).to_string();
        let created = request(&server.address, "POST", &format!("/api/v1/workflows/{workflow}/tasks"), key, &body);
        let expected = begins.map_or(format!("http://{}/", server.address), str::to_owned);
        let url = created.json()["Task URL"].as_str().expect("a URL").to_owned();
        assert!(url.starts_with(&format!("{expected}workflows/{workflow}/tasks/")), "{url}");
    }
}

#[test]
fn a_body_larger_than_the_setting_is_refused() {
    let (site, made) = Site::with_workspace();
    let workflow = site.apply_reviews();
    let server = site.serve(&["--limits-body-mib", "1"]);
    let key = made["api_key"].as_str().expect("a key");
    let path = format!("/api/v1/workflows/{workflow}/tasks");
    let mut stream = connect(&server.address);
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n\
        Expect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        1024 * 1024 + 1
    );
    stream.write_all(head.as_bytes()).expect("the server reads");
    let mut status = [0; 12];
    stream.read_exact(&mut status).expect("the server answers");
    assert_eq!(&status, b"HTTP/1.1 413");
}

#[test]
fn a_key_may_ask_as_often_as_the_operator_says() {
    let (site, made) = Site::with_workspace();
    let server = site.serve(&["--limits-rate-per-minute", "2"]);
    let asked: Vec<u16> = (0..3).map(|_| server.get("/api/v1/workspace", made["api_key"].as_str().expect("a key")).status).collect();
    assert_eq!(asked, [200, 200, 429]);
}
