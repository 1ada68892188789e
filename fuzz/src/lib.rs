//! Any bytes as what a server says: frames of a stream, an answer to a message, a refusal, a session, a page of a history.
//! Nothing panics, and whatever comes out is JSON. The targets give it one backend each.

use std::rc::Rc;

use agentline::backend::{
    self, Answer, Backend, Direction, Edge, Listener, OutgoingMessage, Range, Thing,
};
use agentline::error::Error;
use agentline::http::{Head, Method, Request};
use agentline::json::{Json, write};
use agentline::model::{self, Reply, ReplyEvent};
use agentline::settings::{Options, Settings};
use agentline::sse::{Framer, Item, text};
use agentline::text::Text;
use agentline::word::Word;

/// An id that every backend takes.
const SESSION: &str = "0123456789abcdef01234567";

/// Gives `input` to `backend`; its first byte says as what.
pub fn anything(backend: model::Backend, input: &[u8]) {
    let settings = Settings::new(Options {
        backend: Some(backend),
        base_url: Some("http://agents.test".to_owned()),
        team: Some(SESSION.to_owned()),
        ..Options::default()
    });
    let backend = backend::of(Rc::new(settings.unwrap())).unwrap();
    let backend = backend.as_ref();
    let Some((how, body)) = input.split_first() else {
        return;
    };
    let text = &String::from_utf8_lossy(body);
    match how % 5 {
        0 => stream(backend, body),
        1 => answer(backend, how & 64 == 0, text),
        2 => refusal(backend, u16::from(*how) * 4, text),
        3 => session(backend, text),
        _ => history(backend, how & 128 == 0, text),
    }
}

fn is_json(value: &impl serde::Serialize) {
    let json = write::text(value);
    assert!(Json::parse(json.as_str()).is_ok(), "{json}");
}

/// Joins what it hears.
#[derive(Default)]
struct Ear {
    joined: Text<'static>,
    over: bool,
}

impl Listener for Ear {
    fn so_far(&mut self) -> &Text<'static> {
        &self.joined
    }

    fn event(&mut self, event: ReplyEvent<'_>) {
        is_json(&event);
        match event {
            ReplyEvent::Content { delta } => self.joined.push(&delta),
            ReplyEvent::Replace { text } => self.joined = text.into_owned(),
            ReplyEvent::Done { .. } => panic!("only `done` says that"),
            _ => {}
        }
    }

    fn done(&mut self, reply: Box<Reply>, text: Option<Text<'static>>) {
        is_json(&reply);
        is_json(&text);
        self.over = true;
    }

    fn failed(&mut self, error: Error) {
        is_json(&error);
        self.over = true;
    }
}

fn decoder(backend: &dyn Backend, stream: bool) -> Box<dyn backend::Decoder> {
    let message = OutgoingMessage {
        text: Text::from("hello"),
        ..OutgoingMessage::default()
    };
    let sending = backend.send_message(SESSION, &message, stream);
    sending.unwrap().decoder
}

fn stream(backend: &dyn Backend, body: &[u8]) {
    let mut decoder = decoder(backend, true);
    let mut framer = Framer::new(1 << 20);
    framer.push(body);
    let mut ear = Ear::default();
    while let Ok(Some(item)) = framer.next() {
        let Item::Event(frame) = item else { continue };
        let (event, data) = (text(frame.event), text(frame.data));
        let read = decoder.frame(&event, &data, &mut ear);
        if ear.over || read.is_err() {
            break;
        }
    }
    if !ear.over {
        let text = &String::from_utf8_lossy(body);
        decoder.end(Some(("", text)), &mut ear);
    }
    is_json(&decoder.partial(ear.joined));
}

fn answer(backend: &dyn Backend, stream: bool, body: &str) {
    let mut decoder = decoder(backend, stream);
    let _ = decoder.before(body);
    match decoder.body(body) {
        Ok(Answer::Reply(reply)) => is_json(&reply),
        Ok(Answer::Later { message, watch }) => {
            is_json(&message);
            look(watch, body);
        }
        Ok(Answer::Silence) | Err(_) => {}
    }
}

/// The same answer, however often is asked.
fn look(mut watch: Box<dyn backend::Watch>, body: &str) {
    let mut ear = Ear::default();
    for _ in 0..20 {
        watch.ask();
        if watch.answer(&Word::from(body), &mut ear).is_err() || ear.over {
            return;
        }
        let _ = watch.heard("message", body, &mut ear);
    }
}

fn refusal(backend: &dyn Backend, status: u16, body: &str) {
    let head = Head {
        status,
        location: Some(body.to_owned()),
        ..Head::default()
    };
    let request = Request::new(Method::Get, "http://agents.test".to_owned());
    let disguised = backend.disguised(&request, body);
    let errors = [Some(backend.refused(&head, body)), disguised];
    for mut error in errors.into_iter().flatten() {
        error.seal(&["secret".to_owned()]);
        is_json(&error);
        assert!(!write::text(&error).contains("secret"));
    }
    if let Some(json) = backend.redirected(&head) {
        assert!(Json::parse(json).is_ok());
    }
}

fn session(backend: &dyn Backend, body: &str) {
    let _ = backend.learn(body);
    if let Ok(Some(Thing::Session(session))) =
        backend.get_session(SESSION).unwrap().answer(&body.into())
    {
        is_json(&session);
    }
    let query = backend::ListSessions {
        agent_id: Some(SESSION.to_owned()),
        ..backend::ListSessions::default()
    };
    if let Ok(Some(Thing::Sessions(found))) =
        backend.list_sessions(&query).unwrap().answer(&body.into())
    {
        is_json(&found.sessions);
    }
}

/// The same answer, however often is asked: a page is never larger than wanted.
fn history(backend: &dyn Backend, forward: bool, body: &str) {
    let (direction, after) = match forward {
        true => (Direction::Forward, Some(Edge::Time(1_704_614_400_000.0))),
        false => (Direction::Backward, None),
    };
    let range = Range {
        before: None,
        after,
        limit: 5,
    };
    let mut pages = backend.pages(SESSION, &range, direction).unwrap();
    let body = Word::from(body);
    for _ in 0..50 {
        pages.ask();
        match pages.answer(&body) {
            Ok(None) => {}
            Ok(Some(page)) => {
                assert!(page.messages.len() <= 5);
                is_json(&page.messages);
                if !page.end.has_more {
                    return;
                }
            }
            Err(_) => return,
        }
    }
}
