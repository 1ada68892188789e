//! Engine.IO 4: connections over long polling and over WebSocket, what is queued for them, and when they die.
//!
//! In: the heads of requests, packets, the time. Out: which connection a request means or what is wrong with it, and the
//! packets that may leave. What a message packet says is left to `socket`.

use super::express::{header, parameter};
use super::ids::{Ids, letters};
use crate::http::{End, Piece, Request, Response};
use crate::json;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

const PING_INTERVAL: f64 = 25_000.0;
const PING_TIMEOUT: f64 = 20_000.0;
const CONNECT_TIMEOUT: f64 = 45_000.0;
/// Bytes of one body or one WebSocket message.
pub const MOST_PAYLOAD: usize = 1_000_000;
/// What stands between the packets of one body.
const SEPARATOR: char = '\u{1e}';

/// How packets travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// By requests.
    Polling,
    /// By a WebSocket.
    WebSocket,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Connection {
    /// Who opened it: what the first request's headers said, and nothing later.
    pub account: Option<String>,
    /// Whether the client has opened the namespace `/`.
    pub joined_namespace: bool,
    pub rooms: BTreeSet<String>,
    carrier: Carrier,
    /// A WebSocket is being tried out while polling goes on.
    probing: bool,
    ready: Vec<String>,
    probe_answers: Vec<String>,
    opened_at: f64,
    ping_at: f64,
    pong_by: Option<f64>,
}

impl Connection {
    /// Queues a message packet.
    pub fn tell(&mut self, message: &str) {
        self.ready.push(format!("4{message}"));
    }

    /// When it wants to be looked at next.
    fn next_at(&self) -> f64 {
        let connects_by = if self.joined_namespace {
            f64::INFINITY
        } else {
            self.opened_at + CONNECT_TIMEOUT
        };
        self.pong_by.unwrap_or(self.ping_at).min(connects_by)
    }
}

/// What waits for a carrier.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// Packets, in order.
    pub packets: Vec<String>,
    /// The connection is no more.
    pub over: bool,
}

/// What a request below `/socket.io/` comes to.
#[derive(Debug, Clone, PartialEq)]
pub enum Asked {
    /// It is answered.
    Answered(Response),
    /// It waits until [`Sockets::take`](super::Sockets::take) has something for this connection.
    Poll(String),
}

/// What such a request is.
#[derive(Debug)]
pub(super) enum Polled {
    Refused(Response),
    /// It opens a connection.
    New,
    /// It waits for packets of this connection.
    Reads(String),
    /// It brings packets of this connection.
    Brings(String, Vec<String>),
}

/// What a client's packet asks of the layer above.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Received {
    Message(String),
    /// The connection is over.
    Closed,
    Nothing,
}

/// All connections.
#[derive(Debug, Default)]
pub(super) struct Connections {
    open: BTreeMap<String, Connection>,
}

impl Connections {
    pub fn get(&mut self, sid: &str) -> Option<&mut Connection> {
        self.open.get_mut(sid)
    }

    pub fn close(&mut self, sid: &str) {
        self.open.remove(sid);
    }

    pub fn leave(&mut self, sid: &str) {
        self.open
            .retain(|other, connection| other != sid || connection.carrier == Carrier::Polling);
    }

    /// Everybody in a room.
    pub fn in_room(&mut self, room: &str) -> impl Iterator<Item = &mut Connection> {
        self.open
            .values_mut()
            .filter(move |connection| connection.rooms.contains(room))
    }

    pub fn open(
        &mut self,
        ids: &mut Ids,
        carrier: Carrier,
        account: Option<String>,
        now: f64,
    ) -> String {
        let sid = letters(&ids.random.number().to_string(), 20);
        let upgrades = match carrier {
            Carrier::Polling => json!(["websocket"]),
            Carrier::WebSocket => json!([]),
        };
        let hello = json!({
            "sid": sid,
            "upgrades": upgrades,
            "pingInterval": json::number(PING_INTERVAL),
            "pingTimeout": json::number(PING_TIMEOUT),
            "maxPayload": MOST_PAYLOAD,
        });
        let connection = Connection {
            account,
            joined_namespace: false,
            rooms: BTreeSet::new(),
            carrier,
            probing: false,
            ready: vec![format!("0{}", json::write(&hello))],
            probe_answers: Vec::new(),
            opened_at: now,
            ping_at: now + PING_INTERVAL,
            pong_by: None,
        };
        self.open.insert(sid.clone(), connection);
        sid
    }

    /// A request that is no WebSocket's.
    pub fn polled(&self, request: &Request) -> Polled {
        let query = request.query();
        let sid = parameter(query, "sid").filter(|sid| !sid.is_empty());
        let refused = |code| Polled::Refused(refusal(code));
        match parameter(query, "transport").as_deref() {
            Some("polling") => {}
            // A WebSocket that is not one.
            Some("websocket") => return refused(3),
            _ => return refused(0),
        }
        let Some(sid) = sid else {
            return match (request.method.as_str(), parameter(query, "EIO").as_deref()) {
                ("GET", Some("4")) => Polled::New,
                ("GET", _) => refused(5),
                _ => refused(2),
            };
        };
        match self.open.get(&sid) {
            None => return refused(1),
            Some(connection) if connection.carrier != Carrier::Polling => return refused(3),
            Some(_) => {}
        }
        match request.method.as_str() {
            "GET" => Polled::Reads(sid),
            "POST" if request.body.len() > MOST_PAYLOAD => {
                Polled::Refused(whole(413, "text/html", ""))
            }
            "POST" => {
                let text = String::from_utf8_lossy(&request.body);
                let packets = text.split(SEPARATOR).map(str::to_owned).collect();
                Polled::Brings(sid, packets)
            }
            _ => refused(3),
        }
    }

