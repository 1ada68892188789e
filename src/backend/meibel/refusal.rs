//! What Meibel says where something went wrong: as the body of a refusal, or as an event of a stream.

use crate::error::Issue;
use crate::json::{Flaw, Json, Kind, Reader, whole, write};
use crate::text::Text;

type Read<T> = Result<T, Flaw>;

/// How many issues a message repeats; all of them are in `issues`.
const TOLD: usize = 3;

/// A refusal, in whichever of its forms.
#[derive(Debug, Default, PartialEq)]
pub struct Refusal {
    /// `message`, or the text that is the whole body
    message: Option<String>,
    /// `error`, or its `message`
    error: Option<String>,
    /// `detail`, or its `message`
    pub detail: Option<String>,
    /// `content`
    content: Option<String>,
    /// `data.message`
    data: Option<String>,
    pub code: Option<String>,
    pub request_id: Option<String>,
    pub issues: Option<Vec<Issue>>,
}

impl Refusal {
    /// What a refused request is told.
    pub fn message(&self) -> Option<String> {
        let words = [&self.message, &self.error, &self.detail];
        let said = words.into_iter().flatten().next().cloned();
        said.or_else(|| self.told_issues())
    }

    /// What a stream is told.
    pub fn event(&self) -> Option<String> {
        let words = [
            &self.error,
            &self.message,
            &self.content,
            &self.detail,
            &self.data,
        ];
        let said = words.into_iter().flatten().next().cloned();
        said.or_else(|| self.told_issues())
    }

    fn told_issues(&self) -> Option<String> {
        let issues = self.issues.as_ref().filter(|issues| !issues.is_empty())?;
        let told: Vec<String> = issues.iter().take(TOLD).map(told).collect();
        Some(told.join("; "))
    }
}

fn told(issue: &Issue) -> String {
    let mut path = Vec::new();
    let _ = whole(issue.path.as_str(), |reader| {
        reader.array(|reader| {
            path.push(match reader.kind() {
                Kind::String => reader.word()?,
                _ => reader.raw()?.to_owned(),
            });
            Ok(())
        })
    });
    match path.is_empty() {
        true => issue.message.clone(),
        false => format!("{}: {}", path.join("."), issue.message),
    }
}

/// Reads a refusal: `{detail: text | issues | object}`, `{code, message}`, `{message, detail}`, `{error: {message, code,
/// type, request_id}}`, `{error: text}`, or a JSON string. What is none of these has nothing to tell.
pub fn read(body: &str) -> Refusal {
    let mut refusal = Refusal::default();
    let read = whole(body, |reader| match reader.kind() {
        Kind::Object => top(reader, &mut refusal),
        Kind::String => {
            refusal.message = text(reader)?;
            Ok(())
        }
        _ => reader.skip(),
    });
    match read {
        Ok(()) => refusal,
        Err(_) => Refusal::default(),
    }
}

fn top(reader: &mut Reader<'_>, refusal: &mut Refusal) -> Read<()> {
    reader.object(|reader, field| {
        match (field, reader.kind()) {
            ("message", _) => refusal.message = text(reader)?,
            ("content", _) => refusal.content = text(reader)?,
            ("code", Kind::String) => refusal.code = text(reader)?,
            ("request_id", _) => refusal.request_id = text(reader)?,
            ("error", Kind::Object) => {
                let inner = inner(reader)?;
                refusal.error = inner.message;
                refusal.code = inner.code.or(refusal.code.take());
                refusal.request_id = inner.request_id.or(refusal.request_id.take());
            }
            ("error", _) => refusal.error = text(reader)?,
            ("detail", Kind::Object) => {
                let inner = inner(reader)?;
                refusal.detail = inner.message;
                refusal.code = refusal.code.take().or(inner.code);
                refusal.request_id = refusal.request_id.take().or(inner.request_id);
            }
            ("detail", Kind::Array) => refusal.issues = Some(issues(reader)?),
            ("detail", _) => refusal.detail = text(reader)?,
            ("data", Kind::Object) => refusal.data = inner(reader)?.message,
            _ => {}
        }
        Ok(())
    })
}

#[derive(Default)]
struct Inner {
    message: Option<String>,
    code: Option<String>,
    request_id: Option<String>,
}

/// `{message, type, code, param, request_id}`. Of `code` and `type` the first is the finer one.
fn inner(reader: &mut Reader<'_>) -> Read<Inner> {
    let (mut inner, mut other, mut sort) = (Inner::default(), None, None);
    reader.object(|reader, field| {
        match field {
            "message" => inner.message = text(reader)?,
            "msg" | "detail" | "error" => other = text(reader)?.or(other.take()),
            "code" => inner.code = text(reader)?,
            "type" => sort = text(reader)?,
            "request_id" => inner.request_id = text(reader)?,
            _ => {}
        }
        Ok(())
    })?;
    inner.message = inner.message.or(other);
    inner.code = inner.code.or(sort);
    Ok(inner)
}

/// `[{loc, msg, type}]`; `input` and `ctx` stay in the error's body.
fn issues(reader: &mut Reader<'_>) -> Read<Vec<Issue>> {
    let mut issues = Vec::new();
    reader.array(|reader| {
        let (mut path, mut message, mut code) = ("[]".to_owned(), None, None);
        match reader.kind() {
            Kind::String => message = text(reader)?,
            Kind::Object => reader.object(|reader, field| {
                match (field, reader.kind()) {
                    ("loc", Kind::Array) => path = place(reader)?,
                    ("msg" | "message", _) => message = text(reader)?.or(message.take()),
                    ("type", _) => code = text(reader)?,
                    _ => {}
                }
                Ok(())
            })?,
            _ => {}
        }
        if message.is_some() || code.is_some() {
            issues.push(Issue {
                path: Json::parse(path)?,
                message: message.or_else(|| code.clone()).unwrap_or_default(),
                code,
            });
        }
        Ok(())
    })?;
    Ok(issues)
}

/// `loc`: names and places in lists, and nothing else.
fn place(reader: &mut Reader<'_>) -> Read<String> {
    let mut path = String::from("[");
    reader.array(|reader| {
        if !matches!(reader.kind(), Kind::String | Kind::Number) {
            return Ok(());
        }
        if path.len() > 1 {
            path.push(',');
        }
        match reader.kind() {
            Kind::String => write::string(&mut path, &Text::from(reader.word()?)),
            _ => path.push_str(reader.raw()?),
        }
        Ok(())
    })?;
    path.push(']');
    Ok(path)
}

/// A string that says something.
fn text(reader: &mut Reader<'_>) -> Read<Option<String>> {
    match reader.kind() {
        Kind::String => Ok(Some(reader.word()?).filter(|text| !text.trim().is_empty())),
        _ => Ok(None),
    }
}
