//! Reads one answer of Meibel: a stream of either family of events, or the JSON of a synchronous chat.
//!
//! An event is known by its name (`partial_response`, …), or by its `type` where it has no name (`content`, …). Nobody
//! says whether a partial response is all of the text so far or only what is new: see [`Growth`].
//! After `completion` the stream is read to its end, so that the server is not cut off in its last work; nothing that
//! happens there spoils the answer.

use super::super::{Answer, Decoder, Edge, Listener, Rest, Sought, Watch};
use super::frame::{failure, field, mended, name, no_stream};
use super::growth::{Grown, Growth};
use super::said::{self, Said};
use super::skimmed;
use super::watch::{Awaiting, Known, edge};
use super::wire::{self, word};
use crate::error::Error;
use crate::http::Request;
use crate::json::skim::Alike;
use crate::json::{Flaw, Json, Reader, whole};
use crate::model::{Message, Reply, ReplyEvent, Role};
use crate::order::Named;
use crate::sse::{Frame, Framer};
use crate::text::Text;
use crate::word::Word;

/// What is known of an exchange before its answer.
pub struct Exchange {
    /// leads to the history of its session
    pub history: Request,
    pub session: String,
    /// what the user says
    pub text: Text<'static>,
    /// what was known to be there before
    pub after: Option<Edge>,
    /// a row with this text may be that of an earlier message
    pub alike: bool,
    /// where the next exchange learns of this one
    pub known: Known,
}

/// Reads one answer.
pub struct MeibelDecoder {
    exchange: Exchange,
    streams: bool,
    started: bool,
    /// the exchange, as `connected` names it
    signal: Option<String>,
    growth: Growth,
    thought: Growth,
    thinking: Option<Text<'static>>,
    citations: Option<Json>,
    sources: Option<Json>,
    /// whether anybody was told of them
    cited: bool,
    usage: Option<Json>,
    /// the names of the tools that were called: a result has only the id
    tools: Named<String>,
    /// the text and the JSON of the completion
    completion: Option<(Option<Text<'static>>, Json)>,
    deltas: Alike,
    /// for a text with escapes
    scratch: String,
}

impl MeibelDecoder {
    /// A decoder of one answer, which comes as a stream or as JSON.
    pub fn new(exchange: Exchange, streams: bool) -> Self {
        MeibelDecoder {
            exchange,
            streams,
            started: false,
            signal: None,
            growth: Growth::Unknown,
            thought: Growth::Unknown,
            thinking: None,
            citations: None,
            sources: None,
            cited: false,
            usage: None,
            tools: Named::default(),
            completion: None,
            deltas: Alike::default(),
            scratch: String::new(),
        }
    }

    /// Takes the name of the exchange, which is that of the user's row.
    fn exchanged(&mut self, signal: Option<String>) {
        if let Some(signal) = signal {
            self.exchange.known.note(&self.exchange.session, &signal);
            self.signal = Some(signal);
        }
    }

    /// What the server does shows that it took the message, also where it does not say so.
    fn start(&mut self, listener: &mut dyn Listener) {
        if !std::mem::replace(&mut self.started, true) {
            listener.event(ReplyEvent::Start {
                message_id: self.signal.clone(),
                message: None,
            });
        }
    }

