//! From the text of a template to its nodes (client-go `util/jsonpath/parser.go`). The order in
//! which things are tried, and what is an error, are client-go's.

use super::{Bound, Filter, Node};

/// Actions inside of actions (unions, filters) are not nested deeper than this.
const MAX_DEPTH: usize = 16;

/// Why a text is no template, in client-go's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// An opening brace without a closing one.
    #[error("unclosed action")]
    UnclosedAction,
    /// No action starts with this.
    #[error("unrecognized character in action: U+{:04X} '{}'", u32::from(*.0), .0)]
    Unrecognized(char),
    /// Two descents in a row.
    #[error("invalid multiple recursive descent")]
    RepeatedDescent,
    /// A number that is none.
    #[error("cannot parse number {0}")]
    Number(String),
    /// `[` without `]`.
    #[error("unterminated array")]
    UnterminatedArray,
    /// What stands between the brackets is no index.
    #[error("invalid array index {0}")]
    ArrayIndex(String),
    /// A part of an index is not a number.
    #[error("array index {0} is not a number")]
    NotANumber(String),
    /// `[?(` without `)`.
    #[error("unterminated filter")]
    UnterminatedFilter,
    /// `[?(…)` without `]`.
    #[error("unclosed array expect ]")]
    UnclosedFilter,
    /// A quote without its second.
    #[error("unterminated quoted string")]
    UnterminatedQuote,
    /// An escape that Go does not know.
    #[error("unquote string {0} error invalid syntax")]
    Unquote(String),
    /// Deeper than this version reads.
    #[error("filters and unions are nested deeper than {MAX_DEPTH}")]
    TooDeep,
}

/// Reads a whole template.
pub(super) fn template(text: &str) -> Result<Vec<Node>, ParseError> {
    nested(text, 0)
}

fn nested(text: &str, depth: usize) -> Result<Vec<Node>, ParseError> {
    if depth > MAX_DEPTH {
        return Err(ParseError::TooDeep);
    }
    Parser {
        input: text,
        pos: 0,
        start: 0,
        width: 0,
        depth,
    }
    .text()
}

/// The nodes of one action, given without its braces.
fn action(text: &str, depth: usize) -> Result<Vec<Node>, ParseError> {
    let nodes = nested(&format!("{{{text}}}"), depth + 1)?;
    match nodes.into_iter().next() {
        Some(Node::List(nodes)) => Ok(nodes),
        _ => Ok(Vec::new()),
    }
}

