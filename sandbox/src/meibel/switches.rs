//! The ways in which this server can be asked to differ from its usual self.
//!
//! In: words `name=value`, from the options or from the beginning of a message. Out: [`Switches`], and what is left of
//! the message. Acting on them is left to whoever writes the answer.

// Enums whose first variant is the default and whose variants have a word each.
macro_rules! choices {
    ($($(#[$about:meta])* $name:ident { $(#[$first_meaning:meta])* $first:ident = $first_word:literal, $($(#[$meaning:meta])* $variant:ident = $word:literal,)* })+) => {
        $(
            $(#[$about])*
            #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
            pub enum $name {
                $(#[$first_meaning])*
                #[default]
                $first,
                $($(#[$meaning])* $variant,)*
            }

            impl std::str::FromStr for $name {
                type Err = String;

                fn from_str(word: &str) -> Result<Self, String> {
                    match word {
                        $first_word => Ok(Self::$first),
                        $($word => Ok(Self::$variant),)*
                        _ => Err([$first_word, $($word),*].join(", ")),
                    }
                }
            }
        )+
    };
}

choices! {
    /// The family of a stream's events.
    Style {
        /// Named events: `connected`, `status`, `tool_call`, `tool_result`, `partial_response`, `completion`.
        Events = "events",
        /// As the guide shows them: `content`, `citations` and `done` by their `type`.
        Guide = "guide",
        /// Version 0.5.0: `ping`, `completion` with `content`, `[DONE]`.
        Legacy = "legacy",
    }
    /// What a `partial_response` holds.
    Partials {
        /// All of the answer so far.
        Snapshot = "snapshot",
        /// What is new.
        Delta = "delta",
    }
    /// How an `error` event says it.
    ErrorForm {
        /// `{"error": …}`.
        Object = "object",
        /// `{"type": "error", …, "content": …}`.
        Content = "content",
        /// Text that is no JSON.
        Text = "text",
    }
    /// How an answer ends.
    Ending {
        /// With its last event, or its whole body.
        Whole = "whole",
        /// Without its last event, but cleanly.
        Short = "short",
        /// In the middle of its last event, or of its body: the connection breaks.
        Cut = "cut",
        /// After its last event the connection breaks.
        Late = "late",
        /// The last event lacks the empty line after it.
        Unfinished = "unfinished",
        /// Before it has begun: the connection is closed without an answer.
        Unanswered = "unanswered",
    }
    /// How a stream's lines end.
    Newline {
        /// `\n`.
        Lf = "lf",
        /// `\r\n`.
        Crlf = "crlf",
        /// `\r`.
        Cr = "cr",
    }
    /// How a stream's fields are written.
    Framing {
        /// `data: {…}`.
        Plain = "plain",
        /// Without a space after the colon, with `id`, `retry` and a field that nobody knows.
        Tight = "tight",
        /// JSON on two `data` lines.
        Multiline = "multiline",
    }
    /// What keeps a silent stream alive.
    Pings {
        /// A comment.
        Comment = "comment",
        /// `event: ping` with `id` and `retry` but without data.
        Event = "ping",
        /// `event: keepalive` with a time.
        Keepalive = "keepalive",
        /// `event: heartbeat` with `{}`.
        Heartbeat = "heartbeat",
        /// Each of them in turn.
        All = "all",
        /// Nothing.
        None = "none",
    }
    /// How a stream writes what is not ASCII.
    Characters {
        /// As it is.
        Raw = "raw",
        /// As `\uXXXX`, half a pair at a time.
        Escaped = "escaped",
    }
    /// How times are written.
    Stamps {
        /// `2026-07-22T10:00:00.000Z`.
        Utc = "utc",
        /// `2026-07-22T10:00:00.000000+00:00`.
        Offset = "offset",
        /// Without a zone.
        Naive = "naive",
    }
    /// What a tool gives.
    ToolResult {
        /// An object.
        Object = "object",
        /// Text.
        Text = "text",
        /// A number.
        Number = "number",
        /// An array.
        Array = "array",
        /// Nothing.
        Null = "null",
    }
    /// How a history row says what it is.
    Rows {
        /// `type`: `user`, `tool_call`, `tool_result`, `assistant`.
        Typed = "type",
        /// `role`, as the guide's loop expects it.
        Roles = "role",
        /// `type`, in the words of version 1's event log.
        Log = "log",
    }
    /// What a request for a stream is answered with.
    Instead {
        /// A stream.
        Stream = "stream",
        /// 200 and the JSON of a synchronous answer.
        Json = "json",
        /// 200 and a page.
        Html = "html",
    }
    /// The body of an error.
    BodyForm {
        /// What the framework makes of it: `detail`, or the list of issues for 422.
        Natural = "natural",
        /// `{"detail": "…"}`.
        Detail = "detail",
        /// `{"detail": [{loc, msg, type, input}]}`.
        Issues = "issues",
        /// `{"code", "message"}`.
        Code = "code",
        /// `{"message", "detail": [{loc, msg, type}]}`.
        Message = "message",
        /// `{"error": {message, type, code, param, request_id}}`.
        Nested = "nested",
        /// `{"error": "…"}`.
        Error = "error",
        /// `{"detail": {…}}`.
        Object = "object",
        /// A JSON string.
        Text = "text",
        /// `null`.
        Null = "null",
        /// `["…"]`.
        Array = "array",
        /// A page.
        Html = "html",
        /// Nothing at all.
        Empty = "empty",
    }
}

/// What is different; the default is the server as its documents show it.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)] // Each field's type says what it is.
pub struct Switches {
    pub style: Style,
    pub partials: Partials,
    /// Whether `data: [DONE]` follows the last event.
    pub sentinel: bool,
    pub error: ErrorForm,
    pub end: Ending,
    pub newline: Newline,
    /// Whether a byte order mark comes first.
    pub bom: bool,
    pub framing: Framing,
    pub pings: Pings,
    /// Milliseconds between two of them.
    pub ping_ms: f64,
    pub characters: Characters,
    pub stamps: Stamps,
    pub result: ToolResult,
    pub rows: Rows,
    pub instead: Instead,
    /// The session's status from the end of the turn on.
    pub status: Option<String>,
    /// Refuses with this status; 307 is a redirect to another origin.
    pub fail: Option<u16>,
    pub body: BodyForm,
    /// `Retry-After` of 429 and 503, in seconds.
    pub retry_after: u32,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            style: Style::default(),
            partials: Partials::default(),
            sentinel: false,
            error: ErrorForm::default(),
            end: Ending::default(),
            newline: Newline::default(),
            bom: false,
            framing: Framing::default(),
            pings: Pings::default(),
            ping_ms: 15_000.0,
            characters: Characters::default(),
            stamps: Stamps::default(),
            result: ToolResult::default(),
            rows: Rows::default(),
            instead: Instead::default(),
            status: None,
            fail: None,
            body: BodyForm::default(),
            retry_after: 45,
        }
    }
}

const NAMES: &str = "style, partials, sentinel, error, end, newline, bom, framing, pings, ping_ms, characters, stamps, \
                     result, rows, instead, status, fail, body and retry_after";

impl Switches {
    /// Turns one switch: `name=value`.
    ///
    /// # Errors
    /// What is wrong, in one sentence.
    pub fn turn(&mut self, word: &str) -> Result<(), String> {
        let (name, value) = word
            .split_once('=')
            .ok_or_else(|| format!("a switch is name=value, not {word:?}"))?;
        let wants = |known: String| format!("the switch {name} takes {known}, not {value:?}");
        let yes_or_no = || match value {
            "yes" => Ok(true),
            "no" => Ok(false),
            _ => Err(wants("yes, no".into())),
        };
        let whole = |most: u32| {
            let number = value.parse::<u32>().ok().filter(|number| *number <= most);
            number.ok_or_else(|| wants(format!("a whole number up to {most}")))
        };
        match name {
            "style" => self.style = value.parse().map_err(wants)?,
            "partials" => self.partials = value.parse().map_err(wants)?,
            "sentinel" => self.sentinel = yes_or_no()?,
            "error" => self.error = value.parse().map_err(wants)?,
            "end" => self.end = value.parse().map_err(wants)?,
            "newline" => self.newline = value.parse().map_err(wants)?,
            "bom" => self.bom = yes_or_no()?,
            "framing" => self.framing = value.parse().map_err(wants)?,
            "pings" => self.pings = value.parse().map_err(wants)?,
            "ping_ms" => self.ping_ms = f64::from(whole(3_600_000)?.max(1)),
            "characters" => self.characters = value.parse().map_err(wants)?,
            "stamps" => self.stamps = value.parse().map_err(wants)?,
            "result" => self.result = value.parse().map_err(wants)?,
            "rows" => self.rows = value.parse().map_err(wants)?,
            "instead" => self.instead = value.parse().map_err(wants)?,
            "status" => self.status = Some(value.to_owned()),
            "fail" => {
                let status = u16::try_from(whole(599)?).ok();
                let status = status.filter(|status| *status == 307 || *status >= 400);
                self.fail = Some(status.ok_or_else(|| wants("307 or 400 to 599".into()))?);
            }
            "body" => self.body = value.parse().map_err(wants)?,
            "retry_after" => self.retry_after = whole(86_400)?,
            _ => return Err(format!("there is no switch {name:?}; there are {NAMES}")),
        }
        Ok(())
    }

    /// These switches with those that a message begins with, and the rest of the message.
    #[must_use]
    pub fn with_those_of<'text>(&self, text: &'text str) -> (Self, &'text str) {
        let mut switches = self.clone();
        let mut rest = text;
        loop {
            let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
            // Anything else, also a switch that is misspelt, is what the user says.
            if switches.turn(word).is_err() {
                return (switches, rest);
            }
            rest = after;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Newline, Style, Switches};

    #[test]
    fn a_message_may_begin_with_switches() {
        let (switches, rest) =
            Switches::default().with_those_of("style=guide newline=crlf fail=503 say a=b");
        assert_eq!(
            (switches.style, switches.newline, switches.fail, rest),
            (Style::Guide, Newline::Crlf, Some(503), "say a=b")
        );
        let (switches, rest) = Switches::default().with_those_of("a=b say x");
        assert_eq!((switches, rest), (Switches::default(), "a=b say x"));
    }

    #[test]
    fn a_wrong_switch_is_told_in_one_sentence() {
        for (word, said) in [
            ("style", "a switch is name=value, not \"style\""),
            (
                "style=odd",
                "the switch style takes events, guide, legacy, not \"odd\"",
            ),
            ("bom=1", "the switch bom takes yes, no, not \"1\""),
            (
                "fail=302",
                "the switch fail takes 307 or 400 to 599, not \"302\"",
            ),
        ] {
            assert_eq!(Switches::default().turn(word).unwrap_err(), said);
        }
        assert!(
            Switches::default()
                .turn("faults=1")
                .unwrap_err()
                .starts_with("there is no switch")
        );
    }
}
