//! Socket.IO 5 over `engine`: rooms, and the events that the webapp knows.
//!
//! In: requests below `/socket.io/`, packets, the time. Out: answers, and packets for each connection. No acknowledgement
//! is ever sent and no binary packet known. Carrying bytes, and waiting, is left to the server around the machine: it asks
//! [`Sockets::next_at`] when to look again.

use super::AgentCloud;
use super::engine::{self, Asked, Carrier, Polled, Received, Taken};
use super::ids::{is_object_id, letters};
use super::session::Live;
use crate::http::{Request, Response};
use crate::json::{self, field};
use serde_json::{Value, json};

/// The live messages of one server at one moment.
#[derive(Debug)]
pub struct Sockets<'cloud> {
    cloud: &'cloud mut AgentCloud,
    now: f64,
}

/// A Socket.IO packet.
#[derive(Debug, PartialEq)]
enum Packet {
    Connect(String),
    Disconnect,
    Event(Vec<Value>),
}

impl<'cloud> Sockets<'cloud> {
    pub(crate) fn new(cloud: &'cloud mut AgentCloud, now: f64) -> Self {
        let now = now.floor();
        cloud.pass(now);
        Self { cloud, now }
    }

    /// When something will be due; other requests can make it sooner.
    #[must_use]
    pub fn next_at(&self) -> Option<f64> {
        [
            self.cloud.sessions.next_at(),
            self.cloud.connections.next_at(),
        ]
        .into_iter()
        .flatten()
        .min_by(f64::total_cmp)
    }

    /// A request below `/socket.io/` that is no WebSocket's.
    pub fn ask(&mut self, request: &Request) -> Asked {
        match self.cloud.connections.polled(request) {
            Polled::Refused(response) => Asked::Answered(response),
            Polled::New => Asked::Poll(self.open(request, Carrier::Polling)),
            Polled::Reads(sid) => Asked::Poll(sid),
            Polled::Brings(sid, packets) => {
                for packet in &packets {
                    self.receive(&sid, Carrier::Polling, packet);
                }
                Asked::Answered(engine::taken())
            }
        }
    }

    /// A request for a WebSocket: the connection that it belongs to.
    ///
    /// # Errors
    /// What is answered instead.
    pub fn upgrade(&mut self, request: &Request) -> Result<String, Response> {
        match self.cloud.connections.upgraded(request)? {
            Some(sid) => Ok(sid),
            None => Ok(self.open(request, Carrier::WebSocket)),
        }
    }

    /// A bad token is none: the connection is anonymous.
    fn open(&mut self, request: &Request, carrier: Carrier) -> String {
        let caller = self.cloud.accounts.caller(request, self.now);
        let account = caller.ok().flatten().map(|caller| caller.account.id);
        self.cloud
            .connections
            .open(&mut self.cloud.ids, carrier, account, self.now)
    }

    /// A packet from a client.
    pub fn receive(&mut self, sid: &str, carrier: Carrier, packet: &str) {
        match self
            .cloud
            .connections
            .received(sid, carrier, packet, self.now)
        {
            Received::Message(message) => self.message(sid, &message),
            Received::Closed => self.cloud.connections.close(sid),
            Received::Nothing => {}
        }
        self.cloud.pass(self.now);
    }

    /// What may leave by this carrier.
    pub fn take(&mut self, sid: &str, carrier: Carrier) -> Taken {
        self.cloud.connections.take(sid, carrier)
    }

    /// A WebSocket is closed; with it the connection, where it carried more than a trial.
    pub fn leave(&mut self, sid: &str) {
        self.cloud.connections.leave(sid);
    }

    fn message(&mut self, sid: &str, message: &str) {
        let cloud = &mut *self.cloud;
        let Some(connection) = cloud.connections.get(sid) else {
            return;
        };
        match read(message) {
            // What the client says about itself here is not looked at.
            Some(Packet::Connect(namespace)) if namespace == "/" => {
                connection.joined_namespace = true;
                let told = json!({"sid": letters(&cloud.ids.random.number().to_string(), 20)});
                connection.tell(&format!("0{}", json::write(&told)));
            }
            Some(Packet::Connect(namespace)) => {
                let told = json!({"message": "Invalid namespace"});
                connection.tell(&format!("4{namespace},{}", json::write(&told)));
            }
            Some(Packet::Event(event)) if connection.joined_namespace => self.event(sid, &event),
            // An event before the namespace was opened, or nothing that can be read.
            Some(Packet::Disconnect | Packet::Event(_)) | None => cloud.connections.close(sid),
        }
    }

    fn event(&mut self, sid: &str, event: &[Value]) {
        let cloud = &mut *self.cloud;
        let Some(connection) = cloud.connections.get(sid) else {
            return;
        };
        let account = connection
            .account
            .as_deref()
            .and_then(|id| cloud.accounts.of_id(id))
            .cloned();
        let account = account.as_ref();
        match event {
            [Value::String(name), Value::String(room), ..] if name == "join_room" => {
                if !is_object_id(room) {
                    return;
                }
                let own_team = account.is_some_and(|account| account.team == *room);
                let session = cloud.sessions.get(room);
                if own_team || session.is_some_and(|session| session.admits(account)) {
                    connection.rooms.insert(room.clone());
                }
                // Also to those who were not let in.
                connection.tell(&event_text("joined", &json!(room)));
            }
            [Value::String(name), Value::String(room), ..] if name == "leave_room" => {
                connection.rooms.remove(room);
            }
            [Value::String(name), Value::Object(data), ..] if name == "message" => {
                cloud
                    .sessions
                    .send_live(&mut cloud.ids, data, account, self.now);
            }
            [Value::String(name), data, ..] if name == "stop_generating" => {
                let room = field(data, "room").and_then(Value::as_str);
                if let (Some(account), Some(room)) = (account, room) {
                    cloud
                        .sessions
                        .stop_live(&mut cloud.ids, &account.team, room);
                }
            }
            _ => {}
        }
    }
}

impl AgentCloud {
    /// Lets everything happen that was to happen until now, and tells whoever listens.
    pub(super) fn pass(&mut self, now: f64) {
        self.sessions.advance(&mut self.ids, now);
        for Live { room, event, data } in std::mem::take(&mut self.sessions.live) {
            let text = event_text(&event, &data);
            for connection in self.connections.in_room(&room) {
                connection.tell(&text);
            }
        }
        self.connections.advance(now);
    }
}

fn event_text(name: &str, data: &Value) -> String {
    format!("2{}", json::write(&json!([name, data])))
}

/// Type, namespace, id of an acknowledgement, JSON.
fn read(text: &str) -> Option<Packet> {
    let kind = text.chars().next()?;
    let rest = text.get(kind.len_utf8()..)?;
    let (namespace, rest) = if rest.starts_with('/') {
        let (namespace, rest) = rest.split_once(',').unwrap_or((rest, ""));
        // A query is no part of the name.
        (namespace.split('?').next().unwrap_or(namespace), rest)
    } else {
        ("/", rest)
    };
    let data = rest.trim_start_matches(|letter: char| letter.is_ascii_digit());
    match kind {
        '0' => Some(Packet::Connect(namespace.to_owned())),
        '1' => Some(Packet::Disconnect),
        '2' if namespace == "/" => match json::read(data.as_bytes()) {
            Ok(Value::Array(event)) if event.first().is_some_and(Value::is_string) => {
                Some(Packet::Event(event))
            }
            _ => None,
        },
        _ => None,
    }
}
