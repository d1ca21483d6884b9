//! `top`: what pods or nodes consume.

use super::flags::{ALL_NAMESPACES, Flag, NAMESPACE, SELECTOR, Words};
use super::target::{self, refuse_secrets};
use super::{Scope, Secrets, Selector};
use crate::name::ResourceName;
use crate::refusal::{Refusal, RefusalCode};

/// A checked `top`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "one field for each of kubectl's switches"
)]
pub struct Top {
    /// Pods or nodes.
    pub kind: TopKind,
    /// One object; none is all of them.
    pub name: Option<ResourceName>,
    /// Where; the default for nodes.
    pub scope: Scope,
    /// Label selector.
    pub selector: Option<Selector>,
    /// Field selector, pods only.
    pub field_selector: Option<Selector>,
    /// The column to sort by, descending; none is by name.
    pub sort_by: Option<TopSort>,
    /// Print no header line.
    pub no_headers: bool,
    /// A row for each container, pods only.
    pub containers: bool,
    /// A last line with the totals, pods only.
    pub sum: bool,
    /// Percentages of the capacity instead of what is allocatable, nodes only.
    pub show_capacity: bool,
    /// Add swap.
    pub show_swap: bool,
}

/// What `top` counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TopKind {
    /// `pod`, `pods`, `po`
    Pods,
    /// `node`, `nodes`, `no`
    Nodes,
}

/// A column that `top` sorts by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TopSort {
    /// CPU
    Cpu,
    /// Memory
    Memory,
}

/// The flags of `top`; some belong to one kind only.
pub(super) const FLAGS: &[Flag] = &[
    NAMESPACE,
    ALL_NAMESPACES,
    SELECTOR,
    Flag::value("field-selector"),
    Flag::value("sort-by"),
    Flag::switch("no-headers"),
    Flag::switch("containers"),
    Flag::switch("sum"),
    Flag::switch("show-capacity"),
    Flag::switch("show-swap"),
    // Changes nothing that can be seen, so it leaves no trace in the command.
    Flag::switch("use-protocol-buffers"),
];

const PODS_ONLY: &[&str] = &["all-namespaces", "field-selector", "containers", "sum"];
const NODES_ONLY: &[&str] = &["show-capacity"];

/// Checks a `top`.
pub(super) fn parse(words: &Words<'_>, scope: Scope, secrets: Secrets) -> Result<Top, Refusal> {
    let kind = TopKind::parse(words, secrets)?;
    let foreign = match kind {
        TopKind::Pods => NODES_ONLY,
        TopKind::Nodes => PODS_ONLY,
    };
    if let Some((name, word)) = foreign
        .iter()
        .find_map(|name| words.value(name).map(|word| (name, word)))
    {
        let message = format!("top {} has no flag --{name}", kind.as_str());
        return Err(word.refuse(RefusalCode::FlagNotAllowed, message));
    }
    words.switch("use-protocol-buffers")?;
    let top = Top {
        kind,
        name: words.positionals.get(1).map(target::name).transpose()?,
        scope: if kind == TopKind::Nodes {
            Scope::Default
        } else {
            scope
        },
        selector: Selector::labels(words)?,
        field_selector: Selector::fields(words)?,
        sort_by: words.one_of(
            "sort-by",
            &[("cpu", TopSort::Cpu), ("memory", TopSort::Memory)],
        )?,
        no_headers: words.is_on("no-headers")?,
        containers: words.is_on("containers")?,
        sum: words.is_on("sum")?,
        show_capacity: words.is_on("show-capacity")?,
        show_swap: words.is_on("show-swap")?,
    };
    if let Some(extra) = words.positionals.get(2) {
        let message = "top takes one name at most: leave it out to see all";
        return Err(extra.refuse(RefusalCode::UnexpectedPositional, message));
    }
    match words
        .value("selector")
        .or_else(|| words.value("field-selector"))
    {
        Some(word) if top.name.is_some() => {
            Err(word.conflict("a name and a selector exclude each other"))
        }
        _ => Ok(top),
    }
}

impl TopKind {
    /// The plural, as it is written on a command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pods => "pods",
            Self::Nodes => "nodes",
        }
    }

    fn parse(words: &Words<'_>, secrets: Secrets) -> Result<Self, Refusal> {
        let Some(word) = words.positionals.first() else {
            return Err(super::missing(words.verb));
        };
        match word.text {
            "pod" | "pods" | "po" => Ok(Self::Pods),
            "node" | "nodes" | "no" => Ok(Self::Nodes),
            other => {
                refuse_secrets(other.split('/').next().unwrap_or(other), *word, secrets)?;
                Err(word
                    .refuse(RefusalCode::BadResource, "top knows pods and nodes")
                    .hint("for example top pods, or top pod NAME"))
            }
        }
    }
}

impl TopSort {
    /// The value of `--sort-by`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Memory => "memory",
        }
    }
}
