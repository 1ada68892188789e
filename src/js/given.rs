//! What callers may hand in: the TypeScript of the options is derived here, so the comments are written for the reader of
//! the `.d.ts`. They are read in [`super::input`], field by field: reading them into these types by serde was a tenth of
//! the WebAssembly file.

#![expect(dead_code, reason = "these types are only declared to TypeScript")]

use std::collections::BTreeMap;

use tsify::Tsify;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::model::Backend;

#[wasm_bindgen(typescript_custom_section)]
const WEB_ASSEMBLY_MODULE: &str = r#"
/** `WebAssembly.Module`, in projects that know it: Node's own types do not. */
export type WebAssemblyModule = typeof globalThis extends {
    WebAssembly: { Module: { prototype: infer Module } };
}
    ? Module
    : never;
"#;

/// How a client is set up.
#[derive(Tsify)]
#[serde(rename_all = "camelCase")]
pub struct ConnectOptions {
    /// Which family of servers to talk to.
    pub backend: Backend,
    /// Where the server is. Default: the hosted service for meibel and agentcloud; required for eliza. A path such as
    /// `/agent` is on the page's own origin.
    #[tsify(optional)]
    pub base_url: Option<String>,
    /// The key, or a function that is asked for it before every request.
    #[tsify(optional, type = "string | (() => string | Promise<string>)")]
    pub api_key: JsValue,
    /// Agent Cloud's resource slug (24 hexadecimal digits).
    #[tsify(optional)]
    pub team: Option<String>,
    /// The elizaOS user id (a uuid). Default: one made for this client.
    #[tsify(optional)]
    pub user_id: Option<String>,
    /// elizaOS: how answers come. `"sse"`: to the request, whole or as a stream; from version 1.7.2 on they are then not in the
    /// history, and cannot be found again. `"websocket"`, as the server calls it: into the history, where they are looked
    /// for; nothing is streamed, and what was cut off is found again. Default: `"sse"`.
    #[tsify(optional, type = "\"sse\" | \"websocket\"")]
    pub transport: Option<String>,
    /// Carries every request. Default: the platform's.
    #[tsify(optional, type = "typeof globalThis.fetch")]
    pub fetch: JsValue,
    /// Sent with every request. A header that no header may be is an error of kind `config`.
    #[tsify(optional, type = "Record<string, string>")]
    pub headers: Option<BTreeMap<String, String>>,
    /// Milliseconds to the head of a response, then an error of kind `timeout`. Default: 60,000; a synchronous answer gets
    /// more.
    #[tsify(optional)]
    pub timeout: Option<f64>,
    /// Milliseconds without a byte on a stream, then an error of kind `timeout`. Default: 60,000.
    #[tsify(optional)]
    pub idle_timeout: Option<f64>,
    /// How many times a request is repeated where that is safe. Default: 2. A message that may have been taken is never
    /// repeated.
    #[tsify(optional)]
    pub max_retries: Option<f64>,
    /// Bytes of one server-sent event; more is an error of kind `too_large`. Default: 8 MiB.
    #[tsify(optional)]
    pub max_event_bytes: Option<f64>,
    /// Bytes of one JSON body; more is an error of kind `too_large`. Default: 64 MiB.
    #[tsify(optional)]
    pub max_body_bytes: Option<f64>,
    /// A raw key in a page is an error of kind `config` unless this is true or `baseUrl` has the page's origin. Default:
    /// false.
    #[tsify(optional)]
    pub allow_browser_key: Option<bool>,
    /// Agent Cloud: whether an answer is also told over a WebSocket (Socket.IO) while it is looked for, so that it comes
    /// sooner and with fewer requests. The first request of that carries the key as every other does, and goes through
    /// `fetch`; the WebSocket itself does not, and carries no key. Where it cannot be opened the answer is looked for as
    /// without it. Default: true where the runtime has a global `WebSocket` and no `fetch` was given.
    #[tsify(optional)]
    pub live: Option<bool>,
    /// The WebAssembly file, only where the runtime's own loader cannot find it, which is an error of kind `config` with the
    /// code `WASM_LOAD`: that of the backend (`agentline/eliza_wasm_bg.wasm`, and so on) or that of all
    /// (`agentline/agentline_wasm_bg.wasm`). The first call that needs it decides for all.
    #[tsify(
        optional,
        type = "ArrayBuffer | ArrayBufferView | WebAssemblyModule | Response | URL"
    )]
    pub wasm: JsValue,
}

/// What every call takes.
#[derive(Tsify)]
#[serde(rename_all = "camelCase")]
pub struct CallOptions {
    /// Aborts the call; it then rejects with the signal's reason.
    #[tsify(optional, type = "AbortSignal | undefined")]
    pub signal: JsValue,
    /// Milliseconds to the head of a response, for this call: also of an answer that comes only when the agent has finished.
    /// Default: the client's, and five minutes or more for such an answer.
    #[tsify(optional, type = "number | undefined")]
    pub timeout: Option<f64>,
    /// Sent with the requests of this call, over the client's own.
    #[tsify(optional, type = "Record<string, string> | undefined")]
    pub headers: Option<BTreeMap<String, String>>,
}

