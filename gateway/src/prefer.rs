//! `Prefer` (RFC 7240): how long a caller is ready to wait.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

const PREFER: HeaderName = HeaderName::from_static("prefer");
/// Tells which preference was followed.
pub(crate) const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// What a caller prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prefer {
    /// Nothing that we know.
    Nothing,
    /// To be answered with the finished job, where it is finished within this many seconds.
    Wait(u32),
    /// To be answered at once.
    RespondAsync,
}

impl Prefer {
    /// The first `wait` or, where there is none, `respond-async`; what is malformed or unknown is
    /// ignored, as RFC 7240 §2 asks. Together they mean: wait, then answer with the job (§4.3).
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let texts = headers
            .get_all(PREFER)
            .into_iter()
            .filter_map(|value| value.to_str().ok());
        let mut prefer = Self::Nothing;
        for preference in texts.flat_map(|text| text.split(',')) {
            let word = preference.split(';').next().unwrap_or_default().trim();
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            let (name, value) = (name.trim(), value.trim().trim_matches('"'));
            if name.eq_ignore_ascii_case("wait") {
                if let Ok(seconds) = value.parse() {
                    return Self::Wait(seconds);
                }
            } else if name.eq_ignore_ascii_case("respond-async") {
                prefer = Self::RespondAsync;
            }
        }
        prefer
    }

    /// How long to wait: what is preferred, else `usual`; never longer than `most`.
    pub(crate) fn wait(self, usual: Duration, most: Duration) -> Duration {
        match self {
            Self::Nothing => usual.min(most),
            Self::Wait(seconds) => Duration::from_secs(seconds.into()).min(most),
            Self::RespondAsync => Duration::ZERO,
        }
    }

    /// The value of `Preference-Applied`, with the wait as it was applied.
    pub(crate) fn applied(self, most: Duration) -> Option<HeaderValue> {
        match self {
            Self::Nothing => None,
            Self::Wait(seconds) => {
                let seconds = u64::from(seconds).min(most.as_secs());
                HeaderValue::from_str(&format!("wait={seconds}")).ok()
            }
            Self::RespondAsync => Some(HeaderValue::from_static("respond-async")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: Duration = Duration::from_secs(30);

    fn prefer(values: &[&str]) -> Prefer {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(PREFER, HeaderValue::from_str(value).unwrap());
        }
        Prefer::of(&headers)
    }

    #[test]
    fn preferences_are_read_as_the_rfc_writes_them() {
        for (values, expected) in [
            (&[][..], Prefer::Nothing),
            (&["wait=10"], Prefer::Wait(10)),
            (&["Wait = \"7\"; x=y"], Prefer::Wait(7)),
            (&["respond-async"], Prefer::RespondAsync),
            (&["respond-async, wait=5"], Prefer::Wait(5)),
            (&["handling=lenient", "wait=5, wait=9"], Prefer::Wait(5)),
            (&["wait=-1"], Prefer::Nothing),
            (&["wait"], Prefer::Nothing),
            (&["wait=99999999999"], Prefer::Nothing),
        ] {
            assert_eq!(prefer(values), expected, "{values:?}");
        }
    }

    #[test]
    fn a_wait_is_capped_and_said_as_applied() {
        let long = Prefer::Wait(600);
        assert_eq!(long.wait(MOST, MOST), MOST);
        assert_eq!(long.applied(MOST).unwrap(), "wait=30");
    }

    #[test]
    fn without_preference_the_usual_wait_is_taken() {
        let usual = Duration::from_secs(70);
        assert_eq!(Prefer::Nothing.wait(usual, MOST), MOST);
        assert_eq!(Prefer::Nothing.applied(MOST), None);
        assert_eq!(Prefer::RespondAsync.wait(usual, MOST), Duration::ZERO);
    }
}
