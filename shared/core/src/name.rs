//! Checked names: text that is safe as one segment of a path.
//!
//! The client library puts names into the URL as they are, so nothing that holds `/`, `%`, `?`,
//! `#` or `..` may ever be one of these types (client-go's rest/request.go makes the same check).

use std::borrow::Cow;

use crate::as_text::as_text;
use crate::refusal::{Refusal, RefusalCode};

/// Defines a text newtype whose only constructors run `$check`.
macro_rules! checked_name {
    ($(#[$doc:meta])+ $name:ident, $check:path, $code:ident, $message:literal) => {
        $(#[$doc])+
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// Checks the text; what cannot be such a name is refused.
            ///
            /// # Errors
            /// The refusal names the rule and repeats the text, escaped.
            pub fn new(text: &str) -> Result<Self, Refusal> {
                if $check(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(Refusal::new(RefusalCode::$code, $message).argument(text))
                }
            }

            /// The text as it was given.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        as_text!($name);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = Refusal;

            fn from_str(text: &str) -> Result<Self, Refusal> {
                Self::new(text)
            }
        }
    };
}

checked_name! {
    /// A namespace: a DNS label (RFC 1123) of 1–63 characters.
    Namespace, is_dns_label, BadNamespace,
    "a namespace is 1-63 lower-case letters, digits and '-', with a letter or digit at both ends"
}

checked_name! {
    /// The name of an object, 1–253 characters: letters, digits and `. _ : @ + -`, a letter or
    /// digit at both ends, no `..`. RBAC names do hold `:`, `@`, `_` and capitals. `describe` also
    /// takes the start of one; see [`Self::start`].
    ResourceName, is_object_name, BadName,
    "a name is 1-253 letters, digits and '.', '-', '_', ':', '@', '+', with a letter or digit at both ends"
}

checked_name! {
    /// A resource type as a caller wrote it, 1–253 characters: `pods`, `Deploy`,
    /// `deployments.apps`, `deployments.v1.apps`, `pods.v1.`.
    ResourceArg, is_resource, BadResource,
    "a resource type is TYPE, TYPE.GROUP or TYPE.VERSION.GROUP"
}

checked_name! {
    /// The name of a container: a DNS label (RFC 1123) of 1–63 characters.
    ContainerName, is_dns_label, BadName,
    "a container name is 1-63 lower-case letters, digits and '-', with a letter or digit at both ends"
}

checked_name! {
    /// An API group: a DNS subdomain (RFC 1123) of at most 253 characters; empty is the core group.
    ApiGroup, is_group, BadFlagValue,
    "an API group is a DNS name such as apps or networking.k8s.io, or empty for the core group"
}

checked_name! {
    /// A lower-case word such as a resource verb or category: a DNS label of 1–63 characters.
    Word, is_dns_label, BadFlagValue,
    "expected a word of lower-case letters, digits and '-'"
}

impl Namespace {
    /// The namespace `default`, which a request means when it names none.
    pub const DEFAULT: &'static str = "default";
}

impl ResourceName {
    /// The start of an object's name, which may end in any of its characters: `web-`.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn start(text: &str) -> Result<Self, Refusal> {
        let stem = text.trim_end_matches(['.', '_', ':', '@', '+', '-']);
        let is_start = text.len() <= 253 && !text.contains("..") && is_object_name(stem);
        if is_start {
            Ok(Self(text.to_owned()))
        } else {
            Self::new(text)
        }
    }
}

impl ResourceArg {
    /// The type without version and group, in lower case: `deployments` of `Deployments.v1.apps`.
    #[must_use]
    pub fn base(&self) -> Cow<'_, str> {
        let base = self.0.split('.').next().unwrap_or_default();
        if base.bytes().any(|b| b.is_ascii_uppercase()) {
            Cow::Owned(base.to_ascii_lowercase())
        } else {
            Cow::Borrowed(base)
        }
    }
}

fn ends_alphanumeric(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
}

fn is_dns_label(text: &str) -> bool {
    text.len() <= 63
        && ends_alphanumeric(text)
        && text
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

fn is_group(text: &str) -> bool {
    text.is_empty() || text.len() <= 253 && text.split('.').all(is_dns_label)
}

fn is_object_name(text: &str) -> bool {
    text.len() <= 253
        && ends_alphanumeric(text)
        && !text.contains("..")
        && text.bytes().all(|b| {
            b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':' | b'@' | b'+')
        })
}

/// `TYPE[.VERSION][.GROUP]`; one dot at the end stands for the core group.
fn is_resource(text: &str) -> bool {
    text.len() <= 253
        && text.bytes().next().is_some_and(|b| b.is_ascii_alphabetic())
        && !text.contains("..")
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
}

#[cfg(test)]
mod tests;
