//! Schedules by a seed: what a user does, what goes wrong meanwhile, and how long nothing happens. The same seed gives the
//! same schedule, on every platform.

use agentline::model::Backend;
use agentline_sandbox::Options;
use agentline_sandbox::dialect::Operation;
use agentline_sandbox::eliza::{self, Version};
use agentline_sandbox::fault::{Fault, Faults, Newline, Rule};
use agentline_sandbox::random::mix;
use agentline_sandbox::{Agents, agentcloud};

/// Numbers from a seed.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Dice(mix(seed))
    }

    /// A number below `sides`.
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 = mix(self.0);
        self.0 % sides
    }

    /// Whether it happens, so many times in a hundred.
    pub fn happens(&mut self, percent: u64) -> bool {
        self.roll(100) < percent
    }

    pub fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.roll(all.len() as u64) as usize]
    }
}

/// What a user does.
#[derive(Clone, Debug)]
pub enum Action {
    /// a message is sent, and its answer read to the end, as a stream or whole
    Send {
        text: &'static str,
        streams: bool,
        redeliver: bool,
        resume: bool,
    },
    /// a message is streamed, and left after so many milliseconds
    Leave { text: &'static str, after: f64 },
    /// the answer to the newest message is looked for; so many characters of it are on the screen
    Resume { shown: usize },
    /// the history is read, page by page
    Read { limit: usize, forward: bool },
    /// what is new is awaited for so long
    Follow { milliseconds: f64 },
    /// nothing happens
    Pass { milliseconds: f64 },
    /// other things go wrong
    Switch(Faults),
}

/// A whole schedule.
#[derive(Debug)]
pub struct Schedule {
    pub server: Options,
    pub transport: Option<&'static str>,
    pub actions: Vec<Action>,
}

/// What is said: each with its answer. Several schedules say the same twice, so that two messages look alike.
pub const TEXTS: [(&str, &str); 6] = [
    ("say yes", "yes"),
    ("say no", "no"),
    ("say 😀 done", "😀 done"),
    (
        "stream 4 40 one two three four five",
        "one two three four five",
    ),
    (
        "stream 7 150 a longer text that takes its time to come",
        "a longer text that takes its time to come",
    ),
    ("wait 900 late", "late"),
];

impl Schedule {
    pub fn of(backend: Backend, seed: u64) -> Schedule {
        let mut dice = Dice::new(seed);
        let transport = (backend == Backend::Eliza && dice.happens(50)).then_some("websocket");
        let version = match dice.roll(4) {
            0 => Version::V1_6_5,
            1 => Version::V1_7_0,
            _ => Version::V1_7_2,
        };
        let server = Options {
            seed,
            latency_ms: dice.one_of(&[1.0, 5.0, 30.0]),
            agents: Agents::Echo,
            eliza: eliza::Options {
                version,
                ..eliza::Options::default()
            },
            agentcloud: agentcloud::Options::default(),
            ..Options::default()
        };
        let mut actions = vec![Action::Switch(faults(&mut dice))];
        for _ in 0..2 + dice.roll(4) {
            actions.push(action(&mut dice));
        }
        Schedule {
            server,
            transport,
            actions,
        }
    }
}

fn action(dice: &mut Dice) -> Action {
    let text = |dice: &mut Dice| {
        let (text, _) = dice.one_of(&TEXTS);
        text
    };
    match dice.roll(18) {
        0..=7 => Action::Send {
            text: text(dice),
            streams: dice.happens(70),
            redeliver: dice.happens(50),
            resume: dice.happens(90),
        },
        8 | 9 => Action::Leave {
            text: text(dice),
            after: dice.roll(2_000) as f64,
        },
        10 => Action::Resume {
            shown: dice.roll(6) as usize,
        },
        11 | 12 => Action::Read {
            limit: 1 + dice.roll(4) as usize,
            forward: dice.happens(50),
        },
        13 => Action::Follow {
            milliseconds: dice.roll(8_000) as f64,
        },
        14..=16 => Action::Pass {
            milliseconds: dice.roll(20_000) as f64,
        },
        _ => Action::Switch(faults(dice)),
    }
}

/// None to three faults, most of them of few requests.
fn faults(dice: &mut Dice) -> Faults {
    let count = dice.roll(4);
    Faults {
        seed: Some(dice.roll(u64::MAX)),
        rules: (0..count).map(|_| rule(dice)).collect(),
    }
}

fn rule(dice: &mut Dice) -> Rule {
    let operation = dice.one_of(&[
        Some(Operation::SendMessage),
        Some(Operation::SendMessage),
        Some(Operation::SendMessage),
        Some(Operation::GetMessages),
        Some(Operation::GetSession),
        None,
    ]);
    let mut rule = Rule {
        operation,
        ..Rule::new(fault(dice))
    };
    match dice.roll(4) {
        0 => rule.nth = Some(1 + dice.roll(3)),
        1 => rule.times = Some(1 + dice.roll(2)),
        2 => rule.chance = Some(0.3),
        _ => rule.chance = Some(0.8),
    }
    rule
}

fn fault(dice: &mut Dice) -> Fault {
    let taken = dice.happens(50);
    let at = dice.happens(70).then(|| dice.roll(700));
    let frame = dice.happens(50).then(|| 1 + dice.roll(6));
    match dice.roll(19) {
        0 | 1 => Fault::Refuse {
            after_ms: dice.roll(200) as f64,
        },
        2 | 3 => Fault::Lose { after_ms: None },
        4 => Fault::Hang { taken },
        5 => Fault::Status {
            status: dice.one_of(&[500, 502, 503, 504]),
            retry_after: dice.happens(30).then(|| 1 + dice.roll(3) as u32),
            date: dice.happens(30),
            taken,
        },
        6 => Fault::Status {
            status: 429,
            retry_after: dice.happens(70).then(|| 1 + dice.roll(5) as u32),
            date: dice.happens(30),
            taken: false,
        },
        7 => Fault::Html {
            status: dice.one_of(&[200, 502]),
            taken,
        },
        8 => Fault::Stall { at },
        9..=11 => Fault::Cut {
            at,
            clean: dice.happens(50),
        },
        12 => Fault::Drip {
            bytes: 1 + dice.roll(40),
            every_ms: dice.roll(20) as f64,
        },
        13 => Fault::Duplicate { frame },
        14 => Fault::Reorder { frame },
        15 => Fault::Newline {
            newline: dice.one_of(&[Newline::Crlf, Newline::Cr]),
        },
        16 => match dice.happens(50) {
            true => Fault::Bom,
            false => Fault::Split { pause_ms: 5.0 },
        },
        17 => Fault::Skew {
            ms: dice.one_of(&[
                -600_000.0, -60_000.0, -3_000.0, 3_000.0, 60_000.0, 600_000.0,
            ]),
            jitter_ms: dice.one_of(&[0.0, 0.0, 2_000.0]),
        },
        _ => Fault::Store {
            message: None,
            answer: Some(dice.happens(50)),
        },
    }
}
