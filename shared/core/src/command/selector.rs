//! Label and field selectors: checked for shape, sent as given.

use super::MAX_VALUE_BYTES;
use super::flags::Words;
use crate::refusal::{Refusal, RefusalCode};

/// A label or field selector as given, trimmed, 1–1024 bytes of printable ASCII.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector(String);

impl Selector {
    /// The text as given, trimmed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The label selector of `-l`, where it was given.
    pub(super) fn labels(words: &Words<'_>) -> Result<Option<Self>, Refusal> {
        let hint = "for example app=web,tier!=cache or 'env in (prod,staging),!canary'";
        Self::flag(words, "selector", is_label_selector, hint)
    }

    /// The selector of `--field-selector`, where it was given.
    pub(super) fn fields(words: &Words<'_>) -> Result<Option<Self>, Refusal> {
        let hint = "for example status.phase=Running,metadata.name!=web-0";
        Self::flag(words, "field-selector", is_field_selector, hint)
    }

    fn flag(
        words: &Words<'_>,
        name: &str,
        check: fn(&str) -> bool,
        hint: &str,
    ) -> Result<Option<Self>, Refusal> {
        let Some(value) = words.value(name) else {
            return Ok(None);
        };
        let text = value.text.trim();
        if !text.is_empty() && text.len() <= MAX_VALUE_BYTES && check(text) {
            return Ok(Some(Self(text.to_owned())));
        }
        let message = format!("flag --{name} takes a selector of at most 1024 bytes");
        Err(value.refuse(RefusalCode::BadSelector, message).hint(hint))
    }
}

/// A token of the label selector language (apimachinery's labels/selector.go: Lexer).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    /// A key, a value, `in` or `notin`.
    Text(&'a str),
    /// `=`, `==`, `!=`, `>`, `<`
    Operator,
    Not,
    Open,
    Close,
    Comma,
    End,
    /// A character that no token has.
    Bad,
}

struct Lexer<'a>(&'a str);

impl<'a> Lexer<'a> {
    fn next(&mut self) -> Token<'a> {
        self.0 = self.0.trim_start_matches(' ');
        for (symbol, token) in [
            ("==", Token::Operator),
            ("!=", Token::Operator),
            ("=", Token::Operator),
            (">", Token::Operator),
            ("<", Token::Operator),
            ("!", Token::Not),
            ("(", Token::Open),
            (")", Token::Close),
            (",", Token::Comma),
        ] {
            if let Some(rest) = self.0.strip_prefix(symbol) {
                self.0 = rest;
                return token;
            }
        }
        let end = self
            .0
            .find(|c: char| !is_label_char(c))
            .unwrap_or(self.0.len());
        match self.0.split_at_checked(end) {
            Some(("", "")) => Token::End,
            Some((text, rest)) if !text.is_empty() => {
                self.0 = rest;
                Token::Text(text)
            }
            _ => Token::Bad,
        }
    }

    fn peek(&self) -> Token<'a> {
        Lexer(self.0).next()
    }
}

const fn is_label_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/')
}

/// Requirements with commas between: `key`, `!key`, `key OP value`, `key in (a,b)`.
fn is_label_selector(text: &str) -> bool {
    let mut lexer = Lexer(text);
    loop {
        if !requirement(&mut lexer) {
            return false;
        }
        match lexer.next() {
            Token::End => return true,
            Token::Comma => {}
            _ => return false,
        }
    }
}

fn requirement(lexer: &mut Lexer<'_>) -> bool {
    let negated = lexer.peek() == Token::Not;
    if negated {
        lexer.next();
    }
    if !matches!(lexer.next(), Token::Text(_)) {
        return false;
    }
    match lexer.peek() {
        Token::End | Token::Comma => true,
        _ if negated => false,
        Token::Text("in" | "notin") => {
            lexer.next();
            set(lexer)
        }
        Token::Operator => {
            lexer.next();
            // The value may be empty: `app=` asks for the empty value.
            if matches!(lexer.peek(), Token::Text(value) if !value.contains('/')) {
                lexer.next();
            }
            true
        }
        _ => false,
    }
}

