//! What the scripted agent says when it is simply talked to.
//!
//! In: a seed and a text. Out: a canned answer, word by word. It is demo content and says so: nobody must take it for a
//! model. The words keep clear of `<`, `>` and `&`, which the dialects' model formats give a meaning.

use super::{Answer, Conduct, Delivery};
use crate::random::{Random, hash};

const GREETINGS: &[&str] = &[
    "Hello! I am the sandbox's scripted agent. There is no model behind me, only a handful of prepared sentences, but the way they reach you is the real one: request, stream, history.",
    "Hi, and welcome 👋 You are talking to a script. I live inside the sandbox, I answer every message, and I never get tired.",
    "Good to see you! Please do not expect wisdom: I am a scripted agent, and everything I say was written in advance.",
];

const OPENINGS: &[&str] = &[
    "You wrote \"{words}\". I am a scripted agent, so I can repeat it but not understand it.",
    "Thank you for \"{words}\". A real agent would now think about it; I am scripted and only pretend to.",
    "\"{words}\" is noted, and it is in this session's history now. I am the sandbox's scripted agent, so that is about as far as my insight goes.",
    "I would love to say something clever about \"{words}\", but my script has no page for it.",
];

const QUESTIONS: &[&str] = &[
    "Good question: \"{words}\" I am scripted, so my honest answer is that I do not know. What I can show you is how an answer arrives.",
    "You ask \"{words}\" and I, being a script, shrug politely. Connect a real agent and ask again; the code on your side stays the same.",
    "\"{words}\" deserves a better answer than a scripted agent can give. Let me show you something instead.",
];

const MIDDLES: &[&str] = &[
    "While you read this, each word is sent as its own piece with a pause of 25 to 70 milliseconds before it. Press stop in the middle and the rest stays away.",
    "A few things that this page can show you:\n\n- an answer that grows while it arrives\n- a stop that keeps what came\n- older messages that load as you scroll up",
    "The server you are talking to runs in memory and speaks the same dialect as the real one, with its habits and its bugs.",
    "Three facts about me:\n\n1. I am written in Rust.\n2. I do no input or output of my own.\n3. With the same seed I always say the same. 🎲",
    "What makes streams hard is not the happy path. It is the cut in the middle, the error after half a sentence, the answer that never comes. I can play all of these for you.",
    "Your message was stored before I began to speak. If the connection had broken right then, it would still be found in the history.",
];

const HINTS: &[&str] = &[
    "Try one of these: `throw` makes me fail at once, `throwmid hello there` in the middle of a sentence, `cutwait 40000 this will be cut` stays silent until the server hangs up, and `stream 20 100 a slow sentence in twenty pieces` takes its time.",
    "If you like, send `stream 20 100 one piece every tenth of a second` or `throwmid hello there` and watch what the page makes of it.",
    "Send `throw` to see an error, or `cutwait 40000 half of this arrives` and wait half a minute for the cut.",
    "The first word of a message steers me: `say`, `stream`, `wait`, `cutwait`, `throw` and `throwmid` are good ones to try. For example: `stream 20 100 just like this`.",
];

const CLOSINGS: &[&str] = &[
    "That is all from my script.",
    "What shall we try next?",
    "Your turn 🙂",
    "I am curious what you will do with it.",
];

pub(super) fn answer(seed: u64, user_text: &str) -> Answer {
    let mut random = Random::new(seed ^ hash(user_text.as_bytes()));
    let words = quoted(user_text);
    let lower = user_text.trim().to_lowercase();
    let greets = ["hello", "hi", "hey", "good morning", "good evening"]
        .iter()
        .any(|greeting| {
            lower
                .strip_prefix(greeting)
                .is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
        });
    let opening = match () {
        () if greets || words.is_empty() => GREETINGS,
        () if lower.ends_with('?') => QUESTIONS,
        () => OPENINGS,
    };
    let mut paragraphs = vec![pick(opening, &mut random).replace("{words}", &words)];
    if random.between(0, 3) > 0 {
        paragraphs.push(pick(MIDDLES, &mut random).into());
    }
    paragraphs.push(pick(HINTS, &mut random).into());
    if random.between(0, 1) > 0 {
        paragraphs.push(pick(CLOSINGS, &mut random).into());
    }
    let text = paragraphs.join("\n\n");
    let words = text
        .split_inclusive(char::is_whitespace)
        .enumerate()
        .map(|(index, word)| {
            let pause = if index == 0 {
                random.between(120, 350)
            } else {
                random.between(25, 70)
            };
            (f64::from(pause), word.to_owned())
        })
        .collect();
    Answer {
        thought: "I have a script for this.".into(),
        conduct: Conduct::Speak,
        text,
        delivery: Delivery::Words(words),
    }
}

fn pick<'text>(from: &[&'text str], random: &mut Random) -> &'text str {
    let last = u32::try_from(from.len().saturating_sub(1)).unwrap_or(0);
    from.get(random.between(0, last) as usize)
        .copied()
        .unwrap_or("I am scripted.")
}

/// The user's words, short, on one line and without what a model's format or the quotation marks would trip over.
fn quoted(text: &str) -> String {
    let clean: String = text
        .chars()
        .map(|c| {
            if "<>&\"{}`".contains(c) || c.is_control() {
                ' '
            } else {
                c
            }
        })
        .collect();
    let mut out = String::new();
    for word in clean.split_whitespace() {
        if out.chars().count() + word.chars().count() > 60 {
            out.push('…');
            break;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}
