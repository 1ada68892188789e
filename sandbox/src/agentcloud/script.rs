//! What the agent's backend sends to the webapp about one message of the user: lines that grow, tools, the end of the turn.
//!
//! In: a user's text. Out: [`Step`]s with their times. What is said is the shared [`agent`]'s; these words are this
//! dialect's own:
//!
//! | text | what its row is |
//! | --- | --- |
//! | `double <text>` | stored twice under one chunk id: the first piece in one row, the others in another |
//! | `nochunkid <text>` | without a chunk id |
//! | `old <text>` | as the server wrote rows until May 2024: complete, with `codeBlocks`, without chunks |
//! | `timeout` | the agent has waited too long for its user: an envelope of the type `error`, and the session ends |
//!
//! Storing the steps and telling them to whoever listens is left to `session`.

use crate::agent::{self, Agents, Answer, Conduct, Delivery};
use crate::random::Random;

/// Who speaks, and as what it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Author {
    /// The agent, in a bubble.
    Agent,
    /// The system, as one line between the bubbles.
    Inline,
    /// The system, in a bubble.
    System,
}

/// In what form it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// One row under its chunk id.
    Usual,
    /// Two rows under one chunk id.
    Doubled,
    /// A row without a chunk id.
    Unkeyed,
    /// A row of before May 2024.
    Old,
}

/// A piece of a message.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    /// Which message of the turn it belongs to: those of one number share a chunk id.
    pub message: usize,
    pub author: Author,
    pub text: String,
    pub first: bool,
    pub overwrite: bool,
    /// The agent now waits for its user.
    pub feedback: bool,
    pub form: Form,
    /// It is stored while others are, so that each of them finds the session's status unchanged.
    pub racing: bool,
}

/// What the agent's backend does.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Does {
    Says(Line),
    /// It gave up waiting for its user.
    TimesOut,
    /// It ends the session.
    Terminates,
}

/// What it does, and when.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step {
    /// Milliseconds after the turn's begin when the webapp gets it.
    pub after_ms: f64,
    /// Milliseconds after the turn's begin when the agent made it.
    pub made_after_ms: f64,
    pub does: Does,
}

/// Milliseconds from the agent to the webapp.
const WAY: f64 = 2.0;
/// How long a tool takes.
const TOOL: f64 = 200.0;
/// More tools than these are not used in one turn.
const MOST_TOOLS: u32 = 100;

/// What the agent says when somebody comes.
pub(super) const PROMPT: &str = "How can I help?";
const PROMPT_AGAIN: &str = "Anything else?";

/// The agent joins a session and waits for its user.
pub(super) fn greeting() -> Vec<Step> {
    let mut turn = Turn::default();
    turn.pass(30.0);
    turn.asks(PROMPT);
    turn.steps
}

/// The agent finds that it was told to stop.
pub(super) fn stopped() -> Vec<Step> {
    let mut turn = Turn::default();
    turn.says(Author::Inline, "🛑 Stopped generating.");
    turn.ends();
    turn.steps
}

/// What the agent does about a user's text.
pub(super) fn turn(agents: Agents, seed: u64, user_text: &str, random: &mut Random) -> Vec<Step> {
    let mut turn = Turn::default();
    turn.pass(f64::from(random.between(20, 60)));
    let (word, rest) = user_text.split_once(' ').unwrap_or((user_text, ""));
    let form = match word {
        "double" => Form::Doubled,
        "nochunkid" => Form::Unkeyed,
        "old" => Form::Old,
        "timeout" => {
            turn.put(Does::TimesOut);
            turn.ends();
            return turn.steps;
        }
        _ => Form::Usual,
    };
    let answer = match form {
        Form::Usual => agent::answer(agents, seed, user_text),
        Form::Doubled => agent::answer(agents, seed, &format!("stream 3 20 {rest}")),
        _ => agent::answer(agents, seed, &format!("say {rest}")),
    };
    let failure = turn.answers(&answer, form, random);
    match failure {
        Some(message) => {
            turn.says(Author::Inline, "⛔ An unexpected error occurred");
            let trace = format!(
                "Stack trace:\n```\nTraceback (most recent call last):\n  File \"/app/chat/agents/base.py\", line 1, in run\nException: {message}\n```"
            );
            turn.says(Author::System, &trace);
            turn.ends();
        }
        None => turn.asks(PROMPT_AGAIN),
    }
    turn.steps
}

