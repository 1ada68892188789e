//! A request as the platform's `Request`, and a response's head as plain data.

use gloo_net::http::Headers;
use js_sys::Array;
#[cfg(feature = "client")]
use wasm_bindgen::{JsCast, JsValue};
#[cfg(feature = "client")]
use web_sys::{Blob, FormData, RequestCredentials, RequestInit, RequestRedirect};

use super::input::pairs;
use crate::http::Head;
#[cfg(feature = "client")]
use crate::http::{Body, Method, Request};

/// The platform's request, with the `files` of its message where it takes some. It fails where the address is none.
/// gloo-net's builder makes another request and a URL on the way, for parameters that are in the address already.
#[cfg(feature = "client")]
pub fn platform(
    request: Request,
    with_key: bool,
    files: &Array,
) -> Result<web_sys::Request, JsValue> {
    let headers = Headers::new();
    for (name, value) in &request.headers {
        headers.set(name, value);
    }
    let init = RequestInit::new();
    init.set_method(match request.method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Delete => "DELETE",
    });
    init.set_headers(&headers.into_raw());
    // a redirect would take the key along to another origin
    init.set_redirect(RequestRedirect::Manual);
    if with_key {
        // whoever holds a key is known by it, and not by the page's cookies
        init.set_credentials(RequestCredentials::Omit);
    }
    match request.body {
        Some(Body::Text(text)) => init.set_body(&text.into()),
        Some(Body::Multipart {
            fields,
            files: part,
        }) => {
            let form = FormData::new()?;
            for (name, value) in fields {
                form.append_with_str(&name, &value)?;
            }
            // a File brings its name along, and the platform escapes it
            for file in files.iter() {
                form.append_with_blob(part, file.unchecked_ref::<Blob>())?;
            }
            init.set_body(&form);
        }
        None => {}
    }
    web_sys::Request::new_with_str_and_init(&request.url, &init)
}

/// Every header, names in lower case.
pub fn all(headers: &web_sys::Headers) -> Vec<(String, String)> {
    pairs(&Array::from(headers)).unwrap_or_default()
}

/// What anybody here wants to know of a response.
pub fn head(status: u16, headers: &Headers) -> Head {
    Head {
        status,
        content_type: headers.get("content-type"),
        location: headers.get("location"),
        retry_after: headers.get("retry-after"),
        request_id: headers
            .get("x-request-id")
            .or_else(|| headers.get("request-id")),
        headers: Vec::new(),
    }
}
