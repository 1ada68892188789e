//! One text of a WebSocket as a packet: Engine.IO protocol 4 outside, Socket.IO protocol 5 inside. Texts in, packets out,
//! and the texts of the packets that a client sends. A text that is no packet is an [`Unreadable`], never a guess.

use crate::json::{Flaw, Kind, Reader, whole, write};
use crate::text::Text;

/// What closes the upgrade from polling to the WebSocket.
pub const UPGRADE: &str = "5";
/// Asks whether the WebSocket carries.
pub const PROBE: &str = "2probe";
/// Enters the default namespace.
pub const CONNECT: &str = "40";

/// A packet of the server.
#[derive(Clone, Debug, PartialEq)]
pub enum Packet<'a> {
    /// the terms of the connection, as the polling handshake gives them
    Open(Terms),
    /// the server closes
    Close,
    /// it wants to hear the same back
    Ping(&'a str),
    /// the answer to a ping
    Pong(&'a str),
    /// the default namespace is entered
    Connected,
    /// something was told in the default namespace
    Event(Event<'a>),
    /// the default namespace was left, or could not be entered
    Refused,
    /// of no concern: what empties a poll, an answer to an event, another namespace
    Nothing,
}

/// The terms of a connection.
#[derive(Clone, Debug, PartialEq)]
pub struct Terms {
    /// the server's id of the connection
    pub sid: String,
    /// milliseconds between two pings of the server
    pub ping_interval: f64,
    /// how many milliseconds later than that a ping may come
    pub ping_timeout: f64,
    /// whether the connection may be carried on over a WebSocket
    pub websocket: bool,
}

/// An event and what it carries.
#[derive(Clone, Debug, PartialEq)]
pub struct Event<'a> {
    /// its name
    pub name: String,
    /// its first argument as JSON text; `null` where it has none
    pub data: &'a str,
}

/// A text is no packet, or none that belongs there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

impl From<Flaw> for Unreadable {
    fn from(_: Flaw) -> Self {
        Unreadable
    }
}

/// The text that answers a ping.
pub fn pong(payload: &str) -> String {
    format!("3{payload}")
}

/// The text of an event with one argument, which is JSON text.
pub fn event(name: &str, data: &str) -> String {
    let mut text = String::from("42[");
    write::string(&mut text, &Text::from(name));
    text.push(',');
    text.push_str(data);
    text.push(']');
    text
}

/// Reads one text.
pub fn read(text: &str) -> Result<Packet<'_>, Unreadable> {
    let (kind, rest) = split(text)?;
    match kind {
        '0' => Ok(Packet::Open(whole(rest, terms)?)),
        '1' => Ok(Packet::Close),
        '2' => Ok(Packet::Ping(rest)),
        '3' => Ok(Packet::Pong(rest)),
        '4' => message(rest),
        // 5 is the client's word; 6 ends a poll
        '6' => Ok(Packet::Nothing),
        _ => Err(Unreadable),
    }
}

/// A packet of Socket.IO: its kind, a namespace up to a comma, an id to answer with, JSON. `5` and `6` announce bytes,
/// which this server never sends.
fn message(text: &str) -> Result<Packet<'_>, Unreadable> {
    let (kind, rest) = split(text)?;
    let (elsewhere, rest) = match rest.strip_prefix('/') {
        Some(named) => {
            let (name, rest) = named.split_once(',').unwrap_or((named, ""));
            (!name.is_empty(), rest)
        }
        None => (false, rest),
    };
    match kind {
        '0'..='4' if elsewhere => Ok(Packet::Nothing),
        '0' => Ok(Packet::Connected),
        '1' | '4' => Ok(Packet::Refused),
        '2' => {
            let json = rest.trim_start_matches(|character: char| character.is_ascii_digit());
            Ok(Packet::Event(whole(json, told)?))
        }
        '3' => Ok(Packet::Nothing),
        _ => Err(Unreadable),
    }
}

fn split(text: &str) -> Result<(char, &str), Unreadable> {
    let mut characters = text.chars();
    let kind = characters.next().ok_or(Unreadable)?;
    Ok((kind, characters.as_str()))
}

