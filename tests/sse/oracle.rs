//! Section 9.2.6 of the HTML standard word by word: the whole stream is decoded first, then split
//! into lines, then read line by line. Slow, without limits, and obviously right.

use crate::outcome::{Outcome, Seen};

pub fn read(bytes: &[u8], initial_last_event_id: &str, dispatch_unfinished: bool) -> Outcome {
    let decoded = String::from_utf8_lossy(bytes);
    let stream = decoded.strip_prefix('\u{FEFF}').unwrap_or(&decoded);
    let normalised = stream.replace("\r\n", "\n").replace('\r', "\n");
    let mut lines: Vec<&str> = normalised.split('\n').collect();
    let unfinished_line = lines.pop();
    if dispatch_unfinished {
        lines.extend(unfinished_line);
        lines.push("");
    }

    let mut seen = Vec::new();
    let mut last_event_id = initial_last_event_id.to_owned();
    let mut retry = None;
    let (mut data, mut event_type) = (String::new(), String::new());
    let mut last_event_id_buffer = last_event_id.clone();
    for line in lines {
        if line.is_empty() {
            last_event_id.clone_from(&last_event_id_buffer);
            if data.is_empty() {
                event_type.clear();
                continue;
            }
            data.pop();
            if event_type.is_empty() {
                event_type.push_str("message");
            }
            seen.push(Seen::Event {
                event: std::mem::take(&mut event_type),
                data: std::mem::take(&mut data),
                id: last_event_id.clone(),
            });
            continue;
        }
        if let Some(comment) = line.strip_prefix(':') {
            seen.push(Seen::Comment(comment.to_owned()));
            continue;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut event_type),
            "data" => {
                data.push_str(value);
                data.push('\n');
            }
            "id" if !value.contains('\0') => value.clone_into(&mut last_event_id_buffer),
            "retry" if !value.is_empty() && value.chars().all(|c| c.is_ascii_digit()) => {
                retry = Some(value.parse().unwrap_or(u64::MAX));
            }
            _ => {}
        }
    }
    Outcome {
        seen,
        last_event_id,
        retry,
        overflowed: false,
    }
}