#[derive(Default)]
struct Turn {
    at: f64,
    messages: usize,
    steps: Vec<Step>,
}

impl Turn {
    fn pass(&mut self, ms: f64) {
        self.at += ms;
    }

    fn put(&mut self, does: Does) {
        self.steps.push(Step {
            after_ms: self.at + WAY,
            made_after_ms: self.at,
            does,
        });
        self.at += 1.0;
    }

    fn line(&mut self, author: Author, text: &str) -> Line {
        self.messages += 1;
        Line {
            message: self.messages,
            author,
            text: text.to_owned(),
            first: true,
            overwrite: false,
            feedback: false,
            form: Form::Usual,
            racing: false,
        }
    }

    fn says(&mut self, author: Author, text: &str) {
        let line = self.line(author, text);
        self.put(Does::Says(line));
    }

    fn asks(&mut self, text: &str) {
        let line = self.line(Author::Agent, text);
        self.put(Does::Says(Line {
            feedback: true,
            ..line
        }));
    }

    fn ends(&mut self) {
        self.pass(5.0);
        self.put(Does::Terminates);
    }

    fn uses(&mut self, tool: &str) {
        let begins = self.line(Author::Inline, &format!("Using tool: {tool}"));
        self.put(Does::Says(begins.clone()));
        self.pass(TOOL);
        self.put(Does::Says(Line {
            text: format!("Finished using tool: {tool}"),
            overwrite: true,
            ..begins
        }));
    }

    /// The answer itself; gives what it failed with.
    fn answers(&mut self, answer: &Answer, form: Form, random: &mut Random) -> Option<String> {
        let text = match &answer.conduct {
            Conduct::Speak => answer.text.as_str(),
            Conduct::Ignore | Conduct::Silent => return None,
            Conduct::Act { times, text } => {
                for _ in (0..MOST_TOOLS).take_while(|index| f64::from(*index) < *times) {
                    self.uses("Scripted tool");
                }
                text
            }
            Conduct::TwoActs { text } => {
                self.uses("First step");
                self.uses("Scripted tool");
                text
            }
        };
        let (pieces, failure): (Vec<(f64, String)>, Option<&String>) = match &answer.delivery {
            Delivery::After(ms) => (vec![(*ms, text.to_owned())], None),
            Delivery::Pieces { count, pause_ms } => (
                cut(text, *count)
                    .into_iter()
                    .map(|piece| (*pause_ms, piece))
                    .collect(),
                None,
            ),
            Delivery::Burst => (
                cut(text, 7).into_iter().map(|piece| (0.7, piece)).collect(),
                None,
            ),
            Delivery::Halves { pause_ms } => {
                let (first, second) = halves(text);
                (vec![(0.0, first), (*pause_ms, second)], None)
            }
            Delivery::Words(words) => (words.clone(), None),
            Delivery::Fails(message) => (Vec::new(), Some(message)),
            Delivery::FailsHalfway(message) => (vec![(0.0, halves(text).0)], Some(message)),
        };
        let begin = self.steps.len();
        let line = self.line(Author::Agent, "");
        let racing = answer.delivery == Delivery::Burst;
        for (pause_ms, text) in pieces {
            self.pass(pause_ms);
            if text.is_empty() {
                continue;
            }
            let first = self.steps.len() == begin;
            self.put(Does::Says(Line {
                text,
                first,
                form,
                racing,
                ..line.clone()
            }));
            // One piece follows the other without the pause between two messages.
            self.at -= 1.0;
        }
        if racing {
            out_of_order(self.steps.get_mut(begin..).unwrap_or_default(), random);
        }
        self.pass(5.0);
        failure.cloned()
    }
}

