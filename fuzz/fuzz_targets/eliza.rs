//! Any bytes as what an elizaOS server says: frames of a stream, an answer to a message, a refusal, a session, a page of a
//! history. Nothing panics, and whatever comes out is JSON. From the root of the project:
//! `node fuzz/recorded-seeds.mjs && cargo +nightly fuzz run eliza` (cargo-fuzz from crates.io).
#![no_main]

use std::rc::Rc;

use agentline::backend::{self, Answer, Backend, Direction, Edge, Range, Said};
use agentline::http::Head;
use agentline::json::{Json, write};
use agentline::model::{self, Message};
use agentline::settings::{Options, Settings};
use agentline::sse::{Framer, Item, text};
use agentline::text::Text;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let settings = Settings::new(Options {
        backend: Some(model::Backend::Eliza),
        base_url: Some("http://agents.test".to_owned()),
        ..Options::default()
    });
    let backend = backend::of(Rc::new(settings.unwrap())).unwrap();
    let Some((how, body)) = input.split_first() else {
        return;
    };
    match how % 5 {
        0 => stream(backend.as_ref(), body),
        1 => answer(backend.as_ref(), &String::from_utf8_lossy(body)),
        2 => refusal(
            backend.as_ref(),
            u16::from(*how) * 4,
            &String::from_utf8_lossy(body),
        ),
        3 => session(backend.as_ref(), &String::from_utf8_lossy(body)),
        _ => history(
            backend.as_ref(),
            how & 128 == 0,
            &String::from_utf8_lossy(body),
        ),
    }
});

fn is_json(value: &impl serde::Serialize) {
    let json = write::text(value);
    assert!(Json::parse(json.as_str()).is_ok(), "{json}");
}

fn stream(backend: &dyn Backend, body: &[u8]) {
    let mut decoder = backend.decoder();
    let mut framer = Framer::new(1 << 20);
    framer.push(body);
    let mut joined = Text::default();
    while let Ok(Some(item)) = framer.next() {
        let Item::Event(frame) = item else { continue };
        let (event, data) = (text(frame.event), text(frame.data));
        match decoder.frame(&event, &data) {
            Ok(Said::Start { message, .. }) => is_json(&message),
            Ok(Said::Content(delta)) => joined.push(&delta),
            Ok(Said::Done(reply, text)) => {
                is_json(&reply);
                assert!(text.is_none_or(|text| text == reply.message.text));
            }
            Ok(Said::Other(_, data)) => is_json(&data),
            Ok(Said::Failed(_)) | Err(_) => {}
        }
    }
    is_json(&decoder.partial(joined));
}

fn answer(backend: &dyn Backend, body: &str) {
    match backend.decoder().body(body) {
        Ok(Answer::Reply(reply)) => is_json(&reply),
        Ok(Answer::Later { message, .. }) => is_json(&message),
        Ok(Answer::Silence) | Err(_) => {}
    }
}

fn refusal(backend: &dyn Backend, status: u16, body: &str) {
    let head = Head {
        status,
        ..Head::default()
    };
    let mut error = backend.refused(&head, body);
    error.seal(&["secret".to_owned()]);
    is_json(&error);
    assert!(!write::text(&error).contains("secret"));
}

fn session(backend: &dyn Backend, body: &str) {
    if let Ok(session) = backend.read_session(body) {
        is_json(&session);
    }
    if let Ok(sessions) = backend.read_sessions(body, &Default::default()) {
        is_json(&sessions);
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
    let mut pager = backend.pager("s", &range, direction).unwrap();
    for _ in 0..50 {
        let request = pager.ask();
        assert!(
            request
                .url
                .starts_with("http://agents.test/api/messaging/sessions/s/messages?limit=")
        );
        match pager.answer(body) {
            Ok(None) => {}
            Ok(Some(page)) => {
                assert!(page.messages.len() <= 5);
                // backwards the server's own order is trusted
                let stamp = |message: &Message| message.timestamp.map(f64::floor);
                assert!(!forward || page.messages.is_sorted_by_key(stamp));
                is_json(&page.messages);
                if !page.end.has_more {
                    return;
                }
            }
            Err(_) => return,
        }
    }
}
