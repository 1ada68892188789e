//! A server that answers as the test says, and notes what it was asked.

use agentline::http::{Head, Request};

use super::drive::{Answer, End, Server};

/// Where the tests' clocks begin: 2024-01-07T08:00:00Z.
pub const T0: f64 = 1_704_614_400_000.0;

type Answers<'a> = Box<dyn FnMut(&Request, usize) -> Answer + 'a>;

/// Answers with what a function says; it is given the request and how many came before.
pub struct Script<'a> {
    now: f64,
    answers: Answers<'a>,
    pub asked: Vec<Request>,
}

impl<'a> Script<'a> {
    pub fn new(answers: impl FnMut(&Request, usize) -> Answer + 'a) -> Self {
        Script {
            now: T0,
            answers: Box::new(answers),
            asked: Vec::new(),
        }
    }

    /// Gives these answers, one after the other; a request beyond them panics.
    pub fn of(answers: impl IntoIterator<Item = Answer>) -> Script<'static> {
        let answers: Vec<Answer> = answers.into_iter().collect();
        Script::new(move |request, count| match answers.get(count) {
            Some(answer) => answer.clone(),
            None => panic!("request {count} has no answer: {request:?}"),
        })
    }

    /// Gives always the same answer.
    pub fn always(answer: Answer) -> Script<'static> {
        Script::new(move |_, _| answer.clone())
    }

    /// How many messages were posted.
    pub fn posts(&self) -> usize {
        let posts = |request: &&Request| request.method == agentline::http::Method::Post;
        self.asked.iter().filter(posts).count()
    }
}

impl Server for Script<'_> {
    fn now(&self) -> f64 {
        self.now
    }

    fn pass(&mut self, until: f64) {
        self.now = self.now.max(until);
    }

    fn answer(&mut self, request: &Request) -> Answer {
        let count = self.asked.len();
        self.asked.push(request.clone());
        (self.answers)(request, count)
    }
}

impl Answer {
    /// An answer at once, whole and in one piece.
    pub fn new(status: u16, content_type: &str, body: impl AsRef<[u8]>) -> Self {
        Answer {
            after: 0.0,
            head: Some(Head {
                status,
                content_type: Some(content_type.to_owned()).filter(|text| !text.is_empty()),
                ..Head::default()
            }),
            body: vec![(0.0, body.as_ref().to_vec())],
            end: End::Clean,
            end_after: 0.0,
            turn: None,
        }
    }

    pub fn json(status: u16, body: impl AsRef<[u8]>) -> Self {
        Answer::new(status, "application/json; charset=utf-8", body)
    }

    pub fn stream(body: impl AsRef<[u8]>) -> Self {
        Answer::new(200, "text/event-stream", body)
    }

    /// No head comes: the connection ends, with the platform's code.
    pub fn none(end: End) -> Self {
        Answer {
            head: None,
            body: Vec::new(),
            end,
            ..Answer::json(0, "")
        }
    }

    pub fn retry_after(mut self, value: &str) -> Self {
        if let Some(head) = &mut self.head {
            head.retry_after = Some(value.to_owned());
        }
        self
    }

    /// The same answer, which ends otherwise.
    pub fn ending(mut self, end: End) -> Self {
        self.end = end;
        self
    }

    /// The same answer, which begins later.
    pub fn late(mut self, milliseconds: f64) -> Self {
        self.after += milliseconds;
        self.body.iter_mut().for_each(|(at, _)| *at += milliseconds);
        self.end_after += milliseconds;
        self
    }

    /// The same answer with its body in other pieces.
    pub fn pieces<'b>(mut self, pieces: impl IntoIterator<Item = &'b [u8]>) -> Self {
        let at = self.after;
        self.body = pieces
            .into_iter()
            .map(|piece| (at, piece.to_vec()))
            .collect();
        self
    }

    /// The same answer with its body cut at an offset.
    pub fn cut_at(self, body: &[u8], offset: usize) -> Self {
        let (first, second) = body.split_at(offset);
        self.pieces([first, second])
    }
}