    fn event(
        &mut self,
        name: &str,
        data: &str,
        listener: &mut dyn Listener,
    ) -> Result<Seen, Error> {
        match name {
            "connected" => {
                let signal = whole(data, |reader| field(reader, "signal_id", word));
                let Ok(signal) = signal else {
                    return Ok(Seen::Other);
                };
                self.exchanged(signal);
                self.start(listener);
            }
            "partial_response" => {
                // the completion has all of it
                let Ok(said) = whole(data, said::event) else {
                    return Ok(Seen::Other);
                };
                self.start(listener);
                self.say(said, listener);
            }
            "content" | "message" => {
                let mut said = whole(data, said::event)?;
                match said.delta.take() {
                    Some(delta) => {
                        self.start(listener);
                        listener.event(ReplyEvent::Content { delta });
                    }
                    None => {
                        let Some(text) = said.text() else {
                            return Ok(Seen::Other);
                        };
                        self.start(listener);
                        self.grow(&text, listener);
                    }
                }
                self.rest(said, listener);
            }
            "completion" => self.complete(data, listener)?,
            "citations" | "sources" => {
                let Ok(said) = whole(data, said::event) else {
                    return Ok(Seen::Other);
                };
                if said.citations.is_none() && said.sources.is_none() {
                    return Ok(Seen::Other);
                }
                self.start(listener);
                self.rest(said, listener);
            }
            "status" => {
                let Ok(Some(text)) = whole(data, |reader| Ok(said::event(reader)?.text())) else {
                    return Ok(Seen::Other);
                };
                self.start(listener);
                listener.event(ReplyEvent::Status { text });
            }
            "thinking" => {
                let Ok(mut said) = whole(data, said::event) else {
                    return Ok(Seen::Other);
                };
                let thinking = said.thinking.take();
                let delta = said.delta.take();
                let Some(whole) = delta.clone().or(thinking).or_else(|| said.text()) else {
                    return Ok(Seen::Other);
                };
                self.start(listener);
                self.think(&whole, delta.is_some(), listener);
            }
            "tool_call" | "tool_result" => {
                let Ok(tool) = whole(data, tool) else {
                    return Ok(Seen::Other);
                };
                self.start(listener);
                listener.event(self.tool(name, tool));
            }
            "error" => listener.failed(failure(data)),
            _ => return Ok(Seen::Other),
        }
        Ok(Seen::Known)
    }

    /// Takes what a partial response says.
    fn say(&mut self, mut said: Said<'_>, listener: &mut dyn Listener) {
        match (said.delta.take(), said.text()) {
            (Some(delta), _) => listener.event(ReplyEvent::Content { delta }),
            (None, Some(text)) => self.grow(&text, listener),
            (None, None) => {}
        }
        self.rest(said, listener);
    }

    fn grow(&mut self, text: &Text<'_>, listener: &mut dyn Listener) {
        match self.growth.take(listener.so_far(), text) {
            Grown::Nothing => {}
            Grown::More(delta) => listener.content(&delta),
            Grown::Another => listener.event(ReplyEvent::Replace { text: text.clone() }),
        }
    }

    fn think(&mut self, text: &Text<'_>, is_delta: bool, listener: &mut dyn Listener) {
        let so_far = self.thinking.get_or_insert_default();
        let delta = match self.thought.take(so_far, text) {
            // thoughts cannot be taken back
            _ if is_delta => text.clone(),
            Grown::Another => text.clone(),
            Grown::More(delta) => delta,
            Grown::Nothing => return,
        };
        so_far.push(&delta);
        listener.event(ReplyEvent::Thinking { delta });
    }

    /// Takes what stands beside the text.
    fn rest(&mut self, said: Said<'_>, listener: &mut dyn Listener) {
        self.usage = said.usage.or(self.usage.take());
        let mut changed = false;
        for (new, known) in [
            (said.citations, &mut self.citations),
            (said.sources, &mut self.sources),
        ] {
            if new.is_some() && new != *known {
                *known = new;
                changed = true;
            }
        }
        let lists = [&self.citations, &self.sources];
        let empty = lists.into_iter().flatten().all(is_empty);
        // what was told and is taken back is told as well
        if changed && (!empty || self.cited) {
            self.cited = true;
            listener.event(ReplyEvent::Citations {
                citations: self.citations.clone().unwrap_or_else(none),
                sources: self.sources(),
            });
        }
    }

    fn sources(&self) -> Option<Vec<crate::model::Source>> {
        said::sources(self.sources.as_ref(), self.citations.as_ref())
    }

