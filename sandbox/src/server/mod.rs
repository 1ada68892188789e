//! The HTTP server around the machine.
//!
//! In: connections on 127.0.0.1. Out: the machine's responses, each piece at its time, and files of the folders that were
//! named. What is answered is the machine's; what the command line means is `arguments`', live messages are `live`'s.

mod arguments;
mod body;
mod live;

use agentline_sandbox::{End, Request, Sandbox, agentcloud, eliza, meibel};
use arguments::{Arguments, Command};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::any;
use http_body_util::{BodyExt, Limited};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use socket2::SockRef;
use std::io::Write;
use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::Instant;
use tower::ServiceExt;
use tower_http::services::ServeDir;

/// Larger bodies are not read to their end; the machine refuses them much earlier anyway.
const MOST_BODY: usize = 16 * 1024 * 1024;

/// The machine, shared by all connections.
#[derive(Clone)]
struct Shared {
    machine: Arc<Mutex<Sandbox>>,
    /// Tells those who wait for live messages to look again.
    changed: watch::Sender<()>,
}

impl Shared {
    fn new(sandbox: Sandbox) -> Self {
        Self {
            machine: Arc::new(Mutex::new(sandbox)),
            changed: watch::Sender::new(()),
        }
    }

    fn sandbox(&self) -> MutexGuard<'_, Sandbox> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Marks a response that must not be written: the connection is closed instead, or reset.
#[derive(Clone)]
struct HangUp {
    reset: bool,
}

/// Reads the command line and serves until a signal comes.
pub fn main() -> ExitCode {
    let arguments = match arguments::read(std::env::args().skip(1)) {
        Ok(Command::Serve(mut arguments)) => {
            // A server that starts again must not give the ids of the sessions that it has forgotten.
            // It is told in JSON, so that JavaScript must be able to hold it.
            let chosen = arguments.seed.unwrap_or_else(|| now_ms().to_bits() >> 11);
            arguments.options.seed = chosen;
            arguments
        }
        Ok(Command::Help) => {
            print!("{}", arguments::HELP);
            return ExitCode::SUCCESS;
        }
        Err(message) => return wrong(&message),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return wrong(&format!("cannot start: {error}")),
    };
    match runtime.block_on(serve(*arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => wrong(&message),
    }
}

fn wrong(message: &str) -> ExitCode {
    eprintln!("agentline-sandbox: {message}");
    ExitCode::FAILURE
}

async fn serve(arguments: Arguments) -> Result<(), String> {
    // First of all, so that no signal is missed.
    let stop = stopped()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, arguments.port))
        .await
        .map_err(|error| format!("cannot listen on 127.0.0.1:{}: {error}", arguments.port))?;
    let port = listener
        .local_addr()
        .map_err(|error| format!("cannot listen: {error}"))?
        .port();
    // Of the keys that were given whoever gave them knows.
    let api_key = arguments
        .options
        .keys
        .is_empty()
        .then_some(agentcloud::API_KEY);
    let shared = Shared::new(Sandbox::new(arguments.options));
    let mut router = Router::new()
        .route("/socket.io/", any(live::answer))
        .fallback(answer)
        .with_state(shared.clone());
    for (prefix, folder) in arguments.files {
        let files = ServeDir::new(folder).call_fallback_on_method_not_allowed(true);
        router = if prefix == "/" {
            // The folder comes first; what it does not hold is the machine's.
            Router::new().fallback_service(files.fallback(router))
        } else {
            router.nest_service(&prefix, files)
        };
    }
    let router = router.layer(axum::middleware::map_response(uncached));
    ready(port, api_key)
        .map_err(|error| format!("cannot write to the standard output: {error}"))?;
    tokio::select! {
        () = accept(listener, router) => {}
        () = live::keep_time(shared) => {}
        () = stop => {}
    }
    Ok(())
}

fn ready(port: u16, api_key: Option<&str>) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let line = serde_json::json!({
        "ready": true,
        "url": format!("http://127.0.0.1:{port}"),
        "agentId": eliza::AGENT_ID,
        "agentIds": {
            "meibel": meibel::AGENT_ID,
            "agentcloud": agentcloud::APP_ID,
            "eliza": eliza::AGENT_ID,
        },
        "agentcloud": {"team": agentcloud::TEAM_ID, "apiKey": api_key},
    });
    writeln!(out, "{line}")?;
    out.flush()
}

