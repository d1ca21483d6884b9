//! Reads the given flags: as switches, numbers, lists and words of closed lists.

use std::ops::RangeInclusive;

use super::MAX_VALUE_BYTES;
use super::flags::{Word, Words};
use super::number::decimal;
use crate::refusal::{Refusal, RefusalCode};

impl<'a> Words<'a> {
    /// The value of a flag, where it was given.
    pub(super) fn value(&self, name: &str) -> Option<Word<'a>> {
        self.given
            .iter()
            .find(|(flag, _)| flag.name == name)
            .map(|(_, value)| *value)
    }

    /// A switch, where it was given: what Go's strconv.ParseBool takes.
    pub(super) fn switch(&self, name: &str) -> Result<Option<bool>, Refusal> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        match value.text {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(Some(true)),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(Some(false)),
            _ => Err(value.bad_value(name, "true or false")),
        }
    }

    /// A switch that is off unless it was given.
    pub(super) fn is_on(&self, name: &str) -> Result<bool, Refusal> {
        Ok(self.switch(name)?.unwrap_or(false))
    }

    /// The elements of a list flag, over all its repetitions, parsed; 1024 bytes together.
    pub(super) fn list<T>(
        &self,
        name: &str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<T>, Refusal> {
        let mut items = Vec::new();
        let mut bytes = 0;
        for (_, value) in self.given.iter().filter(|(flag, _)| flag.name == name) {
            bytes += value.text.len() + 1;
            if bytes > MAX_VALUE_BYTES {
                return Err(value.bad_value(name, "at most 1024 bytes"));
            }
            for item in value.text.split(',') {
                items.push(parse(item).ok_or_else(|| value.bad_value(name, expected))?);
            }
        }
        Ok(items)
    }

    /// A whole number within bounds, where it was given.
    pub(super) fn number(
        &self,
        name: &str,
        bounds: RangeInclusive<i64>,
    ) -> Result<Option<i64>, Refusal> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        match decimal(value.text).filter(|number| bounds.contains(number)) {
            Some(number) => Ok(Some(number)),
            None if *bounds.end() == i64::MAX => {
                let expected = format!("a whole number of at least {}", bounds.start());
                Err(value.bad_value(name, &expected))
            }
            None => {
                let expected =
                    format!("a whole number from {} to {}", bounds.start(), bounds.end());
                Err(value.bad_value(name, &expected))
            }
        }
    }

    /// A value that one word of a closed list must be, where it was given.
    pub(super) fn one_of<T: Copy>(
        &self,
        name: &str,
        words: &[(&str, T)],
    ) -> Result<Option<T>, Refusal> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        let found = words
            .iter()
            .find(|(word, _)| *word == value.text)
            .map(|(_, found)| *found);
        found.map(Some).ok_or_else(|| {
            let names: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            value.bad_value(name, &names.join(" or "))
        })
    }

    /// Refuses any positional argument.
    pub(super) fn no_positionals(&self) -> Result<(), Refusal> {
        match self.positionals.first() {
            None => Ok(()),
            Some(word) => Err(word.refuse(
                RefusalCode::UnexpectedPositional,
                format!(
                    "{} takes no names or types: remove this argument",
                    self.verb
                ),
            )),
        }
    }
}
