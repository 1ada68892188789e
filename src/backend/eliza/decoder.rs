//! Reads one answer of elizaOS: the events `user_message`, `chunk`, `done` and `error`, or the JSON of a server or
//! transport that does not stream.

use super::super::object::has_field;
use super::super::{Answer, Decoder, Listener, Rest, Sought, Watch};
use super::awaiting::{Awaiting, Own};
use super::wire::{self, Spoken};
use crate::error::{Error, ErrorKind};
use crate::http::Request;
use crate::json::skim::Alike;
use crate::json::{Flaw, Json, Kind, Reader, whole};
use crate::model::{Author, Message, Reply, ReplyEvent, Role};
use crate::sse::{Frame, Framer};
use crate::text::Text;

/// Reads one answer.
pub struct ElizaDecoder {
    /// the request for the history of the session
    history: Request,
    /// what the message is marked with
    mark: Option<String>,
    /// the answer comes into the history
    stored: bool,
    /// the message that is being answered
    question: Option<String>,
    /// the same, where its time is known
    own: Option<Own>,
    /// the agent that answers
    agent: Option<String>,
    /// the id that the answer will have
    answer: Option<String>,
    chunks: Alike,
}

impl ElizaDecoder {
    /// A decoder of one answer in the session whose history `history` asks for, to a message that is marked with `mark`.
    /// Whether the answer is `stored` there may also show later.
    pub fn new(history: Request, mark: Option<String>, stored: bool) -> Self {
        ElizaDecoder {
            history,
            mark,
            stored,
            question: None,
            own: None,
            agent: None,
            answer: None,
            chunks: Alike::default(),
        }
    }

    /// Takes the message as the server repeated it. Version 1.7.2 writes it otherwise than those before it, which store every
    /// answer.
    fn repeated(&mut self, message: &Message) {
        self.stored |= !has_field(&message.raw, "author_id");
        self.asked(message);
    }

    fn asked(&mut self, message: &Message) {
        self.question = Some(message.id.to_string());
        self.own = Own::of(message);
        let Some(metadata) = &message.metadata else {
            return;
        };
        let _ = whole(metadata.as_str(), |reader| {
            reader.object(|reader, field| {
                if field == "agentId" && reader.kind() == Kind::String {
                    self.agent = reader.optional_word()?;
                }
                Ok(())
            })
        });
    }

    fn reply(&self, spoken: Spoken) -> (Box<Reply>, Option<Text<'static>>) {
        let message = Message {
            id: spoken
                .id
                .or_else(|| self.answer.clone())
                .unwrap_or_else(|| self.derived_id())
                .into(),
            role: Role::Assistant,
            text: spoken.text.clone().unwrap_or_default(),
            created_at: None,
            timestamp: None,
            author: self.agent.clone().map(|id| Author {
                id: Some(id.into()),
                name: None,
            }),
            tool_call: None,
            tool_result: None,
            citations: None,
            sources: None,
            complete: true,
            client_message_id: None,
            metadata: None,
            raw: spoken.raw.clone(),
        };
        let reply = Reply {
            message,
            citations: None,
            sources: None,
            usage: None,
            thinking: spoken.thought,
            raw: spoken.raw,
        };
        (Box::new(reply), spoken.text)
    }

    /// The id of an answer that the server gave none.
    fn derived_id(&self) -> String {
        format!("reply:{}", self.question.as_deref().unwrap_or_default())
    }
}

impl Decoder for ElizaDecoder {
    fn skim(&mut self, frame: &Frame<'_>, listener: &mut dyn Listener) -> bool {
        // the first chunk tells the id of the answer
        if self.answer.is_none() {
            return false;
        }
        let Some(chunk) = wire::skimmed(&mut self.chunks, frame.event, frame.data) else {
            return false;
        };
        self.chunks.wanted(frame.head);
        listener.written(chunk)
    }

    fn skim_alike(&mut self, framer: &mut Framer, listener: &mut dyn Listener) {
        if self.answer.is_some() {
            listener.alike(framer, &self.chunks);
        }
    }

