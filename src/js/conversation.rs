//! A conversation as `conversation.js` runs it: what happened goes in, a call for each; out come numbers.

use std::rc::Rc;

use js_sys::{JSON, Reflect};
use wasm_bindgen::prelude::*;

use crate::backend::Backend;
use crate::conversation::rows::{End, Row, mark};
use crate::conversation::transcript::{Kind, Live};
use crate::conversation::{self, Ended, Kept, Next};
use crate::model::{Delivery, Role};
use crate::settings;
use crate::time;

/// What next, as numbers. `conversation.js` has the same list.
mod next {
    pub const WAIT: u32 = 0;
    pub const LOAD: u32 = 1;
    pub const SEND: u32 = 2;
    pub const RESUME: u32 = 3;
    pub const RENEW: u32 = 4;
}

// what an entry is, as a number: `conversation.js` has the same, and the orders of both enums
const QUESTION: u32 = 1;
const ANSWER: u32 = 8;
const KEPT: u32 = 16;
const GROWING: u32 = 32;

const DELIVERIES: [Delivery; 5] = [
    Delivery::Queued,
    Delivery::Sending,
    Delivery::Delivered,
    Delivery::Unknown,
    Delivery::Failed,
];

const LIVES: [Live; 7] = [
    Live::None,
    Live::Waiting,
    Live::Streaming,
    Live::Looking,
    Live::Whole,
    Live::Stopped,
    Live::Failed,
];

/// A conversation under way.
#[wasm_bindgen]
pub struct Conversation {
    inner: conversation::Conversation,
    backend: Rc<dyn Backend>,
    turn: usize,
}

impl Conversation {
    pub(super) fn new(backend: Rc<dyn Backend>, begun: bool, renews: bool) -> Self {
        let can = backend.capabilities();
        let resumes = can.stores_streamed_replies;
        Conversation {
            inner: conversation::Conversation::new(begun, resumes, renews && can.renew),
            backend,
            turn: 0,
        }
    }

    /// The answer of a turn may be in the history under this name, whether it came in here or not.
    fn name_answer(&mut self, turn: usize, message: &str) {
        if let Some(id) = self.backend.answer_id(message) {
            self.inner.named(turn, id);
        }
    }
}

/// What an error's kind means here. `pause`: what the backend asks for, in milliseconds.
fn ended(kind: &str, pause: f64) -> Ended {
    match kind {
        "" => Ended::Answered,
        "stopped" => Ended::Stopped,
        "expired" | "not_found" => Ended::Expired,
        "network" | "timeout" | "server" | "rate_limited" | "truncated" => Ended::Lost(pause),
        _ => Ended::Refused,
    }
}

#[wasm_bindgen]
impl Conversation {
    /// A row of the page that is coming in, oldest first: twice its handle, and one more if it is new or changed.
    pub fn row(
        &mut self,
        id: String,
        role: &str,
        time: f64,
        client_id: String,
        text: &str,
        complete: bool,
    ) -> u32 {
        let role = match role {
            "user" => Role::User,
            "assistant" => Role::Assistant,
            "tool" => Role::Tool,
            "system" => Role::System,
            _ => Role::Unknown,
        };
        let (handle, changed) = self.inner.row(Row {
            handle: 0,
            version: 0,
            id,
            role,
            time,
            client_id,
            text: mark(text),
            complete,
        });
        handle * 2 + u32::from(changed)
    }

    /// The page is there. `older`: it ends where what is known begins.
    pub fn page(&mut self, now: f64, older: bool) {
        let end = if older { End::Older } else { End::Newest };
        self.inner.page(now, end);
    }

    /// Whether what is known goes on with a message of this id.
    pub fn joins(&self, id: &str) -> bool {
        let rows = self.inner.transcript.rows();
        rows.all().is_empty() || rows.find(id).is_some()
    }

    /// What is known is too far behind to be joined.
    pub fn forget(&mut self) {
        self.inner.forget();
    }

    /// The history could not be read, by an error of this kind.
    pub fn unread(&mut self, now: f64, kind: &str, pause: f64) {
        self.inner.unread(now, ended(kind, pause));
    }

    /// A message is to be sent, with an id of 16 random bytes: the number of its turn.
    pub fn send(&mut self, now: f64, random: &[u8], text: &str) -> usize {
        let id = settings::uuid(random.try_into().unwrap_or_default());
        self.inner.transcript.send(id, mark(text), now)
    }

    /// The client's own id of the message of a turn.
    #[wasm_bindgen(js_name = clientMessageId)]
    pub fn client_message_id(&self, turn: usize) -> String {
        let turn = self.inner.transcript.turns().get(turn);
        turn.map_or_else(String::new, |turn| turn.client_id.clone())
    }

    /// An answer that an earlier conversation showed: the number of its turn.
    #[wasm_bindgen(js_name = keepAnswer)]
    pub fn keep_answer(&mut self, question_id: String, live: usize) -> usize {
        let live = LIVES.get(live).copied().unwrap_or(Live::Whole);
        let turn = self.inner.keep(Kept::answer(question_id.clone(), live));
        self.name_answer(turn, &question_id);
        turn
    }

    /// A message that an earlier conversation did not get through: the number of its turn.
    #[wasm_bindgen(js_name = keepMessage)]
    pub fn keep_message(
        &mut self,
        client_id: String,
        text: &str,
        time: f64,
        certain: bool,
    ) -> usize {
        let delivery = match certain {
            true => Delivery::Failed,
            false => Delivery::Unknown,
        };
        self.inner
            .keep(Kept::message(client_id, mark(text), time, delivery))
    }

    /// The key of the message of a turn.
    pub fn question(&self, turn: usize) -> u32 {
        let turn = self.inner.transcript.turns().get(turn);
        turn.map_or(0, |turn| turn.question)
    }