/// What `sendMessage` and `streamMessage` take besides.
#[derive(Tsify)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryOptions {
    /// What to do with a message of which nobody knows whether it arrived, and which then surely is not in the history:
    /// nothing (`"never"`, the default), or send it again (`"when-absent"`), at most `maxRetries` times.
    #[tsify(optional, type = "\"never\" | \"when-absent\" | undefined")]
    pub redeliver: Option<String>,
    /// Whether the history is read where an answer was cut off, or where nobody knows whether the message arrived, so that the
    /// answer is found there. Default: true.
    #[tsify(optional, type = "boolean | undefined")]
    pub resume: Option<bool>,
    /// The client's own id of the message; elizaOS keeps it with the message, in the metadata as `agentlineMessageId`. Never
    /// use one twice. Default: a new uuid for each message.
    #[tsify(optional, type = "string | undefined")]
    pub client_message_id: Option<String>,
    /// Is told each change of how far the message is, in order and at once. What it throws is reported as an uncaught error,
    /// and changes nothing.
    #[tsify(optional, type = "((state: Delivery) => void) | undefined")]
    pub on_delivery: JsValue,
}

#[wasm_bindgen(typescript_custom_section)]
const SEND_OPTIONS: &str = r#"
/** What `sendMessage` and `streamMessage` take. */
export type SendOptions = CallOptions & DeliveryOptions;
"#;

/// Which answer `resumeReply` finds. Default: that to the newest message of the user.
#[derive(Tsify)]
#[serde(rename_all = "camelCase")]
pub struct ResumeQuery {
    /// The answer to the first message of the user behind this: a point in time, or a cursor `after` that a page gave.
    #[tsify(optional, type = "string | number | Date | undefined")]
    pub after: JsValue,
    /// The answer to the message with this id, where `capabilities.exactDelivery`.
    #[tsify(optional, type = "string | undefined")]
    pub client_message_id: Option<String>,
    /// What is on the screen of the answer already: only what goes beyond it comes, or one `replace`.
    #[tsify(optional, type = "string | undefined")]
    pub shown: Option<String>,
    /// Milliseconds without a sign of the answer, then an error of kind `truncated`. Default: 60,000.
    #[tsify(optional, type = "number | undefined")]
    pub answer_timeout: Option<f64>,
}

/// What a new session needs.
#[derive(Tsify)]
#[serde(rename_all = "camelCase")]
pub struct CreateSession {
    /// Meibel agent id, Agent Cloud app id, elizaOS agent uuid.
    #[tsify(optional)]
    pub agent_id: Option<String>,
    /// Meibel: the agent's published name instead.
    #[tsify(optional)]
    pub agent_name: Option<String>,
    /// elizaOS: for whom; else the client's.
    #[tsify(optional)]
    pub user_id: Option<String>,
    /// elizaOS metadata, Meibel `initial_context`; unsupported elsewhere.
    #[tsify(optional, type = "Record<string, unknown>")]
    pub metadata: JsValue,
    /// Meibel: what the agent is told first.
    #[tsify(optional)]
    pub prompt: Option<String>,
    /// Agent Cloud: the app's variables.
    #[tsify(optional, type = "Record<string, string>")]
    pub variables: JsValue,
    /// Merged into the request as it is, for what has no common name (elizaOS: `timeoutConfig`).
    #[tsify(optional, type = "Record<string, unknown>")]
    pub backend_options: JsValue,
}

/// A message to send.
#[derive(Tsify)]
#[serde(rename_all = "camelCase")]
pub struct OutgoingMessage {
    /// What to say. elizaOS takes 1 to 4,000 UTF-16 units.
    #[tsify(type = "string")]
    pub text: JsValue,
    /// Files that go with it, where `capabilities.files`.
    #[tsify(optional, type = "(Blob | File)[]")]
    pub files: JsValue,
    /// Kept with the message, where the backend keeps such a thing.
    #[tsify(optional, type = "Record<string, unknown>")]
    pub metadata: JsValue,
    /// Milliseconds that the backend may take for the answer. Default: the backend's own limit; 60,000 where the answer is
    /// looked for in the history.
    #[tsify(optional)]
    pub answer_timeout: Option<f64>,
    /// Meibel: whether `thinking` events are wanted. Default: the backend's.
    #[tsify(optional)]
    pub include_thinking: Option<bool>,
    /// Meibel: whether `tool_call` and `tool_result` events are wanted. Default: the backend's.
    #[tsify(optional)]
    pub include_tool_activity: Option<bool>,
    /// Merged into the request as it is, for what has no common name (elizaOS: `transport`).
    #[tsify(optional, type = "Record<string, unknown>")]
    pub backend_options: JsValue,
}

