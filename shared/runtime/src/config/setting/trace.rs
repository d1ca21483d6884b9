//! Settings of traces.

use std::fmt;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Setting;

/// Where a collector takes OTLP over HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Collector(String);

/// A part of a whole: from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(try_from = "f64")]
pub struct Ratio(f64);

impl TryFrom<String> for Collector {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let rest = ["http://", "https://"]
            .iter()
            .find_map(|scheme| text.strip_prefix(scheme));
        // A secret belongs into OTEL_EXPORTER_OTLP_HEADERS, which is never shown.
        let plain = |rest: &str| {
            let graphic = rest.bytes().all(|byte| byte.is_ascii_graphic());
            graphic && !rest.is_empty() && !rest.contains(['@', '?', '#'])
        };
        if rest.is_some_and(plain) {
            Ok(Self(text))
        } else {
            Err("is http://host:port or https://host:port, without user, password and query")
        }
    }
}

impl fmt::Display for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Setting for Collector {
    fn bounds() -> String {
        "`http://host:port`, `https://host:port`".to_owned()
    }

    fn schema() -> Value {
        json!({ "type": "string", "pattern": "^https?://[^\\s@?#]+$" })
    }

    fn shown(&self) -> Value {
        Value::from(self.0.as_str())
    }
}

impl Ratio {
    /// The number.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl Default for Ratio {
    fn default() -> Self {
        Self(1.0)
    }
}

impl TryFrom<f64> for Ratio {
    type Error = &'static str;

    fn try_from(number: f64) -> Result<Self, Self::Error> {
        if (0.0..=1.0).contains(&number) {
            Ok(Self(number))
        } else {
            Err("is a number from 0 to 1")
        }
    }
}

impl Setting for Ratio {
    fn bounds() -> String {
        "0–1".to_owned()
    }

    fn schema() -> Value {
        json!({ "type": "number", "minimum": 0, "maximum": 1 })
    }

    fn shown(&self) -> Value {
        Value::from(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_holds_no_secret_and_a_ratio_is_a_part() {
        for text in ["http://a:4318", "https://a.b/otlp"] {
            assert_eq!(
                Collector::try_from(text.to_owned()).unwrap().to_string(),
                text
            );
        }
        for text in [
            "",
            "a:4318",
            "http://",
            "http://u:p@a",
            "grpc://a:4317",
            "http://a b",
        ] {
            assert!(Collector::try_from(text.to_owned()).is_err(), "{text}");
        }
        for number in [-0.1, 1.1, f64::NAN] {
            assert!(Ratio::try_from(number).is_err(), "{number}");
        }
    }
}
