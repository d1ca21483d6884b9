//! Quantities such as `100m`, `1.5Gi` or `1e3`: read, compared, added and written as apimachinery's
//! `resource.Quantity` does (`pkg/api/resource/{quantity,amount,suffix}.go`).
//!
//! A value is a whole number of 128 bits times a power of ten. Where Go counts on with numbers of
//! any size, this stops: a text with more than 38 digits is no quantity, and a sum stays at the
//! largest number.

mod parse;

use std::cmp::Ordering;
use std::fmt;

/// An amount of something, and the family of suffixes that it is written with.
#[derive(Debug, Clone)]
pub struct Quantity {
    /// In units of `10^scale`.
    value: i128,
    scale: i32,
    suffixes: Suffixes,
    /// The text that it was read from, where Go takes that for the canonical one.
    text: Option<Box<str>>,
}

/// How a quantity is written (`resource.Format`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suffixes {
    /// `12e6`
    DecimalExponent,
    /// `12Mi`
    Binary,
    /// `12M`
    Decimal,
}

/// A text that is no quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseQuantityError {
    /// It has another shape.
    #[error(
        "quantities must match the regular expression \
         '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
    )]
    Shape,
    /// Its number has too many digits.
    #[error("unable to parse numeric part of quantity")]
    Number,
    /// Nothing is called that.
    #[error("unable to parse quantity's suffix")]
    Suffix,
}

/// Powers of 1000 and their suffixes.
const DECIMAL: [(i32, &str); 10] = [
    (-9, "n"),
    (-6, "u"),
    (-3, "m"),
    (0, ""),
    (3, "k"),
    (6, "M"),
    (9, "G"),
    (12, "T"),
    (15, "P"),
    (18, "E"),
];
/// Suffixes of the powers of 1024, from the first.
const BINARY: [&str; 6] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
/// The smallest unit: a billionth.
const NANO: i32 = -9;
const MILLI: i32 = -3;

impl Default for Quantity {
    /// Nothing. A sum that starts here is written like its first summand.
    fn default() -> Self {
        Self::new(0, Suffixes::DecimalExponent)
    }
}

impl Quantity {
    /// So many whole units.
    #[must_use]
    pub fn new(value: i64, suffixes: Suffixes) -> Self {
        Self::scaled(i128::from(value), 0, suffixes)
    }

    /// So many thousandths.
    #[must_use]
    pub fn milli(value: i64, suffixes: Suffixes) -> Self {
        Self::scaled(i128::from(value), MILLI, suffixes)
    }

    fn scaled(value: i128, scale: i32, suffixes: Suffixes) -> Self {
        Self {
            value,
            scale,
            suffixes,
            text: None,
        }
    }

