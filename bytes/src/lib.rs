//! What looks at every byte that comes in or goes over to JavaScript: frames of event streams, JSON, text, points in time,
//! the model, and the table in which it crosses. It is a crate of its own because cargo optimizes crate by crate: these few modules
//! for speed, all others for size.

pub mod json;
mod message;
pub mod model;
pub mod order;
pub mod room;
pub mod sse;
pub mod table;
pub mod text;
pub mod time;
pub mod wire;
pub mod word;
