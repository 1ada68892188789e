//! A form's body as Starlette and python-multipart read it.
//!
//! In: a content type and bytes. Out: the fields and files in their order. What a field means is left to `turn`.

use super::failure::Failure;
use super::route::percent_decoded;

/// A file of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    pub name: String,
    pub content_type: Option<String>,
    pub bytes: Vec<u8>,
}

/// One field's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Field {
    Text(String),
    File(File),
}

/// The fields in their order; a name may come several times.
pub(super) type Form = Vec<(String, Field)>;

/// A field that is no file may hold so much.
const MOST_TEXT: usize = 1024 * 1024;

/// Reads a form. A body of another type is no form: it has no fields, and nobody complains.
pub(super) fn read(content_type: &str, body: &[u8]) -> Result<Form, Failure> {
    let (kind, _) = content_type.split_once(';').unwrap_or((content_type, ""));
    match kind.trim().to_ascii_lowercase().as_str() {
        "application/x-www-form-urlencoded" => Ok(urlencoded(&String::from_utf8_lossy(body))),
        "multipart/form-data" => {
            let boundary = parameter(content_type, "boundary")
                .filter(|boundary| !boundary.is_empty())
                .ok_or_else(|| Failure::new(400, "Missing boundary in multipart."))?;
            multipart(&boundary, body)
        }
        _ => Ok(Form::new()),
    }
}

/// Also how a query is read.
pub(super) fn urlencoded(text: &str) -> Form {
    let decoded = |part: &str| {
        String::from_utf8_lossy(&percent_decoded(&part.replace('+', " "))).into_owned()
    };
    text.split('&')
        .filter(|part| !part.is_empty())
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(name, value)| (decoded(name), Field::Text(decoded(value))))
        .collect()
}

/// The parts that are complete: what follows the last whole delimiter is not there.
fn multipart(boundary: &str, body: &[u8]) -> Result<Form, Failure> {
    let delimiter = [b"\r\n--", boundary.as_bytes()].concat();
    // The first delimiter has no line break of its own.
    let body = [b"\r\n", body].concat();
    let mut rest: &[u8] = body.as_slice();
    while rest.starts_with(b"\r\n\r\n") {
        rest = rest.get(2..).unwrap_or(&[]);
    }
    if rest == b"\r\n" {
        return Ok(Form::new());
    }
    rest = match rest.strip_prefix(delimiter.as_slice()) {
        Some(rest) => rest,
        None => return Err(Failure::new(400, "Invalid multipart data.")),
    };
    let mut form = Form::new();
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        let Some(end) = end_of_part(part, &delimiter) else {
            break;
        };
        let (bytes, after) = part.split_at(end);
        form.push(field(bytes)?);
        rest = after.get(delimiter.len()..).unwrap_or(&[]);
    }
    Ok(form)
}

/// Where a delimiter begins that is followed by a line break or by its end mark.
fn end_of_part(part: &[u8], delimiter: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + find(part.get(from..)?, delimiter)?;
        let after = part.get(at + delimiter.len()..)?;
        if after.starts_with(b"\r\n") || after.starts_with(b"--") {
            return Some(at);
        }
        from = at + 1;
    }
}

fn find(within: &[u8], what: &[u8]) -> Option<usize> {
    let first = what.first()?;
    let mut from = 0;
    loop {
        let rest = within.get(from..)?;
        let at = from + rest.iter().position(|byte| byte == first)?;
        if within.get(at..)?.starts_with(what) {
            return Some(at);
        }
        from = at + 1;
    }
}

fn field(part: &[u8]) -> Result<(String, Field), Failure> {
    // A part without headers begins with the empty line itself.
    let head_end = if part.starts_with(b"\r\n") {
        Some(0)
    } else {
        find(part, b"\r\n\r\n").map(|at| at + 2)
    };
    let (head, value) = part.split_at(head_end.unwrap_or(part.len()));
    let value = value.get(2..).unwrap_or(&[]);
    let head = String::from_utf8_lossy(head);
    let header = |name: &str| {
        head.split("\r\n")
            .filter_map(|line| line.split_once(':'))
            .find(|(key, _)| key.trim().eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim().to_owned())
    };
    let disposition = header("content-disposition").unwrap_or_default();
    let missing = || {
        Failure::new(
            400,
            "The Content-Disposition header field \"name\" must be provided.",
        )
    };
    let name = parameter(&disposition, "name").ok_or_else(missing)?;
    let field = match parameter(&disposition, "filename") {
        Some(file_name) => Field::File(File {
            name: file_name,
            content_type: header("content-type"),
            bytes: value.to_vec(),
        }),
        None if value.len() > MOST_TEXT => {
            return Err(Failure::new(400, "Part exceeded maximum size of 1024KB."));
        }
        None => Field::Text(String::from_utf8_lossy(value).into_owned()),
    };
    Ok((name, field))
}