/// `(a,b)`; values may be empty, as in `(,a)`.
fn set(lexer: &mut Lexer<'_>) -> bool {
    if lexer.next() != Token::Open {
        return false;
    }
    loop {
        let mut token = lexer.next();
        if matches!(token, Token::Text(_)) {
            token = lexer.next();
        }
        match token {
            Token::Comma => {}
            Token::Close => return true,
            _ => return false,
        }
    }
}

/// Terms `field=value`, `==` or `!=`, with commas between (apimachinery's fields/selector.go).
/// Values may hold what names and field paths hold, and `\,` `\=` `\\`.
fn is_field_selector(text: &str) -> bool {
    let mut terms = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let (term, after) = split_unescaped(rest, ',');
        rest = after.unwrap_or_default();
        if term.trim().is_empty() {
            continue;
        }
        terms += 1;
        let (field, value) = split_unescaped(term, '=');
        let Some(value) = value else { return false };
        let field = field.strip_suffix('!').unwrap_or(field).trim();
        let value = value.strip_prefix('=').unwrap_or(value);
        if field.is_empty() || !field.chars().all(is_label_char) || !is_field_value(value) {
            return false;
        }
    }
    terms > 0
}

fn is_field_value(value: &str) -> bool {
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        let fine = match c {
            '\\' => matches!(chars.next(), Some('\\' | ',' | '=')),
            ' ' | ':' | '@' | '+' | '{' | '}' | '[' | ']' | '*' => true,
            c => is_label_char(c),
        };
        if !fine {
            return false;
        }
    }
    true
}

/// The text before the first `at` that no backslash precedes, and what follows it.
fn split_unescaped(text: &str, at: char) -> (&str, Option<&str>) {
    let mut escaped = false;
    for (index, c) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == at {
            return match (text.get(..index), text.get(index + 1..)) {
                (Some(before), after) => (before, after),
                (None, _) => (text, None),
            };
        }
    }
    (text, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_selectors_have_kubernetes_shape() {
        for good in [
            "app",
            "!app",
            "app=web",
            "app==web",
            "app!=web",
            "app=",
            "app=,tier=x",
            "a>1",
            "a<2",
            "app in (web,api),!canary",
            "env notin (prod)",
            "app in ()",
            "app in (,a)",
            "a , b",
            "app.kubernetes.io/name=web",
            "in=x",
            "x in (in)",
            "app  =  web",
            "in",
            "notin in (a)",
        ] {
            assert!(is_label_selector(good), "{good}");
        }
        for bad in [
            "$(id)",
            "app=web;id",
            "app=`id`",
            "app=web&limit=1",
            "=",
            "app=a=b",
            "app in web",
            ",",
            "app in (web",
            "app)",
            "app=web,",
            "!app=x",
            "a b",
            "app='x'",
            "app=\"x\"",
            "a=x/y",
            "!",
            "app|b",
            "a=*",
            "app=%2f",
            "app in (a b)",
            "(app)",
            "#",
        ] {
            assert!(!is_label_selector(bad), "{bad}");
        }
    }

    #[test]
    fn field_selectors_have_kubernetes_shape() {
        for good in [
            "status.phase=Running",
            "status.phase!=Succeeded,status.phase!=Failed",
            "spec.nodeName=",
            "metadata.name==web-0",
            "involvedObject.fieldPath=spec.containers{app}",
            "type=kubernetes.io/service-account-token",
            "metadata.name=system:node:x,",
            "reason=a\\,b",
        ] {
            assert!(is_field_selector(good), "{good}");
        }
        for bad in [
            "",
            ",",
            "a",
            "=x",
            "!=x",
            "a=$(id)",
            "a=b;c",
            "a=b&limit=1",
            "a=b=c",
            "a=x\\y",
            "a=?",
        ] {
            assert!(!is_field_selector(bad), "{bad}");
        }
    }
}