/// Ends at SIGINT and at SIGTERM; with it the server's tasks end, and their connections break.
fn stopped() -> Result<impl Future<Output = ()>, String> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let cannot = |error| format!("cannot listen to signals: {error}");
        let mut interrupt = signal(SignalKind::interrupt()).map_err(cannot)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(cannot)?;
        Ok(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}

async fn accept(listener: TcpListener, router: Router) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, most likely: others will be closed.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        // Each piece leaves when it is due, not when the network finds it worth a packet.
        let _ = stream.set_nodelay(true);
        let Ok((stream, twin)) = twins(stream) else {
            continue;
        };
        let router = router.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let (router, twin) = (router.clone(), &twin);
                async move {
                    let Ok(response) = router.oneshot(request).await;
                    match response.extensions().get::<HangUp>() {
                        Some(HangUp { reset }) => {
                            if *reset {
                                let _ = SockRef::from(twin).set_linger(Some(Duration::ZERO));
                            }
                            Err("the connection is closed without an answer")
                        }
                        None => Ok(response),
                    }
                }
            });
            // A connection that breaks is a client's or the script's business.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .with_upgrades()
                .await;
        });
    }
}

/// A connection, and a second hold on it: whoever serves it keeps it to himself.
fn twins(stream: TcpStream) -> std::io::Result<(TcpStream, std::net::TcpStream)> {
    let stream = stream.into_std()?;
    let twin = stream.try_clone()?;
    Ok((TcpStream::from_std(stream)?, twin))
}

fn now_ms() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64() * 1000.0)
}

async fn answer(State(shared): State<Shared>, request: axum::extract::Request) -> Response {
    let (head, body) = request.into_parts();
    let request = read(&head, body).await;
    let arrived = Instant::now();
    let promised = shared.sandbox().handle(&request, now_ms());
    shared.changed.send_replace(());
    carried(shared, arrived, promised).await
}

/// The machine's response, once its head is due.
async fn carried(
    shared: Shared,
    arrived: Instant,
    promised: agentline_sandbox::Response,
) -> Response {
    let response = body::until_head(&shared, arrived, promised).await;
    if response.has_head() {
        return written(shared, arrived, response);
    }
    let mut out = Response::new(Body::empty());
    let reset = response.end == End::Reset;
    out.extensions_mut().insert(HangUp { reset });
    out
}

/// A request as the machine reads it.
async fn read(head: &Parts, body: Body) -> Request {
    // A body that is too large or that broke is handed on as far as it came.
    let body = match Limited::new(body, MOST_BODY).collect().await {
        Ok(body) => body.to_bytes().to_vec(),
        Err(_) => vec![0; 3 * 1024 * 1024],
    };
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Request {
        method: head.method.as_str().to_owned(),
        path_and_query: head
            .uri
            .path_and_query()
            .map_or_else(|| "/".to_owned(), ToString::to_string),
        headers: head
            .headers
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), text(value)))
            .collect(),
        body,
    }
}

/// The machine's response, whose head is due.
fn written(shared: Shared, arrived: Instant, response: agentline_sandbox::Response) -> Response {
    let mut out = Response::new(Body::empty());
    *out.status_mut() =
        StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in &response.headers {
        let pair = HeaderName::try_from(name)
            .ok()
            .zip(HeaderValue::from_bytes(value.as_bytes()).ok());
        if let Some((name, value)) = pair {
            out.headers_mut().append(name, value);
        }
    }
    if !response.body.is_empty() || response.end != End::Clean {
        *out.body_mut() = Body::from_stream(body::pieces(shared, arrived, response));
    }
    out
}

/// A page that is being worked on must never come from a cache. The machine's answers are left as they are.
async fn uncached(mut response: Response) -> Response {
    if response
        .headers_mut()
        .remove(header::LAST_MODIFIED)
        .is_some()
    {
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}
