//! The scripted agent: what a user's text makes it say, and in which rhythm.
//!
//! In: a user's text. Out: an [`Answer`]. Nothing here knows a wire: cutting the answer into a server's frames is the
//! dialect's. The first word steers it, as on the real elizaOS fixture server:
//!
//! | text | what the agent does |
//! | --- | --- |
//! | `say <text>` | says it |
//! | `stream <n> <ms> <text>` | says it in `n` pieces, `ms` before each |
//! | `repeat <n> <text>` | says it `n` times |
//! | `wait <ms> <text>` | is silent for `ms`, then says it |
//! | `cutwait <ms> <text>` | says half of it, is silent for `ms`, says the rest |
//! | `ignore` | decides to say nothing |
//! | `silent` | does something that has no result |
//! | `empty` | says nothing at all |
//! | `throw`, `throwmid <text>` | fails, at once or after half of the text |
//! | `act <n> <text>`, `acts <text>` | uses a tool that reports `n` times, or two tools |
//! | `stayout <text>` | does not take part, where the room leaves it the choice |
//! | anything else | talks, or echoes it |

mod conversation;

use crate::json;

/// What the agent does with a text that names no conduct.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Agents {
    /// Answers with a few friendly paragraphs, word by word.
    #[default]
    Conversation,
    /// Answers `echo: <text>`, as the real fixture server does.
    Echo,
}

/// What the agent does.
#[derive(Debug, Clone, PartialEq)]
pub enum Conduct {
    /// It speaks.
    Speak,
    /// It chooses to say nothing.
    Ignore,
    /// It names an action that nobody carries out.
    Silent,
    /// It uses one tool, which reports so many times.
    Act {
        /// As JavaScript read it: `NaN` for a word that is no number.
        times: f64,
        /// What each report says.
        text: String,
    },
    /// It uses two tools; the second reports this text.
    TwoActs {
        /// What the second report says.
        text: String,
    },
}

/// In which rhythm the text comes.
#[derive(Debug, Clone, PartialEq)]
pub enum Delivery {
    /// In one piece, after a silence.
    After(f64),
    /// In so many pieces, with a pause before each; the count as JavaScript read it.
    Pieces {
        /// `NaN` for a word that is no number.
        count: f64,
        /// Milliseconds.
        pause_ms: f64,
    },
    /// In seven pieces without a pause.
    Burst,
    /// In two halves with a pause between them.
    Halves {
        /// Milliseconds.
        pause_ms: f64,
    },
    /// Word by word: the text's words with their trailing space, each with the pause before it.
    Words(Vec<(f64, String)>),
    /// Not at all: it fails with this message.
    Fails(String),
    /// Half of it, then it fails with this message.
    FailsHalfway(String),
}

/// What the agent says, thinks and does about one text.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// What it thought.
    pub thought: String,
    /// What it does.
    pub conduct: Conduct,
    /// What it says.
    pub text: String,
    /// In which rhythm.
    pub delivery: Delivery,
}

/// The most that one answer may hold; a longer one fails, so that no text can exhaust the memory.
const MOST_TEXT: usize = 7 * 1024 * 1024;

/// Milliseconds that a JavaScript timer waits when it is asked for `ms`.
#[must_use]
pub fn timer(ms: f64) -> f64 {
    if (1.0..=2_147_483_647.0).contains(&ms) {
        ms.trunc()
    } else {
        1.0
    }
}

/// Whether the agent would rather not take part, where the room leaves it the choice.
#[must_use]
pub fn stays_out(text: &str) -> bool {
    text.starts_with("stayout")
}

/// What the agent does about a text.
#[must_use]
pub fn answer(agents: Agents, seed: u64, user_text: &str) -> Answer {
    let mut words = user_text.split(' ');
    let word = words.next().unwrap_or("");
    let tail = user_text.get(word.len() + 1..).unwrap_or("");
    // A missing word is no number; an empty one is zero.
    let mut number = || words.next().map_or(f64::NAN, json::text_to_number);
    let speak = |text: String, delivery| Answer {
        thought: "scripted thought".into(),
        conduct: Conduct::Speak,
        text,
        delivery,
    };
    let act = |conduct| Answer {
        conduct,
        ..speak("planned text".into(), Delivery::After(0.0))
    };
    match word {
        "say" => speak(tail.into(), Delivery::After(0.0)),
        "stream" => {
            let (count, pause_ms) = (number(), number());
            speak(
                joined(words),
                Delivery::Pieces {
                    count,
                    pause_ms: timer(pause_ms),
                },
            )
        }
        "repeat" => {
            let count = number();
            match repeated(&joined(words), count) {
                Ok(text) => speak(text, Delivery::Burst),
                Err(message) => speak(String::new(), Delivery::Fails(message)),
            }
        }
        "wait" => {
            let ms = number();
            speak(joined(words), Delivery::After(timer(ms)))
        }
        "cutwait" => {
            let ms = number();
            speak(
                joined(words),
                Delivery::Halves {
                    pause_ms: timer(ms),
                },
            )
        }
        "ignore" => Answer {
            thought: "nothing to say".into(),
            conduct: Conduct::Ignore,
            ..speak(String::new(), Delivery::After(0.0))
        },
        "silent" => Answer {
            thought: "nobody handles this".into(),
            conduct: Conduct::Silent,
            ..speak(String::new(), Delivery::After(0.0))
        },
        "empty" => speak(String::new(), Delivery::After(0.0)),
        "throw" => speak(
            String::new(),
            Delivery::Fails("scripted model failure".into()),
        ),
        "throwmid" => speak(
            tail.into(),
            Delivery::FailsHalfway("scripted failure in mid stream".into()),
        ),
        "act" => {
            let times = number();
            act(Conduct::Act {
                times,
                text: joined(words),
            })
        }
        "acts" => act(Conduct::TwoActs { text: tail.into() }),
        _ => match agents {
            Agents::Echo => speak(format!("echo: {user_text}"), Delivery::After(0.0)),
            Agents::Conversation => conversation::answer(seed, user_text),
        },
    }
}