    /// Takes the whole answer.
    fn complete(&mut self, data: &str, listener: &mut dyn Listener) -> Result<(), Error> {
        let (mut said, raw) = whole(data, |reader| {
            reader.with_raw(|reader| {
                let mut said = said::event(reader)?;
                let text = said.text().or(said.delta.take());
                // an empty answer is one only if the server says so
                if text.is_none() && !said.has_data && listener.so_far().is_empty() {
                    return Err(reader.missing("data"));
                }
                said.delta = text;
                Ok(said)
            })
        })?;
        self.start(listener);
        let text = said.delta.take();
        if let Some(text) = &text {
            match text.strip_prefix(listener.so_far()) {
                Some(rest) if rest.is_empty() => {}
                Some(delta) => listener.event(ReplyEvent::Content { delta }),
                None => listener.event(ReplyEvent::Replace { text: text.clone() }),
            }
        }
        if let Some(thinking) = said.thinking.take() {
            self.thinking = Some(thinking.into_owned());
        }
        let text = text.map(Text::into_owned);
        self.rest(said, listener);
        self.completion = Some((text, raw));
        Ok(())
    }

    fn tool(&mut self, event: &str, tool: Tool) -> ReplyEvent<'static> {
        let Tool {
            id,
            name,
            arguments,
            result,
        } = tool;
        if event == "tool_call" {
            if let (Some(id), Some(name)) = (&id, &name) {
                self.tools.set(id, name.clone());
            }
            return ReplyEvent::ToolCall {
                id,
                name,
                arguments,
            };
        }
        let called = || self.tools.get(id.as_ref()?).cloned();
        ReplyEvent::ToolResult {
            name: name.or_else(called),
            id,
            result,
        }
    }

    /// The stream said its last word. `raw` is that word, where there was no completion.
    fn finish(&mut self, raw: Json, listener: &mut dyn Listener) {
        let (text, raw) = self.completion.take().unwrap_or((None, raw));
        self.start(listener);
        let whole = text.clone().unwrap_or_else(|| listener.so_far().clone());
        listener.done(Box::new(self.reply(whole, raw)), text);
    }

    fn reply(&self, text: Text<'static>, raw: Json) -> Reply {
        let sources = self.sources();
        let message = Message {
            id: match &self.signal {
                Some(signal) => wire::answer_id(signal),
                None => derived_id(&text, &raw),
            }
            .into(),
            role: Role::Assistant,
            text,
            created_at: None,
            timestamp: None,
            author: None,
            tool_call: None,
            tool_result: None,
            citations: self.citations.clone(),
            sources: sources.clone(),
            complete: true,
            client_message_id: None,
            metadata: None,
            raw: raw.clone(),
        };
        Reply {
            message,
            citations: self.citations.clone(),
            sources,
            usage: self.usage.clone(),
            thinking: self.thinking.clone(),
            raw,
        }
    }
}

/// Whether an event was understood.
#[derive(PartialEq)]
enum Seen {
    Known,
    Other,
}

impl Decoder for MeibelDecoder {
    fn before(&mut self, body: &str) -> Result<(), Error> {
        let rows = wire::messages(&Word::from(body))?;
        self.exchange.after = Some(edge(&rows));
        self.exchange.alike = false;
        Ok(())
    }