/// A parameter of a header: a quoted value ends at the last quotation mark before the next parameter, so that a name
/// that was not escaped (`"a "b".txt"`) is read as it was meant.
fn parameter(header: &str, name: &str) -> Option<String> {
    let mut rest = header.split_once(';')?.1;
    loop {
        let (key, after) = rest.split_once('=')?;
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => {
                let end = end_of_quoted(quoted);
                let (value, after) = quoted.split_at(end);
                let after = after.strip_prefix('"').unwrap_or(after);
                let value = value.replace("\\\"", "\"").replace("\\\\", "\\");
                (value, after.split_once(';').map(|(_, next)| next))
            }
            None => {
                let (value, next) = match after.split_once(';') {
                    Some((value, next)) => (value, Some(next)),
                    None => (after, None),
                };
                (value.trim().to_owned(), next)
            }
        };
        if key.trim().eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = next?;
    }
}

fn end_of_quoted(quoted: &str) -> usize {
    quoted
        .match_indices('"')
        .find(|(at, _)| {
            let escaped = quoted
                .get(..*at)
                .is_some_and(|before| before.ends_with('\\'));
            let after = quoted.get(at + 1..).unwrap_or("").trim_start();
            !escaped && (after.is_empty() || after.starts_with(';'))
        })
        .map_or(quoted.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::{Field, File, read, urlencoded};

    const KIND: &str = "multipart/form-data; boundary=B";

    fn file(name: &str, content_type: Option<&str>, bytes: &str) -> Field {
        Field::File(File {
            name: name.into(),
            content_type: content_type.map(str::to_owned),
            bytes: bytes.into(),
        })
    }

    fn part(head: &str, value: &str) -> String {
        format!("--B\r\nContent-Disposition: form-data; {head}\r\n\r\n{value}\r\n")
    }

    #[test]
    fn fields_and_files_are_read_in_their_order() {
        let typed = "name=\"files\"; filename=\"a.txt\"\r\nContent-Type: text/plain";
        let body = [
            part("name=\"user_message\"", "Hé\r\n--Bx\r\n"),
            part(typed, "hello"),
            part("name=\"files\"; filename=\"b\"", ""),
            "--B--\r\n".into(),
        ];
        assert_eq!(
            read(KIND, body.concat().as_bytes()).unwrap(),
            [
                ("user_message".into(), Field::Text("Hé\r\n--Bx\r\n".into())),
                ("files".into(), file("a.txt", Some("text/plain"), "hello")),
                ("files".into(), file("b", None, "")),
            ]
        );
    }

    #[test]
    fn file_names_are_read_as_python_reads_them() {
        for (written, name) in [
            ("a%22b.txt", "a%22b.txt"),
            ("a \"b\".txt", "a \"b\".txt"),
            ("a\\\"b.txt", "a\"b.txt"),
            ("é; x=1.txt", "é; x=1.txt"),
            ("", ""),
        ] {
            let head = format!("name=\"files\"; filename=\"{written}\"");
            let body = part(&head, "x") + "--B--";
            let form = read(KIND, body.as_bytes()).unwrap();
            assert_eq!(form, [("files".into(), file(name, None, "x"))]);
        }
    }

    #[test]
    fn what_is_cut_off_is_not_there_and_what_is_no_form_is_refused() {
        let whole = part("name=\"a\"", "1") + &part("name=\"b\"", "2") + "--B--\r\n";
        let cut = whole.get(..whole.len() - 4).unwrap();
        let names = |body: &str| {
            let form = read(KIND, body.as_bytes()).unwrap();
            form.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        assert_eq!(names(&whole), ["a", "b"]);
        assert_eq!(names(cut), ["a"]);
        assert_eq!(names(""), [""; 0]);
        assert_eq!(names("--B\r\nX"), [""; 0]);
        for (kind, body) in [
            (KIND, "junk"),
            (KIND, "--B\r\n\r\nx\r\n--B--"),
            ("multipart/form-data", "--B--"),
        ] {
            assert_eq!(
                read(kind, body.as_bytes()).unwrap_err().status,
                400,
                "{body}"
            );
        }
        assert_eq!(
            read("application/json", b"{\"user_message\":1}").unwrap(),
            []
        );
    }

    #[test]
    fn urlencoded_text_is_decoded() {
        let text = |text: &str| Field::Text(text.into());
        assert_eq!(
            urlencoded("a=H%C3%A9+%26&b&a=%zz&&c=%ff"),
            [
                ("a".into(), text("Hé &")),
                ("b".into(), text("")),
                ("a".into(), text("%zz")),
                ("c".into(), text("\u{fffd}")),
            ]
        );
    }
}
