//! The elizaOS runtime around the scripted agent: a model that writes XML, and what the runtime makes of its pieces.
//!
//! In: an [`Answer`]. Out: a [`Run`]: the chunks with their times, and how the run came out. Ids, storage and transports
//! are left to `turn`. Lengths are UTF-16 units throughout, because the server is JavaScript; that is why a chunk can hold
//! half a surrogate pair.

use super::markup::read_response;
use crate::agent::{Answer, Conduct, Delivery};
use crate::json;
use serde_json::{Map, Value, json};

/// The extractor keeps so many units back, in case the closing tag begins there.
const HELD_BACK: usize = 10;

/// What the model emits, and when.
struct Emission {
    pieces: Vec<(f64, Vec<u16>)>,
    failure: Option<String>,
    ends_after: f64,
}

/// What the runtime made of one message.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// What a streaming transport hands on: milliseconds after the run began, and the text.
    pub chunks: Vec<(f64, Vec<u16>)>,
    /// How it came out.
    pub outcome: Outcome,
    /// When that was decided.
    pub decided_after: f64,
}

/// How a run came out.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The model threw.
    Failed(String),
    /// What the model wrote could not be read.
    Nothing,
    /// The model's answer, without its ids, and what the actions reported.
    Content {
        /// `thought`, `actions`, `providers`, `text`, any other tag, `simple`.
        content: Map<String, Value>,
        /// Whether the content itself is the reply; otherwise actions run.
        simple: bool,
        /// What the actions handed to their callback.
        reports: Vec<Map<String, Value>>,
        /// IGNORE hands the plan itself to the callback, and the plan then contains itself.
        circular: bool,
    },
}

/// Lets the runtime work on an answer. `streaming`: somebody takes the chunks. `stock_actions`: the agent has
/// plugin-bootstrap's REPLY action.
#[must_use]
pub fn run(answer: &Answer, streaming: bool, stock_actions: bool) -> Run {
    let emission = emit(answer);
    let mut extractor = Extractor::default();
    let mut chunks = Vec::new();
    for (at, piece) in &emission.pieces {
        let text = extractor.push(piece);
        if !text.is_empty() {
            chunks.push((*at, text));
        }
    }
    let outcome = match emission.failure {
        Some(message) => Outcome::Failed(message),
        None => {
            let whole: Vec<u16> = emission
                .pieces
                .iter()
                .flat_map(|(_, piece)| piece.iter().copied())
                .collect();
            let streamed: Vec<u16> = chunks
                .iter()
                .flat_map(|(_, text): &(f64, Vec<u16>)| text.iter().copied())
                .collect();
            let streamed = if streaming && extractor.finished {
                String::from_utf16_lossy(&streamed)
            } else {
                String::new()
            };
            conclude(
                &String::from_utf16_lossy(&whole),
                streamed,
                answer,
                stock_actions,
            )
        }
    };
    if !streaming {
        chunks.clear();
    }
    Run {
        chunks,
        outcome,
        decided_after: emission.ends_after,
    }
}

fn conclude(written: &str, streamed: String, answer: &Answer, stock_actions: bool) -> Outcome {
    let Some(mut content) = read_response(written) else {
        return Outcome::Nothing;
    };
    for (key, default) in [
        ("thought", json!("")),
        ("actions", json!(["IGNORE"])),
        ("providers", json!([])),
        ("text", json!("")),
    ] {
        content.entry(key).or_insert(default);
    }
    // What was streamed counts where the tags could not be read.
    if content.get("text") == Some(&json!("")) && !streamed.is_empty() {
        content.insert("text".into(), json!(streamed));
    }
    let is = |key, value: Value| content.get(key) == Some(&value);
    let only_reply = content
        .get("actions")
        .and_then(Value::as_array)
        .is_some_and(|actions| matches!(actions.as_slice(), [Value::String(one)] if one.eq_ignore_ascii_case("reply")));
    let simple = only_reply && is("providers", json!([]));
    let spoken = !is("text", json!(""));
    content.insert("simple".into(), json!(simple));
    let reports = match &answer.conduct {
        Conduct::Act { times, text } => reports_of(text, *times),
        Conduct::TwoActs { text } => {
            let mut both = vec![report("first action".into(), "FIRST_STEP")];
            both.extend(reports_of(text, 1.0));
            both
        }
        Conduct::Speak if stock_actions && simple && !spoken => {
            let thought = content.get("thought").cloned().unwrap_or_default();
            let reply = json!({"thought": thought, "text": "", "actions": ["REPLY"]});
            vec![json::spread(&reply)]
        }
        _ => Vec::new(),
    };
    let circular = content.get("actions") == Some(&json!(["IGNORE"]));
    Outcome::Content {
        content,
        simple: simple && spoken,
        reports,
        circular,
    }
}

