//! The servers' own JSON, of which histories consist: a body in, the model out. It is here, and not with its backend, because
//! histories are long. What else a backend knows is left to it.

#[doc(hidden)]
pub mod eliza;
#[doc(hidden)]
pub mod meibel;
