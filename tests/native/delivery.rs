//! What became of a message, and of its answer, when something went wrong between: looked up in the history of the
//! sandbox, of all three backends, under every fault that leaves it open.

use agentline::backend::{Direction, OutgoingMessage, Resume};
use agentline::error::{Delivered, Error, ErrorKind};
use agentline::json::Json;
use agentline::model::{Backend, Delivery, Message, Role};
use agentline::text::Text;
use agentline_sandbox::eliza::{self, Version};
use agentline_sandbox::fault::{Fault, Faults, Rule};
use agentline_sandbox::{Agents, Options, agentcloud, dialect, meibel};

use crate::support::client::{AGENT, Client, message, options, range};
use crate::support::drive::{Run, Seen, Server, run_with_key};
use crate::support::script::T0;
use crate::support::world::World;

const MARK: &str = "6b01ee70-0000-4000-8000-000000000001";

/// A backend in the sandbox with one session, and a client of it.
pub struct Place {
    pub world: World,
    pub client: Client,
    pub session: String,
    pub key: Option<String>,
}

fn server(version: Version) -> Options {
    Options {
        agents: Agents::Echo,
        eliza: eliza::Options {
            version,
            ..eliza::Options::default()
        },
        ..Options::default()
    }
}

impl Place {
    fn of(backend: Backend) -> Place {
        Place::with(backend, server(Version::V1_7_2), None)
    }

    pub fn with(backend: Backend, server: Options, transport: Option<&str>) -> Place {
        let (base, agent, team, key) = match backend {
            Backend::Eliza => ("", AGENT, None, None),
            Backend::Meibel => ("/v2", meibel::AGENT_ID, None, None),
            Backend::AgentCloud => (
                "",
                agentcloud::APP_ID,
                Some(agentcloud::TEAM_ID.to_owned()),
                Some(agentcloud::API_KEY.to_owned()),
            ),
        };
        let client = Client::new(agentline::settings::Options {
            backend: Some(backend),
            base_url: Some(format!("{}{base}", crate::support::client::BASE)),
            team,
            transport: transport.map(str::to_owned),
            ..options()
        });
        let mut world = World::new(server);
        // half an hour, which is usual, may be over when a wrong clock has told of the session
        let lasting = r#"{"timeoutConfig":{"timeoutMinutes":120}}"#;
        let lasting = (backend == Backend::Eliza).then(|| Json::parse(lasting).unwrap());
        let made = client.create(&agentline::backend::CreateSession {
            agent_id: Some(agent.to_owned()),
            backend_options: lasting,
            ..Default::default()
        });
        let made = run_with_key(&mut world, made, key.as_deref()).fine();
        let [Seen::Session(session)] = made.as_slice() else {
            panic!("{made:?}");
        };
        let session = session.id.clone();
        // Agent Cloud's agent comes, and greets
        let now = world.now();
        world.pass(now + 2_000.0);
        Place {
            world,
            client,
            session,
            key,
        }
    }

    fn fails(&mut self, rules: impl IntoIterator<Item = Rule>) {
        self.world.switch(Faults {
            seed: Some(1),
            rules: rules.into_iter().collect(),
        });
    }

    pub fn stream(&mut self, message: &OutgoingMessage) -> Run {
        let made = self.client.stream(&self.session, message);
        run_with_key(&mut self.world, made, self.key.as_deref())
    }

    pub fn send(&mut self, message: &OutgoingMessage) -> Run {
        let made = self.client.send(&self.session, message);
        run_with_key(&mut self.world, made, self.key.as_deref())
    }

    pub fn resume(&mut self, query: Resume) -> Run {
        let made = self.client.resume(&self.session, query);
        run_with_key(&mut self.world, made, self.key.as_deref())
    }

    /// The whole history, oldest first.
    pub fn history(&mut self) -> Vec<Message> {
        self.fails([]);
        let all = self
            .client
            .messages(&self.session, &range(100, None, None), Direction::Forward);
        let run = run_with_key(&mut self.world, all, self.key.as_deref());
        assert!(run.error.is_none(), "{:?}", run.error);
        run.messages().into_iter().cloned().collect()
    }

