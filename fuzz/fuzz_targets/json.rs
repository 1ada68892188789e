//! Any text against the JSON reader: it takes what serde_json takes, hands it out to the letter, and reads a value the same
//! whether it goes into it or passes over it. From the root of the project:
//! `node fuzz/run.mjs --only json` (cargo-fuzz from crates.io).
#![no_main]

use agentline::json::{Flaw, Json, Kind, Reader, whole, write};
use agentline::text::Text;
use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;

/// serde_json's own bound for depth is 128.
const SHALLOW: usize = 100;

fuzz_target!(|input: &[u8]| {
    let text = String::from_utf8_lossy(input);
    let passed = Json::parse(text.as_ref());
    let deep = text
        .bytes()
        .filter(|byte| matches!(byte, b'[' | b'{'))
        .count()
        > SHALLOW;
    // serde_json knows no half surrogates and no byte order mark; both are meant to be taken here
    let surrogates = text.contains("\\u") || text.starts_with('\u{FEFF}');
    if !deep {
        let theirs = serde_json::from_str::<IgnoredAny>(&text);
        if theirs.is_ok() || !surrogates {
            assert_eq!(passed.is_ok(), theirs.is_ok(), "{text}");
        }
    }
    if !deep {
        assert_eq!(whole(&text, walk).is_ok(), passed.is_ok(), "{text}");
    }
    let Ok(json) = passed else { return };
    let unmarked = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
    assert_eq!(
        write::text(&json),
        unmarked.trim_matches([' ', '\t', '\n', '\r'])
    );
    if let Ok(filtered) = json.filtered(Some("stack"), &|text| *text = text.replace('a', "bb")) {
        assert!(
            Json::parse(filtered.as_str()).is_ok(),
            "{}",
            filtered.as_str()
        );
    }
});

/// Goes into every value and takes it.
fn walk(reader: &mut Reader<'_>) -> Result<(), Flaw> {
    match reader.kind() {
        Kind::Object => reader.object(|reader, _| walk(reader)),
        Kind::Array => reader.array(walk),
        Kind::String => {
            let text: Text<'_> = reader.string()?;
            // what is written is what was read
            let again = Json::from(&text);
            assert_eq!(whole(again.as_str(), Reader::string)?, text);
            Ok(())
        }
        Kind::Number => {
            assert!(!reader.number()?.is_nan());
            Ok(())
        }
        Kind::Boolean => reader.boolean().map(drop),
        Kind::Null | Kind::Other => reader.skip(),
    }
}
