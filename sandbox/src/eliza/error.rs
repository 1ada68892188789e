//! The five shapes of an elizaOS error. In: what went wrong. Out: status and body.

use crate::clock::iso;
use crate::json;
use serde_json::{Map, Value, json};

/// Something that the server refuses or fails to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Value,
    /// How long the server needed to fail.
    pub after_ms: f64,
}

/// A failed query is tried again and again before the server gives up.
const DATABASE_GIVES_UP_AFTER: f64 = 4000.0;

impl Failure {
    fn at_once(status: u16, body: Value) -> Self {
        Self {
            status,
            body,
            after_ms: 0.0,
        }
    }

    /// The sessions router's shape, with the stack that every one of them carries.
    fn session(
        now: f64,
        status: u16,
        name: &str,
        code: &str,
        message: &str,
        details: Option<Value>,
    ) -> Self {
        let mut error = Map::new();
        error.insert("code".into(), code.into());
        error.insert("message".into(), message.into());
        error.insert("timestamp".into(), iso(now).into());
        if let Some(details) = details {
            error.insert("details".into(), details);
        }
        let stack = format!(
            "{name}: {message}\n    at file:///app/node_modules/@elizaos/server/dist/index.js:25629:21\n    at Layer.handleRequest (/app/node_modules/router/lib/layer.js:152:17)"
        );
        error.insert("stack".into(), stack.into());
        Self::at_once(status, json!({ "error": error }))
    }

    /// 404: no such session.
    pub fn session_not_found(now: f64, id: &str) -> Self {
        let message = format!("Session with ID '{id}' not found");
        Self::session(
            now,
            404,
            "SessionNotFoundError",
            "SESSION_NOT_FOUND",
            &message,
            None,
        )
    }

    /// 410: the first touch after the expiry.
    pub fn session_expired(now: f64, id: &str, expired_at: f64) -> Self {
        let message = format!("Session '{id}' expired at {}", iso(expired_at));
        Self::session(
            now,
            410,
            "SessionExpiredError",
            "SESSION_EXPIRED",
            &message,
            None,
        )
    }

    /// 404: no such agent.
    pub fn agent_not_found(now: f64, id: &str) -> Self {
        let message = format!("Agent with ID '{id}' not found");
        Self::session(
            now,
            404,
            "AgentNotFoundError",
            "AGENT_NOT_FOUND",
            &message,
            None,
        )
    }

    fn validation(now: f64, name: &str, message: &str, details: Value) -> Self {
        Self::session(now, 400, name, "VALIDATION_ERROR", message, Some(details))
    }

    /// 400: fields that must be there.
    pub fn missing_fields(now: f64) -> Self {
        let details = json!({"missingFields": ["agentId", "userId"]});
        Self::validation(
            now,
            "MissingFieldsError",
            "Missing required fields: agentId, userId",
            details,
        )
    }

    /// 400: an id that is no uuid.
    pub fn invalid_uuid(now: f64, field: &str, value: &str) -> Self {
        let details = json!({"providedValue": value, "expectedFormat": "UUID v4"});
        Self::validation(
            now,
            "InvalidUuidError",
            &format!("Invalid UUID format for field '{field}'"),
            details,
        )
    }

    /// 400: the message itself.
    pub fn invalid_content(now: f64, reason: &str) -> Self {
        let message = format!("Invalid content: {reason}");
        Self::validation(
            now,
            "InvalidContentError",
            &message,
            json!({ "reason": reason }),
        )
    }

    /// 400: metadata that is too large.
    pub fn invalid_metadata(now: f64, reason: &str, metadata: &Value) -> Self {
        let details = json!({"reason": reason, "providedMetadata": metadata});
        Self::validation(
            now,
            "InvalidMetadataError",
            &format!("Invalid metadata: {reason}"),
            details,
        )
    }

    /// 400: `before` or `after`.
    pub fn invalid_pagination(now: f64, parameter: &str, value: &Value, reason: &str) -> Self {
        let message = format!("Invalid pagination parameter '{parameter}': {reason}");
        let details = json!({"parameter": parameter, "value": value, "reason": reason});
        Self::validation(now, "InvalidPaginationError", &message, details)
    }

