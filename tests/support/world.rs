//! The sandbox as a server: its answers come in their time, a newer message can change an older one's answer, and things
//! that the test plans happen when their moment comes.

use std::collections::VecDeque;

use agentline::http::{Body, Head, Method, Request};
use agentline_sandbox::agentcloud::{Asked, Carrier, poll};
use agentline_sandbox::{Faults, Options, Sandbox};
use serde_json::{Value, json};

use super::client::{AGENT, BASE, USER};
use super::drive::{Answer, End, Server};
use super::script::T0;

const SESSIONS: &str = "/api/messaging/sessions";

type Happening = Box<dyn FnOnce(&mut World)>;

/// A file that goes with a message.
pub struct File {
    pub name: &'static str,
    pub kind: &'static str,
    pub bytes: Vec<u8>,
}

/// A sandbox and its clock.
pub struct World {
    /// what goes with the messages that take files
    pub files: Vec<File>,
    sandbox: Sandbox,
    now: f64,
    /// when, and what; the next one last
    planned: Vec<(f64, Happening)>,
    key: Option<String>,
    socket: Option<Socket>,
}

/// A WebSocket that carries a connection of Agent Cloud's.
struct Socket {
    sid: String,
    texts: VecDeque<String>,
    over: bool,
}

impl World {
    pub fn new(options: Options) -> Self {
        World {
            files: Vec::new(),
            key: options.keys.first().cloned(),
            sandbox: Sandbox::new(options),
            now: T0,
            planned: Vec::new(),
            socket: None,
        }
    }

    /// Whether a socket is open.
    pub fn has_socket(&self) -> bool {
        self.socket.is_some()
    }

    /// Takes what the server has for the socket by now.
    fn take(&mut self) {
        let Some(socket) = &mut self.socket else {
            return;
        };
        let mut sockets = self.sandbox.sockets(self.now);
        let taken = sockets.take(&socket.sid, Carrier::WebSocket);
        socket.texts.extend(taken.packets);
        socket.over |= taken.over;
    }

    /// A world with one session that the client knows, and its channel.
    pub fn with_session(options: Options) -> (World, String, String) {
        let mut world = World::new(options);
        let (session, channel) = world.session(&json!({}));
        (world, session, channel)
    }

    /// A new session and its channel.
    pub fn session(&mut self, timeout: &Value) -> (String, String) {
        let body = json!({"agentId": AGENT, "userId": USER, "timeoutConfig": timeout});
        let made = self.ask("POST", SESSIONS, &body);
        let word = |name: &str| made[name].as_str().unwrap().to_owned();
        // some versions do not tell the channel of a new session
        (word("sessionId"), word("channelId"))
    }

    /// Lets something happen so many milliseconds from now, while an operation runs.
    pub fn plan(&mut self, after: f64, happening: impl FnOnce(&mut World) + 'static) {
        self.planned.push((self.now + after, Box::new(happening)));
        self.planned.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    }

    /// Lets other things go wrong from now on.
    pub fn switch(&mut self, faults: Faults) {
        self.sandbox.switch_faults(faults);
    }

