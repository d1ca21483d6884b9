//! Values behind names such as `password`: `NAME=value`, `"name":"value"`, `name: value`,
//! `"name":"NAME","value":"value"`.
//!
//! A name alone says little: `token: unexpected` is prose, `secret=my-token-x7k2p` names an object. So
//! how a value is written and what it looks like decides, the more the weaker the name is.

use super::find::{Span, before, byte, is_word, run, slice};

/// The end of a name.
pub(super) struct Word {
    /// In lower case.
    pub(super) text: &'static str,
    reason: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nothing but a credential is called so.
    Strong,
    /// Also objects, numbers and words are called so. Strong as the end of `AN_ENVIRONMENT_VARIABLE`.
    Weak,
    /// Also directories (`PWD=/app`) and counts (`tests_pass=12`) are called so.
    Suffix,
    /// Files are called so, too.
    Path,
}

const fn word(text: &'static str, reason: &'static str, kind: Kind) -> Word {
    Word { text, reason, kind }
}

/// What the names of credentials end in.
pub(super) static WORDS: [Word; 30] = [
    word("password", "password", Kind::Strong),
    word("passwd", "password", Kind::Strong),
    word("passphrase", "password", Kind::Strong),
    word("pwd", "password", Kind::Suffix),
    word("_pass", "password", Kind::Suffix),
    word("token", "token", Kind::Weak),
    word("secret", "secret", Kind::Weak),
    word("api_key", "api-key", Kind::Strong),
    word("api-key", "api-key", Kind::Strong),
    word("apikey", "api-key", Kind::Strong),
    word("access_key", "access-key", Kind::Strong),
    word("access-key", "access-key", Kind::Strong),
    word("accesskey", "access-key", Kind::Strong),
    word("account_key", "access-key", Kind::Strong),
    word("accountkey", "access-key", Kind::Strong),
    word("secret_key", "secret", Kind::Strong),
    word("secret-key", "secret", Kind::Strong),
    word("secretkey", "secret", Kind::Strong),
    word("client_secret", "secret", Kind::Strong),
    word("client-secret", "secret", Kind::Strong),
    word("clientsecret", "secret", Kind::Strong),
    word("private_key", "private-key", Kind::Path),
    word("private-key", "private-key", Kind::Path),
    word("privatekey", "private-key", Kind::Path),
    word("encryption_key", "secret", Kind::Path),
    word("encryption-key", "secret", Kind::Path),
    word("encryptionkey", "secret", Kind::Path),
    word("signing_key", "secret", Kind::Path),
    word("signing-key", "secret", Kind::Path),
    word("signingkey", "secret", Kind::Path),
];

/// Tokens that are places in a list or a protocol.
const HARMLESS: [&str; 8] = [
    "pagetoken",
    "nexttoken",
    "continuetoken",
    "continuationtoken",
    "synctoken",
    "cancellationtoken",
    "fencingtoken",
    "pullsecret",
];

/// Values that say that there is none, or why.
const NO_VALUES: &[&str] = &[
    "null",
    "none",
    "nil",
    "true",
    "false",
    "yes",
    "no",
    "undefined",
    "unset",
    "empty",
    "required",
    "invalid",
    "missing",
    "expired",
    "incorrect",
    "wrong",
    "redacted",
    "masked",
    "hidden",
    "unknown",
    "optional",
    "default",
    "string",
    "rejected",
    "failed",
    "ok",
    "denied",
    "accepted",
    "changed",
    "error",
    "set",
    "reset",
    "updated",
    "enabled",
    "disabled",
    "not",
];

/// The longest name that is looked at.
const LONGEST_NAME: usize = 64;
/// The most spaces around a separator.
const MOST_SPACES: usize = 8;

/// How a value is written, and therefore how sure it is one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `name=value`, `"name":"value"`, or the only thing on its line behind `name: `.
    Certain,
    /// `name: value` within a line, which prose has, too.
    Loose,
}

