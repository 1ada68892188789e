//! Carries Agent Cloud's live messages: requests that wait for packets, and WebSockets.
//!
//! In: requests to `/socket.io/`, and the time. Out: answers and packets, as soon as the machine has some. What they say is
//! the machine's.

use super::{Shared, carried, now_ms, read};
use agentline_sandbox::agentcloud::{Asked, Carrier, MOST_PAYLOAD, Taken, poll};
use axum::body::Body;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{FromRequestParts, State};
use axum::response::Response;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Lets what the agents do reach those who wait for it, when its time comes.
pub(super) async fn keep_time(shared: Shared) {
    let mut changed = shared.changed.subscribe();
    loop {
        let now = now_ms();
        let next = shared.sandbox().sockets(now).next_at();
        let left = next.map_or(f64::INFINITY, |next| (next - now).max(1.0));
        // Nothing is planned beyond what a duration holds.
        let left = Duration::try_from_secs_f64(left / 1000.0).unwrap_or(Duration::MAX);
        tokio::select! {
            () = sleep(left) => {
                shared.sandbox().sockets(now_ms());
                shared.changed.send_replace(());
            }
            _ = changed.changed() => {}
        }
    }
}

pub(super) async fn answer(
    State(shared): State<Shared>,
    request: axum::extract::Request,
) -> Response {
    let (mut head, body) = request.into_parts();
    let upgrade = WebSocketUpgrade::from_request_parts(&mut head, &()).await;
    let request = match &upgrade {
        Ok(_) => read(&head, Body::empty()).await,
        Err(_) => read(&head, body).await,
    };
    let arrived = Instant::now();
    // Nothing goes wrong on a WebSocket once it is open.
    let mut met = shared.sandbox().meet(&request, now_ms());
    if let Some(instead) = met.instead(Vec::new()) {
        let instead = met.shape(instead);
        return carried(shared, arrived, instead).await;
    }
    let asked = match upgrade {
        Ok(upgrade) => {
            let sid = shared.sandbox().sockets(now_ms()).upgrade(&request);
            match sid {
                Ok(sid) => {
                    return upgrade
                        .max_message_size(MOST_PAYLOAD)
                        .on_upgrade(|socket| carry(shared, socket, sid));
                }
                Err(refused) => Asked::Answered(refused),
            }
        }
        Err(_) => shared.sandbox().sockets(now_ms()).ask(&request),
    };
    shared.changed.send_replace(());
    let response = match asked {
        Asked::Answered(response) => response,
        Asked::Poll(sid) => poll(&waited(&shared, &sid).await),
    };
    // A poll waited for its packets; what goes wrong with them begins here.
    carried(shared, Instant::now(), met.shape(response)).await
}

fn take(shared: &Shared, sid: &str, carrier: Carrier) -> Taken {
    shared.sandbox().sockets(now_ms()).take(sid, carrier)
}

/// What there is for a poll, as soon as there is something.
async fn waited(shared: &Shared, sid: &str) -> Taken {
    let mut changed = shared.changed.subscribe();
    loop {
        let taken = take(shared, sid, Carrier::Polling);
        if taken.over || !taken.packets.is_empty() || changed.changed().await.is_err() {
            return taken;
        }
    }
}

/// Packets over a WebSocket, until one of the two sides closes it.
async fn carry(shared: Shared, mut socket: WebSocket, sid: String) {
    let mut changed = shared.changed.subscribe();
    let close = loop {
        let taken = take(&shared, &sid, Carrier::WebSocket);
        let mut sent = Ok(());
        for packet in taken.packets {
            sent = sent.and(socket.send(Message::Text(packet.into())).await);
        }
        if taken.over {
            break Some(close_code::NORMAL);
        }
        if sent.is_err() {
            break None;
        }
        tokio::select! {
            message = socket.recv() => match message {
                Some(Ok(Message::Text(packet))) => {
                    shared
                        .sandbox()
                        .sockets(now_ms())
                        .receive(&sid, Carrier::WebSocket, &packet);
                    shared.changed.send_replace(());
                }
                // The server knows no binary packet.
                Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_))) | None => break None,
                // Most likely a message that is too large.
                Some(Err(_)) => break Some(close_code::SIZE),
            },
            _ = changed.changed() => {}
        }
    };
    shared.sandbox().sockets(now_ms()).leave(&sid);
    if let Some(code) = close {
        let frame = CloseFrame {
            code,
            reason: "".into(),
        };
        // Whoever is gone already does not hear it.
        let _ = socket.send(Message::Close(Some(frame))).await;
    }
}