    /// How often the user said so, as the history has it.
    fn said(&mut self, text: &str) -> usize {
        let rows = self.history();
        let said = |row: &&Message| row.role == Role::User && row.text == Text::from(text);
        rows.iter().filter(said).count()
    }
}

/// A message that is looked after.
fn kept(text: &str) -> OutgoingMessage {
    OutgoingMessage {
        client_message_id: Some(MARK.to_owned()),
        resume: true,
        ..message(text)
    }
}

fn redelivered(text: &str) -> OutgoingMessage {
    OutgoingMessage {
        redeliver: true,
        ..kept(text)
    }
}

/// Of the first message that is sent.
fn first(fault: Fault) -> Rule {
    Rule {
        operation: Some(dialect::Operation::SendMessage),
        nth: Some(1),
        ..Rule::new(fault)
    }
}

/// The text as the events told it.
#[track_caller]
fn told(run: &Run, shown: &str) -> String {
    let mut text = shown.to_owned();
    for seen in &run.seen {
        let Seen::Event(kind, json) = seen else {
            continue;
        };
        let event: serde_json::Value = serde_json::from_str(json).unwrap();
        match *kind {
            "content" => text.push_str(event["delta"].as_str().unwrap()),
            "replace" => text = event["text"].as_str().unwrap().to_owned(),
            "done" => assert_eq!(event["reply"]["message"]["text"], text.as_str()),
            _ => {}
        }
    }
    text
}

/// The answer, of a run that has one.
#[track_caller]
fn answer(run: &Run) -> String {
    assert_eq!(run.error, None, "{:?}", run.deliveries);
    let text = match run.seen.last() {
        Some(Seen::Reply(reply)) => reply.message.text.to_string_lossy().into_owned(),
        _ => told(run, ""),
    };
    without_question(text)
}

/// Agent Cloud's agent asks for more behind each answer.
fn without_question(text: String) -> String {
    match text.strip_suffix(QUESTION) {
        Some(text) => text.to_owned(),
        None => text,
    }
}

pub const QUESTION: &str = "\n\nAnything else?";

#[track_caller]
fn failed(run: &Run) -> &Error {
    run.failed()
}

fn posts(run: &Run) -> usize {
    let posts = run.requests.iter().filter(|(_, request)| {
        request.method == agentline::http::Method::Post && request.body.is_some()
    });
    posts.count()
}

const ALL: [Backend; 3] = [Backend::Meibel, Backend::AgentCloud, Backend::Eliza];
/// Those whose answers are in the history.
const STORING: [Backend; 2] = [Backend::Meibel, Backend::AgentCloud];

/// Faults that leave it open whether the message was taken, and it was.
fn taken() -> Vec<(&'static str, Fault)> {
    vec![
        ("lost", Fault::Lose { after_ms: None }),
        ("hung", Fault::Hang { taken: true }),
        (
            "500",
            Fault::Status {
                status: 502,
                retry_after: None,
                date: false,
                taken: true,
            },
        ),
        (
            "a page",
            Fault::Html {
                status: 200,
                taken: true,
            },
        ),
        (
            "cut",
            Fault::Cut {
                at: Some(0),
                clean: false,
            },
        ),
    ]
}

/// Faults that leave it open, and it was not.
fn untaken() -> Vec<(&'static str, Fault)> {
    vec![
        ("refused", Fault::Refuse { after_ms: 0.0 }),
        ("hung", Fault::Hang { taken: false }),
        (
            "500",
            Fault::Status {
                status: 503,
                retry_after: None,
                date: false,
                taken: false,
            },
        ),
        (
            "a page",
            Fault::Html {
                status: 200,
                taken: false,
            },
        ),
    ]
}

#[test]
fn a_message_without_trouble_is_queued_then_sent_then_delivered() {
    for backend in ALL {
        let mut place = Place::of(backend);
        let run = place.stream(&kept("say hello"));
        assert_eq!(answer(&run), "hello", "{backend:?}");
        let all = [Delivery::Queued, Delivery::Sending, Delivery::Delivered];
        assert_eq!(run.deliveries, all, "{backend:?}");
        assert_eq!(posts(&run), 1);
    }
}

