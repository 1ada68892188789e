//! Whether a body that cannot be read ended in its middle. In: its text. Out: whether a string or a bracket of it is still
//! open, or nothing came at all. Some servers and proxies end what they cut off as if that were all. Whether it would have
//! been JSON is left to whoever could not read it.

/// Whether `text` ends before what it began does.
pub fn is_cut(text: &str) -> bool {
    let (mut open, mut inside, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if inside => escaped = true,
            b'"' => inside = !inside,
            b'{' | b'[' if !inside => open += 1,
            b'}' | b']' if !inside => open = open.saturating_sub(1),
            _ => {}
        }
    }
    inside || open > 0 || text.trim_ascii().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_that_is_cut_anywhere_is_cut_and_the_whole_is_not() {
        for whole in [
            r#"{"a":[1,-2.5e+3,{"b":null},true,false],"\u00e9\n\"":"x \\ \ud83d\ude00 😀 ]}","":{}}"#,
            r#"[ "a" , [ ] , { } ] "#,
        ] {
            assert!(!is_cut(whole), "{whole}");
            let end = whole.trim_end().len();
            for (at, _) in whole.char_indices().take_while(|(at, _)| *at < end) {
                assert!(is_cut(&whole[..at]), "{}", &whole[..at]);
            }
        }
    }

    #[test]
    fn what_is_whole_and_no_json_is_not_cut() {
        for text in [
            "<html>",
            "{oops}",
            "nil",
            "]",
            "{]",
            "{}}",
            "{\"a\" 1}",
            "7",
        ] {
            assert!(!is_cut(text), "{text}");
        }
    }
}
