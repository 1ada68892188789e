//! How this server is set up. In: values, or `NAME=VALUE` as the command line gives them. Out: options, or one sentence
//! about what is wrong.

/// How the list of messages is answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Listing {
    /// As every revision of the server does: a bare array, 200.
    #[default]
    Real,
    /// As the published page of the endpoint says: `{messages: […]}`, 201 with a `messageId`, and 403 `{message, code}`
    /// where nobody is signed in.
    Documented,
}

/// What only Agent Cloud has.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Milliseconds until an agent that is called is in its room. Without, none ever comes.
    pub wake_ms: Option<f64>,
    /// Whether requests that the server never answers are left without an answer. Otherwise they get a 500, which is not
    /// the server's way.
    pub hang: bool,
    /// How the list of messages is answered.
    pub listing: Listing,
    /// Whether the first account has gone through its first steps.
    pub onboarded: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            wake_ms: Some(120.0),
            hang: true,
            listing: Listing::default(),
            onboarded: true,
        }
    }
}

impl Options {
    /// Sets one option: `wake=<ms>` or `wake=never`, `hang=yes` or `no`, `listing=real` or `documented`,
    /// `onboarded=yes` or `no`.
    ///
    /// # Errors
    /// What is wrong, in one sentence.
    pub fn set(&mut self, text: &str) -> Result<(), String> {
        let (name, value) = text
            .split_once('=')
            .ok_or_else(|| format!("an option of Agent Cloud is NAME=VALUE, not {text:?}"))?;
        let wrong = |wanted: &str| format!("{name} wants {wanted}, not {value:?}");
        let agreed = || match value {
            "yes" => Ok(true),
            "no" => Ok(false),
            _ => Err(wrong("yes or no")),
        };
        match name {
            "wake" if value == "never" => self.wake_ms = None,
            "wake" => {
                let ms: u32 = value
                    .parse()
                    .map_err(|_| wrong("milliseconds or \"never\""))?;
                self.wake_ms = Some(f64::from(ms));
            }
            "hang" => self.hang = agreed()?,
            "onboarded" => self.onboarded = agreed()?,
            "listing" => {
                self.listing = match value {
                    "real" => Listing::Real,
                    "documented" => Listing::Documented,
                    _ => return Err(wrong("real or documented")),
                }
            }
            _ => {
                return Err(format!(
                    "{name:?} is none of Agent Cloud's wake, hang, listing and onboarded"
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Listing, Options};

    #[test]
    fn options_are_set_by_name_and_what_is_wrong_is_said() {
        let mut options = Options::default();
        for text in ["wake=5", "hang=no", "listing=documented", "onboarded=no"] {
            options.set(text).unwrap();
        }
        let expected = Options {
            wake_ms: Some(5.0),
            hang: false,
            listing: Listing::Documented,
            onboarded: false,
        };
        assert_eq!(options, expected);
        options.set("wake=never").unwrap();
        assert_eq!(options.wake_ms, None);
        for (text, said) in [
            (
                "wake",
                "an option of Agent Cloud is NAME=VALUE, not \"wake\"",
            ),
            (
                "wake=soon",
                "wake wants milliseconds or \"never\", not \"soon\"",
            ),
            ("hang=1", "hang wants yes or no, not \"1\""),
            (
                "x=1",
                "\"x\" is none of Agent Cloud's wake, hang, listing and onboarded",
            ),
        ] {
            assert_eq!(options.set(text), Err(said.to_owned()));
        }
    }
}