/// The value behind a name that ends between `start` and `end` of `text`.
pub(super) fn at(text: &[u8], start: usize, end: usize, word: &Word) -> Option<Span> {
    let name_start = name_start(text, start);
    let name = slice(text, name_start, end);
    let kind = kind_of(name, word)?;
    let quote_end = skip_quote(text, end);
    let name_end = quote_end.unwrap_or(end);
    let after_name = spaces(text, name_end);
    // `secret= x` is an empty value, and `secret = x` is not.
    let spaced = after_name > name_end || byte(text, after_name) != Some(b'=');
    let (value_start, form) = match byte(text, after_name)? {
        b'=' if byte(text, after_name + 1) == Some(b'=') => return None,
        b'=' => {
            let skipped = usize::from(byte(text, after_name + 1) == Some(b'>'));
            (after_name + 1 + skipped, Form::Certain)
        }
        b':' => match byte(text, after_name + 1) {
            Some(b':') => return None,
            Some(b'=') => (after_name + 2, Form::Certain),
            _ if quote_end.is_some() => (after_name + 1, Form::Certain),
            // Prose has a space there; Go's structs have none.
            Some(next) if next > b' ' => (after_name + 1, Form::Certain),
            _ if begins_line(text, name_start) => {
                let alone = is_alone(text, after_name + 1);
                (
                    after_name + 1,
                    if alone { Form::Certain } else { Form::Loose },
                )
            }
            _ => (after_name + 1, Form::Loose),
        },
        b',' if quote_end.is_some() => (value_of_pair(text, after_name + 1)?, Form::Certain),
        _ => return None,
    };
    let at = if spaced {
        spaces(text, value_start)
    } else {
        value_start
    };
    let mut form = form;
    let (start, end) = match quoted(text, at) {
        Some(inside) => {
            if kind != Kind::Weak {
                form = Form::Certain;
            }
            inside
        }
        None if quote_end.is_some() && byte(text, after_name) != Some(b'=') => {
            // Numbers, lists and `null` of JSON.
            return None;
        }
        None => (at, unquoted_end(text, at, name_start)),
    };
    let value = slice(text, start, end);
    is_credential(value, kind, form).then_some(Span {
        start,
        end,
        reason: word.reason,
    })
}

/// Why the value of an object's field or variable of this name must not be shown.
pub(super) fn reason_of(name: &str, value: &str) -> Option<&'static str> {
    let name = name.as_bytes();
    let ends_so = |word: &&Word| {
        let end = name.len().checked_sub(word.text.len());
        end.is_some_and(|at| slice(name, at, name.len()).eq_ignore_ascii_case(word.text.as_bytes()))
    };
    let mut words = WORDS.iter().filter(ends_so);
    words.find_map(|word| {
        let kind = kind_of(name, word)?;
        is_credential(value.trim().as_bytes(), kind, Form::Certain).then_some(word.reason)
    })
}

fn kind_of(name: &[u8], word: &Word) -> Option<Kind> {
    let plain: Vec<u8> = name
        .iter()
        .filter(|byte| byte.is_ascii_alphanumeric())
        .map(u8::to_ascii_lowercase)
        .collect();
    if HARMLESS.iter().any(|it| plain.ends_with(it.as_bytes())) {
        return None;
    }
    let is_variable = name.contains(&b'_') && !name.iter().any(u8::is_ascii_lowercase);
    match word.kind {
        Kind::Weak if is_variable => Some(Kind::Strong),
        Kind::Suffix if name.ends_with(b"PWD") && !name.ends_with(b"_PWD") => None,
        kind => Some(kind),
    }
}

fn is_credential(value: &[u8], kind: Kind, form: Form) -> bool {
    if is_placeholder(value) {
        return false;
    }
    let is_path = matches!(value.first(), Some(b'/' | b'.' | b'~'));
    match (kind, form) {
        (Kind::Suffix, _) if is_path || value.iter().all(u8::is_ascii_digit) => false,
        (Kind::Path, _) if is_path => false,
        (Kind::Strong | Kind::Suffix | Kind::Path, Form::Certain) => true,
        (Kind::Strong | Kind::Suffix | Kind::Path, Form::Loose) => is_random(value, 8),
        (Kind::Weak, Form::Certain) => value.len() >= 4 && !is_ordinary(value),
        (Kind::Weak, Form::Loose) => is_random(value, 16),
    }
}

/// No value: empty, blotted out already, a variable, a template, or a word such as `null`.
pub(super) fn is_placeholder(value: &[u8]) -> bool {
    let Some(&first) = value.first() else {
        return true;
    };
    let is_blot = (value.len() > 2 || first == b'*')
        && value.iter().all(|&byte| byte == first)
        && b"*xX.-_#".contains(&first);
    let is_word = NO_VALUES
        .iter()
        .any(|it| value.eq_ignore_ascii_case(it.as_bytes()));
    is_blot
        || is_word
        || matches!(first, b'$' | b'<' | b'&' | b'%' | b'{' | b'[' | b'(')
        || value.starts_with(b"***")
}

/// Names of objects, plain words, numbers, durations, digests: what is called a token or a secret and
/// is none.
fn is_ordinary(value: &[u8]) -> bool {
    let is_call = value.contains(&b'(');
    if value.contains(&b' ') || is_call || value.starts_with(b"sha256:") {
        return true;
    }
    let is_number = value
        .iter()
        .all(|byte| byte.is_ascii_digit() || b".:hmsnu".contains(byte));
    let is_word = value
        .iter()
        .all(|byte| byte.is_ascii_alphabetic() || *byte == b'_');
    let dns =
        |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-./:".contains(byte);
    let is_name =
        value.iter().all(dns) && value.iter().any(|byte| b"-./:".contains(byte)) && !is_uuid(value);
    is_number && value.len() < 16 || is_word && value.len() < 32 || is_name
}

