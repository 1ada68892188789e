//! One connection to a Socket.IO server over one WebSocket: what the server says goes in, what happened and what to say
//! back come out. It opens nothing, waits for nothing and knows no clock.
//!
//! A browser can put no header on a WebSocket, and this server knows a client by the headers of its first request. So the
//! connection begins with a request of polling, which carries the key as any other does, and is carried on over the
//! WebSocket without it: the server keeps the client's identity. That is one way for all runtimes.

mod packet;

use crate::http::percent_encoded;
use packet::Packet;
pub use packet::{Event, Unreadable};

/// The answer to the first request may hold several packets.
const SEPARATOR: char = '\u{1E}';

/// The query of the request with which a connection begins.
pub const HANDSHAKE: &str = "EIO=4&transport=polling";

/// A connection.
#[derive(Clone, Debug)]
pub struct Connection {
    terms: packet::Terms,
    stage: Stage,
    /// what to say next
    saying: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// whether the WebSocket carries is not known
    Probing,
    /// the WebSocket carries; the namespace is not entered
    Entering,
    /// events come
    Open,
}

/// What a text of the server means.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard<'a> {
    /// nothing for whoever listens
    Nothing,
    /// from now on events come, and may be told
    Open,
    /// the server told something
    Event(Event<'a>),
    /// the server ends the connection
    Over,
}

impl Connection {
    /// A connection that begins with this answer to the handshake.
    pub fn new(answer: &str) -> Result<Self, Unreadable> {
        let first = answer.split(SEPARATOR).next().unwrap_or_default();
        match packet::read(first)? {
            Packet::Open(terms) if terms.websocket => Ok(Connection {
                terms,
                stage: Stage::Probing,
                saying: vec![packet::PROBE.to_owned()],
            }),
            _ => Err(Unreadable),
        }
    }

    /// The query with which the WebSocket is opened.
    pub fn query(&self) -> String {
        let sid = percent_encoded(&self.terms.sid);
        format!("EIO=4&transport=websocket&sid={sid}")
    }

    /// After how many milliseconds of silence the server is gone.
    pub fn silence(&self) -> f64 {
        self.terms.ping_interval + self.terms.ping_timeout
    }

    /// What to say next, if anything.
    pub fn say(&mut self) -> Option<String> {
        (!self.saying.is_empty()).then(|| self.saying.remove(0))
    }

    /// Tells the server something: `data` is JSON text.
    pub fn tell(&mut self, name: &str, data: &str) {
        self.saying.push(packet::event(name, data));
    }

    /// Takes one text of the server.
    pub fn hear<'a>(&mut self, text: &'a str) -> Result<Heard<'a>, Unreadable> {
        match (packet::read(text)?, self.stage) {
            (Packet::Pong("probe"), Stage::Probing) => {
                self.stage = Stage::Entering;
                self.saying.push(packet::UPGRADE.to_owned());
                self.saying.push(packet::CONNECT.to_owned());
                Ok(Heard::Nothing)
            }
            (Packet::Connected, Stage::Entering) => {
                self.stage = Stage::Open;
                Ok(Heard::Open)
            }
            (Packet::Event(event), Stage::Open) => Ok(Heard::Event(event)),
            (Packet::Ping(payload), _) => {
                self.saying.push(packet::pong(payload));
                Ok(Heard::Nothing)
            }
            (Packet::Close | Packet::Refused, _) => Ok(Heard::Over),
            (Packet::Nothing | Packet::Pong(_), _) => Ok(Heard::Nothing),
            (Packet::Open(_) | Packet::Connected | Packet::Event(_), _) => Err(Unreadable),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: &str = "0{\"sid\":\"v4ivGd1Z9qMb-M4LAAAn\",\"upgrades\":[\"websocket\"],\"pingInterval\":25000,\"pingTimeout\":20000,\"maxPayload\":1000000}";

    fn said(connection: &mut Connection) -> Vec<String> {
        std::iter::from_fn(|| connection.say()).collect()
    }

    #[test]
    fn a_connection_begun_by_polling_is_carried_on_over_the_websocket() {
        let mut connection = Connection::new(OPEN).unwrap();
        assert_eq!(
            connection.query(),
            "EIO=4&transport=websocket&sid=v4ivGd1Z9qMb-M4LAAAn"
        );
        assert_eq!(connection.silence(), 45_000.0);
        assert_eq!(said(&mut connection), ["2probe"]);
        assert_eq!(connection.hear("3probe"), Ok(Heard::Nothing));
        assert_eq!(said(&mut connection), ["5", "40"]);
        assert_eq!(connection.hear("40{\"sid\":\"x\"}"), Ok(Heard::Open));
        connection.tell("join_room", "\"room\"");
        assert_eq!(said(&mut connection), ["42[\"join_room\",\"room\"]"]);
        assert_eq!(connection.hear("2"), Ok(Heard::Nothing));
        assert_eq!(said(&mut connection), ["3"]);
        let heard = connection.hear("42[\"terminate\",true]");
        assert!(matches!(heard, Ok(Heard::Event(event)) if event.name == "terminate"));
        assert_eq!(connection.hear("1"), Ok(Heard::Over));
    }

    #[test]
    fn a_handshake_that_offers_no_websocket_begins_nothing() {
        let without = OPEN.replace("[\"websocket\"]", "[]");
        for answer in [without.as_str(), "", "2", "<!doctype html>", "\u{1E}"] {
            assert_eq!(Connection::new(answer).unwrap_err(), Unreadable, "{answer}");
        }
        assert!(Connection::new(&format!("{OPEN}\u{1E}40")).is_ok());
    }

    #[test]
    fn an_id_of_a_connection_stays_inside_its_query() {
        let evil = OPEN.replace("v4ivGd1Z9qMb-M4LAAAn", "a&b#c d");
        let query = Connection::new(&evil).unwrap().query();
        assert_eq!(query, "EIO=4&transport=websocket&sid=a%26b%23c%20d");
    }

    #[test]
    fn nothing_is_heard_before_its_time() {
        for early in ["42[\"message\",{}]", "40", OPEN] {
            let mut connection = Connection::new(OPEN).unwrap();
            assert_eq!(connection.hear(early), Err(Unreadable), "{early}");
        }
    }

    #[test]
    fn any_texts_in_any_order_are_heard_or_refused() {
        let texts =
            proptest::collection::vec("[0-6](probe|[0-6]?(/x,)?[0-9]?(\\[\"a\"\\])?)", 0..12);
        proptest::proptest!(|(texts in texts)| {
            let mut connection = Connection::new(OPEN).unwrap();
            for text in &texts {
                let _ = connection.hear(text);
                // at most one answer to each text, and the two that follow the probe
                proptest::prop_assert!(said(&mut connection).len() <= 3);
            }
        });
    }
}
