//! How a client was set up: options in, checked and completed settings out. An option that cannot work is a `config`
//! error here, before any request.

use crate::error::{Error, ErrorKind, number};
use crate::http;
use crate::model::Backend;

/// What the caller of `connect` gave, as far as the core decides by it.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// which family of servers
    pub backend: Option<Backend>,
    /// where the server is
    pub base_url: Option<String>,
    /// Agent Cloud's resource slug
    pub team: Option<String>,
    /// elizaOS user id
    pub user_id: Option<String>,
    /// sent with every request
    pub headers: Vec<(String, String)>,
    /// milliseconds
    pub timeout: Option<f64>,
    /// milliseconds
    pub idle_timeout: Option<f64>,
    /// how often a request is repeated
    pub max_retries: Option<f64>,
    /// bytes
    pub max_event_bytes: Option<f64>,
    /// bytes
    pub max_body_bytes: Option<f64>,
    /// a raw key may stand in a page
    pub allow_browser_key: bool,
    /// the key was given as it is, and not as a function that fetches one
    pub raw_key: bool,
    /// the origin of the page that this runs in, if it runs in one
    pub page_origin: Option<String>,
    /// an answer may be told over a WebSocket
    pub live: bool,
    /// how elizaOS answers
    pub transport: Option<String>,
    /// different for every client
    pub random: [u8; 16],
}

/// Checked options, completed with the defaults.
#[derive(Clone, Debug)]
pub struct Settings {
    /// which family of servers
    pub backend: Backend,
    /// without a slash at the end
    pub base_url: String,
    /// Agent Cloud's resource slug, if it was given
    pub team: Option<String>,
    /// elizaOS user id: the one that was given, or one made for this client
    pub user_id: String,
    /// names in lower case
    pub headers: Vec<(String, String)>,
    /// milliseconds to the head of a response
    pub timeout: f64,
    /// whether that is the caller's own of this call, and bounds an answer too that comes only when the agent has finished
    pub own_timeout: bool,
    /// milliseconds without a byte
    pub idle_timeout: f64,
    /// how often a request is repeated
    pub max_retries: u32,
    /// bytes of one event
    pub max_event_bytes: usize,
    /// bytes of one JSON body
    pub max_body_bytes: usize,
    /// the origin of the page that this runs in, if it runs in one
    pub page_origin: Option<String>,
    /// an answer may be told over a WebSocket
    pub live: bool,
    /// elizaOS answers into the history and not to the request: its transport `websocket`
    pub stored: bool,
    /// different for every client: their retries must not come all at once
    pub seed: u64,
}

