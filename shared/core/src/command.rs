//! The closed grammar of read-only commands: raw arguments → typed command → canonical arguments.
//!
//! Nothing is filtered: what is not in the grammar does not parse. Gateway and worker use this one
//! parser, and the worker parses the raw arguments again.

pub mod api_resources;
pub mod describe;
pub mod events;
pub mod get;
pub mod logs;
pub mod top;
pub mod version;

mod canonical;
mod flags;
mod number;
mod output;
mod refused;
mod scope;
mod selector;
mod target;
mod words;

pub use api_resources::{ApiResources, ApiResourcesOutput, ApiResourcesSort};
pub use describe::Describe;
pub use events::{EventType, Events, EventsOutput};
pub use get::{Get, GetOutput, Subresource};
pub use logs::{Logs, LogsTarget, Since};
pub use scope::Scope;
pub use selector::Selector;
pub use top::{Top, TopKind, TopSort};
pub use version::{Version, VersionOutput};

use flags::{Flag, Words};

use crate::name::{ResourceArg, ResourceName};
use crate::policy::Secrets;
use crate::refusal::{Refusal, RefusalCode};
use crate::verb::Verb;

/// The most arguments of a command, as sent.
pub const MAX_ARGS: usize = 20;
/// The most bytes of one argument.
pub const MAX_ARG_BYTES: usize = 2 * 1024;
/// The most bytes of all arguments together.
pub const MAX_ARGS_BYTES: usize = 8 * 1024;
/// The most bytes of a selector, a template or a list.
const MAX_VALUE_BYTES: usize = 1024;
/// kubectl's default of `--chunk-size`.
const CHUNK_SIZE: u32 = 500;
/// By how many bytes long names and spelled-out values can lengthen a command at most.
const CANONICAL_GROWTH: usize = 256;

/// A checked command. The only way to make one from text is to parse it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// List or read objects.
    Get(Get),
    /// Explain objects.
    Describe(Describe),
    /// Read logs.
    Logs(Logs),
    /// Show consumption.
    Top(Top),
    /// List events.
    Events(Events),
    /// Show versions.
    Version(Version),
    /// List resource types.
    ApiResources(ApiResources),
}

/// The objects that `get` and `describe` ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// `pods`, `pods,svc`, `pods a b`, `pods,svc a`
    Types {
        /// 1–64 types.
        types: Vec<ResourceArg>,
        /// No name means all objects.
        names: Vec<ResourceName>,
    },
    /// `pod/a svc/b`, at least one.
    Pairs(Vec<(ResourceArg, ResourceName)>),
}

/// A duration as Go counts it: nanoseconds in 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GoDuration(i64);

impl Command {
    /// Checks raw arguments; `namespace` is the request's field, where it was given.
    ///
    /// # Errors
    /// The first thing that is wrong, with its code, its place and what to do instead.
    pub fn parse(verb: Verb, args: &[String], namespace: Option<&str>) -> Result<Self, Refusal> {
        Self::parse_with(verb, args, namespace, Secrets::Deny)
    }

    /// Like [`Command::parse`], for a worker whose policy may let secrets through.
    ///
    /// # Errors
    /// As [`Command::parse`].
    pub fn parse_with(
        verb: Verb,
        args: &[String],
        namespace: Option<&str>,
        secrets: Secrets,
    ) -> Result<Self, Refusal> {
        let bytes = check_sizes(verb, args)?;
        check_characters(args)?;
        let words = Words::lex(verb, flags_of(verb), args)?;
        target::refuse_write_verbs(&words)?;
        let scope = scope::scope(&words, namespace)?;
        let command = match verb {
            Verb::Get => Self::Get(get::parse(&words, scope, secrets)?),
            Verb::Describe => Self::Describe(describe::parse(&words, scope, secrets)?),
            Verb::Logs => Self::Logs(logs::parse(&words, scope, secrets)?),
            Verb::Top => Self::Top(top::parse(&words, scope, secrets)?),
            Verb::Events => Self::Events(events::parse(&words, scope, secrets)?),
            Verb::Version => Self::Version(version::parse(&words)?),
            Verb::ApiResources => Self::ApiResources(api_resources::parse(&words)?),
        };
        if args.len() == MAX_ARGS || bytes > MAX_ARGS_BYTES - CANONICAL_GROWTH {
            // At the very bound, the canonical form must keep the bound as well.
            check_sizes(verb, &command.canonical_args())?;
        }
        Ok(command)
    }

    /// The verb.
    #[must_use]
    pub const fn verb(&self) -> Verb {
        match self {
            Self::Get(_) => Verb::Get,
            Self::Describe(_) => Verb::Describe,
            Self::Logs(_) => Verb::Logs,
            Self::Top(_) => Verb::Top,
            Self::Events(_) => Verb::Events,
            Self::Version(_) => Verb::Version,
            Self::ApiResources(_) => Verb::ApiResources,
        }
    }

    /// The one way to write this command, without the verb; it parses back to the same command.
    #[must_use]
    pub fn canonical_args(&self) -> Vec<String> {
        canonical::args(self)
    }

