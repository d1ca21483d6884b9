//! Which style a string gets and how each style is written (libyaml's `analyze_scalar`,
//! `select_scalar_style` and `write_*_scalar`).

use super::resolve::resolves_to_string;
use super::{ControlCharacter, Emitter, INDENT, WIDTH};

/// How a string is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    Literal,
}

/// What a text allows.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "one answer for each style")]
pub(super) struct Scalar {
    /// It has a line break of any kind.
    pub(super) multiline: bool,
    wanted: Style,
    plain_allowed: bool,
    single_quoted_allowed: bool,
    literal_allowed: bool,
}

impl Scalar {
    /// Looks at every character once.
    ///
    /// # Errors
    /// [`ControlCharacter`], see there.
    pub(super) fn analyze(text: &str) -> Result<Self, ControlCharacter> {
        let mut indicators = text.starts_with("---") || text.starts_with("...");
        let (mut special, mut breaks) = (false, false);
        let (mut leading, mut trailing_space, mut trailing_break) = (false, false, false);
        let (mut break_space, mut space_break) = (false, false);
        let (mut after_space, mut after_break) = (false, false);
        let mut after_blank = true;
        let mut rest = text.chars();
        while let Some(character) = rest.next() {
            if is_refused(character) {
                return Err(ControlCharacter);
            }
            let first = rest.as_str().len() + character.len_utf8() == text.len();
            let last = rest.as_str().is_empty();
            let before_blank = last || rest.as_str().starts_with([' ', '\t']);
            indicators |= match character {
                '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"'
                | '%' | '@' | '`'
                    if first =>
                {
                    true
                }
                '?' | '-' if first => before_blank,
                ':' => before_blank,
                '#' => after_blank,
                _ => false,
            };
            special |= !is_printable(character);
            let (space, line_break) = (character == ' ', is_break(character));
            leading |= first && (space || line_break);
            trailing_space |= last && space;
            trailing_break |= last && line_break;
            break_space |= space && after_break;
            space_break |= line_break && after_space;
            breaks |= line_break;
            after_space = space;
            after_break = line_break;
            after_blank = space || line_break || matches!(character, '\t' | '\0');
        }
        let wanted = match () {
            () if text.contains('\n') => Style::Literal,
            () if resolves_to_string(text) => Style::Plain,
            () => Style::DoubleQuoted,
        };
        Ok(Self {
            multiline: breaks,
            wanted,
            plain_allowed: !(indicators
                || special
                || breaks
                || leading
                || trailing_space
                || trailing_break
                || break_space
                || space_break),
            single_quoted_allowed: !(special || break_space || space_break),
            literal_allowed: !(special || space_break || trailing_space || text.is_empty()),
        })
    }

    /// The style, for a key that shares its line with its value or for anything else.
    pub(super) fn style(self, simple_key: bool) -> Style {
        let mut style = self.wanted;
        if simple_key && self.multiline {
            style = Style::DoubleQuoted;
        }
        if style == Style::Plain && !self.plain_allowed {
            style = Style::SingleQuoted;
        }
        if style == Style::SingleQuoted && !self.single_quoted_allowed
            || style == Style::Literal && (!self.literal_allowed || simple_key)
        {
            style = Style::DoubleQuoted;
        }
        style
    }
}

/// Characters that go-yaml's reader refuses in the JSON that it turns into YAML; JSON escapes
/// those below U+0020.
pub(crate) fn is_refused(character: char) -> bool {
    matches!(character, '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}')
}

fn is_printable(character: char) -> bool {
    matches!(character, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}'
        | '\u{ff00}'..='\u{fffd}')
}