#[test]
fn a_message_that_was_taken_unseen_is_found_and_its_answer_with_it() {
    for backend in STORING {
        for (name, fault) in taken() {
            let mut place = Place::of(backend);
            place.fails([first(fault)]);
            for streams in [true, false] {
                let text = format!("say hello {streams}");
                let run = match streams {
                    true => place.stream(&kept(&text)),
                    false => place.send(&kept(&text)),
                };
                let name = format!("{backend:?}, {name}, {streams}");
                assert_eq!(answer(&run), format!("hello {streams}"), "{name}");
                assert_eq!(run.deliveries.last(), Some(&Delivery::Delivered), "{name}");
                assert_eq!(posts(&run), 1, "{name}");
            }
            assert_eq!(place.said("say hello true"), 1);
            assert_eq!(place.said("say hello false"), 1);
        }
    }
}

#[test]
fn on_elizaos_it_is_found_by_its_mark_and_what_is_not_stored_is_not_awaited() {
    for (name, fault) in taken() {
        let mut place = Place::of(Backend::Eliza);
        place.fails([first(fault)]);
        let before = place.world.now();
        let run = place.stream(&kept("say hello"));
        let error = failed(&run);
        assert_eq!(error.delivered, Some(Delivered::Yes), "{name}");
        assert!(
            error.message.contains("keeps no answer"),
            "{}",
            error.message
        );
        assert_eq!(run.deliveries.last(), Some(&Delivery::Delivered), "{name}");
        let looked = place.world.now() - before;
        let hung = if name == "hung" { 60_000.0 } else { 0.0 };
        assert!(looked - hung < 1_000.0, "{name}: {looked}");
        let [row] = place.history().try_into().unwrap();
        let row: Message = row;
        assert_eq!(row.client_message_id.as_deref(), Some(MARK));
    }
}

#[test]
fn on_elizaos_over_websocket_and_on_old_servers_the_answer_is_found_as_well() {
    for (version, transport) in [
        (Version::V1_7_2, Some("websocket")),
        (Version::V1_7_0, Some("websocket")),
    ] {
        for (name, fault) in taken() {
            let mut place = Place::with(Backend::Eliza, server(version), transport);
            place.fails([first(fault)]);
            let run = place.stream(&kept("say hello"));
            assert_eq!(answer(&run), "hello", "{version:?}, {name}");
            assert_eq!(posts(&run), 1, "{version:?}, {name}");
        }
    }
    // what begins to stream shows which server it is
    let cut = Fault::Cut {
        at: Some(600),
        clean: true,
    };
    let mut place = Place::with(Backend::Eliza, server(Version::V1_7_0), None);
    place.fails([first(cut)]);
    let run = place.stream(&kept("stream 6 30 some words that come one by one"));
    assert_eq!(answer(&run), "some words that come one by one");
    assert!(run.kinds().contains(&"status"));
}

#[test]
fn a_message_that_was_not_taken_is_surely_absent_and_the_error_says_so() {
    for backend in ALL {
        for (name, fault) in untaken() {
            let mut place = Place::of(backend);
            place.fails([first(fault)]);
            let run = place.stream(&kept("say hello"));
            let name = format!("{backend:?}, {name}");
            assert_eq!(failed(&run).delivered, Some(Delivered::No), "{name}");
            assert_eq!(run.deliveries.last(), Some(&Delivery::Failed), "{name}");
            assert_eq!(posts(&run), 1, "{name}");
            assert_eq!(place.said("say hello"), 0, "{name}");
        }
    }
}

#[test]
fn what_is_surely_absent_is_sent_again_where_that_is_wanted() {
    for backend in ALL {
        for (name, fault) in untaken() {
            let mut place = Place::of(backend);
            place.fails([first(fault)]);
            let run = place.stream(&redelivered("say hello"));
            let name = format!("{backend:?}, {name}");
            assert_eq!(answer(&run), "hello", "{name}");
            assert_eq!(posts(&run), 2, "{name}");
            assert_eq!(place.said("say hello"), 1, "{name}");
            let all = [
                Delivery::Queued,
                Delivery::Sending,
                Delivery::Unknown,
                Delivery::Sending,
                Delivery::Delivered,
            ];
            assert_eq!(run.deliveries, all, "{name}");
        }
    }
}

