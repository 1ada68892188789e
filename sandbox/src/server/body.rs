//! Lets a response's head and pieces out at their times.
//!
//! In: a response and the moment when its request arrived. Out: the response once its head is due, and a stream of its
//! body. A cut ends the stream with an error, whereupon the connection is closed without its final chunk.

use super::Shared;
use agentline_sandbox::{End, Response};
use bytes::Bytes;
use futures_util::Stream;
use std::io;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

fn at(arrived: Instant, after_ms: f64) -> Instant {
    arrived + Duration::try_from_secs_f64(after_ms / 1000.0).unwrap_or_default()
}

/// What a later message made of the response, if one did.
fn current(shared: &Shared, promised: Response) -> Response {
    promised
        .turn
        .and_then(|turn| shared.sandbox().overtaken(turn))
        .unwrap_or(promised)
}

/// Waits until the head is due; for ever, where none comes.
pub(super) async fn until_head(
    shared: &Shared,
    arrived: Instant,
    mut promised: Response,
) -> Response {
    if promised.end == End::Never && !promised.has_head() {
        return std::future::pending().await;
    }
    loop {
        let due = at(arrived, promised.after_ms);
        sleep_until(due).await;
        promised = current(shared, promised);
        if at(arrived, promised.after_ms) <= due {
            return promised;
        }
    }
}

/// The body's pieces, each at its time.
pub(super) fn pieces(
    shared: Shared,
    arrived: Instant,
    response: Response,
) -> impl Stream<Item = io::Result<Bytes>> {
    futures_util::stream::unfold(Some((response, 0_usize)), move |state| {
        let shared = shared.clone();
        async move {
            let (mut response, index) = state?;
            loop {
                let due = response
                    .body
                    .get(index)
                    .map_or(response.end_after_ms, |piece| piece.after_ms);
                let due = at(arrived, due);
                sleep_until(due).await;
                response = current(&shared, response);
                match response.body.get(index) {
                    Some(piece) if at(arrived, piece.after_ms) <= due => {
                        let bytes = Bytes::copy_from_slice(&piece.bytes);
                        return Some((Ok(bytes), Some((response, index + 1))));
                    }
                    None if response.end == End::Clean => return None,
                    None if response.end == End::Never => return std::future::pending().await,
                    None if at(arrived, response.end_after_ms) <= due => {
                        // What was written before must have left: the error throws it away.
                        tokio::task::yield_now().await;
                        return Some((Err(io::Error::other("the stream is cut")), None));
                    }
                    // Overtaken: something else is due, later.
                    _ => {}
                }
            }
        }
    })
}