impl Settings {
    /// Checks `options`.
    pub fn new(options: Options) -> Result<Settings, Error> {
        let Some(backend) = options.backend else {
            return Err(config(
                "`backend` is missing: it is \"meibel\", \"agentcloud\" or \"eliza\"",
            ));
        };
        let given = options.base_url.as_deref().map(str::trim);
        let base_url = match (given.filter(|url| !url.is_empty()), hosted(backend)) {
            (Some(url), _) => checked_url(url)?,
            (None, Some(url)) => url.to_owned(),
            (None, None) => {
                return Err(config(
                    "`baseUrl` is missing: elizaOS has no hosted service, so say where yours is",
                ));
            }
        };
        if options
            .team
            .as_deref()
            .is_some_and(|team| !is_object_id(team))
        {
            return Err(config(
                "`team` is no team id of Agent Cloud: those are 24 hexadecimal digits in lower case",
            ));
        }
        let leaves = |page: &String| !base_url.starts_with('/') && !same_origin(&base_url, page);
        if options.raw_key
            && !options.allow_browser_key
            && options.page_origin.as_ref().is_some_and(leaves)
        {
            return Err(config(
                "everybody who opens this page can read its `apiKey`: put a gateway in front, give a function that \
                 fetches a short-lived key, or set `allowBrowserKey: true`",
            ));
        }
        if base_url.starts_with('/') && options.page_origin.is_none() {
            return Err(config(
                "`baseUrl` has no origin, and outside a page there is none to complete it with",
            ));
        }
        let mut headers = Vec::with_capacity(options.headers.len());
        for (name, value) in &options.headers {
            http::checked_header(name, value)?;
            headers.push((name.to_ascii_lowercase(), value.clone()));
        }
        let stored = match options.transport.as_deref() {
            None | Some("sse") => false,
            Some("websocket") => true,
            Some(_) => {
                return Err(config("`transport` is neither \"sse\" nor \"websocket\""));
            }
        };
        Ok(Settings {
            stored,
            backend,
            base_url,
            team: options.team,
            user_id: options.user_id.unwrap_or_else(|| uuid(options.random)),
            headers,
            timeout: milliseconds("timeout", options.timeout, 60_000.0)?,
            own_timeout: false,
            idle_timeout: milliseconds("idleTimeout", options.idle_timeout, 60_000.0)?,
            max_retries: whole("maxRetries", options.max_retries, 2.0, 0.0)? as u32,
            max_event_bytes: whole("maxEventBytes", options.max_event_bytes, 8_388_608.0, 1.0)?
                as usize,
            max_body_bytes: whole("maxBodyBytes", options.max_body_bytes, 67_108_864.0, 1.0)?
                as usize,
            page_origin: options.page_origin,
            live: options.live,
            seed: seed(options.random),
        })
    }
}

/// Where a backend's own service is.
fn hosted(backend: Backend) -> Option<&'static str> {
    match backend {
        Backend::Meibel => Some("https://api.meibel.ai/v2"),
        Backend::AgentCloud => Some("https://app.agentcloud.dev"),
        Backend::Eliza => None,
    }
}

/// Whether this is an id of Agent Cloud, whose server does not answer where another one stands.
pub fn is_object_id(text: &str) -> bool {
    text.len() == 24
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn seed(random: [u8; 16]) -> u64 {
    let (seed, _) = random.split_first_chunk().unwrap_or((&[0; 8], &[]));
    u64::from_ne_bytes(*seed)
}

/// A random uuid (version 4) of the given bytes.
pub fn uuid(random: [u8; 16]) -> String {
    let mut uuid = String::with_capacity(36);
    for (at, byte) in random.into_iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            uuid.push('-');
        }
        let byte = match at {
            6 => byte & 0x0F | 0x40,
            8 => byte & 0x3F | 0x80,
            _ => byte,
        };
        for digit in [byte >> 4, byte & 0xF] {
            uuid.extend(char::from_digit(u32::from(digit), 16));
        }
    }
    uuid
}

fn config(message: &str) -> Error {
    Error::new(ErrorKind::Config, message)
}

/// A time limit: more than nothing; `Infinity` for none.
pub fn milliseconds(name: &str, value: Option<f64>, default: f64) -> Result<f64, Error> {
    match value {
        None => Ok(default),
        Some(value) if value > 0.0 => Ok(value),
        Some(value) => Err(config(&format!(
            "`{name}` is {}, and a time limit is more than 0 milliseconds",
            number(value)
        ))),
    }
}

/// A count of at least `least`.
pub fn whole(name: &str, value: Option<f64>, default: f64, least: f64) -> Result<f64, Error> {
    match value {
        None => Ok(default),
        Some(value) if value >= least && value.fract() == 0.0 => Ok(value.min(f64::from(u32::MAX))),
        Some(value) => Err(config(&format!(
            "`{name}` is {}, and it must be a whole number from {} on",
            number(value),
            number(least)
        ))),
    }
}

