//! Reads the answer to one message of Agent Cloud: what the history holds before it goes out, and what the server says when
//! it took it. The answer itself is looked for by `watch`.

use super::super::{Answer, Decoder, Listener, Sought, Watch};
use super::turns::{self, Earlier};
use super::watch::{Awaiting, Exchange};
use super::{pages, rows};
use crate::error::Error;
use crate::json::{Json, whole};
use crate::model::{Message, Reply, ReplyEvent, Role};
use crate::text::Text;
use crate::word::Word;

/// Reads one answer.
pub struct AgentCloudDecoder(Exchange);

impl AgentCloudDecoder {
    /// A decoder of the answer in this exchange.
    pub fn new(exchange: Exchange) -> Self {
        AgentCloudDecoder(exchange)
    }
}

impl Decoder for AgentCloudDecoder {
    fn before(&mut self, body: &str) -> Result<(), Error> {
        let rows = rows::stored(&Word::from(body))?;
        for row in rows.iter().filter(|row| row.is_incoming()) {
            self.0.known.add(&row.id);
        }
        self.0.earlier = Earlier::by(&rows, turns::is_backwards(&rows));
        if let Some(newest) = rows.into_iter().map(|row| row.id).max() {
            self.0.after = newest;
        }
        Ok(())
    }

    fn frame(&mut self, event: &str, data: &str, listener: &mut dyn Listener) -> Result<(), Error> {
        // no server of this kind streams
        listener.event(ReplyEvent::Other {
            event: Some(event.to_owned()).filter(|event| !event.is_empty()),
            data: Json::parse(data).unwrap_or_else(|_| Json::from(&Text::from(data))),
        });
        Ok(())
    }

    fn body(&mut self, json: &str) -> Result<Answer, Error> {
        whole(json, |reader| reader.object(|_, _| Ok(())))?;
        Ok(Answer::Later {
            message: None,
            watch: Box::new(Awaiting::new(self.0.clone(), None)),
        })
    }

    fn sought(&self) -> Option<Sought> {
        // the ids are the server's clock, and that may run backwards
        Some(Sought {
            text: self.0.question.clone(),
            known: Some(self.0.known.clone()),
            ..Sought::default()
        })
    }

    fn watch(&mut self, message: &Message, _: bool) -> Option<Box<dyn Watch>> {
        // what the agent had to finish first stands in front of the message
        let exchange = Exchange {
            after: pages::FIRST.to_owned(),
            ..self.0.clone()
        };
        let own = Some(message.id.to_string());
        Some(Box::new(Awaiting::new(exchange, own)))
    }

    fn partial(&self, text: Text<'static>) -> Reply {
        let latest = self.0.latest.borrow().clone();
        let mut reply = latest.unwrap_or_else(|| {
            Reply::from(Message {
                id: format!("reply:{}", self.0.after).into(),
                role: Role::Assistant,
                text: Text::default(),
                created_at: None,
                timestamp: None,
                author: None,
                tool_call: None,
                tool_result: None,
                citations: None,
                sources: None,
                complete: false,
                client_message_id: None,
                metadata: None,
                raw: Json::default(),
            })
        });
        reply.message.text = text;
        reply
    }
}