    fn frame(&mut self, event: &str, data: &str, listener: &mut dyn Listener) -> Result<(), Error> {
        match event {
            "chunk" => {
                let (id, delta) = whole(data, chunk)?;
                if self.answer.is_none() {
                    self.answer = id.map(|id| id.to_string_lossy().into_owned());
                }
                listener.event(ReplyEvent::Content { delta });
            }
            "user_message" => {
                let message = whole(data, wire::message)?;
                self.repeated(&message);
                listener.event(ReplyEvent::Start {
                    message_id: Some(message.id.to_string()),
                    message: Some(Box::new(message)),
                });
            }
            "done" => {
                let (reply, text) = self.reply(whole(data, wire::spoken)?);
                listener.done(reply, text);
            }
            "error" => {
                let message = match wire::refusal(data).message.unwrap_or_default().as_str() {
                    "" => "the agent failed".to_owned(),
                    message => format!("the agent failed: {message}"),
                };
                listener.failed(Error::new(ErrorKind::Agent, message));
            }
            _ => listener.event(ReplyEvent::Other {
                event: Some(event)
                    .filter(|event| !event.is_empty())
                    .map(str::to_owned),
                data: Json::parse(data).unwrap_or_else(|_| Json::from(&Text::from(data))),
            }),
        }
        Ok(())
    }

    fn body(&mut self, json: &str) -> Result<Answer, Error> {
        let (mut asked, mut spoken, mut silent, mut succeeded) = (None, None, false, false);
        whole(json, |reader| {
            reader.object(|reader, field| {
                match field {
                    "success" => succeeded = true,
                    "userMessage" => asked = Some(wire::message(reader)?),
                    "agentResponse" if reader.kind() == Kind::Null => silent = true,
                    "agentResponse" => spoken = Some(wire::spoken(reader)?),
                    _ => {}
                }
                Ok(())
            })?;
            if succeeded && asked.is_none() {
                Err(reader.missing("userMessage"))
            } else {
                Ok(())
            }
        })?;
        // up to 1.6.5 the stored message itself is the answer
        let asked = match asked {
            Some(asked) => asked,
            None => whole(json, wire::message)?,
        };
        self.repeated(&asked);
        if let Some(spoken) = spoken {
            return Ok(Answer::Reply(self.reply(spoken).0));
        }
        if silent {
            return Ok(Answer::Silence);
        }
        let Some(own) = self.own.clone() else {
            return Err(Error::new(
                ErrorKind::Protocol,
                "the message has no point in time",
            ));
        };
        Ok(Answer::Later {
            watch: Box::new(Awaiting::new(self.history.clone(), own)),
            message: Some(Box::new(asked)),
        })
    }

    fn sought(&self) -> Option<Sought> {
        let mark = self.mark.clone();
        mark.is_some().then(|| Sought {
            mark,
            ..Sought::default()
        })
    }

    fn watch(&mut self, message: &Message, answers: bool) -> Option<Box<dyn Watch>> {
        self.asked(message);
        self.stored |= answers;
        let own = self.own.clone().filter(|_| self.stored)?;
        Some(Box::new(Awaiting::new(self.history.clone(), own)))
    }

    fn rest(&mut self) -> Rest {
        match &self.own {
            Some(own) if self.stored => {
                let (history, own) = (self.history.clone(), own.clone());
                Rest::Watched(Box::new(Awaiting::new(history, own)))
            }
            _ => Rest::Nowhere,
        }
    }

    fn partial(&self, text: Text<'static>) -> Reply {
        let spoken = Spoken {
            id: None,
            text: Some(text),
            thought: None,
            raw: Json::default(),
        };
        let (mut reply, _) = self.reply(spoken);
        reply.message.complete = false;
        *reply
    }
}

/// `{messageId, chunk, index}`
fn chunk<'a>(reader: &mut Reader<'a>) -> Result<(Option<Text<'a>>, Text<'a>), Flaw> {
    let (mut id, mut chunk) = (None, None);
    reader.object(|reader, field| {
        match field {
            "chunk" => chunk = Some(reader.string()?),
            "messageId" if reader.kind() == Kind::String => id = Some(reader.string()?),
            _ => {}
        }
        Ok(())
    })?;
    Ok((id, chunk.ok_or_else(|| reader.missing("chunk"))?))
}
