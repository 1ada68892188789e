//! The same over a real connection: the program is asked by a client that knows nothing but bytes.

#[path = "../support/program.rs"]
mod program;

use program::{SESSIONS, Server};
use serde_json::{Value, json};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const SAID: &str = "stream 3 60 añb😀 in several pieces";
const TEAM: &str = "6b01edbd11f2e31b0c34e7e9";

/// How a connection ended.
#[derive(Debug, PartialEq, Eq)]
enum Over {
    Closed,
    Reset,
    /// It did not, for a while.
    Open,
}

/// All that came over a connection.
struct Heard {
    bytes: Vec<u8>,
    /// When each part of it came.
    times: Vec<Duration>,
    over: Over,
}

fn hear(mut stream: TcpStream, patience: Duration) -> Heard {
    stream.set_read_timeout(Some(patience)).unwrap();
    let began = Instant::now();
    let mut heard = Heard {
        bytes: Vec::new(),
        times: Vec::new(),
        over: Over::Closed,
    };
    let mut buffer = [0; 65_536];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return heard,
            Ok(count) => {
                heard.bytes.extend_from_slice(&buffer[..count]);
                heard.times.push(began.elapsed());
            }
            Err(error) => {
                heard.over = match error.kind() {
                    ErrorKind::ConnectionReset => Over::Reset,
                    ErrorKind::WouldBlock | ErrorKind::TimedOut => Over::Open,
                    other => panic!("{other:?}"),
                };
                return heard;
            }
        }
    }
}

/// An answer whose body is taken out of its chunks.
struct Answer {
    head: String,
    body: Vec<u8>,
    chunks: usize,
    /// Whether its end came, as it was announced.
    whole: bool,
}

fn answer(heard: &Heard) -> Answer {
    let blank = heard.bytes.windows(4).position(|four| four == b"\r\n\r\n");
    let at =
        blank.unwrap_or_else(|| panic!("no head: {:?}", String::from_utf8_lossy(&heard.bytes)));
    let head = String::from_utf8(heard.bytes[..at].to_vec()).unwrap();
    let mut rest = &heard.bytes[at + 4..];
    let mut answer = Answer {
        head,
        body: Vec::new(),
        chunks: 0,
        whole: false,
    };
    if let Some((_, length)) = answer.head.split_once("content-length: ") {
        let length: usize = length.lines().next().unwrap().parse().unwrap();
        answer.body = rest.to_vec();
        answer.whole = rest.len() == length;
        return answer;
    }
    assert!(
        answer.head.contains("transfer-encoding: chunked"),
        "{}",
        answer.head
    );
    while let Some(line) = rest.windows(2).position(|two| two == b"\r\n") {
        let length = std::str::from_utf8(&rest[..line]).unwrap();
        let length = usize::from_str_radix(length, 16).unwrap();
        rest = &rest[line + 2..];
        answer.whole = length == 0;
        if length == 0 {
            break;
        }
        answer.body.extend_from_slice(&rest[..length]);
        answer.chunks += 1;
        rest = &rest[length + 2..];
    }
    answer
}

fn server(rules: &Value) -> Server {
    Server::start(&["--echo", "--seed", "3", "--faults", &rules.to_string()])
}

/// A rule for messages alone, so that a session can be made.
fn on_message(mut rule: Value) -> Value {
    rule["operation"] = json!("sendMessage");
    json!([rule])
}

/// What a message over the stream is answered.
fn sent(rule: Value) -> Heard {
    let server = server(&on_message(rule));
    let session = server.session();
    hear(
        server.send(&session, SAID, "sse"),
        Duration::from_millis(900),
    )
}

fn plain() -> Answer {
    let heard = sent(json!({"fault": "bom", "chance": 0}));
    assert_eq!(heard.over, Over::Closed);
    answer(&heard)
}

fn history(server: &Server, session: &str) -> String {
    server.ask("GET", &format!("{SESSIONS}/{session}/messages"), "")
}

#[test]
fn a_refused_request_is_reset_in_every_dialect() {
    let server = server(&json!([{"fault": "refuse"}]));
    for path in [
        "/v2/sessions/x",
        &format!("/{TEAM}/sessions.json"),
        SESSIONS,
        "/socket.io/?EIO=4&transport=polling",
    ] {
        let heard = hear(server.begin("GET", path, ""), Duration::from_secs(20));
        assert_eq!((heard.over, heard.bytes.len()), (Over::Reset, 0), "{path}");
    }
}