/// An absolute http address, or a path on the page's own origin; nothing behind its path, and no password in it.
fn checked_url(url: &str) -> Result<String, Error> {
    let lower = url.to_ascii_lowercase();
    let rest = lower
        .strip_prefix("https://")
        .or_else(|| lower.strip_prefix("http://"));
    let authority = rest.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    let path_only = url.starts_with('/') && !url.starts_with("//");
    if authority.is_none_or(str::is_empty) && !path_only {
        return Err(config(
            "`baseUrl` must begin with http:// or https://, or with / for the page's own origin",
        ));
    }
    if authority.is_some_and(|authority| authority.contains('@')) {
        return Err(config(
            "`baseUrl` holds a user name or password: give the key as `apiKey`",
        ));
    }
    if url.contains(['?', '#', '\\'])
        || url
            .chars()
            .any(|character| character.is_whitespace() || character.is_control())
    {
        return Err(config(
            "`baseUrl` may hold no query, no fragment, no backslash and no white space",
        ));
    }
    Ok(url.trim_end_matches('/').to_owned())
}

fn same_origin(url: &str, origin: &str) -> bool {
    let rest = url
        .get(..origin.len())
        .filter(|start| start.eq_ignore_ascii_case(origin))
        .and(url.get(origin.len()..));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eliza(base_url: &str) -> Options {
        Options {
            backend: Some(Backend::Eliza),
            base_url: Some(base_url.into()),
            ..Options::default()
        }
    }

    #[test]
    fn an_address_that_cannot_work_is_refused_before_any_request() {
        for url in [
            "",
            "localhost:3000",
            "ftp://x",
            "http://",
            "//x",
            "http://a b",
            "http://x?y",
            "http://x/#y",
            "http://u:p@x",
            "http://x\\y",
        ] {
            let error = Settings::new(eliza(url)).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Config, "{url:?}");
            assert!(!error.message.contains("u:p"), "{}", error.message);
        }
        for (url, kept) in [
            ("http://127.0.0.1:3000/", "http://127.0.0.1:3000"),
            ("HTTPS://x/agent//", "HTTPS://x/agent"),
        ] {
            assert_eq!(Settings::new(eliza(url)).unwrap().base_url, kept);
        }
    }

    #[test]
    fn a_path_is_an_address_only_in_a_page() {
        assert!(Settings::new(eliza("/agent")).is_err());
        let page = Options {
            page_origin: Some("https://app.example".into()),
            ..eliza("/agent/")
        };
        assert_eq!(Settings::new(page).unwrap().base_url, "/agent");
    }

    #[test]
    fn a_raw_key_in_a_page_is_refused_unless_it_stays_on_its_origin() {
        let page = |url: &str, allow: bool| Options {
            raw_key: true,
            allow_browser_key: allow,
            page_origin: Some("https://app.example".into()),
            ..eliza(url)
        };
        for (url, allow, fits) in [
            ("https://other.example", false, false),
            ("https://app.example.evil", false, false),
            ("https://app.example:8443", false, false),
            ("https://other.example", true, true),
            ("https://APP.example/agent", false, true),
            ("/agent", false, true),
        ] {
            assert_eq!(Settings::new(page(url, allow)).is_ok(), fits, "{url}");
        }
    }

    #[test]
    fn a_client_without_a_user_gets_one_of_its_own() {
        let made = |random: u8| {
            Settings::new(Options {
                random: [random; 16],
                ..eliza("http://x")
            })
            .unwrap()
            .user_id
        };
        assert_eq!(made(0xFF), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(made(0), "00000000-0000-4000-8000-000000000000");
    }

    #[test]
    fn limits_are_numbers_that_limit_something() {
        for (timeout, fits) in [
            (1.0, true),
            (f64::INFINITY, true),
            (0.0, false),
            (-1.0, false),
            (f64::NAN, false),
        ] {
            let options = Options {
                timeout: Some(timeout),
                ..eliza("http://x")
            };
            assert_eq!(Settings::new(options).is_ok(), fits, "{timeout}");
        }
        for (retries, fits) in [(0.0, true), (2.5, false), (-1.0, false)] {
            let options = Options {
                max_retries: Some(retries),
                ..eliza("http://x")
            };
            assert_eq!(Settings::new(options).is_ok(), fits, "{retries}");
        }
    }
}