/// Lets a burst arrive in another order than it was made in; only its first piece is surely the first.
fn out_of_order(steps: &mut [Step], random: &mut Random) {
    let Some((_, later)) = steps.split_first_mut() else {
        return;
    };
    let arrivals: Vec<f64> = later.iter().map(|step| step.after_ms + WAY).collect();
    for last in (1..later.len()).rev() {
        // Sattolo's way: no piece keeps its place.
        let highest = u32::try_from(last - 1).unwrap_or(0);
        later.swap(last, random.between(0, highest) as usize);
    }
    for (step, after_ms) in later.iter_mut().zip(arrivals) {
        step.after_ms = after_ms;
    }
}

fn halves(text: &str) -> (String, String) {
    let half = text.chars().count().div_ceil(2);
    (
        text.chars().take(half).collect(),
        text.chars().skip(half).collect(),
    )
}

/// Cuts into `count` pieces of one size; the agent counts in characters.
fn cut(text: &str, count: impl Into<f64>) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss
    )]
    let size = (letters.len() as f64 / count.into().max(1.0))
        .ceil()
        .max(1.0) as usize;
    letters
        .chunks(size)
        .map(|piece| piece.iter().collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Author, Does, Form, Line, Step, turn};
    use crate::agent::Agents;
    use crate::random::Random;

    fn steps(text: &str) -> Vec<Step> {
        turn(Agents::Echo, 0, text, &mut Random::new(5))
    }

    fn lines(text: &str) -> Vec<Line> {
        let says = |step: Step| match step.does {
            Does::Says(line) => Some(line),
            _ => None,
        };
        steps(text).into_iter().filter_map(says).collect()
    }

    fn texts(text: &str) -> Vec<String> {
        lines(text).into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn an_answer_grows_in_pieces_and_the_agent_then_waits_for_its_user() {
        assert_eq!(
            texts("stream 3 40 one two"),
            ["one", " tw", "o", "Anything else?"]
        );
        let lines = lines("stream 3 40 one two");
        let shown: Vec<_> = lines
            .iter()
            .map(|line| (line.message, line.first, line.feedback))
            .collect();
        assert_eq!(
            shown,
            [
                (1, true, false),
                (1, false, false),
                (1, false, false),
                (2, true, true)
            ]
        );
    }

    #[test]
    fn a_tool_s_end_takes_the_place_of_its_begin() {
        let lines = lines("act 1 done");
        let shown: Vec<_> = lines
            .iter()
            .map(|line| (line.message, line.overwrite, line.text.as_str()))
            .collect();
        assert_eq!(
            shown,
            [
                (1, false, "Using tool: Scripted tool"),
                (1, true, "Finished using tool: Scripted tool"),
                (2, false, "done"),
                (3, false, "Anything else?"),
            ]
        );
        assert_eq!(lines[0].author, Author::Inline);
    }

    #[test]
    fn a_burst_arrives_in_another_order_than_it_was_made_in() {
        let steps = steps("repeat 20 ab");
        let burst = &steps[..steps.len() - 1];
        assert!(burst.is_sorted_by_key(|step| step.after_ms));
        assert!(!burst.is_sorted_by_key(|step| step.made_after_ms));
        let mut made = burst.to_vec();
        made.sort_by(|a, b| a.made_after_ms.total_cmp(&b.made_after_ms));
        assert_eq!(made.first(), burst.first());
        let text: String = made
            .iter()
            .map(|step| match &step.does {
                Does::Says(line) => line.text.as_str(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(text, "ab".repeat(20));
    }

    #[test]
    fn an_agent_that_fails_says_so_and_ends_the_session() {
        let steps = steps("throwmid four");
        assert_eq!(steps.last().map(|step| &step.does), Some(&Does::Terminates));
        let texts = texts("throwmid four");
        assert_eq!(texts[..2], ["fo", "⛔ An unexpected error occurred"]);
        assert!(texts[2].starts_with("Stack trace:\n"));
        assert!(texts[2].contains("scripted failure in mid stream"));
    }

    #[test]
    fn odd_rows_are_asked_for_by_their_words() {
        assert_eq!(lines("old x")[0].form, Form::Old);
        assert_eq!(lines("nochunkid x")[0].form, Form::Unkeyed);
        assert!(
            lines("double abc")
                .iter()
                .take(3)
                .all(|line| line.form == Form::Doubled)
        );
        assert_eq!(steps("timeout")[0].does, Does::TimesOut);
    }
}
