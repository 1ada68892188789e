//! What goes wrong, in each of the forms in which Meibel's documents, its SDKs and its framework know an error's body.
//!
//! In: a status and a message, or issues. Out: a response's status, headers and body.

use super::pydantic::Issue;
use super::switches::{BodyForm, Switches};
use serde_json::{Value, json};

/// Something that the server refuses or fails to do.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Failure {
    pub status: u16,
    message: String,
    issues: Vec<Issue>,
    headers: Vec<(String, String)>,
    form: BodyForm,
    /// When the answer comes.
    pub after_ms: f64,
}

/// A body: its type and its text.
pub(super) type Body = (&'static str, String);

impl Failure {
    pub fn new(status: u16, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            issues: Vec::new(),
            headers: Vec::new(),
            form: BodyForm::Natural,
            after_ms: 0.0,
        }
    }

    pub fn at(self, after_ms: f64) -> Self {
        Self { after_ms, ..self }
    }

    /// The form that a message asks for.
    pub fn in_form(self, form: BodyForm) -> Self {
        Self { form, ..self }
    }

    pub fn form(&self) -> BodyForm {
        self.form
    }

    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// 422.
    pub fn invalid(issues: Vec<Issue>) -> Self {
        Self {
            issues,
            ..Self::new(422, "Validation failed")
        }
    }

    pub fn not_found(what: &str) -> Self {
        Self::new(404, format!("{what} not found"))
    }

    /// What the switch `fail` asks for.
    pub fn asked_for(status: u16, switches: &Switches, now: f64, path_and_query: &str) -> Self {
        let seconds = switches.retry_after;
        match status {
            307 => Self::new(307, "").with_header(
                "location",
                &format!("http://elsewhere.invalid{path_and_query}"),
            ),
            422 => Self::invalid(vec![Issue::missing(&["body", "user_message"], json!({}))]),
            429 => {
                let reset = (now / 1000.0).floor() + f64::from(seconds);
                Self::new(
                    429,
                    format!("Rate limit exceeded. Please retry after {seconds} seconds."),
                )
                .with_header("retry-after", &seconds.to_string())
                .with_header("x-ratelimit-limit", "100")
                .with_header("x-ratelimit-remaining", "0")
                .with_header("x-ratelimit-reset", &format!("{reset:.0}"))
            }
            503 => Self::new(503, "Service temporarily unavailable")
                .with_header("retry-after", &seconds.to_string()),
            401 => Self::new(401, "Invalid API key"),
            403 => Self::new(403, "You do not have permission to use this agent"),
            404 => Self::new(404, "The requested resource was not found"),
            500 => Self::new(500, "Internal Server Error"),
            _ => Self::new(status, format!("The request failed with status {status}")),
        }
    }

    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// The body, in the form that was asked for.
    pub fn body(&self, form: BodyForm) -> Option<Body> {
        let message = &self.message;
        let issues = || -> Value {
            match self.issues.as_slice() {
                [] => {
                    json!([{"type": "value_error", "loc": ["body"], "msg": message, "input": {}}])
                }
                issues => issues.iter().map(Issue::json).collect(),
            }
        };
        let value = match form {
            BodyForm::Natural => match self.status {
                307 => return None,
                // What escapes a handler: Starlette's last middleware answers in plain text.
                500 if message == "Internal Server Error" => {
                    return Some(("text/plain; charset=utf-8", message.clone()));
                }
                422 => json!({"detail": issues()}),
                429 => json!({"message": message}),
                _ => json!({"detail": message}),
            },
            BodyForm::Detail => json!({"detail": message}),
            BodyForm::Issues => json!({"detail": issues()}),
            BodyForm::Code => json!({"code": self.code(), "message": message}),
            BodyForm::Message => {
                // The reference page's list has no `input`.
                let mut list = issues();
                for issue in list.as_array_mut().into_iter().flatten() {
                    if let Some(fields) = issue.as_object_mut() {
                        fields.retain(|key, _| ["loc", "msg", "type"].contains(&key.as_str()));
                    }
                }
                json!({"message": message, "detail": list})
            }
            BodyForm::Nested => json!({"error": {
                "message": message, "type": format!("{}_error", self.code()), "code": self.code(),
                "param": null, "request_id": "req_sandbox",
            }}),
            BodyForm::Error => json!({"error": message}),
            BodyForm::Object => json!({"detail": {"code": self.code(), "message": message}}),
            BodyForm::Text => json!(message),
            BodyForm::Null => Value::Null,
            BodyForm::Array => json!([message]),
            BodyForm::Html => {
                let page = format!(
                    "<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>",
                    self.status
                );
                return Some(("text/html", page));
            }
            BodyForm::Empty => return None,
        };
        Some(("application/json", value.to_string()))
    }

    fn code(&self) -> &'static str {
        match self.status {
            401 => "authentication",
            403 => "permission",
            404 => "not_found",
            409 => "conflict",
            422 => "validation",
            429 => "rate_limit",
            500.. => "server",
            _ => "invalid_request",
        }
    }
}