#[test]
fn a_lost_answer_is_reset_and_its_message_is_in_the_history() {
    let server = server(&on_message(json!({"fault": "lose"})));
    let session = server.session();
    let heard = hear(
        server.send(&session, "say hello", "sse"),
        Duration::from_secs(20),
    );
    assert_eq!((heard.over, heard.bytes.len()), (Over::Reset, 0));
    assert!(history(&server, &session).contains("\"content\":\"say hello\""));
}

#[test]
fn a_hanging_request_hears_nothing_and_others_are_answered() {
    let server = server(&on_message(json!({"fault": "hang"})));
    let session = server.session();
    let heard = hear(
        server.send(&session, "say hello", "http"),
        Duration::from_millis(700),
    );
    assert_eq!((heard.over, heard.bytes.len()), (Over::Open, 0));
    assert!(history(&server, &session).contains("\"content\":\"say hello\""));
}

#[test]
fn a_stalled_answer_stays_open() {
    let heard = sent(json!({"fault": "stall", "at": 30}));
    let stalled = answer(&heard);
    assert_eq!((heard.over, stalled.whole), (Over::Open, false));
    assert_eq!(stalled.body.len(), 30);
}

#[test]
fn a_cut_answer_brings_its_bytes_and_lacks_its_end_unless_it_is_cut_cleanly() {
    for (at, clean) in [(0, false), (30, false), (0, true), (30, true)] {
        let heard = sent(json!({"fault": "cut", "at": at, "clean": clean}));
        let cut = answer(&heard);
        assert!(cut.head.starts_with("HTTP/1.1 200 OK\r\n"), "{}", cut.head);
        assert_eq!((cut.body.len(), cut.whole), (at, clean), "{at}");
        assert_eq!(heard.over, Over::Closed);
    }
    let with_length = |clean: bool| {
        let server = server(&json!([{"fault": "cut", "at": 9, "clean": clean}]));
        answer(&hear(
            server.begin("GET", SESSIONS, ""),
            Duration::from_secs(20),
        ))
    };
    assert_eq!(
        (with_length(false).body.len(), with_length(false).whole),
        (9, false)
    );
    assert_eq!(
        (with_length(true).body.len(), with_length(true).whole),
        (9, true)
    );
}

#[test]
fn a_dripping_answer_drips() {
    let heard = sent(json!({"fault": "drip", "bytes": 20, "every": 5}));
    let dripped = answer(&heard);
    let length = plain().body.len();
    assert_eq!((dripped.body.len(), dripped.whole), (length, true));
    assert_eq!(dripped.chunks, length.div_ceil(20));
    let least = Duration::from_millis(4 * u64::try_from(dripped.chunks).unwrap());
    assert!(*heard.times.last().unwrap() >= least, "{:?}", heard.times);
}

#[test]
fn what_changes_the_bytes_changes_them_on_the_wire() {
    let text = |rule| String::from_utf8(answer(&sent(rule)).body).unwrap();
    // The message's row has a stamp of its own each time.
    let chunks = |text: &str| -> Vec<String> {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        text.split("\n\n").skip(1).map(str::to_owned).collect()
    };
    let plain = String::from_utf8(plain().body).unwrap();
    assert_eq!(chunks(&plain).len(), 5, "{plain}");
    for (newline, end) in [("crlf", "\r\n"), ("cr", "\r")] {
        let changed = text(json!({"fault": "newline", "newline": newline}));
        assert_eq!(changed.matches(end).count(), plain.matches('\n').count());
        assert_eq!(chunks(&changed), chunks(&plain));
    }
    assert!(text(json!({"fault": "bom"})).starts_with("\u{feff}event: user_message\n"));
    let mut twice = chunks(&plain);
    twice.insert(1, twice[1].clone());
    assert_eq!(
        chunks(&text(json!({"fault": "duplicate", "frame": 3}))),
        twice
    );
    let mut swapped = chunks(&plain);
    swapped.swap(1, 2);
    assert_eq!(
        chunks(&text(json!({"fault": "reorder", "frame": 3}))),
        swapped
    );
}

#[test]
fn the_halves_of_a_character_come_in_chunks_of_their_own_and_apart() {
    let heard = sent(json!({"fault": "split", "pause": 40}));
    let split = answer(&heard);
    let whole = plain();
    assert_eq!(split.body.len(), whole.body.len());
    let text = String::from_utf8(split.body).unwrap();
    let wide = text.chars().filter(|c| c.len_utf8() > 1).count();
    assert_eq!(split.chunks, whole.chunks + wide);
    assert!(heard.times.len() > wide, "{:?}", heard.times);
}

