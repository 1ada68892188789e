//! In: documents, each behind its length in four bytes, the lowest first. Out: the greatest depth in a line, then a line
//! of JSON for each: `{ "walked", "passed" }`, what the reader found when it went into every value, and whether it passed
//! over the whole; `null` and `false` where it refused. differential.mjs holds that against `JSON.parse`.
//!
//! A string stands as JSON for itself; a number is `["n", its text, the bits of its value]`, an array `["a", …]`, an object
//! `["o", name, value, …]` in the order of the document.

use std::io::{self, BufWriter, Read, Write};

use agentline::json::{Flaw, Json, Kind, MAX_DEPTH, Reader, whole};
use agentline::text::Text;

fn main() -> io::Result<()> {
    let mut input = io::stdin().lock();
    let mut output = BufWriter::new(io::stdout().lock());
    writeln!(output, "{MAX_DEPTH}")?;
    let mut length = [0; 4];
    while input.read_exact(&mut length).is_ok() {
        let mut bytes = vec![0; u32::from_le_bytes(length) as usize];
        input.read_exact(&mut bytes)?;
        // as every body is read: bytes that are no UTF-8 are replaced
        let text = String::from_utf8_lossy(&bytes);
        let mut found = String::new();
        if whole(&text, |reader| walk(reader, &mut found)).is_err() {
            found = "null".to_owned();
        }
        let passed = Json::parse(text.as_ref()).is_ok();
        writeln!(output, "{{\"walked\":{found},\"passed\":{passed}}}")?;
    }
    output.flush()
}

/// Goes into every value.
fn walk(reader: &mut Reader<'_>, out: &mut String) -> Result<(), Flaw> {
    match reader.kind() {
        Kind::Object => {
            out.push_str("[\"o\"");
            reader.object(|reader, name| {
                out.push(',');
                out.push_str(Json::from(&Text::from(name)).as_str());
                out.push(',');
                walk(reader, out)
            })?;
            out.push(']');
        }
        Kind::Array => {
            out.push_str("[\"a\"");
            reader.array(|reader| {
                out.push(',');
                walk(reader, out)
            })?;
            out.push(']');
        }
        Kind::String => out.push_str(Json::from(&reader.string()?).as_str()),
        Kind::Number => {
            // the value stands behind its text, so the same text is read twice
            let text = reader.raw()?;
            let bits = whole(text, Reader::number)?.to_bits();
            out.push_str(&format!("[\"n\",\"{text}\",\"{bits:016x}\"]"));
        }
        Kind::Boolean => out.push_str(if reader.boolean()? { "true" } else { "false" }),
        Kind::Null | Kind::Other => out.push_str(reader.raw()?),
    }
    Ok(())
}
