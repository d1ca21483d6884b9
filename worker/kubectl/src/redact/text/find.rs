//! Finds what looks like a credential: one pass for the words and prefixes that can begin one, and a
//! closer look at each.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};

use super::named::Word;
use super::shapes::{SHAPES, Shape};
use super::{authorization, named, pem, shapes, url};

/// A stretch of text that must not be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
    /// A word for what it looks like, in lower case.
    pub(super) reason: &'static str,
}

/// What was found at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// Absent where only the head of a private key is on this line.
    pub(super) span: Option<Span>,
    /// The line ends within a private key; where it does.
    pub(super) opens_key: Option<usize>,
}

impl From<Span> for Found {
    fn from(span: Span) -> Self {
        Self {
            span: Some(span),
            opens_key: None,
        }
    }
}

/// What a word or prefix can begin.
#[derive(Clone, Copy)]
enum Anchor {
    Name(&'static Word),
    Shape(&'static Shape),
    UrlAuthority,
    Authorization,
    Bearer,
    PrivateKey,
}

struct Finder {
    automaton: AhoCorasick,
    anchors: Vec<Anchor>,
}

/// Built at its first use. The patterns are constants, and a test builds it; if it could not be
/// built, nothing would be found.
static FINDER: LazyLock<Option<Finder>> = LazyLock::new(|| {
    let mut patterns: Vec<(&str, Anchor)> = vec![
        ("://", Anchor::UrlAuthority),
        ("authorization", Anchor::Authorization),
        ("bearer ", Anchor::Bearer),
        (pem::BEGIN, Anchor::PrivateKey),
    ];
    patterns.extend(
        named::WORDS
            .iter()
            .map(|word| (word.text, Anchor::Name(word))),
    );
    patterns.extend(SHAPES.iter().map(|it| (it.anchor, Anchor::Shape(it))));
    let automaton = AhoCorasickBuilder::new()
        .match_kind(MatchKind::Standard)
        .ascii_case_insensitive(true)
        .build(patterns.iter().map(|(text, _)| *text))
        .ok()?;
    let anchors = patterns.into_iter().map(|(_, anchor)| anchor).collect();
    Some(Finder { automaton, anchors })
});

/// Finds the credentials of a text in the order of where they can be recognised, which is nearly
/// that of their beginnings. Each is within one line.
pub(super) fn find(text: &[u8]) -> impl Iterator<Item = Found> {
    let finder = FINDER.as_ref();
    let matches = finder.map(|finder| {
        let found = finder.automaton.find_overlapping_iter(text);
        found.filter_map(|it| {
            let anchor = *finder.anchors.get(it.pattern().as_usize())?;
            look(text, anchor, it.start(), it.end())
        })
    });
    matches.into_iter().flatten()
}

fn look(text: &[u8], anchor: Anchor, start: usize, end: usize) -> Option<Found> {
    match anchor {
        Anchor::Name(word) => named::at(text, start, end, word).map(Found::from),
        Anchor::Shape(shape) => shapes::at(text, start, shape).map(Found::from),
        Anchor::UrlAuthority => url::at(text, start, end).map(Found::from),
        Anchor::Authorization => authorization::header(text, end).map(Found::from),
        Anchor::Bearer => authorization::bearer(text, start, end).map(Found::from),
        Anchor::PrivateKey => pem::begin(text, start, end),
    }
}

/// The byte there, if any.
pub(super) fn byte(text: &[u8], at: usize) -> Option<u8> {
    text.get(at).copied()
}

/// The byte before, if any.
pub(super) fn before(text: &[u8], at: usize) -> Option<u8> {
    byte(text, at.checked_sub(1)?)
}

/// Where the run of such bytes ends that begins at `from`.
pub(super) fn run(text: &[u8], from: usize, is: impl Fn(u8) -> bool) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    let length = rest.iter().take_while(|&&byte| is(byte)).count();
    from + length
}

/// `text[start..end]`, and nothing where that is none.
pub(super) fn slice(text: &[u8], start: usize, end: usize) -> &[u8] {
    text.get(start..end).unwrap_or_default()
}

/// Letters, digits, `-` and `_`: what base64url and most names are made of.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_automaton_is_built() {
        assert!(FINDER.is_some());
    }
}
