//! A request as the platform's `Request`, and a response's head as plain data.

use gloo_net::http::{Headers, RequestBuilder};
use js_sys::Array;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, FormData, RequestCredentials, RequestRedirect};

use super::input::pairs;
use crate::http::{Body, Head, Method, Request};

/// The platform's request, with the `files` of its message where it takes some. It fails where the address is none.
pub fn platform(
    request: Request,
    with_key: bool,
    files: &Array,
) -> Result<web_sys::Request, JsValue> {
    let method = match request.method {
        Method::Get => gloo_net::http::Method::GET,
        Method::Post => gloo_net::http::Method::POST,
        Method::Delete => gloo_net::http::Method::DELETE,
    };
    let headers = Headers::new();
    for (name, value) in &request.headers {
        headers.set(name, value);
    }
    // a redirect would take the key along to another origin
    let mut builder = RequestBuilder::new(&request.url)
        .method(method)
        .headers(headers)
        .redirect(RequestRedirect::Manual);
    if with_key {
        // whoever holds a key is known by it, and not by the page's cookies
        builder = builder.credentials(RequestCredentials::Omit);
    }
    let built = match request.body {
        Some(Body::Text(text)) => builder.body(text),
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
            builder.body(form)
        }
        None => builder.build(),
    };
    built.map(web_sys::Request::from).map_err(|_| JsValue::NULL)
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