fn joined<'text>(words: impl Iterator<Item = &'text str>) -> String {
    words.collect::<Vec<_>>().join(" ")
}

/// `text.repeat(count)`, bounded.
fn repeated(text: &str, count: f64) -> Result<String, String> {
    let count = if count.is_nan() { 0.0 } else { count.trunc() };
    if count < 0.0 || count.is_infinite() {
        let shown = if count.is_infinite() {
            "Infinity".into()
        } else {
            json::number_text(count)
        };
        return Err(format!("Invalid count value: {shown}"));
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let count = count as usize;
    match text.len().checked_mul(count) {
        Some(length) if length <= MOST_TEXT => Ok(text.repeat(count)),
        _ => Err("Invalid string length".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Agents, Conduct, Delivery, answer, timer};

    fn echo(text: &str) -> super::Answer {
        answer(Agents::Echo, 0, text)
    }

    #[test]
    fn the_first_word_steers_the_agent() {
        assert_eq!(echo("say  two  spaces ").text, " two  spaces ");
        assert_eq!(echo("hello").text, "echo: hello");
        assert_eq!(
            echo("stream 5 40 a b").delivery,
            Delivery::Pieces {
                count: 5.0,
                pause_ms: 40.0
            }
        );
        assert_eq!(echo("stream 5 40 a b").text, "a b");
        assert_eq!(echo("repeat 3 ab").text, "ababab");
        assert_eq!(
            echo("act 2 do it").conduct,
            Conduct::Act {
                times: 2.0,
                text: "do it".into()
            }
        );
        assert_eq!(
            echo("throw").delivery,
            Delivery::Fails("scripted model failure".into())
        );
    }

    #[test]
    fn odd_numbers_do_what_they_do_in_javascript() {
        assert!(
            matches!(echo("stream").delivery, Delivery::Pieces { count, .. } if count.is_nan())
        );
        assert!(matches!(
            echo("stream ").delivery,
            Delivery::Pieces {
                count: 0.0,
                pause_ms: 1.0
            }
        ));
        assert_eq!(
            echo("repeat -1 x").delivery,
            Delivery::Fails("Invalid count value: -1".into())
        );
        assert_eq!(
            echo("repeat 1e30 x").delivery,
            Delivery::Fails("Invalid string length".into())
        );
        assert_eq!(
            (timer(f64::NAN), timer(-5.0), timer(1e12), timer(20.9)),
            (1.0, 1.0, 1.0, 20.0)
        );
    }

    #[test]
    fn a_conversation_is_the_same_for_the_same_seed_and_varies_with_the_text() {
        let talk = |seed, text: &str| answer(Agents::Conversation, seed, text);
        assert_eq!(talk(1, "hello there"), talk(1, "hello there"));
        let texts: std::collections::BTreeSet<_> = (0..40)
            .map(|index| talk(1, &format!("question {index}")).text)
            .collect();
        assert!(texts.len() > 20, "{}", texts.len());
        for text in &texts {
            assert!(text.contains("script"), "it must say what it is: {text}");
            assert!(
                !text.contains(['<', '>', '&']),
                "a reply model's markup must not be broken: {text}"
            );
        }
    }

    #[test]
    fn a_conversation_comes_word_by_word_and_the_words_give_the_text() {
        let answer = answer(Agents::Conversation, 7, "what can <you> & I do? 😀");
        let Delivery::Words(words) = &answer.delivery else {
            panic!("{:?}", answer.delivery)
        };
        assert_eq!(
            words
                .iter()
                .map(|(_, word)| word.as_str())
                .collect::<String>(),
            answer.text
        );
        assert!(words.len() > 20);
        assert!(
            words
                .iter()
                .skip(1)
                .all(|(pause, _)| (25.0..=70.0).contains(pause))
        );
    }
}
