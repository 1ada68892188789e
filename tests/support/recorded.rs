//! Reads the recorded exchanges of `tests/fixtures/eliza`.

use serde_json::Value;

use super::drive::{Answer, End};

/// One recorded exchange.
pub struct Exchange {
    pub name: String,
    /// of the message that was sent
    pub content: String,
    /// none: the server closed the connection without a byte
    pub answer: Option<Answer>,
    /// the bytes of the answer's body
    pub body: Vec<u8>,
}

/// All of them, in the file's order.
pub fn exchanges() -> Vec<Exchange> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/eliza/exchanges.jsonl"
    );
    let lines = std::fs::read_to_string(path).unwrap();
    lines.lines().map(exchange).collect()
}

fn exchange(line: &str) -> Exchange {
    let record: Value = serde_json::from_str(line).unwrap();
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (request, response) = (&record["request"], &record["response"]);
    let asked: Value =
        serde_json::from_str(request["body"].as_str().unwrap_or_default()).unwrap_or_default();
    let body = match (&response["json"], &response["text"]) {
        (Value::Null, text) => word(text).into_bytes(),
        (json, _) => serde_json::to_vec(json).unwrap(),
    };
    let header = |name: &str| word(&response["headers"][name]);
    let answer = response.is_object().then(|| {
        let status = u16::try_from(response["status"].as_u64().unwrap()).unwrap();
        let answer = Answer::new(status, &header("content-type"), &body);
        let answer = match header("retry-after").as_str() {
            "" => answer,
            seconds => answer.retry_after(seconds),
        };
        match response["cleanEnd"] {
            Value::Bool(false) => answer.ending(End::Broken(Some("UND_ERR_SOCKET"))),
            _ => answer,
        }
    });
    Exchange {
        name: word(&record["name"]),
        content: word(&asked["content"]),
        answer,
        body,
    }
}
