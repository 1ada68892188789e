//! Where the server sends its client instead of an answer, and what that means: a redirect, or `{redirect}` with the
//! status of a success.

use super::errands::session_in;
use super::{object, string, wire};
use crate::error::{self, Error, ErrorKind};
use crate::http::Head;
use crate::text::split;

/// Where an account is opened.
pub const LOGIN: &str = "/forms/account/login";
/// How the address of what makes a session ends, behind its team.
const ADD: &str = "/forms/session/add";

/// The JSON that a redirect stands for.
pub fn redirected(head: &Head) -> Option<String> {
    let location = match (head.status, &head.location) {
        (0, _) => "",
        (_, location) => location.as_deref()?,
    };
    Some(object(&[("redirect", string(location))]))
}

/// The refusal that `body` is, in answer to a request to `url`.
pub fn disguised(url: &str, body: &str) -> Option<Error> {
    let instead = wire::instead(body).ok()?;
    let target = instead.redirect?;
    let path = path_of(&target);
    let page = path.split(['?', '#']).next().unwrap_or_default();
    if url.ends_with(LOGIN) {
        return (instead.token.is_none()).then(|| {
            let message = "the server signed in a browser and gave no token, as it does where the header \
                           `content-type: application/json` was changed on the way";
            Error::new(ErrorKind::Protocol, message).code("NO_TOKEN")
        });
    }
    if url.ends_with(ADD) && session_in(path).is_some() {
        return None;
    }
    let mut error = if target.is_empty() {
        let message = "not signed in, or no access to this team: the server sends its client elsewhere, and a page \
                       is not told where";
        Error::new(ErrorKind::Unauthorized, message)
    } else if page == "/login" || page.starts_with("/login/") {
        let message = "not signed in: the key is missing, wrong or no longer taken";
        Error::new(ErrorKind::Unauthorized, message)
    } else if page.ends_with("/onboarding") {
        let message = "the account was never taken into use: sign in to it once in a browser";
        Error::new(ErrorKind::Forbidden, message).code("ONBOARDING")
    } else if page == "/welcome" {
        let message = "the account does not belong to this team";
        Error::new(ErrorKind::Forbidden, message)
    } else {
        let message = "the server sends its clients elsewhere, and the key is not taken along: is the address right?";
        Error::new(ErrorKind::Protocol, message).code("REDIRECT")
    };
    error.body = error::body(body);
    Some(error)
}

/// The path of an address, which a proxy may have completed with the server's own name.
fn path_of(address: &str) -> &str {
    match split(address, "://") {
        Some((_, rest)) => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/"),
        None => address,
    }
}