#[test]
fn what_never_arrives_is_sent_so_often_and_no_more() {
    for backend in ALL {
        let mut place = Place::of(backend);
        place.fails([Rule {
            operation: Some(dialect::Operation::SendMessage),
            ..Rule::new(Fault::Refuse { after_ms: 0.0 })
        }]);
        let run = place.stream(&redelivered("say hello"));
        assert_eq!(failed(&run).delivered, Some(Delivered::No), "{backend:?}");
        assert_eq!(posts(&run), 3, "{backend:?}");
        assert!(failed(&run).retryable);
    }
}

#[test]
fn where_the_history_cannot_be_read_nobody_knows_and_the_wait_has_an_end() {
    for backend in ALL {
        for streams in [true, false] {
            let mut place = Place::of(backend);
            let unreachable = Rule {
                operation: Some(dialect::Operation::GetMessages),
                // Agent Cloud reads it before it sends
                from: (backend == Backend::AgentCloud).then_some(2),
                ..Rule::new(Fault::Refuse { after_ms: 0.0 })
            };
            place.fails([first(Fault::Lose { after_ms: None }), unreachable]);
            let before = place.world.now();
            let kept = kept("say hello");
            let run = match streams {
                true => place.stream(&kept),
                false => place.send(&kept),
            };
            assert_eq!(
                failed(&run).delivered,
                Some(Delivered::Unknown),
                "{backend:?}"
            );
            assert_eq!(run.deliveries.last(), Some(&Delivery::Unknown));
            let took = place.world.now() - before;
            assert!(took < 30_000.0, "{backend:?}: {took}");
            assert_eq!(posts(&run), 1);
        }
    }
}

#[test]
fn of_two_messages_that_may_be_it_none_is_taken_for_it() {
    // the same text from somebody else, while it is on its way
    let slow = Options {
        latency_ms: 10.0,
        ..server(Version::V1_7_2)
    };
    let mut place = Place::with(Backend::Meibel, slow, None);
    place.history();
    let session = place.session.clone();
    place.fails([first(Fault::Status {
        status: 502,
        retry_after: None,
        date: false,
        taken: true,
    })]);
    let path = format!("/v2/sessions/{session}/chat");
    place.world.plan(15.0, move |world| {
        world.ask(
            "POST",
            &path,
            &serde_json::json!({"user_message": "say hello"}),
        );
    });
    let run = place.stream(&redelivered("say hello"));
    assert_eq!(failed(&run).delivered, Some(Delivered::Unknown));
    assert_eq!(posts(&run), 1);
}

#[test]
fn a_stream_that_is_cut_anywhere_is_found_again_without_a_word_told_twice() {
    for at in [1, 80, 200, 350, 500, 700, 900, 1_200] {
        for clean in [true, false] {
            let mut place = Place::of(Backend::Meibel);
            place.fails([first(Fault::Cut {
                at: Some(at),
                clean,
            })]);
            let run = place.stream(&kept("stream 4 30 some words that come one by one"));
            let name = format!("{at} {clean}");
            assert_eq!(answer(&run), "some words that come one by one", "{name}");
            assert_eq!(posts(&run), 1, "{name}");
        }
    }
}

