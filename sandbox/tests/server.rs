//! The machine as a real HTTP server: the program is started, asked over a socket and stopped.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "support/program.rs"]
mod program;

use program::{SESSIONS, Server, program};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Output;
use std::time::{Duration, Instant};

#[test]
fn a_stream_comes_in_chunks_at_its_times_and_ends_cleanly() {
    let server = Server::start(&["--echo"]);
    let session = server.session();
    let mut stream = server.send(
        &session,
        "stream 3 150 some words and some more of them",
        "sse",
    );
    let began = Instant::now();
    let mut buffer = [0; 65_536];
    let mut text = String::new();
    let mut arrivals = Vec::new();
    loop {
        let count = stream.read(&mut buffer).unwrap();
        if count == 0 {
            break;
        }
        arrivals.push(began.elapsed());
        text.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
    }
    assert!(
        text.starts_with("HTTP/1.1 200 OK\r\n")
            && text.contains("content-type: text/event-stream\r\n"),
        "{text}"
    );
    assert!(
        text.contains("event: done\n") && text.ends_with("0\r\n\r\n"),
        "{text}"
    );
    assert!(
        arrivals.len() >= 4 && arrivals[0] < Duration::from_millis(150),
        "{arrivals:?}"
    );
    assert!(
        *arrivals.last().unwrap() >= Duration::from_millis(440),
        "{arrivals:?}"
    );
}

#[test]
fn a_cut_stream_lacks_its_final_chunk_and_a_silent_answer_never_begins() {
    let server = Server::start(&["--echo", "--idle-limit", "1500"]);
    let (cut, hung) = (server.session(), server.session());
    let mut silent = server.send(&hung, "wait 40000 late", "http");
    let mut answer = String::new();
    server
        .send(
            &cut,
            "cutwait 40000 half of this arrives and the rest of it does not",
            "sse",
        )
        .read_to_string(&mut answer)
        .unwrap();
    assert!(
        answer.contains("event: chunk\n") && !answer.contains("event: done\n"),
        "{answer}"
    );
    assert!(!answer.ends_with("0\r\n\r\n"), "{answer}");
    answer.clear();
    silent.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "");
}

#[test]
fn an_overtaken_answer_is_null_and_the_newer_one_is_not() {
    let server = Server::start(&["--echo"]);
    let session = server.session();
    let mut first = server.send(&session, "wait 600 one", "http");
    std::thread::sleep(Duration::from_millis(150));
    let (mut one, mut two) = (String::new(), String::new());
    server
        .send(&session, "say two", "http")
        .read_to_string(&mut two)
        .unwrap();
    first.read_to_string(&mut one).unwrap();
    assert!(one.contains("\"agentResponse\":null"), "{one}");
    assert!(two.contains("\"text\":\"two\""), "{two}");
}

#[test]
fn files_are_served_uncached_with_their_types_beside_the_machine() {
    let folder = std::env::temp_dir().join(format!("agentline-sandbox-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("pkg")).unwrap();
    std::fs::write(folder.join("index.html"), "<p>hello").unwrap();
    std::fs::write(folder.join("pkg/a.wasm"), b"\0asm").unwrap();
    let root = format!("/={}", folder.display());
    let package = format!("/package={}", folder.join("pkg").display());
    let server = Server::start(&["--files", &root, "--files", &package, "--key", "k"]);
    let page = server.ask("GET", "/", "");
    assert!(
        page.contains("content-type: text/html") && page.contains("cache-control: no-store"),
        "{page}"
    );
    for path in ["/pkg/a.wasm", "/package/a.wasm"] {
        let module = server.ask("GET", path, "");
        assert!(
            module.contains("content-type: application/wasm") && module.ends_with("\0asm"),
            "{path}: {module}"
        );
    }
    assert!(
        server
            .ask("GET", "/../Cargo.toml", "")
            .starts_with("HTTP/1.1 4")
    );
    assert!(server.ask("GET", SESSIONS, "").starts_with("HTTP/1.1 401"));
    assert!(
        server
            .ask("GET", "/healthz", "")
            .starts_with("HTTP/1.1 200")
    );
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_body_that_is_far_too_large_is_refused_as_the_server_refuses_it() {
    let server = Server::start(&[]);
    let answer = server.ask("POST", SESSIONS, &format!("[{}1]", "1,".repeat(1_500_000)));
    assert!(
        answer.starts_with("HTTP/1.1 500") && answer.contains("request entity too large"),
        "{answer}"
    );
}

#[cfg(unix)]
#[test]
fn both_signals_stop_it_at_once_though_a_stream_is_open() {
    for name in ["INT", "TERM"] {
        let mut server = Server::start(&["--echo"]);
        let session = server.session();
        let mut open = server.send(&session, "stream 3 20000 never to be heard", "sse");
        let mut buffer = [0; 4096];
        assert!(open.read(&mut buffer).unwrap() > 0);
        let began = Instant::now();
        assert_eq!(server.signal(name), Some(0), "{name}");
        // long before the stream says its next word, also on a busy machine
        assert!(
            began.elapsed() < Duration::from_secs(15),
            "{name}: {:?}",
            began.elapsed()
        );
    }
}

fn refused(arguments: &[&str]) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = program().args(arguments).output().unwrap();
    assert_eq!((status.code(), stdout.len()), (Some(1), 0), "{arguments:?}");
    String::from_utf8(stderr).unwrap()
}

#[test]
fn what_is_wrong_is_said_in_one_line() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let said = refused(&["--port", &port]);
    assert!(
        said.starts_with(&format!(
            "agentline-sandbox: cannot listen on 127.0.0.1:{port}: "
        )),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1);
    assert_eq!(
        refused(&["--port", "x"]),
        "agentline-sandbox: --port wants a number, not \"x\"\n"
    );
}

#[test]
fn without_a_seed_a_new_start_gives_new_ids_and_with_one_the_same() {
    let id = |arguments: &[&str]| Server::start(arguments).session();
    assert_ne!(id(&[]), id(&[]));
    assert_eq!(id(&["--seed", "7"]), id(&["--seed", "7"]));
}

#[test]
fn what_agent_cloud_never_answers_stays_open_and_other_requests_go_on() {
    let ask = |server: &Server| {
        let mut stream = server.connect();
        write!(
            stream,
            "GET /6b01edbd11f2e31b0c34e7e9/sessions.json?before=zz HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer agentcloud-sandbox-key\r\n\r\n"
        )
        .unwrap();
        stream
    };
    let server = Server::start(&[]);
    let mut open = ask(&server);
    open.set_read_timeout(Some(Duration::from_millis(700)))
        .unwrap();
    let silence = open.read(&mut [0]).unwrap_err().kind();
    assert!(
        [std::io::ErrorKind::WouldBlock, std::io::ErrorKind::TimedOut].contains(&silence),
        "{silence:?}"
    );
    assert!(server.ask("GET", "/login", "").starts_with("HTTP/1.1 200"));
    let server = Server::start(&["--agentcloud", "hang=no"]);
    let mut answer = String::new();
    ask(&server).read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 500"), "{answer}");
}