    /// 400: a timeout configuration; `config` is absent where the request had no body.
    pub fn invalid_timeout(now: f64, reason: &str, config: Option<&Value>) -> Self {
        let mut details = Map::new();
        details.insert("reason".into(), reason.into());
        if let Some(config) = config {
            details.insert("providedConfig".into(), config.clone());
        }
        let message = format!("Invalid timeout configuration: {reason}");
        Self::validation(
            now,
            "InvalidTimeoutConfigError",
            &message,
            Value::Object(details),
        )
    }

    /// 400: a session at its maximum duration.
    pub fn renewal(now: f64, id: &str, max_duration: f64, created_at: f64) -> Self {
        let message = format!("Cannot renew session '{id}': Maximum duration reached");
        let details = json!({
            "maxDuration": json::number(max_duration),
            "createdAt": iso(created_at),
            "timeSinceCreation": json::number(now - created_at),
        });
        Self::session(
            now,
            400,
            "SessionRenewalError",
            "SESSION_RENEWAL_FAILED",
            &message,
            Some(details),
        )
    }

    /// 500: an exception that nobody foresaw; its text is the `details`.
    pub fn internal(now: f64, details: &str) -> Self {
        let message = "An unexpected error occurred";
        Self::session(
            now,
            500,
            "TypeError",
            "INTERNAL_SERVER_ERROR",
            message,
            Some(details.into()),
        )
    }

    /// 500: a date that the database does not know.
    pub fn history_query(now: f64) -> Self {
        let details = "Failed query: select \"id\", \"channel_id\", \"author_id\", \"content\" from \"central_messages\"";
        Self {
            after_ms: DATABASE_GIVES_UP_AFTER,
            ..Self::internal(now, details)
        }
    }

    /// 500: half a surrogate pair or a NUL, which the database cannot hold.
    pub fn message_not_stored(now: f64, id: &str) -> Self {
        let message = format!(
            "Failed to send message in session '{id}': Failed to create message in database"
        );
        let details = json!({"originalError": "Failed query: insert into \"central_messages\""});
        let failure = Self::session(
            now,
            500,
            "MessageSendError",
            "MESSAGE_SEND_FAILED",
            &message,
            Some(details),
        );
        Self {
            after_ms: DATABASE_GIVES_UP_AFTER,
            ..failure
        }
    }

    /// 500: the same for a session's metadata.
    pub fn session_not_stored(now: f64) -> Self {
        let message = "Failed to create session: Failed to create channel or add participants";
        let details = json!({"originalError": "Failed query: insert into \"channels\""});
        let failure = Self::session(
            now,
            500,
            "SessionCreationError",
            "SESSION_CREATION_FAILED",
            message,
            Some(details),
        );
        Self {
            after_ms: DATABASE_GIVES_UP_AFTER,
            ..failure
        }
    }

    /// 401.
    pub fn unauthorized() -> Self {
        let body =
            json!({"error": "API key required", "message": "Missing or invalid X-API-KEY header"});
        Self::at_once(401, body)
    }

    /// 429.
    pub fn too_many_requests() -> Self {
        Self::coded(
            429,
            "RATE_LIMIT_EXCEEDED",
            "Too many requests. Please try again later.",
        )
    }

    /// 400: a body of another type.
    pub fn content_type() -> Self {
        Self::coded(
            400,
            "INVALID_CONTENT_TYPE",
            "Invalid or missing Content-Type header",
        )
    }

    fn coded(status: u16, code: &str, message: &str) -> Self {
        Self::at_once(
            status,
            json!({"success": false, "error": {"code": code, "message": message}}),
        )
    }

    /// 404 for a route, 500 for a body that could not be read: the code is the number.
    pub fn numbered(status: u16, message: &str) -> Self {
        Self::at_once(
            status,
            json!({"success": false, "error": {"message": message, "code": status}}),
        )
    }

    /// 500: the synchronous transports hide what went wrong.
    pub fn agent(transport: &str) -> Self {
        let message = format!("Failed to process message in {transport}");
        Self::at_once(500, json!({"success": false, "error": message}))
    }
}