    /// The key of the answer of a turn.
    pub fn answer(&self, turn: usize) -> u32 {
        let turn = self.inner.transcript.turns().get(turn);
        turn.map_or(0, |turn| turn.answer)
    }

    /// The backend took the message, and gave it this id.
    pub fn began(&mut self, turn: usize, id: &str) {
        self.inner.began(turn, id);
        self.name_answer(turn, id);
    }

    /// What becomes of the message, as the place of the word in its list.
    pub fn delivery(&mut self, turn: usize, state: usize) {
        if let Some(delivery) = DELIVERIES.get(state) {
            self.inner.delivery(turn, *delivery);
        }
    }

    /// Something of the answer came; `text`: it has a text.
    pub fn grew(&mut self, turn: usize, text: bool) {
        self.inner.grew(turn, text);
    }

    /// The client says something on the way. True if that is only how the turn stands.
    pub fn said(&mut self, turn: usize, status: &str) -> bool {
        self.inner.said(turn, status)
    }

    /// A row of the answer is called so.
    pub fn named(&mut self, turn: usize, id: String) {
        self.inner.named(turn, id);
    }

    /// The message of the whole answer: each row that it was made of is one of its names.
    pub fn told(&mut self, turn: usize, message: &JsValue) {
        let raw = || {
            let raw = Reflect::get(message, &"raw".into()).unwrap_or_default();
            let text = JSON::stringify(&raw).ok();
            text.and_then(|text| text.as_string()).unwrap_or_default()
        };
        for id in self.backend.answer_rows(&raw) {
            self.inner.named(turn, id);
        }
    }

    /// The turn is over: well, where `kind` is empty, by the person, where it is "stopped", else by an error of this kind.
    /// `shown`: there is something of its answer.
    pub fn ended(&mut self, now: f64, turn: usize, kind: &str, pause: f64, shown: bool) {
        self.inner.ended(now, turn, ended(kind, pause), shown);
    }

    /// The message of the turn is to be sent again. False where it is on its way, or was delivered.
    pub fn again(&mut self, turn: usize) -> bool {
        self.inner.again(turn)
    }

    /// The message of the turn is wanted no more.
    pub fn remove(&mut self, turn: usize) {
        self.inner.transcript.remove(turn);
    }

    /// The session is left for another one.
    pub fn restart(&mut self) {
        self.inner.restart();
    }

    /// There is a new session.
    pub fn begun(&mut self) {
        self.inner.begun();
    }

    /// Older messages could not be read, by an error of this kind.
    pub fn refused(&mut self, kind: &str) {
        self.inner.refused(ended(kind, 0.0));
    }

    /// The session ends at this time, if it says one; with the session's own JSON.
    pub fn expires(&mut self, now: f64, expires_at: &str, raw: &str) {
        let Some(expires) = time::iso(expires_at) else {
            return;
        };
        // the server's own count needs no two clocks to agree
        let left = self.backend.time_left(raw).unwrap_or(expires - now);
        self.inner.standing.expires(now, expires, left);
    }

    /// The session could not be renewed, by an error of this kind.
    #[wasm_bindgen(js_name = notRenewed)]
    pub fn not_renewed(&mut self, now: f64, kind: &str) {
        self.inner.not_renewed(now, ended(kind, 0.0));
    }

    /// How the platform and the page stand.
    pub fn around(&mut self, online: bool, visible: bool, watched: bool) {
        self.inner.around(online, visible, watched);
    }

    /// The history is to be looked at again.
    pub fn refresh(&mut self) {
        self.inner.standing.refresh();
    }

    /// What to do next. `turn` says with which.
    pub fn next(&mut self, now: f64) -> u32 {
        let (next, turn) = match self.inner.next(now) {
            Next::Wait => (next::WAIT, 0),
            Next::Load => (next::LOAD, 0),
            Next::Send(turn) => (next::SEND, turn),
            Next::Resume(turn) => (next::RESUME, turn),
            Next::Renew => (next::RENEW, 0),
        };
        self.turn = turn;
        next
    }

    /// The turn that `next` named.
    #[wasm_bindgen(getter)]
    pub fn turn(&self) -> usize {
        self.turn
    }

    /// When to ask `next` again if nothing happens before.
    #[wasm_bindgen(getter, js_name = wakeAt)]
    pub fn wake_at(&self) -> f64 {
        self.inner.wake_at()
    }

    /// The turn that is under way.
    #[wasm_bindgen(getter)]
    pub fn flight(&self) -> Option<usize> {
        self.inner.flight()
    }

    /// How it stands, as the place of the word in its list.
    #[wasm_bindgen(getter)]
    pub fn state(&self) -> usize {
        self.inner.state() as usize
    }

    /// Whether the history was read.
    #[wasm_bindgen(getter)]
    pub fn loaded(&self) -> bool {
        self.inner.standing.loaded
    }

    /// The transcript from the top down, four numbers an entry: its key, the handle of the row that has its content, the
    /// version, and what it is.
    pub fn entries(&self) -> Vec<u32> {
        let entries = self.inner.transcript.entries();
        let still = self.inner.standing.still;
        let kind = |kind| match kind {
            Kind::Row => 0,
            Kind::Growing => GROWING + u32::from(still),
            Kind::Question(delivery) => QUESTION + delivery as u32,
            Kind::Answer(live) => ANSWER + live as u32,
            Kind::Kept(live) => KEPT + live as u32,
        };
        let numbers = |entry: &conversation::transcript::Entry| {
            [entry.key, entry.row, entry.version, kind(entry.kind)]
        };
        entries.iter().flat_map(numbers).collect()
    }
}