    /// A request for a WebSocket: the connection that it would carry from now on, or `None` for a new one.
    pub fn upgraded(&self, request: &Request) -> Result<Option<String>, Response> {
        let query = request.query();
        if parameter(query, "transport").as_deref() != Some("websocket") {
            return Err(refusal(0));
        }
        match parameter(query, "sid").filter(|sid| !sid.is_empty()) {
            Some(sid) => match self.open.get(&sid) {
                Some(connection) if connection.carrier == Carrier::Polling => Ok(Some(sid)),
                Some(_) => Err(refusal(3)),
                None => Err(refusal(1)),
            },
            None if parameter(query, "EIO").as_deref() == Some("4") => Ok(None),
            None => Err(refusal(5)),
        }
    }

    /// A packet that came.
    pub fn received(&mut self, sid: &str, carrier: Carrier, packet: &str, now: f64) -> Received {
        let Some(connection) = self.open.get_mut(sid) else {
            return Received::Closed;
        };
        if connection.carrier != carrier {
            // Only the trial speaks on the other carrier.
            match packet {
                "2probe" => {
                    connection.probing = true;
                    connection.probe_answers.push("3probe".into());
                }
                "5" if connection.probing => {
                    connection.probing = false;
                    connection.carrier = Carrier::WebSocket;
                }
                _ => {}
            }
            return Received::Nothing;
        }
        let mut letters = packet.chars();
        match letters.next() {
            Some('1') => Received::Closed,
            Some('3') => {
                connection.pong_by = None;
                connection.ping_at = now + PING_INTERVAL;
                Received::Nothing
            }
            Some('4') => Received::Message(letters.as_str().to_owned()),
            Some('2' | '5' | '6') => Received::Nothing,
            _ => Received::Closed,
        }
    }

    /// What may leave by this carrier now.
    pub fn take(&mut self, sid: &str, carrier: Carrier) -> Taken {
        let Some(connection) = self.open.get_mut(sid) else {
            return Taken {
                packets: Vec::new(),
                over: true,
            };
        };
        let packets = match (carrier, connection.carrier) {
            (Carrier::WebSocket, Carrier::Polling) => std::mem::take(&mut connection.probe_answers),
            // The poll that was open when the WebSocket took over.
            (Carrier::Polling, Carrier::WebSocket) => vec!["6".into()],
            _ => {
                let ready = std::mem::take(&mut connection.ready);
                // A poll is let go, so that the client can leave it.
                if ready.is_empty() && connection.probing && carrier == Carrier::Polling {
                    vec!["6".into()]
                } else {
                    ready
                }
            }
        };
        Taken {
            packets,
            over: false,
        }
    }

    pub fn next_at(&self) -> Option<f64> {
        self.open
            .values()
            .map(Connection::next_at)
            .min_by(f64::total_cmp)
    }

    /// Sends pings, and drops who did not answer one or never opened the namespace.
    pub fn advance(&mut self, now: f64) {
        self.open.retain(|_, connection| {
            let late =
                !connection.joined_namespace && connection.opened_at + CONNECT_TIMEOUT <= now;
            let silent = connection.pong_by.is_some_and(|by| by <= now);
            if connection.pong_by.is_none() && connection.ping_at <= now {
                connection.ready.push("2".into());
                connection.pong_by = Some(now + PING_TIMEOUT);
            }
            !late && !silent
        });
    }
}

/// The answer to a poll.
#[must_use]
pub fn poll(taken: &Taken) -> Response {
    if taken.over {
        return refusal(1);
    }
    let text = taken.packets.join(&SEPARATOR.to_string());
    whole(200, "text/plain; charset=UTF-8", &text)
}

/// The answer to a request that brought packets.
pub(super) fn taken() -> Response {
    whole(200, "text/html", "ok")
}

fn refusal(code: u8) -> Response {
    let message = match code {
        0 => "Transport unknown",
        1 => "Session ID unknown",
        2 => "Bad handshake method",
        5 => "Unsupported protocol version",
        _ => "Bad request",
    };
    let text = json::write(&json!({"code": code, "message": message}));
    whole(400, "application/json", &text)
}

fn whole(status: u16, kind: &str, text: &str) -> Response {
    let body = if text.is_empty() {
        Vec::new()
    } else {
        vec![Piece {
            after_ms: 0.0,
            bytes: text.as_bytes().to_vec(),
        }]
    };
    Response {
        status,
        headers: vec![
            header("content-type", kind),
            header("content-length", &text.len().to_string()),
        ],
        after_ms: 0.0,
        body,
        end: End::Clean,
        end_after_ms: 0.0,
        turn: None,
    }
}
