//! Whether a body that cannot be read ended in the middle of its JSON. In: its text. Out: whether something could be put
//! behind it with which it would be JSON. Some servers and proxies end what they cut off as if that were all.

use crate::json::whole;

/// What may be missing before the brackets are closed: nothing, a value, a colon and a value, a whole field, or the rest
/// of a word.
const MISSING: [&str; 13] = [
    "", "0", ":0", "\"\":0", "rue", "ue", "e", "alse", "lse", "se", "ull", "ll", "l",
];

/// What is nested deeper is no JSON to the reader.
const DEEPEST: usize = 512;

/// Whether `text` is the beginning of JSON, and not all of it.
pub fn is_cut(text: &str) -> bool {
    if is_json(text) {
        return false;
    }
    let (mut ends, mut inside, mut escape, mut kept) = (Vec::new(), false, 0, text.len());
    for (at, letter) in text.char_indices() {
        match (inside, escape, letter) {
            // of an escape that is cut nothing is kept
            (true, 0, '\\') => (escape, kept) = (1, at),
            (true, 1, 'u') => escape = 4,
            (true, 1.., _) => escape -= 1,
            (_, _, '"') => inside = !inside,
            (false, _, '{' | '[') if ends.len() == DEEPEST => return false,
            (false, _, '{') => ends.push('}'),
            (false, _, '[') => ends.push(']'),
            (false, _, '}' | ']') => drop(ends.pop()),
            _ => {}
        }
        if escape == 0 {
            kept = text.len();
        }
    }
    let begun = text.get(..kept).unwrap_or_default();
    let ends: String = ends.into_iter().rev().collect();
    let quote = if inside { "\"" } else { "" };
    let mut missing = MISSING.iter();
    missing.any(|missing| is_json(&format!("{begun}{quote}{missing}{ends}")))
}

fn is_json(text: &str) -> bool {
    whole(text, |reader| reader.skip()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_cut_anywhere_is_the_beginning_of_json_and_the_whole_is_not() {
        for whole in [
            r#"{"a":[1,-2.5e+3,{"b":null},true,false],"\u00e9\n\"":"x \\ \ud83d\ude00 😀","":{}}"#,
            r#" [ "a" , [ ] , { } ] "#,
            "\"text\"",
            "null",
        ] {
            assert!(!is_cut(whole), "{whole}");
            let end = whole.trim_end().len();
            for (at, _) in whole.char_indices().take_while(|(at, _)| *at < end) {
                assert!(is_cut(&whole[..at]), "{}", &whole[..at]);
            }
        }
    }

    #[test]
    fn what_can_never_become_json_is_not_cut() {
        for text in [
            "<html>",
            "{oops",
            "{\"a\" 1",
            "[1 2",
            "{\"a\":tru!",
            "]",
            "{}}",
            "{]",
            "nil",
            "{\"a\":1}x",
        ] {
            assert!(!is_cut(text), "{text}");
        }
        assert!(is_cut(&"[".repeat(DEEPEST)));
        assert!(!is_cut(&"[".repeat(10_000_000)));
    }
}
