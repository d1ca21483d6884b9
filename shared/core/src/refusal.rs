//! Why a raw command was refused.

use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};

/// The most characters of a caller's text that a refusal repeats.
const ECHO_LIMIT: usize = 120;

/// A refused command: what is wrong, where, and what to do instead.
///
/// Goes to HTTP callers as a 422 and into the results of commands that came over NATS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The stable code that programs branch on.
    pub code: RefusalCode,
    /// One sentence for people: what is refused and what to do.
    pub message: String,
    /// The offending text, escaped and cut to 120 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub argument: Option<String>,
    /// What would be accepted: the nearest allowed flag, or another way to ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Where in the request it stands: a JSON pointer (RFC 6901) such as `/args/2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
}

macro_rules! refusal_codes {
    ($($(#[doc = $doc:literal])+ $variant:ident => $text:literal,)+) => {
        /// The stable code of a [`Refusal`]; new ones may be added, none changes its meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum RefusalCode {
            $($(#[doc = $doc])+ #[serde(rename = $text)] $variant,)+
        }

        impl RefusalCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The code as it travels: lower case with underscores.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }
    };
}

refusal_codes! {
    /// The command type is none of the seven verbs.
    BadCommandType => "bad_command_type",
    /// `args` is not a list of strings.
    BadArgsType => "bad_args_type",
    /// More than 20 arguments.
    TooManyArgs => "too_many_args",
    /// An argument of more than 2 KiB.
    ArgTooLong => "arg_too_long",
    /// More than 8 KiB of arguments together.
    ArgsTooLong => "args_too_long",
    /// An argument without any character.
    EmptyArg => "empty_arg",
    /// A character below U+0020, or DEL.
    ControlChar => "control_char",
    /// A character outside ASCII.
    NonAscii => "non_ascii",
    /// `--` would turn later flags into names.
    DoubleDash => "double_dash",
    /// A flag that the verb does not have here.
    FlagNotAllowed => "flag_not_allowed",
    /// A flag that takes one value and stands there twice.
    DuplicateFlag => "duplicate_flag",
    /// A flag at the end of the arguments that needs a value.
    MissingFlagValue => "missing_flag_value",
    /// A flag's value that starts with `-`.
    FlagValueLooksLikeFlag => "flag_value_looks_like_flag",
    /// A flag's value that is malformed or out of bounds.
    BadFlagValue => "bad_flag_value",
    /// Flags, or a flag and a name, that exclude each other.
    ConflictingFlags => "conflicting_flags",
    /// A bare word that is the name of a command that writes.
    ForbiddenVerbToken => "forbidden_verb_token",
    /// The verb needs a resource and none is named.
    MissingResource => "missing_resource",
    /// A resource type that cannot be one.
    BadResource => "bad_resource",
    /// An object name that cannot be one.
    BadName => "bad_name",
    /// The verb takes no, or no further, positional argument.
    UnexpectedPositional => "unexpected_positional",
    /// A resource type that policy denies, in whatever spelling.
    ResourceDenied => "resource_denied",
    /// A subresource that is not `status` or `scale`.
    SubresourceNotAllowed => "subresource_not_allowed",
    /// A namespace that is no DNS label.
    BadNamespace => "bad_namespace",
    /// The namespace field and the flags name different namespaces.
    NamespaceConflict => "namespace_conflict",
    /// A label or field selector that does not parse.
    BadSelector => "bad_selector",
    /// An output format that the verb does not have.
    BadOutput => "bad_output",
    /// A `JSONPath` with more than two recursive descents.
    JsonpathRecursion => "jsonpath_recursion",
    /// A cluster id that cannot be one.
    BadClusterId => "bad_cluster_id",
    /// A session id that is no UUID in its hyphenated form.
    BadSessionId => "bad_session_id",
    /// A correlation id that cannot be one.
    BadCorrelationId => "bad_correlation_id",
    /// A timeout that is no whole number of seconds within its bounds.
    BadTimeout => "bad_timeout",
    /// The key's grant does not hold this namespace.
    NamespaceForbidden => "namespace_forbidden",
    /// The key's grant holds namespaces only, and this reads beyond them.
    ClusterScopeForbidden => "cluster_scope_forbidden",
    /// The key's grant does not hold this verb.
    VerbForbidden => "verb_forbidden",
    /// A field that the request does not have.
    UnknownField => "unknown_field",
    /// A field that stands there twice.
    DuplicateField => "duplicate_field",
    /// A field that must be there and is not.
    MissingField => "missing_field",
    /// A field of the wrong type or out of its bounds.
    BadField => "bad_field",
    /// A queue timeout that is no whole number of seconds within its bounds.
    BadQueueTimeout => "bad_queue_timeout",
    /// A priority that is no whole number from 0 to 100.
    BadPriority => "bad_priority",
    /// The grammar knows it, this version does not run it.
    NotSupportedYet => "not_supported_yet",
}

impl fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Refusal {
    /// A refusal that says what is wrong; the builder methods add where and what instead.
    #[must_use]
    pub fn new(code: RefusalCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            argument: None,
            hint: None,
            pointer: None,
        }
    }

    /// Adds the offending text: escaped and cut, so that it is safe in logs and terminals.
    #[must_use]
    pub fn argument(mut self, text: &str) -> Self {
        self.argument = Some(escaped(text));
        self
    }

    /// Adds what would be accepted instead.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the place in the request, a JSON pointer.
    #[must_use]
    pub fn pointer(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = Some(pointer.into());
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}

/// `text` as printable ASCII of at most 120 characters; what was cut ends in `...`.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        let before = out.len();
        if c == ' ' || c.is_ascii_graphic() && c != '\\' {
            out.push(c);
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "{}", c.escape_unicode());
        }
        if out.len() > ECHO_LIMIT {
            out.truncate(before.min(ECHO_LIMIT - 3));
            out.push_str("...");
            break;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_escaped_and_cut_to_120_characters() {
        let refusal = |text: &str| {
            Refusal::new(RefusalCode::BadName, "x")
                .argument(text)
                .argument
        };
        assert_eq!(refusal("web\u{202e}\0").unwrap(), "web\\u{202e}\\u{0}");
        for text in [
            "a".repeat(121),
            "\u{1F600}".repeat(90),
            "ab\u{7}".repeat(99),
        ] {
            let cut = refusal(&text).unwrap();
            assert!(
                cut.len() <= 120 && cut.ends_with("...") && cut.is_ascii(),
                "{cut}"
            );
        }
        assert_eq!(refusal(&"a".repeat(120)).unwrap().len(), 120);
    }

    #[test]
    fn codes_serialize_as_their_text() {
        for code in RefusalCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
    }
}
