//! What a turn's answer holds, as a synchronous answer and as a stream's last event write it, and what of it the session's
//! details keep.
//!
//! In: a turn. Out: JSON. Its times in a response are `mod`'s and `stream`'s.

use super::script::{MARK, Outcome, Step};
use super::turn::Turn;
use serde_json::{Value, json};

const TITLE: &str = "Q4 report.pdf";
const SNIPPET: &str = "Revenue rose 12%";

/// Text without its citation's mark.
pub(super) fn clean<'text>(turn: &Turn, text: &'text str) -> &'text str {
    if turn.script.cites {
        text.strip_suffix(MARK).unwrap_or(text)
    } else {
        text
    }
}

/// What was said; nothing where the agent was silent.
pub(super) fn said(turn: &Turn) -> Option<&str> {
    match &turn.script.outcome {
        Outcome::Said(text) => text.as_deref(),
        Outcome::Failed(_) => None,
    }
}

/// Words in and out, for want of tokens.
pub(super) fn usage(turn: &Turn) -> Value {
    let count = |text: &str| text.split_whitespace().count();
    let input = turn.message.text.as_deref().map_or(0, count);
    let output = said(turn).map_or(0, count);
    json!({"input_tokens": input, "output_tokens": output, "total_tokens": input + output})
}

/// Where the citation's mark stands in the text.
fn position(turn: &Turn) -> usize {
    clean(turn, said(turn).unwrap_or("")).chars().count() + 1
}

fn artifacts(turn: &Turn) -> Value {
    json!([{
        "artifact_id": "a1", "filename": "s.csv", "mime_type": "text/csv", "content": "a,b", "storage_url": null,
        "size_bytes": 3, "created_at": turn.stamp(turn.ends_after),
    }])
}

fn actions() -> Value {
    json!([{"label": "Open", "action": "open_url", "action_data": {"url": "https://example.invalid/q4"}}])
}

/// `data` of a `partial_response`.
pub(super) fn partial(turn: &Turn, text: &str) -> Value {
    json!({"message": text, "clean_message": clean(turn, text), "citations": [], "sources": []})
}

/// `data` of a `completion`.
pub(super) fn complete(turn: &Turn) -> Value {
    let text = said(turn).unwrap_or("");
    if !turn.script.cites {
        return json!({
            "message": text, "clean_message": text, "citations": [], "sources": [],
            "follow_up_questions": [], "call_to_actions": [], "artifacts": [],
        });
    }
    json!({
        "message": text,
        "clean_message": clean(turn, text),
        "citations": [{"position": position(turn), "source_ids": [1]}],
        "sources": [{
            "source_id": 1, "data_element_id": "de_1", "title": TITLE, "url": null, "snippet": SNIPPET,
            "relevance_score": 0.91, "tool_name": "rag_search",
        }],
        "follow_up_questions": ["By region?"],
        "call_to_actions": actions(),
        "artifacts": artifacts(turn),
    })
}

/// The guide's list of citations, which is one of sources.
pub(super) fn guide_citations() -> Value {
    json!([{"title": TITLE, "data_element_id": "de_1"}])
}

/// ChatMessageResponse.
pub(super) fn synchronous(turn: &Turn) -> Value {
    let text = said(turn);
    let response = match text {
        None => json!({}),
        Some(text) if turn.script.cites => json!({
            "message": text,
            "sources": [{
                "title": TITLE, "url": null, "snippet": SNIPPET, "data_element_id": "de_1", "relevance_score": 0.91,
            }],
            "follow_up_questions": ["By region?"],
            "call_to_actions": actions(),
            "artifacts": artifacts(turn),
        }),
        Some(text) => json!({
            "message": text, "sources": null, "follow_up_questions": null, "call_to_actions": null, "artifacts": null,
        }),
    };
    let thinking = (turn.message.include_thinking == Some(true)).then_some(&turn.script.thought);
    let activity = (turn.message.include_tool_activity == Some(true)).then(|| activity(turn));
    json!({
        "signal_id": turn.signal_id,
        "response": response,
        "assistant_response": clean(turn, text.unwrap_or("")),
        "tool_activity": activity,
        "thinking": thinking,
        "token_usage": usage(turn),
    })
}

/// ToolActivity: one entry a call, with its last result.
fn activity(turn: &Turn) -> Vec<Value> {
    let last_result = |wanted: usize| {
        turn.steps().filter_map(move |(_, _, step)| match step {
            Step::ToolResult { tool, result, .. } if *tool == wanted => Some(result),
            _ => None,
        })
    };
    let calls = turn.steps().filter_map(|(at, _, step)| match step {
        Step::ToolCall {
            tool,
            name,
            arguments,
        } => Some(json!({
            "tool_id": turn.tool_id(*tool),
            "tool_name": name,
            "arguments": arguments,
            "result": last_result(*tool).last(),
            "timestamp": turn.stamp(at),
        })),
        _ => None,
    });
    calls.collect()
}

/// FileParseEntry of each file that came along.
pub(super) fn file_parsing(turn: &Turn) -> impl Iterator<Item = (f64, Value)> {
    let done_at = turn.arrived + turn.begins_after;
    turn.message
        .files
        .iter()
        .zip(1..)
        .map(move |(file, index)| {
            let entry = json!({
                "file_id": format!("{}_{index}", turn.signal_id),
                "filename": file.name,
                "parse_start": {"attempt": 1, "timestamp": turn.stamp(0.0)},
                "parse_complete": {
                    "status": "completed", "error": null, "bbox_count": null, "page_count": 1,
                    "content_type": file.content_type, "timestamp": turn.stamp(turn.begins_after),
                },
            });
            (done_at, entry)
        })
}

/// ArtifactEntry of the answer's artifact.
pub(super) fn artifact_entry(turn: &Turn) -> Option<(f64, Value)> {
    let entry = json!({"name": "s.csv", "content": "a,b", "file_type": "csv"});
    turn.script
        .cites
        .then_some((turn.arrived + turn.ends_after, entry))
}