fn is_uuid(value: &[u8]) -> bool {
    let mut parts = value.split(|&byte| byte == b'-').map(<[u8]>::len);
    value.len() == 36
        && [8, 4, 4, 4, 12]
            .iter()
            .all(|&length| parts.next() == Some(length))
        && value
            .iter()
            .all(|byte| byte.is_ascii_hexdigit() || *byte == b'-')
}

/// Looks as if nobody chose it: letters and digits mixed, and no name of an object.
pub(super) fn is_random(value: &[u8], least: usize) -> bool {
    value.len() >= least
        && value.iter().any(u8::is_ascii_digit)
        && value.iter().any(u8::is_ascii_alphabetic)
        && !is_placeholder(value)
        && !is_ordinary(value)
}

fn name_start(text: &[u8], end: usize) -> usize {
    let front = slice(text, 0, end);
    let is_name = |byte: &&u8| is_word(**byte) || **byte == b'.';
    let length = front
        .iter()
        .rev()
        .take(LONGEST_NAME)
        .take_while(is_name)
        .count();
    end - length
}

/// Nothing but spaces and a list's dash stands before it.
fn begins_line(text: &[u8], at: usize) -> bool {
    let front = slice(text, at.saturating_sub(LONGEST_NAME), at);
    let begin = memchr::memrchr(b'\n', front).map_or(0, |newline| newline + 1);
    let is_whole = begin > 0 || at <= LONGEST_NAME;
    is_whole
        && slice(front, begin, front.len())
            .iter()
            .all(|byte| b" \t-".contains(byte))
}

/// One word, or one quoted text, is the rest of the line.
fn is_alone(text: &[u8], at: usize) -> bool {
    let at = spaces(text, at);
    let end = match quoted(text, at) {
        Some((_, end)) => end + 1,
        None => run(text, at, |byte| byte > b' '),
    };
    let end = run(text, end, |byte| matches!(byte, b' ' | b'\t' | b'\r'));
    matches!(byte(text, end), None | Some(b'\n'))
}

fn spaces(text: &[u8], at: usize) -> usize {
    run(text, at, |byte| byte == b' ' || byte == b'\t').min(at + MOST_SPACES)
}

/// Behind a quote, which JSON inside JSON has backslashes before.
pub(super) fn skip_quote(text: &[u8], at: usize) -> Option<usize> {
    let quote = run(text, at, |byte| byte == b'\\');
    matches!(byte(text, quote), Some(b'"' | b'\'')).then_some(quote + 1)
}

/// What stands between the quote at `at` and its partner, or the end of the line.
fn quoted(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let start = skip_quote(text, at)?;
    let (depth, quote) = (start - 1 - at, byte(text, start - 1)?);
    let mut end = start;
    loop {
        end = run(text, end, |byte| {
            byte != quote && byte != b'\\' && byte != b'\n'
        });
        let quote_at = run(text, end, |byte| byte == b'\\');
        match byte(text, quote_at) {
            Some(it) if it == quote && quote_at - end == depth => return Some((start, end)),
            None | Some(b'\n') => return Some((start, quote_at)),
            // An escaped character belongs to the text.
            Some(_) => end = quote_at + 1,
        }
    }
}

/// In `"name":"NAME","value":"…"`: where the value is written.
fn value_of_pair(text: &[u8], at: usize) -> Option<usize> {
    let at = skip_quote(text, spaces(text, at))?;
    let end = at + b"value".len();
    if slice(text, at, end) != b"value" {
        return None;
    }
    let colon = spaces(text, skip_quote(text, end)?);
    byte(text, colon).filter(|&it| it == b':')?;
    let value = spaces(text, colon + 1);
    skip_quote(text, value).map(|_| value)
}

/// Where a value without quotes ends: before a space, a quote, the next parameter or pair, or the
/// bracket that it stands in.
fn unquoted_end(text: &[u8], at: usize, name_start: usize) -> usize {
    let in_query = matches!(before(text, name_start), Some(b'?' | b'&'));
    let end = run(text, at, |byte| {
        byte > b' ' && !matches!(byte, b'"' | b'\'' | b'`') && !(in_query && byte == b'&')
    });
    let value = slice(text, at, end);
    let mut length = value.len();
    for (position, &byte) in value.iter().enumerate() {
        let rest = slice(value, position + 1, value.len());
        let is_end = match byte {
            b',' | b';' | b'&' => rest.is_empty() || is_pair(rest),
            b'\\' => matches!(rest.first(), None | Some(b'n' | b'r' | b't' | b'"' | b'\'')),
            _ => false,
        };
        if is_end {
            length = position;
            break;
        }
    }
    let value = slice(value, 0, length);
    let closers = value
        .iter()
        .rev()
        .take_while(|byte| b")]}>,;".contains(byte))
        .count();
    at + length - closers
}

/// `name=…` or `name:…`
fn is_pair(text: &[u8]) -> bool {
    let name = run(text, 0, |byte| is_word(byte) || byte == b'.');
    name > 0 && matches!(byte(text, name), Some(b'=' | b':'))
}
