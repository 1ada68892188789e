//! Plays one schedule and holds the client to its promises. What the server stored is read at the end, by a client to
//! which nothing happens.

use agentline::backend::{Direction, Edge, OutgoingMessage, Resume};
use agentline::error::Delivered;
use agentline::model::{Backend, Delivery, Message, Role};
use agentline::text::Text;
use agentline_sandbox::Faults;
use agentline_sandbox::fault::{Fault, Rule};
use serde_json::Value;

use super::schedule::{Action, Schedule, TEXTS};
use crate::delivery::{Place, QUESTION};
use crate::support::client::{message, range};
use crate::support::drive::{Drive, Run, Seen, Server, run_with_key};

/// No operation of a schedule takes longer, whatever goes wrong: Meibel may think for 300 seconds, three times over.
const LONGEST: f64 = 1_100_000.0;
/// A session of elizaOS lives for two hours: a schedule ends before, whatever the server's clock says.
const ENOUGH: f64 = 1_000_000.0;

/// A message that was sent, and how often it may be in the history.
struct Sent {
    text: &'static str,
    mark: String,
    least: usize,
    most: usize,
}

struct Played {
    backend: Backend,
    place: Place,
    sent: Vec<Sent>,
    /// the server's clock was wrong
    skewed: bool,
    loud: bool,
}

pub fn play(backend: Backend, seed: u64, loud: bool) {
    let schedule = Schedule::of(backend, seed);
    let place = Place::with(backend, schedule.server, schedule.transport);
    let mut played = Played {
        backend,
        place,
        sent: Vec::new(),
        skewed: false,
        loud,
    };
    let begin = played.place.world.now();
    for (number, action) in schedule.actions.into_iter().enumerate() {
        if played.place.world.now() - begin > ENOUGH {
            break;
        }
        if loud {
            eprintln!("{:.0}: {action:?}", played.place.world.now() - begin);
        }
        let before = played.place.world.now();
        let passes = match &action {
            Action::Pass { milliseconds } | Action::Follow { milliseconds } => *milliseconds,
            _ => 0.0,
        };
        played.act(&format!("{number}"), action);
        let took = played.place.world.now() - before - passes;
        assert!(took <= LONGEST, "action {number} took {took} ms");
    }
    played.judge();
}

/// What the agent says to a text.
fn answer_to(backend: Backend, text: &str) -> String {
    let (_, answer) = TEXTS.iter().find(|(said, _)| *said == text).unwrap();
    match backend {
        Backend::AgentCloud => format!("{answer}{QUESTION}"),
        Backend::Eliza | Backend::Meibel => (*answer).to_owned(),
    }
}

impl Played {
    fn act(&mut self, name: &str, action: Action) {
        match action {
            Action::Send {
                text,
                streams,
                redeliver,
                resume,
            } => {
                let mark = format!("mark-{name}");
                let outgoing = OutgoingMessage {
                    client_message_id: Some(mark.clone()),
                    redeliver,
                    resume,
                    ..message(text)
                };
                let run = match streams {
                    true => self.place.stream(&outgoing),
                    false => self.place.send(&outgoing),
                };
                self.show(&run);
                self.sent(text, mark, &run);
            }
            Action::Leave { text, after } => {
                let mark = format!("mark-{name}");
                let outgoing = OutgoingMessage {
                    client_message_id: Some(mark.clone()),
                    resume: true,
                    ..message(text)
                };
                self.leave(text, mark, &outgoing, after);
            }
            Action::Resume { shown } => self.resume(shown),
            Action::Read { limit, forward } => self.read(limit, forward),
            Action::Follow { milliseconds } => self.follow(milliseconds),
            Action::Pass { milliseconds } => {
                let now = self.place.world.now();
                self.place.world.pass(now + milliseconds);
            }
            Action::Switch(faults) => {
                let skews = |rule: &Rule| matches!(rule.fault, Fault::Skew { .. });
                self.skewed |= faults.rules.iter().any(skews);
                self.place.world.switch(faults);
            }
        }
    }

