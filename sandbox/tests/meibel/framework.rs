//! Every exchange with the FastAPI server again, against the sandbox.

use super::world::{World, body, fixture, options, text};
use agentline_sandbox::Options;
use agentline_sandbox::meibel::AGENT_ID;
use serde_json::Value;

#[test]
fn the_framework_s_checks_are_the_real_one_s() {
    let mut differing = Vec::new();
    let lines = fixture("framework.jsonl");
    for line in lines.lines() {
        let exchange: Value = serde_json::from_str(line).unwrap();
        let (mut world, id) = World::with_session(Options {
            keys: vec!["mk".into()],
            ..options()
        });
        world.key = None;
        let request = &exchange["request"];
        let line = request["line"].as_str().unwrap();
        // The recorded server knew every session and agent.
        let asked = line
            .replace("/sessions/s", &format!("/sessions/{id}"))
            .replace("/agents/a/", &format!("/agents/{AGENT_ID}/"));
        let unknown = ["%20", "%ff"].iter().any(|odd| asked.contains(odd));
        let asked = if asked.contains("/sessions//") {
            line.to_owned()
        } else {
            asked
        };
        let mut headers = vec![("host", "testserver")];
        let sent = request["headers"].as_object().unwrap();
        headers.extend(
            sent.iter()
                .map(|(name, value)| (name.as_str(), value.as_str().unwrap())),
        );
        let answer = world.ask(
            &asked,
            &headers,
            request["body"].as_str().unwrap().as_bytes(),
        );
        let expected = &exchange["response"];
        let status = if unknown {
            404
        } else {
            expected["status"].as_u64().unwrap()
        };
        let mut same = u64::from(answer.status) == status;
        if !unknown && status >= 300 {
            same &= match (expected.get("json"), expected.get("text")) {
                (Some(json), _) => body(&answer) == *json,
                (_, Some(words)) => text(&answer) == words.as_str().unwrap(),
                _ => answer.body.is_empty(),
            };
            for (name, value) in expected["headers"].as_object().unwrap() {
                let value = value
                    .as_str()
                    .unwrap()
                    .replace("/sessions/s", &format!("/sessions/{id}"));
                same &= answer.header(name) == Some(&value);
            }
        }
        if !same {
            let said = text(&answer);
            differing.push(format!(
                "{line} {}\n  was    {expected}\n  is now {} {said} {:?}",
                request["body"], answer.status, answer.headers
            ));
        }
    }
    assert!(lines.lines().count() > 90);
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}
