//! What a request asks a gateway for. In: a method, and the path behind the gateway's own as it was written. Out: the
//! place of the backend that is meant, from the table by which its client makes requests, and the words in it; nothing
//! where that client would not have written it so. What goes with the request is left to `passage`.

use crate::backend::route::{Route, Table, Word};
use crate::error::Error;
use crate::http::{Method, Request, percent_decoded, percent_encoded, segment};

/// A place of a backend, with the words of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// the place
    pub route: &'static Route,
    /// by their names, in order
    words: Vec<(&'static str, String)>,
    query: Vec<(&'static str, String)>,
}

impl Asked {
    /// The place of `table` that `method` and `target`, a path with its query, lead to.
    pub fn read(table: &'static Table, method: &str, target: &str) -> Option<Asked> {
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        table.routes.iter().find_map(|route| {
            let fits = method == name(route.method);
            Some(Asked {
                words: fits.then(|| words(route.path, path, table.word))??,
                query: parameters(route, query)?,
                route,
            })
        })
    }

    /// The place `route`, which has no words.
    pub fn plain(route: &'static Route) -> Asked {
        Asked {
            route,
            words: Vec::new(),
            query: Vec::new(),
        }
    }

    /// The word of that name.
    pub fn word(&self, name: &str) -> Option<&str> {
        let found = self.words.iter().find(|(other, _)| *other == name);
        found.map(|(_, word)| word.as_str())
    }

    /// The same, asked of the server at `base`: made anew, so that nothing of the incoming address goes along.
    pub fn request(&self, base: &str) -> Result<Request, Error> {
        let encoded = self.words.iter().map(|(_, word)| segment(word));
        let encoded = encoded.collect::<Result<Vec<_>, _>>()?;
        let words: Vec<&str> = encoded.iter().map(String::as_str).collect();
        let mut request = self.route.filled(base, &words);
        for (at, (name, value)) in self.query.iter().enumerate() {
            let sign = if at == 0 { '?' } else { '&' };
            request.url.push(sign);
            request.url.push_str(name);
            request.url.push('=');
            request.url.push_str(&percent_encoded(value));
        }
        Ok(request)
    }
}

/// A method in the platform's spelling.
pub fn name(method: Method) -> &'static str {
    match method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Delete => "DELETE",
    }
}

/// The words of `path`, if it is one of `template`.
fn words(template: &'static str, path: &str, kind: Word) -> Option<Vec<(&'static str, String)>> {
    let mut found = Vec::new();
    let mut given = path.split('/');
    for part in template.split('/') {
        let given = given.next()?;
        match part.strip_prefix('{').and_then(|part| part.split_once('}')) {
            Some((name, end)) => found.push((name, word(given.strip_suffix(end)?, kind)?)),
            None if part == given => {}
            None => return None,
        }
    }
    given.next().is_none().then_some(found)
}

/// What `segment` says, if it stays one segment whoever decodes it, and however often: servers stand behind others that
/// decode a path, and take the steps in it, before they pass it on.
fn word(segment: &str, kind: Word) -> Option<String> {
    let word = value(segment)?;
    let steps = matches!(word.as_str(), "" | "." | "..");
    let separates =
        |character: char| matches!(character, '/' | '\\' | '%') || character.is_control();
    (!steps && !word.contains(separates) && kind.takes(&word)).then_some(word)
}

/// What a text says that is encoded as our client encodes it; there is one way to do that.
fn value(encoded: &str) -> Option<String> {
    let value = percent_decoded(encoded)?;
    (percent_encoded(&value) == encoded).then_some(value)
}

fn parameters(route: &'static Route, query: Option<&str>) -> Option<Vec<(&'static str, String)>> {
    let mut found: Vec<(&'static str, String)> = Vec::new();
    for pair in query.into_iter().flat_map(|query| query.split('&')) {
        let (name, encoded) = pair.split_once('=')?;
        let parameter = route
            .query
            .iter()
            .find(|parameter| parameter.name == name)?;
        let value = value(encoded).filter(|value| parameter.word.takes(value))?;
        if found.iter().any(|(other, _)| *other == name) {
            return None;
        }
        found.push((parameter.name, value));
    }
    let given = |name: &str| found.iter().any(|(other, _)| *other == name);
    let mut required = route.query.iter().filter(|parameter| parameter.required);
    required
        .all(|parameter| given(parameter.name))
        .then_some(found)
}