    fn show(&self, run: &Run) {
        if self.loud {
            let error = run.error.as_ref();
            let error = error.map(|error| (error.kind, error.delivered, error.message.clone()));
            eprintln!("    {:?} {:?} {error:?}", run.deliveries, run.kinds());
            for (at, request) in &run.requests {
                eprintln!("      {at:.0} {:?} {}", request.method, request.url);
            }
        }
    }

    /// Notes what a run tells of its message, and checks that it tells one thing.
    fn sent(&mut self, text: &'static str, mark: String, run: &Run) {
        let last = *run.deliveries.last().unwrap();
        let fate = match &run.error {
            None => Delivery::Delivered,
            Some(error) => match error.delivered {
                Some(Delivered::Yes) => Delivery::Delivered,
                Some(Delivered::No) => Delivery::Failed,
                Some(Delivered::Unknown) => Delivery::Unknown,
                None => panic!("a send that fails says what became of it: {error:?}"),
            },
        };
        assert_eq!(last, fate, "the state is what the end says");
        assert_eq!(run.deliveries[0], Delivery::Queued);
        let ends = |state: &Delivery| matches!(state, Delivery::Delivered | Delivery::Failed);
        let early = run.deliveries.iter().rev().skip(1).any(ends);
        assert!(!early, "nothing follows an end: {:?}", run.deliveries);
        let said = match run.seen.last() {
            Some(Seen::Reply(reply)) => reply.message.text.to_string_lossy().into_owned(),
            _ => tell(&run.seen, ""),
        };
        if run.error.is_none() {
            let wanted = answer_to(self.backend, text);
            assert_eq!(said, wanted, "the text is what was said");
        }
        let (least, most) = match fate {
            Delivery::Delivered => (1, 1),
            Delivery::Failed => (0, 0),
            _ => (0, 1),
        };
        self.sent.push(Sent {
            text,
            mark,
            least,
            most,
        });
    }

    fn leave(&mut self, text: &'static str, mark: String, outgoing: &OutgoingMessage, after: f64) {
        let made = self.place.client.stream(&self.place.session, outgoing);
        let until = self.place.world.now() + after;
        let key = self.place.key.clone();
        let mut drive = Drive::new(&mut self.place.world, made, key.as_deref());
        let mut seen = Vec::new();
        let mut error = None;
        while drive.now() < until && error.is_none() {
            match drive.pull_until(until) {
                Ok(Some(values)) => seen.extend(values),
                Ok(None) if drive.is_over() => break,
                Ok(None) => {}
                Err(failed) => error = Some(failed),
            }
        }
        let last = *drive.deliveries.last().unwrap();
        drive.leave();
        tell(&seen, "");
        let (least, most) = match last {
            Delivery::Delivered => (1, 1),
            Delivery::Queued | Delivery::Failed => (0, 0),
            Delivery::Sending | Delivery::Unknown => (0, 1),
        };
        self.sent.push(Sent {
            text,
            mark,
            least,
            most,
        });
    }

    fn resume(&mut self, shown: usize) {
        // what the newest message is, the history says: which of them arrived, nobody may know here
        let shown: String = match self.sent.last() {
            Some(sent) => answer_to(self.backend, sent.text)
                .chars()
                .take(shown)
                .collect(),
            None => String::new(),
        };
        let run = self.place.resume(Resume {
            shown: Text::from(shown.clone()),
            ..Resume::default()
        });
        self.show(&run);
        let told = tell(&run.seen, &shown);
        if run.error.is_none() {
            let wanted = answer_to(self.backend, &asked(&run.seen));
            assert_eq!(told, wanted, "the answer is that to the message found");
        }
    }

    fn read(&mut self, limit: usize, forward: bool) {
        let direction = match forward {
            true => Direction::Forward,
            false => Direction::Backward,
        };
        let all = range(limit, None, None);
        let made = self
            .place
            .client
            .messages(&self.place.session, &all, direction);
        let run = run_with_key(&mut self.place.world, made, self.place.key.as_deref());
        self.show(&run);
        let mut messages: Vec<Message> = run.messages().into_iter().cloned().collect();
        if !forward {
            messages.reverse();
        }
        self.in_order(&messages);
    }

