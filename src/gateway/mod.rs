//! What stands between a page's client and a server, so that the page needs no key: no I/O, no clock, no JavaScript.

pub mod relay;