fn is_break(character: char) -> bool {
    matches!(character, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

impl Emitter<'_> {
    pub(super) fn write_plain(&mut self, text: &str, may_fold: bool) {
        if !self.whitespace {
            self.put(' ');
        }
        // Plain text has no line breaks: one that ends before the fold goes out as it is.
        match i32::try_from(text.len()) {
            Ok(length) if text.is_ascii() && self.column + length <= WIDTH => {
                self.out.extend_from_slice(text.as_bytes());
                self.column += length;
            }
            _ => self.write_foldable(text, may_fold, false),
        }
        self.whitespace = false;
        self.indention = false;
    }

    pub(super) fn write_single_quoted(&mut self, text: &str, may_fold: bool) {
        self.write_indicator("'", true, false, false);
        self.write_foldable(text, may_fold, true);
        self.write_indicator("'", false, false, false);
        self.whitespace = false;
        self.indention = false;
    }

    /// Plain and single-quoted text: lines are folded at a single space, breaks of the text stay.
    fn write_foldable(&mut self, text: &str, may_fold: bool, quoted: bool) {
        let (mut spaces, mut breaks) = (false, false);
        let mut rest = text.chars();
        while let Some(character) = rest.next() {
            let next = rest.as_str();
            if character == ' ' {
                let inside = !quoted || next.len() + 1 < text.len() && !next.is_empty();
                let fold = may_fold && !spaces && self.column > WIDTH && inside;
                if fold && !next.starts_with(' ') {
                    self.write_indent();
                } else {
                    self.put(' ');
                }
                spaces = true;
            } else if is_break(character) {
                if !breaks && character == '\n' {
                    self.put_break();
                }
                self.write_break(character);
                self.indention = true;
                breaks = true;
            } else {
                if breaks {
                    self.write_indent();
                }
                if quoted && character == '\'' {
                    self.put('\'');
                }
                self.put(character);
                self.indention = false;
                (spaces, breaks) = (false, false);
            }
        }
    }

    pub(super) fn write_double_quoted(&mut self, text: &str, may_fold: bool) {
        self.write_indicator("\"", true, false, false);
        // libyaml looks for a byte order mark at the start of the text, whatever it is writing: a
        // text that starts with one is escaped throughout.
        let escape_all = text.starts_with('\u{feff}');
        let mut spaces = false;
        let mut rest = text.chars();
        while let Some(character) = rest.next() {
            let next = rest.as_str();
            if escape_all
                || !is_printable(character)
                || is_break(character)
                || matches!(character, '"' | '\\')
            {
                self.write_escaped(character);
                spaces = false;
            } else if character == ' ' {
                let inside = next.len() + 1 < text.len() && !next.is_empty();
                if may_fold && !spaces && self.column > WIDTH && inside {
                    self.write_indent();
                    if next.starts_with(' ') {
                        self.put('\\');
                    }
                } else {
                    self.put(' ');
                }
                spaces = true;
            } else {
                self.put(character);
                spaces = false;
            }
        }
        self.write_indicator("\"", false, false, false);
        self.whitespace = false;
        self.indention = false;
    }

    fn write_escaped(&mut self, character: char) {
        let short = match character {
            '\0' => '0',
            '\u{7}' => 'a',
            '\u{8}' => 'b',
            '\t' => 't',
            '\n' => 'n',
            '\u{b}' => 'v',
            '\u{c}' => 'f',
            '\r' => 'r',
            '\u{1b}' => 'e',
            '"' | '\\' => character,
            '\u{85}' => 'N',
            '\u{a0}' => '_',
            '\u{2028}' => 'L',
            '\u{2029}' => 'P',
            _ => {
                let code = u32::from(character);
                let text = match code {
                    0..=0xff => format!("\\x{code:02X}"),
                    0x100..=0xffff => format!("\\u{code:04X}"),
                    _ => format!("\\U{code:08X}"),
                };
                for character in text.chars() {
                    self.put(character);
                }
                return;
            }
        };
        self.put('\\');
        self.put(short);
    }

    pub(super) fn write_literal(&mut self, text: &str) {
        self.write_indicator("|", true, false, false);
        if text.starts_with(|first| first == ' ' || is_break(first)) {
            self.write_indicator(&INDENT.to_string(), false, false, false);
        }
        let mut ends = text.chars().rev();
        match (ends.next().is_some_and(is_break), ends.next()) {
            (false, _) => self.write_indicator("-", false, false, false),
            (true, None) => self.write_indicator("+", false, false, false),
            (true, Some(before)) if is_break(before) => {
                self.write_indicator("+", false, false, false);
            }
            (true, Some(_)) => {}
        }
        self.put_break();
        self.indention = true;
        self.whitespace = true;
        let mut breaks = true;
        for character in text.chars() {
            if is_break(character) {
                self.write_break(character);
                self.indention = true;
                breaks = true;
            } else {
                if breaks {
                    self.write_indent();
                }
                self.put(character);
                self.indention = false;
                breaks = false;
            }
        }
    }
}
