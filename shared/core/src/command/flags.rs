//! Flags as pflag reads them, against a closed list for each verb.
//!
//! The rules are those of spf13/pflag (flag.go: parseLongArg, parseSingleShortArg), made stricter
//! where kubectl would guess: no `--`, no repeated single values, no value that starts with `-`.

use super::refused;
use crate::refusal::{Refusal, RefusalCode};
use crate::verb::Verb;

/// How a flag takes its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Stands alone for true; a value only as `=true`, never as the next word.
    Switch,
    /// Takes one value.
    Value,
    /// Takes one whole number, which may be negative also as the next word.
    Number,
    /// Takes a comma-separated list, may be repeated.
    List,
}

/// A flag that a verb allows.
#[derive(Debug)]
pub(super) struct Flag {
    pub(super) name: &'static str,
    pub(super) short: Option<char>,
    kind: Kind,
}

impl Flag {
    pub(super) const fn switch(name: &'static str) -> Self {
        Self {
            name,
            short: None,
            kind: Kind::Switch,
        }
    }

    pub(super) const fn value(name: &'static str) -> Self {
        Self {
            name,
            short: None,
            kind: Kind::Value,
        }
    }

    pub(super) const fn number(name: &'static str) -> Self {
        Self {
            name,
            short: None,
            kind: Kind::Number,
        }
    }

    pub(super) const fn list(name: &'static str) -> Self {
        Self {
            name,
            short: None,
            kind: Kind::List,
        }
    }

    pub(super) const fn short(self, short: char) -> Self {
        Self {
            short: Some(short),
            ..self
        }
    }
}

/// `-n`, which every verb takes.
pub(super) const NAMESPACE: Flag = Flag::value("namespace").short('n');
/// `-A`
pub(super) const ALL_NAMESPACES: Flag = Flag::switch("all-namespaces").short('A');
/// `-l`
pub(super) const SELECTOR: Flag = Flag::value("selector").short('l');
/// `-o`
pub(super) const OUTPUT: Flag = Flag::value("output").short('o');

/// A text of the caller: an argument, or the value in one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word<'a> {
    pub(super) text: &'a str,
    /// The whole argument that holds it.
    argument: &'a str,
    /// The argument's index in `args`.
    index: usize,
}

impl<'a> Word<'a> {
    pub(super) const fn new(index: usize, argument: &'a str) -> Self {
        Self {
            text: argument,
            argument,
            index,
        }
    }

    /// A refusal of this word.
    pub(super) fn refuse(self, code: RefusalCode, message: impl Into<String>) -> Refusal {
        self.place(Refusal::new(code, message))
    }

    /// Completes a refusal with this word and its place.
    pub(super) fn place(self, refusal: Refusal) -> Refusal {
        refusal
            .argument(self.argument)
            .pointer(format!("/args/{}", self.index))
    }

    /// The refusal of this word as the value of a flag.
    pub(super) fn bad_value(self, name: &str, expected: &str) -> Refusal {
        self.refuse(
            RefusalCode::BadFlagValue,
            format!("flag --{name} takes {expected}"),
        )
    }

    /// The refusal of this word, because it excludes something that was given before.
    pub(super) fn conflict(self, message: &str) -> Refusal {
        self.refuse(RefusalCode::ConflictingFlags, message)
    }
}

/// The arguments, taken apart: what stands free and which flags were given.
#[derive(Debug)]
pub(super) struct Words<'a> {
    pub(super) verb: Verb,
    pub(super) positionals: Vec<Word<'a>>,
    pub(super) given: Vec<(&'static Flag, Word<'a>)>,
}

