//! What goes into the sandbox and what comes out of it, as plain data.
//!
//! In: a request with its whole body. Out: a response whose every byte has its time. All times count in milliseconds
//! from the moment when the request arrived. Carrying the bytes, and waiting, is left to whoever asks.

/// A request as a server sees it.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The method, as sent.
    pub method: String,
    /// The path with its query, still percent-encoded: `/api/messaging/sessions?limit=3`.
    pub path_and_query: String,
    /// The headers; names in any case.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Request {
    /// The first header of that name (given in lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The path alone.
    #[must_use]
    pub fn path(&self) -> &str {
        self.path_and_query
            .split_once('?')
            .map_or(&self.path_and_query, |(path, _)| path)
    }

    /// What follows the first `?`.
    #[must_use]
    pub fn query(&self) -> &str {
        self.path_and_query
            .split_once('?')
            .map_or("", |(_, query)| query)
    }
}

/// Some bytes of a body, and when they leave.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// Milliseconds after the request arrived.
    pub after_ms: f64,
    /// The bytes; never empty.
    pub bytes: Vec<u8>,
}

/// How an answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// As announced: the body's last byte, or the final chunk.
    Clean,
    /// The connection breaks: no final chunk.
    Cut,
    /// The connection is closed before the head. Status, headers and body then mean nothing.
    Unanswered,
    /// The same, but it is reset, so that the client's system calls it a failure and not an end.
    Reset,
    /// After the last piece nothing is ever sent, and the connection stays open. With the status 0 not even a head comes;
    /// headers, body and times then mean nothing.
    Never,
}

/// A whole answer with its times.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers, names in lower case; nothing that belongs to the connection (`date`, `transfer-encoding`).
    pub headers: Vec<(String, String)>,
    /// When the head leaves.
    pub after_ms: f64,
    /// The body, in order of time.
    pub body: Vec<Piece>,
    /// How it ends.
    pub end: End,
    /// When it ends.
    pub end_after_ms: f64,
    /// Present where a later request can still change what comes: ask
    /// [`Sandbox::overtaken`](crate::Sandbox::overtaken) with it before the head and before each piece.
    pub turn: Option<u64>,
}

impl Response {
    /// The first header of that name (given in lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether a head is ever sent.
    #[must_use]
    pub fn has_head(&self) -> bool {
        match self.end {
            End::Clean | End::Cut => true,
            End::Never => self.status != 0,
            End::Unanswered | End::Reset => false,
        }
    }

    /// The whole body, without its times.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.body
            .iter()
            .flat_map(|piece| piece.bytes.iter().copied())
            .collect()
    }
}