    /// Whether it is nothing.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.value == 0
    }

    /// How it is written.
    #[must_use]
    pub fn suffixes(&self) -> Suffixes {
        self.suffixes
    }

    /// The amount in whole units, rounded away from zero; 0 where that is no `i64`.
    #[must_use]
    pub fn value(&self) -> i64 {
        self.in_units_of(0)
    }

    /// The amount in thousandths, rounded away from zero; 0 where that is no `i64`.
    #[must_use]
    pub fn milli_value(&self) -> i64 {
        self.in_units_of(MILLI)
    }

    /// The amount in units of `10^scale`, as above.
    #[must_use]
    pub fn in_units_of(&self, scale: i32) -> i64 {
        let rounded = self
            .rounded(scale)
            .and_then(|(it, _)| i64::try_from(it).ok());
        rounded.unwrap_or(0)
    }

    /// Adds another amount. A sum of nothing and something is written like the something.
    pub fn add(&mut self, other: &Self) {
        self.plus(other.value, other);
    }

    /// Takes another amount away.
    pub fn subtract(&mut self, other: &Self) {
        self.plus(other.value.saturating_neg(), other);
    }

    /// Adds `value` in units of the other's scale.
    fn plus(&mut self, value: i128, other: &Self) {
        self.text = None;
        if self.value == 0 {
            self.suffixes = other.suffixes;
        }
        if value == 0 {
            return;
        }
        if self.value == 0 {
            (self.value, self.scale) = (value, other.scale);
            return;
        }
        let scale = self.scale.min(other.scale);
        let mine = shift(self.value, self.scale, scale);
        let other = shift(value, other.scale, scale);
        self.value = mine.saturating_add(other);
        self.scale = scale;
    }

    /// The amount in units of `10^scale`, rounded away from zero, and whether nothing was lost.
    fn rounded(&self, scale: i32) -> Option<(i128, bool)> {
        let Some(power) = distance(scale, self.scale) else {
            let factor = power_of_ten(distance(self.scale, scale)?);
            return Some((self.value.checked_mul(factor?)?, true));
        };
        let Some(divisor) = power_of_ten(power) else {
            return Some((self.value.signum(), self.value == 0));
        };
        let rest = self.value % divisor;
        Some((self.value / divisor + rest.signum(), rest == 0))
    }

    /// Digits and exponent, the exponent a multiple of three.
    fn write_decimal(&self, f: &mut fmt::Formatter<'_>, suffixes: Suffixes) -> fmt::Result {
        let (mut digits, mut exponent) = (self.value, self.scale);
        while digits % 10 == 0 && digits != 0 {
            digits /= 10;
            exponent += 1;
        }
        let zeros = usize::try_from(exponent.rem_euclid(3)).unwrap_or(0);
        let exponent = exponent - exponent.rem_euclid(3);
        write!(f, "{digits}{:0<zeros$}", "")?;
        match suffixes {
            Suffixes::DecimalExponent if exponent != 0 => write!(f, "e{exponent}"),
            Suffixes::DecimalExponent => Ok(()),
            // Go has no suffix above E, and writes none then.
            _ => f.write_str(
                DECIMAL
                    .iter()
                    .find(|(power, _)| *power == exponent)
                    .map_or("", |(_, suffix)| suffix),
            ),
        }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(text) = &self.text {
            return f.write_str(text);
        }
        if self.value == 0 {
            return f.write_str("0");
        }
        if self.suffixes != Suffixes::Binary {
            return self.write_decimal(f, self.suffixes);
        }
        // Small amounts and fractions are no multiples of 1024.
        match self.rounded(0) {
            Some((whole, true)) if whole.unsigned_abs() >= 1024 => {
                let (mut digits, mut power) = (whole, 0_usize);
                while digits % 1024 == 0 && digits != 0 {
                    digits /= 1024;
                    power += 1;
                }
                let suffix = power.checked_sub(1).and_then(|at| BINARY.get(at));
                write!(f, "{digits}{}", suffix.copied().unwrap_or_default())
            }
            _ => self.write_decimal(f, Suffixes::Decimal),
        }
    }
}

/// Equal amounts are equal, however they are written.
impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_sign = self.value.signum().cmp(&other.value.signum());
        let scale = self.scale.min(other.scale);
        by_sign.then_with(|| {
            shift(self.value, self.scale, scale).cmp(&shift(other.value, other.scale, scale))
        })
    }
}

/// `value` in units of `10^to` instead of `10^from`, which is the larger; the largest number where
/// it does not fit.
fn shift(value: i128, from: i32, to: i32) -> i128 {
    let factor = distance(from, to).and_then(power_of_ten);
    let limit = if value < 0 { i128::MIN } else { i128::MAX };
    match (value, factor) {
        (0, _) => 0,
        (_, None) => limit,
        (_, Some(factor)) => value.checked_mul(factor).unwrap_or(limit),
    }
}

/// `larger - smaller`; nothing where it is the other way round.
fn distance(larger: i32, smaller: i32) -> Option<u32> {
    u32::try_from(i64::from(larger) - i64::from(smaller)).ok()
}

fn power_of_ten(power: u32) -> Option<i128> {
    10_i128.checked_pow(power)
}

#[cfg(test)]
mod tests;