fn report(text: String, action: &str) -> Map<String, Value> {
    json::spread(&json!({"text": text, "actions": [action]}))
}

fn reports_of(text: &str, times: f64) -> Vec<Map<String, Value>> {
    // `for (let i = 0; i < times; i++)`; a thousand are enough for any test.
    (0..1000_u32)
        .take_while(|index| f64::from(*index) < times)
        .map(|index| {
            report(
                format!("{text} ({}/{})", index + 1, json::number_text(times)),
                "SCRIPTED_ACT",
            )
        })
        .collect()
}

fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

/// What the scripted model writes, cut as `scripted-plugin.mjs` cuts it.
fn emit(answer: &Answer) -> Emission {
    let actions = match answer.conduct {
        Conduct::Speak => "REPLY",
        Conduct::Ignore => "IGNORE",
        Conduct::Silent => "NO_SUCH",
        Conduct::Act { .. } => "SCRIPTED_ACT",
        Conduct::TwoActs { .. } => "FIRST_STEP,SCRIPTED_ACT",
    };
    let head = units(&format!(
        "<response>\n<thought>{}</thought>\n<actions>{actions}</actions>\n<providers></providers>\n<text>",
        answer.thought
    ));
    let tail = units("</text>\n</response>");
    let text = units(&answer.text);
    let half = text.len().div_ceil(2);
    let joined = |parts: &[&[u16]]| parts.concat();
    let (pieces, ends_after, failure) = match &answer.delivery {
        Delivery::After(ms) => (vec![(*ms, joined(&[&head, &text, &tail]))], *ms, None),
        Delivery::Pieces { count, pause_ms } => {
            let mut at = 0.0;
            let mut pieces = vec![(0.0, head)];
            for piece in cut(&joined(&[&text, &tail]), *count) {
                at += pause_ms;
                pieces.push((at, piece));
            }
            (pieces, at, None)
        }
        Delivery::Burst => (
            cut(&joined(&[&head, &text, &tail]), 7)
                .map(|piece| (0.0, piece))
                .collect(),
            0.0,
            None,
        ),
        Delivery::Halves { pause_ms } => {
            let (first, second) = text.split_at(half);
            (
                vec![
                    (0.0, joined(&[&head, first])),
                    (*pause_ms, joined(&[second, &tail])),
                ],
                *pause_ms,
                None,
            )
        }
        Delivery::Words(words) => {
            let mut at = 0.0;
            let mut pieces = vec![(0.0, head)];
            for (pause_ms, word) in words {
                at += pause_ms;
                pieces.push((at, units(word)));
            }
            pieces.push((at, tail));
            (pieces, at, None)
        }
        Delivery::Fails(message) => (Vec::new(), 0.0, Some(message.clone())),
        Delivery::FailsHalfway(message) => {
            let (first, _) = text.split_at(half);
            (
                vec![(0.0, joined(&[&head, first]))],
                20.0,
                Some(message.clone()),
            )
        }
    };
    Emission {
        pieces,
        failure,
        ends_after,
    }
}

/// Cuts into `count` pieces of one size. A count that is no number gives a single empty piece, as it does in JavaScript.
fn cut(text: &[u16], count: impl Into<f64>) -> impl Iterator<Item = Vec<u16>> {
    let count: f64 = count.into();
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss
    )]
    let size = (text.len() as f64 / count.max(1.0)).ceil().max(1.0) as usize;
    let pieces: Vec<Vec<u16>> = if count.is_nan() {
        vec![Vec::new()]
    } else {
        text.chunks(size).map(<[u16]>::to_vec).collect()
    };
    pieces.into_iter()
}