#[test]
fn errors_and_pages_come_with_their_headers() {
    for (rule, line, header) in [
        (
            json!({"fault": "status", "status": 429, "retryAfter": 3}),
            "HTTP/1.1 429 Too Many Requests\r\n",
            "retry-after: 3\r\n",
        ),
        (
            json!({"fault": "status", "status": 503, "retryAfter": 3, "date": true}),
            "HTTP/1.1 503 Service Unavailable\r\n",
            " GMT\r\n",
        ),
        (
            json!({"fault": "html"}),
            "HTTP/1.1 200 OK\r\n",
            "content-type: text/html; charset=utf-8\r\n",
        ),
    ] {
        let answer = answer(&sent(rule));
        let head = format!("{}\r\n", answer.head);
        assert!(head.starts_with(line) && head.contains(header), "{head}");
        assert!(answer.whole && !answer.body.is_empty());
    }
}

#[test]
fn what_is_stored_and_when_is_as_the_rules_say() {
    let server = server(&json!([
        {"fault": "store", "answer": true, "operation": "sendMessage"},
        {"fault": "skew", "ms": -120_000, "operation": "sendMessage"},
    ]));
    let session = server.session();
    hear(
        server.send(&session, "say remembered", "sse"),
        Duration::from_secs(20),
    );
    let history = history(&server, &session);
    assert!(history.contains("\"content\":\"remembered\""), "{history}");
    let stamp = |answer: &str| {
        let (_, rest) = answer.split_once("\"createdAt\":\"").unwrap();
        rest[.."2024-01-07T08:00:00.000Z".len()].to_owned()
    };
    let session = server.ask("GET", &format!("{SESSIONS}/{session}"), "");
    assert!(stamp(&history) < stamp(&session), "{history} {session}");
}

#[test]
fn faults_are_switched_by_a_request_which_tells_the_seed() {
    let server = Server::start(&["--echo"]);
    let path = "/__fixture/faults";
    let told = |answer: &str| -> Value {
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    };
    let seed = told(&server.ask("GET", path, ""))["seed"].as_u64().unwrap();
    assert!(seed < 1 << 53);
    let rules = json!([{"fault": "status", "status": 503, "operation": "listSessions"}]);
    let switched = told(&server.ask("POST", path, &rules.to_string()));
    assert_eq!(
        (&switched["seed"], &switched["hits"]),
        (&json!(seed), &json!([0]))
    );
    assert!(server.ask("GET", SESSIONS, "").starts_with("HTTP/1.1 503"));
    assert_eq!(told(&server.ask("GET", path, ""))["hits"], json!([1]));
    let wrong = server.ask("POST", path, r#"[{"fault":"cut","at":-1}]"#);
    assert!(wrong.starts_with("HTTP/1.1 400"), "{wrong}");
    let error = told(&wrong)["error"].clone();
    assert_eq!(
        error,
        "faults[0].at wants a whole number, 0 or more, not -1"
    );
    server.ask("POST", path, "[]");
    assert!(server.ask("GET", SESSIONS, "").starts_with("HTTP/1.1 200"));
}

#[test]
fn live_messages_meet_faults_until_their_socket_is_open() {
    let poll = "/socket.io/?EIO=4&transport=polling";
    let server = server(&json!([]));
    let handshake = |rules: Value| {
        server.ask("POST", "/__fixture/faults", &rules.to_string());
        let mut stream = server.connect();
        write!(
            stream,
            "GET {poll} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
        )
        .unwrap();
        hear(stream, Duration::from_millis(700))
    };
    let plain = answer(&handshake(json!([])));
    assert!(plain.whole && plain.body.starts_with(b"0{\"sid\":"));
    let busy = json!([{"fault": "status", "status": 503, "operation": "listen"}]);
    assert!(answer(&handshake(busy)).head.starts_with("HTTP/1.1 503"));
    let cut = answer(&handshake(
        json!([{"fault": "cut", "at": 5, "operation": "listen"}]),
    ));
    assert_eq!((&*cut.body, cut.whole), (&plain.body[..5], false));
    let hung = handshake(json!([{"fault": "hang", "operation": "listen"}]));
    assert_eq!((hung.over, hung.bytes.len()), (Over::Open, 0));
}
