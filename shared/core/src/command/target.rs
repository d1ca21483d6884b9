//! Positional arguments: which types and names a command asks for.

use super::flags::{Word, Words};
use super::{Secrets, Target};
use crate::name::{ResourceArg, ResourceName};
use crate::refusal::{Refusal, RefusalCode};

/// The most types of one command: each costs at least one request.
const MAX_TYPES: usize = 64;

/// Commands of kubectl that write. None of them may stand free, in whatever case.
const WRITE_VERBS: &[&str] = &[
    "annotate",
    "apply",
    "autoscale",
    "cordon",
    "cp",
    "create",
    "debug",
    "delete",
    "drain",
    "edit",
    "expose",
    "label",
    "patch",
    "replace",
    "run",
    "scale",
    "set",
    "taint",
    "uncordon",
];

/// Commands with side effects that are plain names elsewhere, but never a resource type.
const NEVER_TYPES: &[&str] = &["attach", "exec", "port-forward"];

/// Subresources of the built-in types: `TYPE/NAME` with one of them as name is a mistake or worse.
const SUBRESOURCES: &[&str] = &[
    "approval",
    "attach",
    "binding",
    "ephemeralcontainers",
    "eviction",
    "exec",
    "finalize",
    "log",
    "portforward",
    "proxy",
    "resize",
    "scale",
    "status",
    "token",
];

/// Refuses free words that are commands which write.
pub(super) fn refuse_write_verbs(words: &Words<'_>) -> Result<(), Refusal> {
    match words
        .positionals
        .iter()
        .find(|word| is_one_of(WRITE_VERBS, word.text))
    {
        None => Ok(()),
        Some(word) => Err(forbidden(
            *word,
            "an object of that name is TYPE/NAME, as in pod/delete",
        )),
    }
}

fn forbidden(word: Word<'_>, hint: &str) -> Refusal {
    word.refuse(
        RefusalCode::ForbiddenVerbToken,
        "this is the name of a command that kubently does not have: it only reads",
    )
    .hint(hint)
}

fn is_one_of(list: &[&str], text: &str) -> bool {
    list.iter().any(|item| item.eq_ignore_ascii_case(text))
}

/// Refuses a type that is the core Secret in any spelling: `secret`, `Secrets`, `secrets.v1.`.
///
/// Any group counts, because kubectl falls back from an unknown group to the type.
pub(super) fn refuse_secrets(types: &str, word: Word<'_>, secrets: Secrets) -> Result<(), Refusal> {
    let is_secret = |resource: &str| {
        let base = resource.split('.').next().unwrap_or_default();
        is_one_of(&["secret", "secrets"], base)
    };
    if secrets == Secrets::Deny && types.split(',').any(is_secret) {
        return Err(word
            .refuse(
                RefusalCode::ResourceDenied,
                "secrets are never read in this cluster",
            )
            .hint("ask for the objects that use the secret; describe shows references to it"));
    }
    Ok(())
}

/// The types and names of `get` and `describe`; `read` reads a name that stands for itself.
pub(super) fn target(
    words: &Words<'_>,
    secrets: Secrets,
    read: impl Fn(&Word<'_>) -> Result<ResourceName, Refusal>,
) -> Result<Target, Refusal> {
    let Some((first, rest)) = words.positionals.split_first() else {
        return Err(super::missing(words.verb));
    };
    refuse_secrets(type_of(first.text), *first, secrets)?;
    for word in rest.iter().filter(|word| word.text.contains('/')) {
        refuse_secrets(type_of(word.text), *word, secrets)?;
    }
    if first.text.contains('/') {
        return Ok(Target::Pairs(
            words
                .positionals
                .iter()
                .map(|word| pair(*word))
                .collect::<Result<_, _>>()?,
        ));
    }
    Ok(Target::Types {
        types: types(*first)?,
        names: rest.iter().map(read).collect::<Result<_, _>>()?,
    })
}

fn type_of(text: &str) -> &str {
    text.split_once('/').map_or(text, |(types, _)| types)
}

fn types(word: Word<'_>) -> Result<Vec<ResourceArg>, Refusal> {
    if is_one_of(NEVER_TYPES, word.text) {
        return Err(forbidden(
            word,
            "the first argument is a resource type, such as pods",
        ));
    }
    let refuse = |refusal: Refusal| {
        word.place(refusal)
            .hint("for example pods or deployments.apps")
    };
    if word.text == "kubectl" {
        let refusal = Refusal::new(RefusalCode::BadResource, "kubectl is no resource type");
        return Err(word.place(refusal).hint("leave out 'kubectl' and the verb"));
    }
    if word.text.split(',').count() > MAX_TYPES {
        let message = format!("more than {MAX_TYPES} types in one command");
        return Err(refuse(Refusal::new(RefusalCode::BadResource, message)));
    }
    word.text
        .split(',')
        .map(|text| ResourceArg::new(text).map_err(refuse))
        .collect()
}

/// A positional that names an object.
pub(super) fn name(word: &Word<'_>) -> Result<ResourceName, Refusal> {
    placed(word, ResourceName::new(word.text))
}

/// A positional that names an object, or begins the names of some.
pub(super) fn start(word: &Word<'_>) -> Result<ResourceName, Refusal> {
    placed(word, ResourceName::start(word.text))
}

fn placed(word: &Word<'_>, name: Result<ResourceName, Refusal>) -> Result<ResourceName, Refusal> {
    name.map_err(|refusal| {
        let refusal = word.place(refusal);
        if word.text.contains('/') {
            refusal.hint("give either TYPE NAME..., or TYPE/NAME for every argument")
        } else {
            refusal
        }
    })
}

/// `TYPE/NAME`.
pub(super) fn pair(word: Word<'_>) -> Result<(ResourceArg, ResourceName), Refusal> {
    let Some((resource, name)) = word.text.split_once('/') else {
        return Err(word.refuse(
            RefusalCode::BadResource,
            "after TYPE/NAME every further argument is TYPE/NAME as well",
        ));
    };
    if name.contains('/') {
        let message = "an argument in the form TYPE/NAME has one slash";
        return Err(word.refuse(RefusalCode::BadName, message));
    }
    let resource = ResourceArg::new(resource).map_err(|refusal| word.place(refusal))?;
    let name = ResourceName::new(name).map_err(|refusal| word.place(refusal))?;
    if is_one_of(SUBRESOURCES, name.as_str()) {
        return Err(word
            .refuse(
                RefusalCode::SubresourceNotAllowed,
                "TYPE/NAME names an object, and this reads as a subresource",
            )
            .hint(format!(
                "an object of that name is two arguments: {resource} {name}"
            )));
    }
    Ok((resource, name))
}