/// Finds the reply's text in what the model has written so far.
#[derive(Default)]
struct Extractor {
    buffer: Vec<u16>,
    direct: Option<bool>,
    inside: bool,
    finished: bool,
}

impl Extractor {
    fn push(&mut self, piece: &[u16]) -> Vec<u16> {
        if self.finished {
            return Vec::new();
        }
        self.buffer.extend_from_slice(piece);
        if self.direct.is_none() {
            self.direct = self.reads_as_direct();
        }
        if !self.inside && self.direct == Some(true) {
            let open = units("<text>");
            if let Some(at) = find(&self.buffer, &open) {
                self.inside = true;
                self.buffer.drain(..at + open.len());
            }
        }
        if !self.inside {
            return Vec::new();
        }
        if let Some(at) = find(&self.buffer, &units("</text>")) {
            self.finished = true;
            return self.buffer.drain(..at).collect();
        }
        self.buffer
            .drain(..self.buffer.len().saturating_sub(HELD_BACK))
            .collect()
    }

    /// Only a plain REPLY is streamed; any other action speaks for itself.
    fn reads_as_direct(&self) -> Option<bool> {
        let written = String::from_utf16_lossy(&self.buffer);
        let (_, after) = written.split_once("<actions>")?;
        let (actions, _) = after.split_once("</actions>")?;
        Some(actions.trim().eq_ignore_ascii_case("reply"))
    }
}

fn find(within: &[u16], what: &[u16]) -> Option<usize> {
    within.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::{Outcome, Run, run};
    use crate::agent::{Agents, answer};

    fn told(text: &str) -> Run {
        run(&answer(Agents::Echo, 0, text), true, false)
    }

    fn chunks(run: &Run) -> Vec<String> {
        run.chunks
            .iter()
            .map(|(_, units)| String::from_utf16_lossy(units))
            .collect()
    }

    #[test]
    fn ten_units_are_held_back_until_the_text_ends() {
        let run = told("stream 5 40 the quick brown fox jumps over the lazy dog and runs away");
        assert_eq!(
            chunks(&run),
            [
                "the qu",
                "ick brown fox ju",
                "mps over the laz",
                "y dog and runs away"
            ]
        );
        assert_eq!(run.chunks.first().map(|(at, _)| *at), Some(40.0));
        assert_eq!(run.decided_after, 200.0);
    }

    #[test]
    fn what_was_held_back_is_lost_when_the_model_fails() {
        let run = told("throwmid some words that are long enough");
        assert_eq!(chunks(&run), ["some w"]);
        assert_eq!(
            run.outcome,
            Outcome::Failed("scripted failure in mid stream".into())
        );
    }

    #[test]
    fn the_end_is_trimmed_and_entities_are_decoded_only_in_the_reply() {
        let run = told("say  a &lt; b ");
        assert_eq!(chunks(&run), [" a &lt; b "]);
        let Outcome::Content { content, .. } = run.outcome else {
            panic!()
        };
        assert_eq!(content.get("text").unwrap(), "a < b");
    }

    #[test]
    fn tags_in_the_users_text_reach_the_model_s_answer() {
        let run = told("say a</text><mood>happy</mood><text>b");
        let Outcome::Content { content, .. } = &run.outcome else {
            panic!()
        };
        assert_eq!(
            serde_json::to_string(content).unwrap(),
            r#"{"thought":"scripted thought","actions":["REPLY"],"providers":[],"text":"b","mood":"happy","simple":true}"#
        );
        assert_eq!(chunks(&run), ["a"]);
        let nested = told("say <b>x</b> <text>y</text> <br/>");
        let Outcome::Content { content, .. } = &nested.outcome else {
            panic!()
        };
        assert_eq!(
            content.get("text").unwrap(),
            "<b>x</b> <text>y</text> <br/>"
        );
    }

    #[test]
    fn a_count_that_is_no_number_leaves_the_answer_unfinished() {
        assert_eq!(told("stream a b c").outcome, Outcome::Nothing);
    }
}
