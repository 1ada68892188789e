//! The program: started, asked over a socket and stopped.
#![allow(dead_code, missing_docs)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

pub const SESSIONS: &str = "/api/messaging/sessions";

pub struct Server {
    child: Child,
    port: u16,
    agent: String,
}

pub fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_agentline-sandbox"))
}

fn field(json: &str, key: &str) -> String {
    let (_, rest) = json
        .split_once(&format!("\"{key}\":\""))
        .unwrap_or_else(|| panic!("{key} in {json}"));
    rest.split('"').next().unwrap().to_owned()
}

impl Server {
    pub fn start(arguments: &[&str]) -> Self {
        let mut child = program()
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert!(
            line.starts_with("{\"ready\":true,\"url\":\"http://127.0.0.1:"),
            "{line}"
        );
        let port = field(&line, "url")
            .rsplit(':')
            .next()
            .unwrap()
            .parse()
            .unwrap();
        Self {
            child,
            port,
            agent: field(&line, "agentId"),
        }
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        stream
    }

    pub fn begin(&self, method: &str, path: &str, body: &str) -> TcpStream {
        let mut stream = self.connect();
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        stream
    }

    /// Everything until the connection is closed.
    pub fn ask(&self, method: &str, path: &str, body: &str) -> String {
        let mut answer = String::new();
        self.begin(method, path, body)
            .read_to_string(&mut answer)
            .unwrap();
        answer
    }

    pub fn session(&self) -> String {
        let body = format!(
            "{{\"agentId\":\"{}\",\"userId\":\"aaaaaaaa-0000-4000-8000-000000000001\"}}",
            self.agent
        );
        field(&self.ask("POST", SESSIONS, &body), "sessionId")
    }

    pub fn send(&self, session: &str, content: &str, transport: &str) -> TcpStream {
        let body = format!("{{\"content\":\"{content}\",\"transport\":\"{transport}\"}}");
        self.begin("POST", &format!("{SESSIONS}/{session}/messages"), &body)
    }

    #[cfg(unix)]
    pub fn signal(&mut self, name: &str) -> Option<i32> {
        let sent = Command::new("kill")
            .args(["-s", name, &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
