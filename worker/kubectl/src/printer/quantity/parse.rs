//! From text to a quantity (`resource.ParseQuantity`).

use std::fmt;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

use super::{BINARY, DECIMAL, NANO, ParseQuantityError, Quantity, Suffixes, power_of_ten};

/// The digits that Go reads into 64 bits.
const FAST_DIGITS: i64 = 18;

/// A text, taken apart. Leading zeros are gone.
struct Parts<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    suffix: &'a str,
}

/// What a suffix stands for.
struct Unit {
    suffixes: Suffixes,
    /// Of two for [`Suffixes::Binary`], else of ten.
    power: i32,
}

impl FromStr for Quantity {
    type Err = ParseQuantityError;

    fn from_str(text: &str) -> Result<Self, ParseQuantityError> {
        if text.is_empty() {
            return Err(ParseQuantityError::Shape);
        }
        let parts = Parts::of(text)?;
        let unit = Unit::of(parts.suffix).ok_or(ParseQuantityError::Suffix)?;
        let digits = format!("{}{}", parts.whole, parts.fraction);
        let number: i128 = digits.parse().map_err(|_| ParseQuantityError::Number)?;
        let places = i32::try_from(parts.fraction.len()).map_err(|_| ParseQuantityError::Number)?;
        let signed = if parts.negative { -number } else { number };

        let scale = match unit.suffixes {
            Suffixes::Binary => -places,
            _ => unit.power.saturating_sub(places),
        };
        let mut read = Self::scaled(signed, scale, unit.suffixes);
        if unit.suffixes == Suffixes::Binary {
            read.multiply_by_two_to(unit.power);
        }
        if is_fast(&parts, &unit, scale) {
            read.text = is_canonical(&digits, number, scale, &unit).then(|| text.into());
            return Ok(read);
        }
        read.round_and_cap();
        Ok(read)
    }
}

impl Quantity {
    fn multiply_by_two_to(&mut self, power: i32) {
        let factor = u32::try_from(power)
            .ok()
            .and_then(|it| 1_i128.checked_shl(it));
        let limit = if self.value < 0 { i128::MIN } else { i128::MAX };
        let product = factor.and_then(|factor| self.value.checked_mul(factor));
        self.value = product.unwrap_or(limit);
    }

    /// No finer than a billionth, rounded away from zero; binary amounts fit 64 bits.
    fn round_and_cap(&mut self) {
        if self.scale < NANO
            && let Some((rounded, _)) = self.rounded(NANO)
        {
            (self.value, self.scale) = (rounded, NANO);
        }
        if self.suffixes != Suffixes::Binary {
            return;
        }
        let cap = Self::new(i64::MAX, Suffixes::Binary);
        let magnitude = Self::scaled(self.value.saturating_abs(), self.scale, self.suffixes);
        if magnitude > cap {
            (self.value, self.scale) = (cap.value * self.value.signum(), 0);
        }
        if magnitude < Self::new(1, Suffixes::Binary) && !magnitude.is_zero() {
            self.suffixes = Suffixes::Decimal;
        }
    }
}

/// Whether Go reads it without numbers of any size, and may keep its text then.
fn is_fast(parts: &Parts<'_>, unit: &Unit, scale: i32) -> bool {
    let length = |text: &str| i64::try_from(text.len()).unwrap_or(i64::MAX);
    let spare = match unit.suffixes {
        Suffixes::Binary if parts.fraction.is_empty() => {
            14 - length(parts.whole) - i64::from(unit.power) * 3 / 10
        }
        Suffixes::Binary => -1,
        _ => FAST_DIGITS - length(parts.whole) - length(parts.fraction),
    };
    spare >= 0 && scale >= NANO
}

fn is_canonical(digits: &str, number: i128, scale: i32, unit: &Unit) -> bool {
    match unit.suffixes {
        Suffixes::Binary => number & 7 != 0,
        _ => scale % 3 == 0 && !digits.ends_with("000") && !digits.starts_with('0'),
    }
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Result<Self, ParseQuantityError> {
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (whole, rest) = digits(unsigned.trim_start_matches('0'));
        let (fraction, suffix) = rest.strip_prefix('.').map_or(("", rest), digits);
        let power = suffix.trim_start_matches(|c| "eEinumkKMGTP".contains(c));
        let (_, rest) = digits(power.strip_prefix(['-', '+']).unwrap_or(power));
        if !rest.is_empty() {
            return Err(ParseQuantityError::Shape);
        }
        Ok(Self {
            negative: text.starts_with('-'),
            whole: if whole.is_empty() { "0" } else { whole },
            fraction,
            suffix,
        })
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(QuantityVisitor)
    }
}

/// A string, or a number.
struct QuantityVisitor;

impl Visitor<'_> for QuantityVisitor {
    type Value = Quantity;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a quantity")
    }

    fn visit_unit<E: Error>(self) -> Result<Quantity, E> {
        Ok(Quantity::default())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Quantity, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Quantity, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Quantity, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Quantity, E> {
        text.trim().parse().map_err(E::custom)
    }
}

/// The digits at the start, and what is behind them.
fn digits(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at(end)
}

impl Unit {
    fn of(suffix: &str) -> Option<Self> {
        if let Some((power, _)) = DECIMAL.iter().find(|(_, it)| *it == suffix) {
            return Some(Self {
                suffixes: Suffixes::Decimal,
                power: *power,
            });
        }
        for (it, power) in BINARY.iter().zip((10..).step_by(10)) {
            if *it == suffix {
                let suffixes = Suffixes::Binary;
                return Some(Self { suffixes, power });
            }
        }
        let power = suffix.strip_prefix(['e', 'E'])?;
        let power: i32 = power.parse().ok()?;
        // No power is that large; Go would count on.
        power_of_ten(power.unsigned_abs()).map(|_| Self {
            suffixes: Suffixes::DecimalExponent,
            power,
        })
    }
}