/// Which sessions are wanted.
#[derive(Tsify)]
#[serde(rename_all = "camelCase")]
pub struct ListSessions {
    /// Only those with this agent.
    #[tsify(optional)]
    pub agent_id: Option<String>,
    /// elizaOS: only those of this user; without it, every user's.
    #[tsify(optional)]
    pub user_id: Option<String>,
    /// Only those with this `status`; Meibel also takes its own words.
    #[tsify(optional)]
    pub status: Option<String>,
    /// How many to ask for at a time, where the backend pages its sessions (Meibel). All of them come either way.
    #[tsify(optional)]
    pub limit: Option<f64>,
}

/// Which messages are wanted. A number or a `Date` is a point in time (milliseconds since the epoch), and so is a string
/// that is an ISO date with a zone; any other string is a cursor that a page gave.
#[derive(Tsify)]
pub struct MessageQuery {
    /// How many make a page. Default: 50.
    #[tsify(optional, type = "number | undefined")]
    pub limit: Option<f64>,
    /// Only messages strictly older than this.
    #[tsify(optional, type = "string | number | Date | undefined")]
    pub before: JsValue,
    /// Only messages strictly newer than this.
    #[tsify(optional, type = "string | number | Date | undefined")]
    pub after: JsValue,
    /// Which end of the range comes first: the newest (`"backward"`, the default) or the oldest (`"forward"`, the default
    /// of `getMessages` with `after` alone). A page is oldest first either way.
    #[tsify(optional, type = "\"backward\" | \"forward\" | undefined")]
    pub direction: Option<String>,
}

/// How `readEvents` reads.
#[derive(Tsify)]
#[serde(rename_all = "camelCase")]
pub struct ReadOptions {
    /// Aborts the reading; the loop then throws the signal's reason.
    #[tsify(optional, type = "AbortSignal | undefined")]
    pub signal: JsValue,
    /// Milliseconds without a byte, comments included, then an error of kind `timeout`. Default: no limit.
    #[tsify(optional)]
    pub idle_timeout: Option<f64>,
    /// Bytes of one event; more is an error of kind `too_large`. Default: 8 MiB.
    #[tsify(optional)]
    pub max_event_bytes: Option<f64>,
    /// The last event id to begin with. Default: empty.
    #[tsify(optional)]
    pub last_event_id: Option<String>,
    /// Also give the event that the end of the stream cut off from its blank line, which the standard drops. Default: false.
    #[tsify(optional)]
    pub dispatch_unfinished: Option<bool>,
    /// Is given each comment: what follows the colon.
    #[tsify(optional, type = "(text: string) => void")]
    pub on_comment: JsValue,
    /// The WebAssembly file, only where the runtime's own loader cannot find it: `agentline/read_wasm_bg.wasm` for
    /// `readEvents`, `agentline/events_wasm_bg.wasm` for both, or that of all (`agentline/agentline_wasm_bg.wasm`). The
    /// first call that needs it decides for all.
    #[tsify(
        optional,
        type = "ArrayBuffer | ArrayBufferView | WebAssemblyModule | Response | URL"
    )]
    pub wasm: JsValue,
}

/// What `openEvents` asks, and how often.
#[derive(Tsify)]
#[serde(rename_all = "camelCase")]
pub struct RequestOptions {
    /// Default: the request's own, or GET. A method other than GET is repeated only if `reconnect` says so.
    #[tsify(optional)]
    pub method: Option<String>,
    /// Sent with the request, or a function that is asked for them before every attempt.
    #[tsify(
        optional,
        type = "ConstructorParameters<typeof Headers>[0] | (() => ConstructorParameters<typeof Headers>[0] | Promise<ConstructorParameters<typeof Headers>[0]>)"
    )]
    pub headers: JsValue,
    /// Sent with every attempt; a stream can be sent only once, and so excludes `reconnect`.
    #[tsify(optional, type = "RequestInit[\"body\"]")]
    pub body: JsValue,
    /// Carries every request. Default: the platform's.
    #[tsify(optional, type = "typeof globalThis.fetch")]
    pub fetch: JsValue,
    /// Whether a connection that ended is opened again. Default: yes for GET, without a limit.
    #[tsify(optional, type = "boolean | ReconnectOptions")]
    pub reconnect: JsValue,
}

/// How often, and how soon, `openEvents` opens a connection again.
#[derive(Tsify)]
#[serde(rename_all = "camelCase")]
pub struct ReconnectOptions {
    /// How many times in a row, as long as no event comes and no connection lasts; then the last failure is thrown.
    /// Default: no limit.
    #[tsify(optional)]
    pub max_attempts: Option<f64>,
    /// The longest pause in milliseconds, also where the server asks for a longer one. Default: 30,000, or the server's
    /// `retry` where that is more.
    #[tsify(optional)]
    pub max_delay: Option<f64>,
}

#[wasm_bindgen(typescript_custom_section)]
const OPEN_OPTIONS: &str = r#"
/** How `openEvents` asks and reads. */
export type OpenOptions = ReadOptions & RequestOptions;
"#;