    /// The namespaces that the command reads; [`Scope::Default`] for verbs that have none.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        match self {
            Self::Get(get) => &get.scope,
            Self::Describe(describe) => &describe.scope,
            Self::Logs(logs) => &logs.scope,
            Self::Top(top) => &top.scope,
            Self::Events(events) => &events.scope,
            Self::Version(_) | Self::ApiResources(_) => &Scope::Default,
        }
    }

    /// The resource types that the command names, as given.
    #[must_use]
    pub fn resources(&self) -> Vec<&ResourceArg> {
        match self {
            Self::Get(Get { target, .. }) | Self::Describe(Describe { target, .. }) => {
                target.resources()
            }
            Self::Logs(Logs {
                target: LogsTarget::Object(resource, _),
                ..
            })
            | Self::Events(Events {
                about: Some((resource, _)),
                ..
            }) => vec![resource],
            Self::Logs(_)
            | Self::Top(_)
            | Self::Events(_)
            | Self::Version(_)
            | Self::ApiResources(_) => Vec::new(),
        }
    }

    /// Whether its output is told while it runs: it goes on until the command's time is over.
    #[must_use]
    pub const fn follows(&self) -> bool {
        matches!(self, Self::Logs(logs) if logs.follow)
    }
}

impl Target {
    /// The types that are named, as given.
    #[must_use]
    pub fn resources(&self) -> Vec<&ResourceArg> {
        match self {
            Self::Types { types, .. } => types.iter().collect(),
            Self::Pairs(pairs) => pairs.iter().map(|(resource, _)| resource).collect(),
        }
    }
}

/// The flags that a verb takes, `--name` with its shorthand, in the order of its table.
pub fn flags(verb: Verb) -> impl Iterator<Item = (&'static str, Option<char>)> {
    flags_of(verb).iter().map(|flag| (flag.name, flag.short))
}

/// Flags of kubectl that are refused on purpose, and why.
pub fn refused_flags() -> impl Iterator<Item = (&'static str, &'static str)> {
    refused::known_flags()
}

const fn flags_of(verb: Verb) -> &'static [Flag] {
    match verb {
        Verb::Get => get::FLAGS,
        Verb::Describe => describe::FLAGS,
        Verb::Logs => logs::FLAGS,
        Verb::Top => top::FLAGS,
        Verb::Events => events::FLAGS,
        Verb::Version => version::FLAGS,
        Verb::ApiResources => api_resources::FLAGS,
    }
}

/// An example for the hint of a command that names nothing.
const fn example(verb: Verb) -> &'static str {
    match verb {
        Verb::Get => "pods, deploy/web or pods,svc",
        Verb::Describe => "pod web-0, or deploy/web",
        Verb::Logs => "web-0, deploy/web or -l app=web",
        Verb::Top => "pods or nodes",
        Verb::Events | Verb::Version | Verb::ApiResources => "no argument at all",
    }
}

/// The refusal of a command that names nothing.
fn missing(verb: Verb) -> Refusal {
    Refusal::new(
        RefusalCode::MissingResource,
        format!("{verb} needs something to read"),
    )
    .hint(format!("for example: {}", example(verb)))
    .pointer("/args")
}

/// Checks the count and the sizes, and gives the bytes of all arguments together.
fn check_sizes(verb: Verb, args: &[String]) -> Result<usize, Refusal> {
    if args.len() > MAX_ARGS {
        let message = format!("a command has at most {MAX_ARGS} arguments");
        return Err(Refusal::new(RefusalCode::TooManyArgs, message)
            .hint("use a selector, or several commands")
            .pointer("/args"));
    }
    if args.is_empty() && !verb.takes_no_args() {
        return Err(missing(verb));
    }
    if let Some(index) = args.iter().position(|arg| arg.len() > MAX_ARG_BYTES) {
        let message = format!("an argument has at most {MAX_ARG_BYTES} bytes");
        return Err(
            Refusal::new(RefusalCode::ArgTooLong, message).pointer(format!("/args/{index}"))
        );
    }
    let bytes = args.iter().map(String::len).sum();
    if bytes > MAX_ARGS_BYTES {
        let message = format!("the arguments have at most {MAX_ARGS_BYTES} bytes together");
        return Err(Refusal::new(RefusalCode::ArgsTooLong, message).pointer("/args"));
    }
    Ok(bytes)
}

/// Every argument is printable ASCII and not empty.
fn check_characters(args: &[String]) -> Result<(), Refusal> {
    for (index, text) in args.iter().enumerate() {
        let (code, message) = match text.bytes().find(|b| !matches!(b, b' '..=b'~')) {
            None if !text.is_empty() => continue,
            None => (RefusalCode::EmptyArg, "an argument is empty: remove it"),
            Some(b) if b.is_ascii() => (
                RefusalCode::ControlChar,
                "an argument holds a control character: remove it",
            ),
            Some(_) => (
                RefusalCode::NonAscii,
                "an argument holds a character outside ASCII, such as a typographic dash or quote",
            ),
        };
        return Err(flags::Word::new(index, text).refuse(code, message));
    }
    Ok(())
}

/// `--chunk-size`; zero would ask for everything at once.
fn chunk_size(words: &Words<'_>) -> Result<u32, Refusal> {
    let size = words.number("chunk-size", 1..=1000)?;
    Ok(size
        .and_then(|size| u32::try_from(size).ok())
        .unwrap_or(CHUNK_SIZE))
}

/// The key of a label, as far as a column needs it.
fn label_key(text: &str) -> Option<String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'/');
    (!text.is_empty() && text.bytes().all(plain)).then(|| text.to_owned())
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
