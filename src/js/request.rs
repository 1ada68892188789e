//! A request as the platform's `Request`, and a response's head as plain data.

use gloo_net::http::Headers;
use js_sys::Array;
#[cfg(feature = "client")]
use js_sys::{JSON, Object};
#[cfg(feature = "client")]
use wasm_bindgen::{JsCast, JsValue};
#[cfg(feature = "client")]
use web_sys::{Blob, FormData, RequestInit, Url};

use super::input::pairs;
use crate::http::Head;
#[cfg(feature = "client")]
use crate::http::{Body, Method, Request};
#[cfg(feature = "client")]
use crate::json::write;
#[cfg(feature = "client")]
use crate::text::Text;

/// The platform's request, with the `files` of its message where it takes some; or, if it is not to be `made`, what it would be
/// made of, with its address as `url`. It fails where the address is none.
#[cfg(feature = "client")]
pub fn platform(
    request: Request,
    with_key: bool,
    files: &Array,
    made: bool,
) -> Result<Object, JsValue> {
    let init: RequestInit = JSON::parse(&told(&request, with_key))?.unchecked_into();
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
    if made {
        return web_sys::Request::new_with_str_and_init(&request.url, &init).map(Object::from);
    }
    // a path is one on the page's own origin
    if !request.url.starts_with('/') {
        Url::new(&request.url)?;
    }
    Ok(init.unchecked_into())
}

/// What the platform is told of a request beside its body, as JSON text: field by field it would cross the boundary several
/// times.
#[cfg(feature = "client")]
fn told(request: &Request, with_key: bool) -> String {
    let mut told = String::from("{\"url\":");
    let mut string = |before: &str, text: &str| {
        told.push_str(before);
        write::string(&mut told, &Text::from(text));
    };
    string("", &request.url);
    string(
        ",\"method\":",
        match request.method {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Delete => "DELETE",
        },
    );
    let mut before = ",\"headers\":{";
    for (name, value) in &request.headers {
        string(before, name);
        string(":", value);
        before = ",";
    }
    if !request.headers.is_empty() {
        told.push('}');
    }
    // a redirect would take the key along to another origin
    told.push_str(",\"redirect\":\"manual\"");
    if with_key {
        // whoever holds a key is known by it, and not by the page's cookies
        told.push_str(",\"credentials\":\"omit\"");
    }
    told.push('}');
    told
}

/// Every header, names in lower case.
pub fn all(headers: &web_sys::Headers) -> Vec<(String, String)> {
    pairs(&Array::from(headers)).unwrap_or_default()
}

/// What anybody here wants to know of a response. Of a good one that is little, and each question crosses the boundary.
pub fn head(status: u16, headers: &Headers) -> Head {
    let request_id = headers.get("x-request-id");
    let mut head = Head {
        status,
        content_type: headers.get("content-type"),
        request_id: request_id.or_else(|| headers.get("request-id")),
        ..Head::default()
    };
    if !head.is_success() {
        head.location = headers.get("location");
        head.retry_after = headers.get("retry-after");
    }
    head
}
