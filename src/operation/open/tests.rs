use super::*;
use crate::operation::Outcome;

/// Takes nothing down: what a stream holds is tested elsewhere.
struct Nowhere;

impl Sink for Nowhere {
    fn put(&mut self, _: Outcome<'_>) {}
}

fn opening() -> Opening {
    Opening {
        method: "GET".into(),
        reconnect: None,
        max_attempts: f64::INFINITY,
        max_delay: None,
        idle_timeout: f64::INFINITY,
        dispatch_unfinished: false,
        seed: 7,
    }
}

fn open(opening: Opening) -> Open {
    let mut open = Open::new(Framer::new(1024), opening);
    assert_eq!(
        open.step(0.0, Happened::Begin, &mut Nowhere),
        Ok(Next::Send)
    );
    open
}

impl Open {
    fn told(&mut self, now: Now, happened: Happened) -> Result<Next, Error> {
        self.step(now, happened, &mut Nowhere)
    }

    fn answered(&mut self, now: Now, status: u16) -> Result<Next, Error> {
        let head = Head {
            status,
            content_type: Some("text/event-stream".into()),
            ..Head::default()
        };
        self.told(now, Happened::Head(head))
    }

    fn sent(&mut self, now: Now, bytes: &[u8]) -> Result<Next, Error> {
        self.space(bytes.len())[..bytes.len()].copy_from_slice(bytes);
        self.told(now, Happened::Bytes(bytes.len()))
    }

    /// One connection that brings `bytes` and ends at once; the pause behind it.
    fn connection(&mut self, now: Now, bytes: &[u8]) -> f64 {
        assert_eq!(self.answered(now, 200), Ok(Next::Read));
        assert_eq!(self.sent(now, bytes), Ok(Next::Read));
        let next = self.told(now, Happened::End);
        self.pause(next)
    }

    fn pause(&mut self, next: Result<Next, Error>) -> f64 {
        let Ok(Next::Reconnect(pause)) = next else {
            panic!("it does not reconnect: {next:?}")
        };
        assert_eq!(self.told(0.0, Happened::Waited), Ok(Next::Send));
        pause
    }

    fn headers(&mut self) -> Vec<(String, String)> {
        self.request(None).unwrap().headers
    }

