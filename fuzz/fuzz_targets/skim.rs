//! Any lines as objects that are skimmed one after the other, as the frames of a stream are: what is taken, the reader takes
//! as well and finds the same in it, whatever line came before; and events of such lines, and any bytes as events, in which
//! runs of those that look alike are what they are one by one. From the root of the project:
//! `node fuzz/run.mjs --only skim` (cargo-fuzz from crates.io).
#![no_main]

use agentline::json::pieces::Pieces;
use agentline::json::skim::{Alike, Value, fields};
use agentline::json::{Json, Kind, whole};
use agentline::sse::{Framer, Item, text};
use agentline::text::Text;
use libfuzzer_sys::fuzz_target;

const WANTED: &str = "chunk";

fuzz_target!(|input: &[u8]| {
    let mut alike = Alike::default();
    for data in input.split(|byte| *byte == b'\n') {
        let text = String::from_utf8_lossy(data);
        let read = read(&text);

        let mut skimmed = Vec::new();
        let taken = fields(data, &mut |name, value| {
            let shown = shown(value);
            let name = String::from_utf8_lossy(name).into_owned();
            shown.map(|value| skimmed.push((name, value))).is_some()
        });
        if taken {
            assert_eq!(Some(&skimmed), read.as_ref(), "{text}");
        }

        let count = |count: &mut usize, _: &[u8], _: Value<'_>| {
            *count += 1;
            true
        };
        // it may give up on any line, such as one with a space where the line before had none
        let Some((written, others)) = alike.take(data, WANTED, &count) else {
            continue;
        };
        let alone = Alike::default().take(data, WANTED, &count);
        assert_eq!(alone, Some((written, others)), "{text}");
        let read = read.expect("what is skimmed is read");
        assert_eq!(read.len(), others + 1, "{text}");
        let mut wanted = read.iter().filter(|(name, _)| name == WANTED);
        let (_, value) = wanted.next().expect("the field is there");
        assert!(wanted.next().is_none(), "{text}");
        if let Some(shown) = shown(Value::Text(written)) {
            assert_eq!(&shown, value, "{text}");
        }
        let (mut pieces, mut joined) = (Pieces::default(), Text::default());
        if pieces.push(written) {
            pieces.tell(&mut joined);
            pieces.join(&mut joined);
            assert_eq!(Json::from(&joined).as_str(), value, "{text}");
        }
    }

    let event = |line| [&b"event: chunk\ndata: "[..], line, b"\n\n"].concat();
    let lines = input.split(|byte| *byte == b'\n');
    for stream in [input, &lines.flat_map(event).collect::<Vec<_>>()] {
        let (whole, parts) = stream.split_at(stream.len() / 2);
        assert_eq!(
            frames(&[whole, parts], true),
            frames(&[whole, parts], false)
        );
    }
});

/// What is found in a stream: the strings, each event of which none is taken, and whether one was too large. With `runs`, those
/// that look alike are taken at once.
fn frames(chunks: &[&[u8]], runs: bool) -> Vec<String> {
    let (mut framer, mut alike) = (Framer::new(256), Alike::default());
    let (mut pieces, mut joined) = (Pieces::default(), Text::default());
    let mut found = Vec::new();
    for chunk in chunks {
        framer.push(chunk);
        loop {
            if runs {
                pieces.run(&mut framer, &alike);
            }
            let frame = match framer.next() {
                Ok(Some(Item::Event(frame))) => frame,
                Ok(Some(Item::Comment(_))) => continue,
                Ok(None) => break,
                Err(overflow) => {
                    found.push(overflow.to_string());
                    return found;
                }
            };
            let taken = alike.take(frame.data, WANTED, &|_, _, _| true);
            let taken = taken.is_some_and(|(written, _)| {
                alike.wanted(frame.head);
                pieces.push(written)
            });
            if !taken {
                found.extend(pieces.iter().map(|piece| piece.into_owned()));
                pieces.tell(&mut joined);
                found.push(format!(
                    "{} {} {}",
                    text(frame.event),
                    text(frame.data),
                    frame.id
                ));
            }
        }
        found.extend(pieces.iter().map(|piece| piece.into_owned()));
        pieces.tell(&mut joined);
    }
    pieces.join(&mut joined);
    found.push(joined.to_string_lossy().into_owned());
    found
}

/// A string as JSON, whatever escapes it was written with; anything else as it stands.
fn shown(value: Value<'_>) -> Option<String> {
    match value {
        Value::Text(written) => {
            let mut scratch = String::new();
            let text = written.text(&mut scratch)?;
            Some(Json::from(&text).as_str().to_owned())
        }
        Value::Nested(bytes) | Value::Plain(bytes) => {
            Some(String::from_utf8_lossy(bytes).into_owned())
        }
    }
}

fn read(text: &str) -> Option<Vec<(String, String)>> {
    let mut found = Vec::new();
    whole(text, |reader| {
        reader.object(|reader, name| {
            let value = match reader.kind() {
                Kind::String => Json::from(&reader.string()?).as_str().to_owned(),
                _ => reader.raw()?.to_owned(),
            };
            found.push((name.to_owned(), value));
            Ok(())
        })
    })
    .ok()
    .map(|()| found)
}