fn terms(reader: &mut Reader<'_>) -> Result<Terms, Flaw> {
    let (mut sid, mut interval, mut timeout, mut websocket) = (None, None, None, false);
    reader.object(|reader, field| {
        match field {
            "sid" => sid = Some(reader.word()?),
            "pingInterval" => interval = Some(reader.number()?),
            "pingTimeout" => timeout = Some(reader.number()?),
            "upgrades" => reader.array(|reader| {
                if reader.kind() == Kind::String {
                    websocket |= reader.word()? == "websocket";
                }
                Ok(())
            })?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(Terms {
        sid: sid.ok_or_else(|| reader.missing("sid"))?,
        ping_interval: interval.ok_or_else(|| reader.missing("pingInterval"))?,
        ping_timeout: timeout.ok_or_else(|| reader.missing("pingTimeout"))?,
        websocket,
    })
}

fn told<'a>(reader: &mut Reader<'a>) -> Result<Event<'a>, Flaw> {
    let (mut name, mut data) = (None, None);
    reader.array(|reader| {
        if name.is_none() {
            name = Some(reader.word()?);
        } else if data.is_none() {
            data = Some(reader.raw()?);
        }
        Ok(())
    })?;
    Ok(Event {
        name: name.ok_or_else(|| reader.flaw("an event has no name"))?,
        data: data.unwrap_or("null"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(name: &str, data: &'static str) -> Packet<'static> {
        let name = name.to_owned();
        Packet::Event(Event { name, data })
    }

    #[test]
    fn each_kind_of_packet_is_told_apart() {
        for (text, packet) in [
            ("1", Packet::Close),
            ("2", Packet::Ping("")),
            ("2probe", Packet::Ping("probe")),
            ("3probe", Packet::Pong("probe")),
            ("6", Packet::Nothing),
            ("40{\"sid\":\"14xV66n_59aqC3uDAAAF\"}", Packet::Connected),
            ("40", Packet::Connected),
            ("40/,{}", Packet::Connected),
            ("41", Packet::Refused),
            ("44{\"message\":\"no\"}", Packet::Refused),
            (
                "44/admin,{\"message\":\"Invalid namespace\"}",
                Packet::Nothing,
            ),
            ("40/admin", Packet::Nothing),
            ("42/admin,[\"message\",1]", Packet::Nothing),
            ("430[]", Packet::Nothing),
            ("42[\"status\",\"waiting\"]", told("status", "\"waiting\"")),
            ("4217[\"status\", 1 , 2]", told("status", "1")),
            ("42/,[\"status\"]", told("status", "null")),
        ] {
            assert_eq!(read(text), Ok(packet), "{text}");
        }
    }

    #[test]
    fn the_terms_of_a_connection_are_read() {
        let text = "0{\"sid\":\"a-b_c\",\"upgrades\":[\"websocket\"],\"pingInterval\":25000,\"pingTimeout\":20000,\"maxPayload\":1000000}";
        let terms = Terms {
            sid: "a-b_c".to_owned(),
            ping_interval: 25_000.0,
            ping_timeout: 20_000.0,
            websocket: true,
        };
        assert_eq!(read(text), Ok(Packet::Open(terms)));
    }

    #[test]
    fn what_is_no_packet_is_refused() {
        for text in [
            "",
            "x",
            "é",
            "5",
            "7",
            "4",
            "4x",
            "45",
            "451-[\"bytes\"]",
            "461-[]",
            "0",
            "0{}",
            "0[]",
            "0{\"sid\":\"s\"}",
            "0{\"sid\":1,\"pingInterval\":1,\"pingTimeout\":1}",
            "42",
            "42{}",
            "42[]",
            "42[1]",
            "42[\"a\"",
            "42[\"a\"]x",
            "42[null,1]",
            "<html>",
            "{\"code\":1,\"message\":\"Session ID unknown\"}",
        ] {
            assert_eq!(read(text), Err(Unreadable), "{text}");
        }
    }

    #[test]
    fn an_event_is_written_as_it_is_read() {
        let text = event("join_room", "\"6b01ef2d11f2e31b0c34e803\"");
        assert_eq!(text, "42[\"join_room\",\"6b01ef2d11f2e31b0c34e803\"]");
        assert_eq!(
            read(&text),
            Ok(told("join_room", "\"6b01ef2d11f2e31b0c34e803\""))
        );
    }

    #[test]
    fn any_text_is_a_packet_or_an_error() {
        let shapes = "[0-6][0-6]?(/[a-z]*,?)?[0-9]{0,3}[\\[{]?\\PC*";
        proptest::proptest!(|(any in "\\PC*", near in shapes, deep in 0_usize..2_000)| {
            let _ = (read(&any), read(&near));
            let nested = format!("42[\"a\",{}]", "[".repeat(deep));
            proptest::prop_assert_eq!(read(&nested).is_err(), deep > 0 || nested == "42[\"a\",]");
        });
    }
}