impl<'a> Words<'a> {
    /// Takes `args` apart. An echoed verb at the front is dropped once.
    pub(super) fn lex(
        verb: Verb,
        flags: &'static [Flag],
        args: &'a [String],
    ) -> Result<Self, Refusal> {
        let mut words = Self {
            verb,
            positionals: Vec::new(),
            given: Vec::new(),
        };
        let mut rest = args
            .iter()
            .enumerate()
            .map(|(index, text)| Word::new(index, text));
        let mut first = true;
        while let Some(word) = rest.next() {
            if std::mem::take(&mut first) && word.text == verb.as_str() {
                continue;
            }
            if word.text == "--" {
                return Err(word
                    .refuse(
                        RefusalCode::DoubleDash,
                        "'--' is not allowed: it would turn the flags after it into names",
                    )
                    .hint("remove it; flags and names may stand in any order"));
            }
            if let Some(long) = word.text.strip_prefix("--") {
                words.long(flags, word, long, &mut rest)?;
            } else if let Some(cluster) = word.text.strip_prefix('-').filter(|c| !c.is_empty()) {
                words.cluster(flags, word, cluster, &mut rest)?;
            } else {
                words.positionals.push(word);
            }
        }
        Ok(words)
    }

    fn long(
        &mut self,
        flags: &'static [Flag],
        word: Word<'a>,
        long: &'a str,
        rest: &mut impl Iterator<Item = Word<'a>>,
    ) -> Result<(), Refusal> {
        let (name, value) = match long.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (long, None),
        };
        let flag = flags
            .iter()
            .find(|flag| same_name(flag.name, name))
            .ok_or_else(|| refused::long(self.verb, flags, name, word))?;
        let value = match value {
            Some(text) => Word { text, ..word },
            None if flag.kind == Kind::Switch => Word {
                text: "true",
                ..word
            },
            None => next_value(flag, word, rest)?,
        };
        self.give(flag, value, word)
    }

    /// `-Aowide`: switches, the last of which may be a flag with its value.
    fn cluster(
        &mut self,
        flags: &'static [Flag],
        word: Word<'a>,
        cluster: &'a str,
        rest: &mut impl Iterator<Item = Word<'a>>,
    ) -> Result<(), Refusal> {
        let mut chars = cluster.chars();
        while let Some(short) = chars.next() {
            let tail = chars.as_str();
            let flag = flags
                .iter()
                .find(|flag| flag.short == Some(short))
                .ok_or_else(|| refused::short(self.verb, flags, short, word))?;
            let value = match tail.strip_prefix('=').filter(|value| !value.is_empty()) {
                Some(text) => Word { text, ..word },
                None if flag.kind == Kind::Switch => {
                    self.give(
                        flag,
                        Word {
                            text: "true",
                            ..word
                        },
                        word,
                    )?;
                    continue;
                }
                None if tail.is_empty() => next_value(flag, word, rest)?,
                None => Word { text: tail, ..word },
            };
            return self.give(flag, value, word);
        }
        Ok(())
    }

    fn give(&mut self, flag: &'static Flag, value: Word<'a>, at: Word<'a>) -> Result<(), Refusal> {
        if flag.kind != Kind::List && self.value(flag.name).is_some() {
            return Err(at.refuse(
                RefusalCode::DuplicateFlag,
                format!("flag --{} stands here twice: give it once", flag.name),
            ));
        }
        self.given.push((flag, value));
        Ok(())
    }
}

/// The next word as a flag's value; what looks like a flag is none.
fn next_value<'a>(
    flag: &Flag,
    at: Word<'a>,
    rest: &mut impl Iterator<Item = Word<'a>>,
) -> Result<Word<'a>, Refusal> {
    let Some(value) = rest.next() else {
        return Err(at.refuse(
            RefusalCode::MissingFlagValue,
            format!("flag --{} needs a value after it", flag.name),
        ));
    };
    let negative = |digits: &str| {
        flag.kind == Kind::Number
            && !digits.is_empty()
            && digits.bytes().all(|b| b.is_ascii_digit())
    };
    match value.text.strip_prefix('-') {
        Some(digits) if !negative(digits) => Err(value
            .refuse(
                RefusalCode::FlagValueLooksLikeFlag,
                format!(
                    "flag --{} would swallow this argument as its value",
                    flag.name
                ),
            )
            .hint(format!(
                "give the value first, or write --{}=VALUE",
                flag.name
            ))),
        _ => Ok(value),
    }
}

/// Whether `given` names the flag: exactly, with `_` for `-` as kubectl normalises it.
pub(super) fn same_name(name: &str, given: &str) -> bool {
    name.len() == given.len()
        && name
            .bytes()
            .zip(given.bytes())
            .all(|(ours, theirs)| ours == theirs || ours == b'-' && theirs == b'_')
}