    fn follow(&mut self, milliseconds: f64) {
        let after = Some(Edge::Time(0.0));
        let made = self.place.client.follow(&self.place.session, after);
        let until = self.place.world.now() + milliseconds;
        let key = self.place.key.clone();
        let mut drive = Drive::new(&mut self.place.world, made, key.as_deref());
        let mut messages = Vec::new();
        while drive.now() < until {
            let Ok(seen) = drive.pull_until(until) else {
                break;
            };
            for seen in seen.into_iter().flatten() {
                let Seen::Message(message) = seen else {
                    panic!("{seen:?}");
                };
                messages.push(message);
            }
        }
        drive.leave();
        once(&messages);
    }

    /// Each message once, and in its order.
    fn in_order(&self, messages: &[Message]) {
        once(messages);
        // a row of Agent Cloud's that still grows keeps its place
        if self.backend != Backend::AgentCloud && !self.skewed {
            let at = |message: &Message| message.timestamp.unwrap_or_default();
            assert!(
                messages.is_sorted_by_key(at),
                "the messages are in disorder"
            );
        }
    }

    /// What the server holds against what the client told.
    fn judge(&mut self) {
        self.place.world.switch(Faults::default());
        let now = self.place.world.now();
        self.place.world.pass(now + 120_000.0);
        let history = self.place.history();
        self.in_order(&history);
        let said: Vec<&Message> = history
            .iter()
            .filter(|row| row.role == Role::User)
            .collect();
        if self.loud {
            for row in &history {
                eprintln!(
                    "  {:?} {:?} {:?}",
                    row.role, row.text, row.client_message_id
                );
            }
        }
        for (text, _) in TEXTS {
            let rows = said
                .iter()
                .filter(|row| row.text == Text::from(text))
                .count();
            let of = |sent: &&Sent| sent.text == text;
            let least: usize = self.sent.iter().filter(of).map(|sent| sent.least).sum();
            let most: usize = self.sent.iter().filter(of).map(|sent| sent.most).sum();
            assert!(rows >= least, "{text:?} is lost: {rows} of {least}");
            assert!(rows <= most, "{text:?} is doubled: {rows} of {most}");
        }
        if self.backend == Backend::Eliza {
            for sent in &self.sent {
                let marked = |row: &&&Message| row.client_message_id.as_deref() == Some(&sent.mark);
                let rows = said.iter().filter(marked).count();
                assert!(
                    (sent.least..=sent.most).contains(&rows),
                    "{} is there {rows} times, and not {} to {}",
                    sent.mark,
                    sent.least,
                    sent.most
                );
            }
        }
        if self.skewed {
            return;
        }
        // the messages stand in the order in which they were sent
        let mut sent = self.sent.iter();
        for row in said {
            let next = sent.find(|sent| Text::from(sent.text) == row.text);
            assert!(next.is_some(), "{:?} stands in another order", row.text);
        }
    }
}

/// The text as the events tell it, and that `done` says the same, once and last.
#[track_caller]
fn tell(seen: &[Seen], shown: &str) -> String {
    let (mut text, mut done) = (shown.to_owned(), false);
    let mut starts = 0;
    for seen in seen {
        assert!(!done, "something comes behind the end: {seen:?}");
        let Seen::Event(kind, json) = seen else {
            continue;
        };
        let event: Value = serde_json::from_str(json).unwrap();
        match *kind {
            "start" => starts += 1,
            "content" => text.push_str(event["delta"].as_str().unwrap()),
            "replace" => text = event["text"].as_str().unwrap().to_owned(),
            "done" => {
                done = true;
                assert_eq!(
                    event["reply"]["message"]["text"],
                    text.as_str(),
                    "done says it"
                );
            }
            _ => {}
        }
    }
    assert!(starts <= 1, "{starts} times started");
    text
}

/// The message that an answer begins with.
#[track_caller]
fn asked(seen: &[Seen]) -> String {
    let start = seen.iter().find_map(|seen| match seen {
        Seen::Event("start", json) => Some(serde_json::from_str::<Value>(json).unwrap()),
        _ => None,
    });
    let start = start.expect("an answer that is found begins with its message");
    start["message"]["text"].as_str().unwrap().to_owned()
}

#[track_caller]
fn once(messages: &[Message]) {
    let mut ids: Vec<&str> = messages.iter().map(|message| &*message.id).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all, "a message is told twice");
}
