//! What to say about a flag that is not allowed.

use super::flags::{Flag, Word, same_name};
use crate::refusal::{Refusal, RefusalCode};
use crate::verb::Verb;

const ACCESS: &str = "kubently only reads, through the worker's own access; remove it";
const FILES: &str = "the worker reads no files and no URLs; name the objects instead";
const ENDLESS: &str =
    "the answer would have no end; ask again for news, or follow logs with logs --follow";
const TEMPLATE: &str = "there is no Go template engine; use -o jsonpath= or -o custom-columns=";
const LOCAL: &str = "it concerns the kubectl process, and there is none; remove it";
const TIME: &str = "set timeout_seconds of the request instead";

/// Flags of kubectl that are refused on purpose, with their shorthand and the reason.
const KNOWN: &[(&str, Option<char>, &str)] = &[
    ("server", Some('s'), ACCESS),
    ("kubeconfig", None, ACCESS),
    ("context", None, ACCESS),
    ("cluster", None, "set cluster_id of the request instead"),
    ("user", None, ACCESS),
    ("token", None, ACCESS),
    ("username", None, ACCESS),
    ("password", None, ACCESS),
    ("as", None, ACCESS),
    ("as-group", None, ACCESS),
    ("as-uid", None, ACCESS),
    ("as-user-extra", None, ACCESS),
    ("client-certificate", None, ACCESS),
    ("client-key", None, ACCESS),
    ("certificate-authority", None, ACCESS),
    ("insecure-skip-tls-verify", None, ACCESS),
    ("insecure-skip-tls-verify-backend", None, ACCESS),
    ("tls-server-name", None, ACCESS),
    ("proxy-url", None, ACCESS),
    (
        "raw",
        None,
        "paths of the API are not open; name the objects instead",
    ),
    ("filename", Some('f'), FILES),
    ("kustomize", Some('k'), FILES),
    ("recursive", Some('R'), FILES),
    ("watch", Some('w'), ENDLESS),
    ("watch-only", None, ENDLESS),
    ("output-watch-events", None, ENDLESS),
    ("template", None, TEMPLATE),
    ("cached", None, LOCAL),
    ("cache-dir", None, LOCAL),
    ("kuberc", None, LOCAL),
    ("profile", None, LOCAL),
    ("profile-output", None, LOCAL),
    ("v", Some('v'), LOCAL),
    ("vmodule", None, LOCAL),
    ("log-flush-frequency", None, LOCAL),
    ("warnings-as-errors", None, LOCAL),
    ("match-server-version", None, LOCAL),
    ("disable-compression", None, LOCAL),
    ("help", Some('h'), LOCAL),
    ("request-timeout", None, TIME),
];

/// The names of those flags, and the reasons.
pub(super) fn known_flags() -> impl Iterator<Item = (&'static str, &'static str)> {
    KNOWN.iter().map(|(name, _, reason)| (*name, *reason))
}

/// The refusal of `--name`.
pub(super) fn long(verb: Verb, flags: &[Flag], name: &str, word: Word<'_>) -> Refusal {
    if let Some((name, _, reason)) = KNOWN.iter().find(|(known, ..)| same_name(known, name)) {
        return known(name, reason, word);
    }
    let near = flags
        .iter()
        .map(|flag| (distance(flag.name, name), flag.name))
        .min()
        .filter(|(distance, nearest)| *distance <= 1 + nearest.len() / 3);
    unknown(verb, flags, near.map(|(_, nearest)| nearest), word)
}

/// The refusal of `-s`, which stands in `word`.
pub(super) fn short(verb: Verb, flags: &[Flag], short: char, word: Word<'_>) -> Refusal {
    if let Some((name, _, reason)) = KNOWN.iter().find(|(_, known, _)| *known == Some(short)) {
        return known(name, reason, word);
    }
    let near = flags
        .iter()
        .find(|flag| flag.short.is_some_and(|c| c.eq_ignore_ascii_case(&short)))
        .or_else(|| flags.iter().find(|flag| flag.name.starts_with(short)));
    unknown(verb, flags, near.map(|flag| flag.name), word)
}

fn known(name: &str, reason: &str, word: Word<'_>) -> Refusal {
    word.refuse(
        RefusalCode::FlagNotAllowed,
        format!("flag --{name} is not allowed: {reason}"),
    )
    .hint(reason)
}

fn unknown(verb: Verb, flags: &[Flag], nearest: Option<&str>, word: Word<'_>) -> Refusal {
    let hint = if let Some(name) = nearest {
        format!("the nearest allowed flag is --{name}")
    } else {
        let mut names: Vec<_> = flags.iter().map(|flag| flag.name).collect();
        names.sort_unstable();
        format!("{verb} takes --{}", names.join(", --"))
    };
    word.refuse(
        RefusalCode::FlagNotAllowed,
        format!("{verb} has no such flag here"),
    )
    .hint(hint)
}

/// The edit distance of two names (Levenshtein), `given` cut to 64 characters and `_` read as `-`.
fn distance(name: &str, given: &str) -> usize {
    let mut row: Vec<usize> = (0..=name.len()).collect();
    for (i, theirs) in given.bytes().take(64).enumerate() {
        let theirs = if theirs == b'_' { b'-' } else { theirs };
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, ours) in row
            .iter_mut()
            .zip(std::iter::once(None).chain(name.bytes().map(Some)))
        {
            if let Some(ours) = ours {
                let change = diagonal + usize::from(ours != theirs);
                diagonal = *cell;
                left = change.min(*cell + 1).min(left + 1);
            }
            *cell = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits() {
        for (name, given, edits) in [
            ("output", "output", 0),
            ("output", "out", 3),
            ("tail", "tale", 2),
            ("since", "sinse", 1),
        ] {
            assert_eq!(distance(name, given), edits, "{name} {given}");
        }
        assert_eq!(distance("no-headers", "no_header"), 1);
        assert_eq!(distance("", "abc"), 3);
    }
}