struct Parser<'a> {
    input: &'a str,
    pos: usize,
    /// Where the text starts that has been read and not been used.
    start: usize,
    /// Bytes of the last character.
    width: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn consume(&mut self) -> &'a str {
        let text = self.input.get(self.start..self.pos).unwrap_or_default();
        self.start = self.pos;
        text
    }

    fn rest(&self) -> &'a str {
        self.input.get(self.pos..).unwrap_or_default()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.rest().chars().next();
        self.width = next.map_or(0, char::len_utf8);
        self.pos += self.width;
        next
    }

    /// Takes the last character back; once for each [`Self::next`].
    fn backup(&mut self) {
        self.pos -= self.width;
        self.width = 0;
    }

    fn peek(&mut self) -> Option<char> {
        let next = self.next();
        self.backup();
        next
    }

    /// The last but one byte that was read is a backslash.
    fn is_escaped(&self) -> bool {
        let before = self.pos.checked_sub(2);
        before.and_then(|at| self.input.as_bytes().get(at)) == Some(&b'\\')
    }

    /// Text and actions up to the end.
    fn text(mut self) -> Result<Vec<Node>, ParseError> {
        let mut nodes = Vec::new();
        loop {
            let brace = self.rest().find('{');
            self.pos += brace.unwrap_or(self.rest().len());
            if self.pos > self.start {
                nodes.push(Node::Text(self.consume().to_owned()));
            }
            if brace.is_none() {
                return Ok(nodes);
            }
            self.pos += 1;
            self.consume();
            nodes.push(Node::List(self.inside()?));
        }
    }

    /// An action behind its opening brace.
    fn inside(&mut self) -> Result<Vec<Node>, ParseError> {
        let mut nodes = Vec::new();
        loop {
            let rest = self.rest();
            if rest.starts_with('}') {
                self.pos += 1;
                self.consume();
                return Ok(nodes);
            }
            if rest.starts_with("[?(") {
                nodes.push(self.filter()?);
                continue;
            }
            if rest.starts_with("..") {
                self.recursive(&mut nodes)?;
                continue;
            }
            match self.next() {
                None | Some('\r' | '\n') => return Err(ParseError::UnclosedAction),
                Some(' ' | '@' | '$') => drop(self.consume()),
                Some('[') => self.array(&mut nodes)?,
                Some(quote @ ('"' | '\'')) => nodes.push(self.quote(quote)?),
                Some('.') => nodes.push(self.field()),
                Some(first) if matches!(first, '+' | '-') || is_digit(first) => {
                    self.backup();
                    nodes.push(self.number()?);
                }
                Some(first) if is_alphanumeric(first) => {
                    self.backup();
                    nodes.push(self.identifier());
                }
                Some(other) => return Err(ParseError::Unrecognized(other)),
            }
        }
    }

    fn identifier(&mut self) -> Node {
        while !is_terminator(self.next()) {}
        self.backup();
        match self.consume() {
            "true" => Node::Bool(true),
            "false" => Node::Bool(false),
            word => Node::Identifier(word.to_owned()),
        }
    }

    fn recursive(&mut self, nodes: &mut Vec<Node>) -> Result<(), ParseError> {
        if nodes.last() == Some(&Node::Recursive) {
            return Err(ParseError::RepeatedDescent);
        }
        self.pos += "..".len();
        self.consume();
        nodes.push(Node::Recursive);
        if self.peek().is_some_and(is_alphanumeric) {
            nodes.push(self.field());
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Node, ParseError> {
        if matches!(self.peek(), Some('+' | '-')) {
            self.next();
        }
        while self.next().is_some_and(|c| c == '.' || is_digit(c)) {}
        self.backup();
        let text = self.consume();
        if let Ok(number) = text.parse() {
            return Ok(Node::Int(number));
        }
        text.parse()
            .map(Node::Float)
            .map_err(|_| ParseError::Number(text.to_owned()))
    }

    /// A field, up to a terminator that no backslash stands before.
    fn field(&mut self) -> Node {
        self.consume();
        loop {
            let next = self.next();
            if next == Some('\\') {
                self.next();
            } else if is_terminator(next) {
                self.backup();
                break;
            }
        }
        match self.consume() {
            "*" => Node::Wildcard,
            name => Node::Field(name.replace('\\', "")),
        }
    }

    fn quote(&mut self, end: char) -> Result<Node, ParseError> {
        loop {
            match self.next() {
                None | Some('\n') => return Err(ParseError::UnterminatedQuote),
                Some(next) if next == end && !self.is_escaped() => break,
                Some(_) => {}
            }
        }
        let text = self.consume();
        unquote(text, end)
            .map(Node::Text)
            .ok_or_else(|| ParseError::Unquote(text.to_owned()))
    }

    /// What stands in brackets: a union, a key, an index or a slice.
    fn array(&mut self, nodes: &mut Vec<Node>) -> Result<(), ParseError> {
        loop {
            match self.next() {
                None | Some('\n') => return Err(ParseError::UnterminatedArray),
                Some(']') => break,
                Some(_) => {}
            }
        }
        let text = self.consume();
        let text = text.strip_prefix('[').unwrap_or(text);
        let text = text.strip_suffix(']').unwrap_or(text);
        let text = if text == "*" { ":" } else { text };
        if text.contains(',') {
            let parts = text.split(',');
            let lists = parts.map(|it| action(&format!("[{}]", it.trim_matches(' ')), self.depth));
            nodes.push(Node::Union(lists.collect::<Result<_, _>>()?));
            return Ok(());
        }
        let key = text.strip_prefix('\'').and_then(|it| it.strip_suffix('\''));
        if let Some(key) = key.filter(|key| !key.contains('\'')) {
            nodes.extend(action(&format!(".{key}"), self.depth)?);
            return Ok(());
        }
        nodes.push(Node::Array(slice(text)?));
        Ok(())
    }

    fn filter(&mut self) -> Result<Node, ParseError> {
        self.pos += "[?(".len();
        self.consume();
        let (mut opened, mut closed) = (None, false);
        loop {
            match self.next() {
                None | Some('\n') => return Err(ParseError::UnterminatedFilter),
                Some(quote @ ('"' | '\'')) => match opened {
                    None => opened = Some(quote),
                    Some(first) if first == quote && !self.is_escaped() => closed = true,
                    Some(_) => {}
                },
                Some(')') if opened.is_some() == closed => break,
                Some(_) => {}
            }
        }
        if self.next() != Some(']') {
            return Err(ParseError::UnclosedFilter);
        }
        let text = self.consume();
        let text = text.strip_suffix(")]").unwrap_or(text);
        let filter = match comparison(text) {
            None => Filter {
                left: action(text, self.depth)?,
                right: Vec::new(),
                operator: "exists".to_owned(),
            },
            Some((left, operator, right)) => Filter {
                left: action(left, self.depth)?,
                right: action(right, self.depth)?,
                operator: operator.to_owned(),
            },
        };
        Ok(Node::Filter(Box::new(filter)))
    }
}

/// `^([^!<>=]+)([!<>=]+)(.+?)$`: what is compared, how, and with what.
fn comparison(text: &str) -> Option<(&str, &str, &str)> {
    let is_operator = |c: char| matches!(c, '!' | '<' | '>' | '=');
    let start = text.find(is_operator).filter(|&at| at > 0)?;
    let (left, rest) = text.split_at_checked(start)?;
    let mut end = rest.find(|c| !is_operator(c)).unwrap_or(rest.len());
    // The right side takes at least one character, if need be from the operator.
    if end == rest.len() {
        end -= 1;
    }
    let (operator, right) = rest.split_at_checked(end)?;
    (!operator.is_empty() && !right.contains('\n')).then_some((left, operator, right))
}

/// `^(-?[\d]*)(:-?[\d]*)?(:-?[\d]*)?$`
fn slice(text: &str) -> Result<[Bound; 3], ParseError> {
    let mut parts = text.split(':');
    let parts = [parts.next(), parts.next(), parts.next(), parts.next()];
    let is_part = |part: &str| {
        let digits = part.strip_prefix('-').unwrap_or(part);
        digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let [first, second, third, None] = parts else {
        return Err(ParseError::ArrayIndex(text.to_owned()));
    };
    if !parts.iter().flatten().all(|part| is_part(part)) {
        return Err(ParseError::ArrayIndex(text.to_owned()));
    }
    let bound = |part: Option<&str>| match part {
        None | Some("") => Ok(Bound::default()),
        Some(part) => match part.parse() {
            Ok(value) => Ok(Bound {
                value,
                known: true,
                derived: false,
            }),
            Err(_) => Err(ParseError::NotANumber(part.to_owned())),
        },
    };
    let start = bound(first)?;
    let end = if second.is_none() {
        Bound {
            value: start.value.wrapping_add(1),
            known: true,
            derived: true,
        }
    } else {
        bound(second)?
    };
    Ok([start, end, bound(third)?])
}

/// Go's `strconv.UnquoteChar` over the text inside of the quotes.
fn unquote(quoted: &str, quote: char) -> Option<String> {
    let inside = quoted.strip_prefix(quote)?.strip_suffix(quote)?;
    let mut text: Vec<u8> = Vec::with_capacity(inside.len());
    let mut rest = inside.chars();
    while let Some(character) = rest.next() {
        let mut put = |c: char| text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        if character == quote {
            return None;
        }
        if character != '\\' {
            put(character);
            continue;
        }
        match rest.next()? {
            'a' => put('\u{7}'),
            'b' => put('\u{8}'),
            'f' => put('\u{c}'),
            'n' => put('\n'),
            'r' => put('\r'),
            't' => put('\t'),
            'v' => put('\u{b}'),
            '\\' => put('\\'),
            escaped @ ('\'' | '"') if escaped == quote => put(escaped),
            'x' => text.push(u8::try_from(digits(&mut rest, 16, 2, 0)?).ok()?),
            'u' => put(char::from_u32(digits(&mut rest, 16, 4, 0)?)?),
            'U' => put(char::from_u32(digits(&mut rest, 16, 8, 0)?)?),
            first @ '0'..='7' => {
                let first = first.to_digit(8)?;
                text.push(u8::try_from(digits(&mut rest, 8, 2, first)?).ok()?);
            }
            _ => return None,
        }
    }
    Some(
        String::from_utf8(text)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
    )
}

fn digits(rest: &mut std::str::Chars<'_>, radix: u32, count: u32, first: u32) -> Option<u32> {
    (0..count).try_fold(first, |value, _| {
        value
            .checked_mul(radix)?
            .checked_add(rest.next()?.to_digit(radix)?)
    })
}

fn is_terminator(next: Option<char>) -> bool {
    matches!(
        next,
        None | Some(' ' | '\t' | '\r' | '\n' | '.' | ',' | '[' | ']' | '$' | '@' | '{' | '}')
    )
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}

fn is_alphanumeric(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}