    fn skim(&mut self, frame: &Frame<'_>, listener: &mut dyn Listener) -> bool {
        if !self.started || self.completion.is_some() {
            return false;
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        let taken = match frame.event {
            b"partial_response" => {
                let text = skimmed::partial(frame.data, &self.citations, &self.sources);
                let text = text.and_then(|text| text.text(&mut scratch));
                text.inspect(|text| self.grow(text, listener)).is_some()
            }
            _ => {
                let delta = skimmed::delta(&mut self.deltas, frame.event, frame.data);
                delta.is_some_and(|delta| {
                    self.deltas.wanted(frame.head);
                    listener.written(delta)
                })
            }
        };
        self.scratch = scratch;
        taken
    }

    fn skim_alike(&mut self, framer: &mut Framer, listener: &mut dyn Listener) {
        if self.started && self.completion.is_none() {
            listener.alike(framer, &self.deltas);
        }
    }

    fn frame(&mut self, event: &str, data: &str, listener: &mut dyn Listener) -> Result<(), Error> {
        let data = &*mended(data);
        if data.trim() == "[DONE]" {
            self.finish(Json::default(), listener);
            return Ok(());
        }
        let name = name(event, data)?;
        match &*name {
            "ping" | "keepalive" | "keep-alive" | "keep_alive" | "heartbeat" => {
                // nothing else is coming
                if self.completion.is_some() {
                    self.finish(Json::default(), listener);
                }
                return Ok(());
            }
            "done" => {
                let raw = Json::parse(data).unwrap_or_default();
                self.finish(raw, listener);
                return Ok(());
            }
            _ => {}
        }
        let seen = match self.completion {
            Some(_) => Seen::Other,
            None => self.event(&name, data, listener)?,
        };
        if seen == Seen::Other {
            let name = if event.is_empty() { &name } else { event };
            listener.event(ReplyEvent::Other {
                event: Some(name.to_owned()).filter(|name| !name.is_empty()),
                data: Json::parse(data).unwrap_or_else(|_| Json::from(&Text::from(data))),
            });
        }
        Ok(())
    }

    fn end(&mut self, unfinished: Option<(&str, &str)>, listener: &mut dyn Listener) {
        // some servers leave out the last blank line; of what else was cut off nobody knows what it was to be
        if self.completion.is_none()
            && let Some((event, data)) = unfinished
        {
            let done = data.trim() == "[DONE]";
            let last = name(event, data).is_ok_and(|name| matches!(&*name, "completion" | "done"));
            if done || last && Json::parse(data).is_ok() {
                // with a flaw in it the answer stays without an end
                let _ = self.frame(event, data, listener);
            }
        }
        if self.completion.is_some() {
            self.finish(Json::default(), listener);
        }
    }

    fn body(&mut self, json: &str) -> Result<Answer, Error> {
        if self.streams {
            return Err(no_stream(json));
        }
        let (chat, raw) = whole(json, |reader| reader.with_raw(said::chat))?;
        let mut said = chat.said;
        let text = said.full_text().unwrap_or_default();
        self.exchanged(chat.signal);
        self.thinking = said.thinking;
        self.usage = said.usage;
        self.citations = said.citations;
        self.sources = said.sources;
        Ok(Answer::Reply(Box::new(self.reply(text, raw))))
    }

    fn sought(&self) -> Option<Sought> {
        Some(Sought {
            text: self.exchange.text.clone(),
            after: self.exchange.after.clone(),
            alike: self.exchange.alike,
            ..Sought::default()
        })
    }

    fn watch(&mut self, message: &Message, _: bool) -> Option<Box<dyn Watch>> {
        let history = self.exchange.history.clone();
        Some(Box::new(Awaiting::new(history, message.id.to_string())))
    }

    fn rest(&mut self) -> Rest {
        match &self.signal {
            Some(signal) => {
                let history = self.exchange.history.clone();
                Rest::Watched(Box::new(Awaiting::new(history, signal.clone())))
            }
            None => Rest::Sought,
        }
    }

    fn partial(&self, text: Text<'static>) -> Reply {
        let mut reply = self.reply(text, Json::default());
        reply.message.complete = false;
        reply
    }
}

/// A tool that is called, or gave something back.
#[derive(Default)]
struct Tool {
    id: Option<String>,
    name: Option<String>,
    arguments: Option<Json>,
    result: Option<Json>,
}

fn tool(reader: &mut Reader<'_>) -> Result<Tool, Flaw> {
    let mut tool = Tool::default();
    reader.object(|reader, field| {
        match field {
            "tool_id" => tool.id = word(reader)?,
            "tool_name" => tool.name = word(reader)?,
            "arguments" => tool.arguments = reader.optional_json()?.map(wire::plain),
            "result" => tool.result = Some(reader.json()?),
            _ => {}
        }
        Ok(())
    })?;
    Ok(tool)
}

fn is_empty(list: &Json) -> bool {
    let inside = list.as_str().trim_start_matches('[');
    inside.trim_start() == "]"
}

fn none() -> Json {
    Json::parse("[]").unwrap_or_default()
}

/// The id of an answer that the server gave none: from what it says (FNV-1a), so that two answers rarely share one.
fn derived_id(text: &Text<'_>, raw: &Json) -> String {
    let said = Json::from(text);
    let source = match raw.is_null() {
        true => said.as_str(),
        false => raw.as_str(),
    };
    let hash = source
        .bytes()
        .fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        });
    format!("reply:{hash:016x}")
}