#[test]
fn json_that_ends_in_its_middle_as_if_that_were_all_is_an_answer_that_was_cut() {
    for backend in STORING {
        for at in [0, 1, 10, 20] {
            let mut place = Place::of(backend);
            place.fails([first(Fault::Cut {
                at: Some(at),
                clean: true,
            })]);
            let run = place.send(&kept("say hello"));
            assert_eq!(answer(&run), "hello", "{backend:?} {at}");
            assert_eq!(posts(&run), 1, "{backend:?} {at}");
            place.fails([first(Fault::Cut {
                at: Some(at),
                clean: true,
            })]);
            let run = place.send(&OutgoingMessage {
                resume: false,
                ..kept("say more")
            });
            assert_eq!(failed(&run).kind, ErrorKind::Truncated, "{backend:?} {at}");
            assert_eq!(failed(&run).delivered, Some(Delivered::Yes));
        }
    }
    // where the answer is not stored, nothing is awaited
    let mut place = Place::of(Backend::Eliza);
    place.fails([first(Fault::Cut {
        at: Some(200),
        clean: true,
    })]);
    let run = place.send(&kept("say hello"));
    assert_eq!(failed(&run).kind, ErrorKind::Truncated);
    assert_eq!(failed(&run).delivered, Some(Delivered::Yes));
    assert!(failed(&run).message.contains("keeps no answer"));
    // and over its other transport it is found
    let mut place = Place::with(Backend::Eliza, server(Version::V1_7_2), Some("websocket"));
    place.fails([first(Fault::Cut {
        at: Some(200),
        clean: true,
    })]);
    assert_eq!(answer(&place.send(&kept("say hello"))), "hello");
}

#[test]
fn an_answer_is_found_again_by_a_page_that_was_loaded_anew() {
    for backend in STORING {
        let mut place = Place::of(backend);
        answer(&place.stream(&kept("say one")));
        answer(&place.stream(&kept("say two")));
        let whole = match backend {
            Backend::AgentCloud => format!("two{QUESTION}"),
            _ => "two".to_owned(),
        };
        for (shown, kinds) in [
            ("", ["start", "content", "done"].as_slice()),
            ("tw", &["start", "content", "done"]),
            (&whole, &["start", "done"]),
            (
                "other",
                match backend {
                    Backend::AgentCloud => &["start", "replace", "content", "done"],
                    _ => &["start", "replace", "done"],
                },
            ),
        ] {
            let run = place.resume(Resume {
                shown: Text::from(shown.to_owned()),
                ..Resume::default()
            });
            assert_eq!(run.error, None, "{backend:?}");
            assert_eq!(told(&run, shown), whole, "{backend:?}");
            let mut kinds_told = run.kinds();
            // bubble by bubble
            kinds_told.dedup();
            assert_eq!(kinds_told, kinds, "{backend:?} {shown}");
            assert_eq!(run.deliveries, [Delivery::Unknown, Delivery::Delivered]);
        }
        // the first one, behind the time at which nothing was there
        let run = place.resume(Resume {
            after: Some(agentline::backend::Edge::Time(T0 - 1e6)),
            ..Resume::default()
        });
        assert_eq!(without_question(told(&run, "")), "one", "{backend:?}");
    }
}

#[test]
fn what_is_to_be_found_again_and_is_not_there_is_an_error_in_time() {
    for backend in ALL {
        let mut place = Place::of(backend);
        let none = place.resume(Resume::default());
        assert_eq!(failed(&none).kind, ErrorKind::NotFound, "{backend:?}");
        let lost = Fault::Store {
            message: None,
            answer: Some(false),
        };
        let cut = Fault::Cut {
            at: Some(0),
            clean: false,
        };
        place.fails([first(lost), first(cut)]);
        let run = place.stream(&OutgoingMessage {
            resume: false,
            ..kept("say hello")
        });
        assert!(run.error.is_some(), "{backend:?}");
        let between = place.world.now();
        let run = place.resume(Resume {
            answer_timeout: Some(20_000.0),
            ..Resume::default()
        });
        let error = failed(&run);
        assert!(
            matches!(error.kind, ErrorKind::Truncated | ErrorKind::Agent),
            "{backend:?}: {error:?}"
        );
        assert!(place.world.now() - between < 30_000.0, "{backend:?}");
    }
}

#[test]
fn on_elizaos_a_marked_message_is_found_again_and_elsewhere_there_are_no_marks() {
    for backend in ALL {
        let server = server(Version::V1_7_2);
        let mut place = Place::with(backend, server, Some("websocket"));
        answer(&place.stream(&kept("say one")));
        let other = OutgoingMessage {
            client_message_id: Some("another".to_owned()),
            ..kept("say two")
        };
        answer(&place.stream(&other));
        let run = place.resume(Resume {
            client_message_id: Some(MARK.to_owned()),
            ..Resume::default()
        });
        match backend {
            Backend::Eliza => assert_eq!(told(&run, ""), "one"),
            _ => assert_eq!(failed(&run).kind, ErrorKind::Unsupported),
        }
    }
}