    /// Asks as somebody else would, and gives the JSON of the answer.
    #[track_caller]
    pub fn ask(&mut self, method: &str, path: &str, body: &Value) -> Value {
        let key = self
            .key
            .iter()
            .map(|key| ("x-api-key".to_owned(), key.clone()));
        let json = ("content-type".to_owned(), "application/json".to_owned());
        let request = agentline_sandbox::Request {
            method: method.to_owned(),
            path_and_query: path.to_owned(),
            headers: key.chain([json]).collect(),
            body: match body {
                Value::Null => Vec::new(),
                body => body.to_string().into_bytes(),
            },
        };
        let response = self.sandbox.handle(&request, self.now);
        let text = String::from_utf8(response.bytes()).unwrap();
        assert!(response.status < 300, "{method} {path}: {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// Sends a message as somebody else would.
    pub fn say(&mut self, session: &str, content: &str, transport: &str) {
        let path = format!("{SESSIONS}/{session}/messages");
        self.ask(
            "POST",
            &path,
            &json!({"content": content, "transport": transport}),
        );
    }

    /// Writes rows into the history: their ids and stamps.
    pub fn write(&mut self, channel: &str, rows: &[(String, i64)]) {
        let row = |(id, at): &(String, i64)| json!({"id": id, "content": format!("row {id}"), "createdAt": at, "authorId": USER});
        let rows: Vec<Value> = rows.iter().map(row).collect();
        let body = json!({"channelId": channel, "rows": rows});
        self.ask("POST", "/__fixture/messages", &body);
    }
}

impl Server for World {
    fn now(&self) -> f64 {
        self.now
    }

    fn pass(&mut self, until: f64) {
        while let Some((at, happening)) = self.planned.pop_if(|(at, _)| *at <= until) {
            self.now = self.now.max(at);
            happening(self);
        }
        self.now = self.now.max(until);
    }

    fn answer(&mut self, request: &Request) -> Answer {
        let path = request.url.strip_prefix(BASE);
        let method = match request.method {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Delete => "DELETE",
        };
        let mut headers = request.headers.clone();
        let body = match &request.body {
            None => Vec::new(),
            Some(Body::Text(text)) => text.clone().into_bytes(),
            Some(Body::Multipart { fields, files }) => {
                let kind = format!("multipart/form-data; boundary={BOUNDARY}");
                headers.push(("content-type".to_owned(), kind));
                multipart(fields, files, &self.files)
            }
        };
        let request = agentline_sandbox::Request {
            method: method.to_owned(),
            path_and_query: path.unwrap_or_else(|| panic!("{}", request.url)).to_owned(),
            headers,
            body,
        };
        if request.path_and_query.starts_with("/socket.io/") {
            let mut sockets = self.sandbox.sockets(self.now);
            return timed(match sockets.ask(&request) {
                Asked::Answered(response) => response,
                Asked::Poll(sid) => poll(&sockets.take(&sid, Carrier::Polling)),
            });
        }
        timed(self.sandbox.handle(&request, self.now))
    }

    fn open(&mut self, url: &str) -> Option<f64> {
        let (_, path) = url.split_once(&BASE.replace("http", "ws"))?;
        let request = agentline_sandbox::Request {
            method: "GET".to_owned(),
            path_and_query: path.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        };
        let sid = self.sandbox.sockets(self.now).upgrade(&request).ok()?;
        self.socket = Some(Socket {
            sid,
            texts: VecDeque::new(),
            over: false,
        });
        Some(1.0)
    }

    fn said(&mut self, text: &str) {
        if let Some(socket) = &self.socket {
            let mut sockets = self.sandbox.sockets(self.now);
            sockets.receive(&socket.sid, Carrier::WebSocket, text);
        }
    }

    fn next_text(&mut self, until: f64) -> Option<(f64, Option<String>)> {
        loop {
            self.take();
            let socket = self.socket.as_mut()?;
            if let Some(text) = socket.texts.pop_front() {
                return Some((self.now, Some(text)));
            }
            if socket.over {
                self.socket = None;
                return Some((self.now, None));
            }
            let due = self.sandbox.sockets(self.now).next_at();
            let planned = self.planned.last().map(|(at, _)| *at);
            let next = [due, planned]
                .into_iter()
                .flatten()
                .fold(f64::INFINITY, f64::min);
            let next = next.max(self.now + 1.0);
            if next > until {
                return None;
            }
            self.pass(next);
        }
    }

    fn closed(&mut self) {
        if let Some(socket) = self.socket.take() {
            self.sandbox.sockets(self.now).leave(&socket.sid);
        }
    }

    fn instead(&self, turn: u64) -> Option<Answer> {
        self.sandbox.overtaken(turn).map(timed)
    }
}

const BOUNDARY: &str = "----boundary-of-the-tests";

/// A form as a platform writes it.
fn multipart(fields: &[(String, String)], part: &str, files: &[File]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields {
        let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"");
        body.extend(format!("{head}\r\n\r\n{value}\r\n").into_bytes());
    }
    for file in files {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{part}\"; filename=\"{}\"\r\nContent-Type: {}\r\n\r\n",
            file.name, file.kind
        );
        body.extend(head.into_bytes());
        body.extend(&file.bytes);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{BOUNDARY}--\r\n").into_bytes());
    body
}

fn timed(response: agentline_sandbox::Response) -> Answer {
    let header = |name: &str| response.header(name).map(str::to_owned);
    let head = response.has_head().then(|| Head {
        status: response.status,
        content_type: header("content-type"),
        location: header("location"),
        retry_after: header("retry-after"),
        request_id: header("x-request-id"),
        ..Head::default()
    });
    let pieces = response.body.iter();
    Answer {
        after: response.after_ms,
        head,
        body: pieces
            .map(|piece| (piece.after_ms, piece.bytes.clone()))
            .collect(),
        end: match response.end {
            agentline_sandbox::End::Clean => End::Clean,
            agentline_sandbox::End::Never => End::Never,
            _ => End::Broken(Some("UND_ERR_SOCKET")),
        },
        end_after: response.end_after_ms,
        turn: response.turn,
    }
}