    fn refusal(&mut self, status: u16) -> Error {
        assert_eq!(self.answered(0.0, status), Ok(Next::Read));
        self.told(0.0, Happened::End).unwrap_err()
    }
}

fn broken_connection() -> Happened {
    Happened::Failed(Failure::Network {
        message: "terminated".into(),
        code: None,
    })
}

#[test]
fn a_connection_is_opened_again_after_the_reconnection_time_whether_it_ends_or_breaks() {
    let mut open = open(opening());
    for end in [Happened::End, broken_connection()] {
        assert_eq!(open.answered(0.0, 200), Ok(Next::Read));
        assert_eq!(open.sent(0.0, b"retry: 300\ndata: a\n\n"), Ok(Next::Read));
        let next = open.told(0.0, end);
        let pause = open.pause(next);
        assert!((300.0..=600.0).contains(&pause), "{pause}");
    }
}

#[test]
fn pauses_grow_up_to_the_limit_while_connections_bring_nothing_even_if_they_open() {
    let mut open = open(opening());
    let pauses: Vec<f64> = (0..40)
        .map(|_| open.connection(0.0, b":hello\n\n"))
        .collect();
    assert!(
        pauses
            .iter()
            .all(|pause| (1_000.0..=30_000.0).contains(pause)),
        "{pauses:?}"
    );
    let average = |pauses: &[f64]| pauses.iter().sum::<f64>() / pauses.len() as f64;
    assert!(
        average(&pauses[..3]) < 4_000.0 && average(&pauses[10..]) > 8_000.0,
        "{pauses:?}"
    );
    let mut others: Vec<u64> = pauses.iter().map(|pause| pause.to_bits()).collect();
    others.sort_unstable();
    others.dedup();
    assert_eq!(
        others.len(),
        pauses.len(),
        "no two clients come back together"
    );
    let pause = open.connection(0.0, b"data: a\n\n");
    assert!(pause <= 2_000.0, "an event is a new beginning: {pause}");
}

#[test]
fn a_connection_that_lasted_is_a_new_beginning_though_it_brought_only_comments() {
    let mut open = open(Opening {
        max_attempts: 2.0,
        ..opening()
    });
    for hour in 0..10 {
        let began = f64::from(hour) * 3.6e6;
        assert_eq!(open.answered(began, 200), Ok(Next::Read));
        assert_eq!(open.sent(began, b":\n"), Ok(Next::Read));
        let next = open.told(began + 3e6, broken_connection());
        assert!(open.pause(next) <= 2_000.0);
    }
}

#[test]
fn no_number_of_a_server_makes_a_loop_without_pauses() {
    for (retry, least, most) in [
        ("0", 10.0, 20.0),
        ("2147483647", LONGEST_TIMER, LONGEST_TIMER),
        ("2147483648", LONGEST_TIMER, LONGEST_TIMER),
        ("99999999999999999999999999", LONGEST_TIMER, LONGEST_TIMER),
    ] {
        let mut open = open(opening());
        let pause = open.connection(0.0, format!("retry: {retry}\ndata\n\n").as_bytes());
        assert!((least..=most).contains(&pause), "{retry}: {pause}");
    }
    let mut open = open(Opening {
        max_delay: Some(500.0),
        ..opening()
    });
    let pause = open.connection(0.0, b"retry: 2147483648\ndata\n\n");
    assert!(pause <= 500.0, "the caller's own limit is shorter: {pause}");
}

#[test]
fn so_many_attempts_in_a_row_are_made_and_no_more() {
    let mut open = open(Opening {
        max_attempts: 3.0,
        ..opening()
    });
    for _ in 0..3 {
        let next = open.told(0.0, broken_connection());
        open.pause(next);
    }
    // an event gives them back, and the end of its connection takes the first
    open.connection(0.0, b"data\n\n");
    for _ in 0..2 {
        let next = open.told(0.0, broken_connection());
        open.pause(next);
    }
    let error = open.told(0.0, broken_connection()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Network);
    assert!(error.message.contains("terminated"), "{}", error.message);
}

#[test]
fn the_last_event_id_goes_along_as_the_bytes_of_its_utf8() {
    let mut open = open(opening());
    let accept = [("accept".to_owned(), "text/event-stream".to_owned())];
    assert_eq!(open.headers(), accept);
    open.connection(
        0.0,
        "id: …\ndata: a\n\nid: unfinished\ndata: b\n".as_bytes(),
    );
    let id = ("last-event-id".to_owned(), "\u{E2}\u{80}\u{A6}".to_owned());
    assert_eq!(open.headers(), [&accept[..], &[id]].concat());
    open.connection(0.0, b"id\ndata: a\n\n");
    assert_eq!(open.headers().len(), 1, "an empty id is none");
}

#[test]
fn what_a_connection_leaves_unfinished_is_no_part_of_the_next_one() {
    let mut open = open(opening());
    open.connection(0.0, b"data: a\n\nid: 9\nevent: x\ndata: lost\r");
    open.connection(0.0, b"\xEF\xBB\xBFid: 2\ndata: b\n\n:");
    assert_eq!(open.frames.last_event_id(), "2");
}

#[test]
fn what_is_not_a_get_is_opened_again_only_if_asked() {
    let post = |reconnect| Opening {
        method: "post".into(),
        reconnect,
        ..opening()
    };
    let mut once = open(post(None));
    assert_eq!(once.answered(0.0, 200), Ok(Next::Read));
    assert_eq!(once.told(0.0, Happened::End), Ok(Next::Done));
    let mut once = open(post(None));
    let error = once.told(0.0, broken_connection()).unwrap_err();
    assert!(!error.retryable, "it may have been heard");
    let mut asked = open(post(Some(true)));
    asked.connection(0.0, b"data\n\n");
}

#[test]
fn an_answer_that_begins_no_stream_ends_it_and_tells_why() {
    for (status, kind) in [
        (201, ErrorKind::Protocol),
        (205, ErrorKind::Protocol),
        (301, ErrorKind::Protocol),
        (400, ErrorKind::Invalid),
        (401, ErrorKind::Unauthorized),
        (403, ErrorKind::Forbidden),
        (404, ErrorKind::NotFound),
        (410, ErrorKind::Expired),
    ] {
        let error = open(opening()).refusal(status);
        assert_eq!((error.kind, error.status), (kind, Some(status)));
    }
    for status in [408, 429, 500, 502, 503, 504] {
        let mut again = open(opening());
        let next = again.answered(0.0, status);
        again.pause(next);
        let once = Opening {
            reconnect: Some(false),
            ..opening()
        };
        assert_eq!(open(once).refusal(status).status, Some(status));
    }
    assert_eq!(open(opening()).answered(0.0, 204), Ok(Next::Done));
}

#[test]
fn a_server_that_says_when_to_come_back_is_not_asked_before() {
    let answer = |after: &str| {
        Happened::Head(Head {
            status: 503,
            retry_after: Some(after.into()),
            ..Head::default()
        })
    };
    let next = open(opening()).told(0.0, answer("120"));
    assert_eq!(next, Ok(Next::Wait(120_000.0)), "and no tab shortens it");
    let Ok(Next::Wait(pause)) = open(opening()).told(0.0, answer("0")) else {
        panic!("it does not wait")
    };
    assert!(pause >= 1_000.0, "{pause}");
    let mut impatient = open(Opening {
        max_delay: Some(60_000.0),
        ..opening()
    });
    assert_eq!(impatient.told(0.0, answer("120")), Ok(Next::Read));
    let error = impatient.told(0.0, Happened::End).unwrap_err();
    assert_eq!(error.retry_after, Some(120_000.0));
}

#[test]
fn a_refusal_tells_its_headers_and_its_body_and_no_secret() {
    let mut open = open(opening());
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    open.written(Written {
        method: "GET",
        url: "http://user:passw0rd@x/?access_token=t%C3%B6ken&topic=news",
        headers: &[header("authorization", "Bearer s3cret")],
    });
    let head = Head {
        status: 401,
        headers: vec![
            header("www-authenticate", "Bearer"),
            header("set-cookie", "session=1"),
            header("x-ratelimit-remaining-tokens", "5"),
            header("x-echo", "s3cret töken"),
        ],
        ..Head::default()
    };
    assert_eq!(open.told(0.0, Happened::Head(head)), Ok(Next::Read));
    open.sent(
        0.0,
        br#"{"seen":"Bearer s3cret","as":"passw0rd","on":"news"}"#,
    )
    .unwrap();
    let error = open.told(0.0, Happened::End).unwrap_err();
    assert_eq!(
        error.body.as_ref().unwrap().as_str(),
        r#"{"seen":"Bearer [redacted]","as":"[redacted]","on":"news"}"#
    );
    assert_eq!(
        error.headers.as_ref().unwrap().as_str(),
        r#"{"www-authenticate":"Bearer","x-ratelimit-remaining-tokens":"5","x-echo":"[redacted] [redacted]"}"#
    );
    assert!(open.reveals("GET http://x/?access_token=t%C3%B6ken"));
    assert!(!open.reveals("GET http://x/?topic=news"));
}

#[test]
fn a_refusal_without_an_end_is_cut_by_its_size_and_by_its_time() {
    let piece = [b'x'; 8_192];
    let mut long = open(opening());
    assert_eq!(long.answered(0.0, 404), Ok(Next::Read));
    let told = (0..9).find_map(|_| long.sent(0.0, &piece).err());
    assert!(told.is_some_and(|error| error.body.is_some()));
    let mut slow = open(opening());
    assert_eq!(slow.answered(0.0, 404), Ok(Next::Read));
    assert_eq!(slow.patience().idle, REFUSAL_TIME);
    assert_eq!(slow.sent(4_000.0, b"x"), Ok(Next::Read));
    assert!(slow.sent(6_000.0, b"x").is_err());
}

#[test]
fn redirects_are_followed_where_nothing_is_taken_along() {
    let header = |name: &str| [(name.to_owned(), "value".to_owned())];
    let follows = |method: &str, headers: &[(String, String)]| {
        open(opening()).written(Written {
            method,
            url: "http://x",
            headers,
        })
    };
    assert!(follows("GET", &[]));
    assert!(follows("get", &header("accept-language")));
    assert!(!follows("GET", &header("x-api-key")));
    assert!(!follows("GET", &header("authorization")));
    assert!(!follows("POST", &[]));
}

#[test]
fn headers_that_cannot_be_had_end_it_before_it_was_open_and_count_as_an_attempt_after() {
    let failed = || {
        Happened::Failed(Failure::NoKey {
            message: "no token".into(),
        })
    };
    let mut never = open(opening());
    let error = never.told(0.0, failed()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Config);
    assert!(error.message.contains("no token"), "{}", error.message);
    let mut later = open(opening());
    later.connection(0.0, b"data\n\n");
    let next = later.told(0.0, failed());
    later.pause(next);
}

#[test]
fn an_event_without_an_end_is_refused_at_the_limit_and_not_asked_for_again() {
    let mut open = open(opening());
    assert_eq!(open.answered(0.0, 200), Ok(Next::Read));
    assert_eq!(open.sent(0.0, &[b'x'; 900]), Ok(Next::Read), "no field");
    assert_eq!(open.sent(0.0, b"\ndata:"), Ok(Next::Read));
    assert_eq!(open.sent(0.0, &[b'x'; 1024]), Ok(Next::Read));
    let error = open.sent(0.0, b"x").unwrap_err();
    assert_eq!(error.kind, ErrorKind::TooLarge);
}