#[test]
fn the_mark_stands_beside_the_callers_own_metadata_and_fits_the_servers_limit() {
    for (metadata, given, marked) in [
        (None, None, true),
        (Some(r#"{"a":1,"agentlineMessageId":"mine"}"#), None, true),
        (None, Some(r#"{"metadata":{"b":2}}"#), true),
        (Some("long"), None, false),
    ] {
        let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(10_232));
        let metadata = metadata.map(|text| if text == "long" { &long } else { text });
        let mut place = Place::of(Backend::Eliza);
        let run = place.send(&OutgoingMessage {
            metadata: metadata.map(|text| Json::parse(text).unwrap()),
            backend_options: given.map(|text| Json::parse(text).unwrap()),
            ..kept("say hello")
        });
        assert_eq!(answer(&run), "hello");
        let rows = place.history();
        let mark = rows[0].client_message_id.as_deref();
        assert_eq!(mark, marked.then_some(MARK));
        let kept = rows[0].metadata.as_ref().unwrap().as_str();
        assert!(given.is_none() || kept.contains("\"b\":2"), "{kept}");
        assert!(metadata.is_none() || kept.contains("\"a\":"), "{kept}");
    }
}

#[test]
fn what_a_platform_stored_several_times_is_one_message_in_every_reading() {
    let mut place = Place::of(Backend::Eliza);
    answer(&place.send(&kept("say one")));
    // as Chromium does it: the same bytes again
    let body = serde_json::json!({
        "content": "say two", "transport": "sse", "metadata": {"agentlineMessageId": "twice"},
    });
    let path = format!("/api/messaging/sessions/{}/messages", place.session);
    for _ in 0..3 {
        place.world.ask("POST", &path, &body);
        let now = place.world.now();
        place.world.pass(now + 3.0);
    }
    let texts = |messages: Vec<&Message>| -> Vec<String> {
        let text = |message: &&Message| message.text.to_string_lossy().into_owned();
        messages.iter().map(text).collect()
    };
    for limit in [1, 2, 3, 100] {
        for (direction, wanted) in [
            (Direction::Forward, ["say one", "say two"]),
            (Direction::Backward, ["say two", "say one"]),
        ] {
            let all = range(limit, None, None);
            let made = place.client.messages(&place.session, &all, direction);
            let run = run_with_key(&mut place.world, made, None);
            assert_eq!(texts(run.messages()), wanted, "{limit}");
        }
    }
    let page = place.client.page(&place.session, &range(50, None, None));
    let run = run_with_key(&mut place.world, page, None);
    assert_eq!(texts(run.messages()), ["say one", "say two"]);
    let mut drive = crate::support::drive::Drive::new(
        &mut place.world,
        place.client.follow(
            &place.session,
            Some(agentline::backend::Edge::Time(T0 - 1.0)),
        ),
        None,
    );
    let seen = drive.pull_until(T0 + 60_000.0).unwrap().unwrap();
    assert_eq!(seen.len(), 2);
    assert_eq!(drive.pull_until(T0 + 60_000.0).unwrap(), None);
}

/// A history that is another one each time it is read: rows come, go, change their ids, their texts and their times.
fn contradiction(backend: Backend, seed: u64) -> String {
    let mut dice = crate::model::schedule::Dice::new(seed);
    let rows: Vec<String> = (0..dice.roll(5))
        .map(|_| {
            let text = dice.one_of(&["say hello", "hello", "other", ""]);
            let user = dice.happens(60);
            let at = T0 as i64 - 4_000 + dice.roll(8_000) as i64;
            let id = dice.roll(8);
            match backend {
                Backend::Eliza => {
                    let second = (at / 1_000) % 60;
                    let mark = dice.one_of(&[MARK, "another"]);
                    format!(
                        r#"{{"id":"m{id}","content":"{text}","authorId":"a","isAgent":{},"createdAt":"2024-01-07T08:00:{second:02}.{:03}Z","metadata":{{"agentlineMessageId":"{mark}"}}}}"#,
                        !user,
                        at % 1_000
                    )
                }
                Backend::Meibel => {
                    let kind = if user { "user" } else { "assistant" };
                    format!(
                        r#"{{"type":"{kind}","message":"{text}","signal_id":"s{id}","timestamp":"2024-01-07T08:00:0{id}Z"}}"#
                    )
                }
                Backend::AgentCloud => format!(
                    r#"{{"_id":"6b01ee7011f2e31b0c34e7{id:02}","chunkId":"c{id}","authorId":null,"authorName":"x","isFeedback":{},"ts":{at},"tokens":0,"chunks":[],"message":{{"incoming":{user},"ts":{at},"message":{{"type":"text","text":"{text}"}}}}}}"#,
                    dice.happens(20)
                ),
            }
        })
        .collect();
    let rows = rows.join(",");
    match backend {
        Backend::Eliza | Backend::Meibel => {
            format!(r#"{{"messages":[{rows}],"hasMore":{}}}"#, dice.happens(50))
        }
        Backend::AgentCloud => format!("[{rows}]"),
    }
}

#[test]
fn a_history_that_contradicts_itself_ends_every_search_in_time() {
    use crate::support::drive::{Answer, End};
    use crate::support::script::Script;
    let mut ends = [0; 2];
    for backend in ALL {
        let client = Client::new(agentline::settings::Options {
            backend: Some(backend),
            transport: Some("websocket".to_owned()),
            team: Some("6b01edbd11f2e31b0c34e7e9".to_owned()),
            ..options()
        });
        let hasty = |message: OutgoingMessage| OutgoingMessage {
            answer_timeout: Some(5_000.0),
            ..message
        };
        for seed in 0..600 {
            let posted = std::cell::Cell::new(0);
            let mut script = Script::new(|request, count| {
                if request.method == agentline::http::Method::Post {
                    posted.set(posted.get() + 1);
                    return Answer::none(End::Broken(None)).late(10.0);
                }
                if request
                    .url
                    .ends_with("session/6b01ef2d11f2e31b0c34e803.json")
                {
                    return Answer::json(
                        200,
                        r#"{"session":{"_id":"6b01ef2d11f2e31b0c34e803","status":"running"},"app":{"appType":"chat"}}"#,
                    );
                }
                Answer::json(200, contradiction(backend, seed * 1_000 + count as u64)).late(5.0)
            });
            let sends = match seed % 3 {
                0 => client.stream(client.session(), &hasty(kept("say hello"))),
                1 => client.send(client.session(), &hasty(redelivered("say hello"))),
                _ => client.resume(
                    client.session(),
                    Resume {
                        answer_timeout: Some(5_000.0),
                        ..Resume::default()
                    },
                ),
            };
            let run = run_with_key(&mut script, sends, None);
            let took = script.now() - T0;
            assert!(took < 200_000.0, "{backend:?} {seed}: {took} ms");
            assert!(
                posted.get() <= 3,
                "{backend:?} {seed}: {} times",
                posted.get()
            );
            let starts = run.kinds().iter().filter(|kind| **kind == "start").count();
            assert!(starts <= 1, "{backend:?} {seed}");
            ends[usize::from(run.error.is_some())] += 1;
        }
    }
    // some find an answer, and some do not
    assert!(ends.iter().all(|count| *count > 50), "{ends:?}");
}

#[test]
fn an_answer_of_an_exchange_that_overlaps_is_not_taken_for_this_ones() {
    let mut place = Place::of(Backend::Meibel);
    let session = place.session.clone();
    let path = format!("/v2/sessions/{session}/chat");
    let other = serde_json::json!({"user_message": "wait 900 late"});
    place.world.ask("POST", &path, &other);
    place.fails([first(Fault::Lose {
        after_ms: Some(1.0),
    })]);
    let run = place.stream(&kept("wait 2000 later"));
    assert_eq!(answer(&run), "later");
}
