//! Numbers as Go prints them: `encoding/json` for JSON, `strconv`'s `'g'` for everything else.

/// A float in JSON (Go `encoding/json`): plain digits from 1e-6 up to 1e21, else an exponent.
#[must_use]
pub fn json_float(value: f64) -> String {
    let magnitude = value.abs();
    let decimal = Decimal::shortest(value);
    if magnitude != 0.0 && !(1e-6..1e21).contains(&magnitude) {
        decimal.exponent(1)
    } else {
        decimal.plain()
    }
}

/// A float in text (Go's `%v`, and `strconv` format `'g'` with the fewest digits): plain digits
/// from 1e-4 up to 1e6, else an exponent of at least two digits.
#[must_use]
pub fn general_float(value: f64) -> String {
    let decimal = Decimal::shortest(value);
    if value == 0.0 || (-4..6).contains(&decimal.power) {
        decimal.plain()
    } else {
        decimal.exponent(2)
    }
}

/// The decimal number with the fewest digits that is read back as the same float. JSON has no
/// infinities, so neither has this.
struct Decimal {
    negative: bool,
    /// At least one; the point is behind the first.
    digits: String,
    power: i32,
}

impl Decimal {
    fn shortest(value: f64) -> Self {
        let magnitude = value.abs();
        let (mut digits, power) = scientific(&format!("{magnitude:e}"));
        // Where two such numbers are equally near, Go takes the even one and Rust the larger.
        if digits.len() > 14 {
            let (exact, _) = scientific(&format!("{magnitude:.*e}", digits.len() + 24));
            if let Some((even, rest)) = exact.split_at_checked(digits.len())
                && rest
                    .strip_prefix('5')
                    .is_some_and(|zeros| zeros.bytes().all(|b| b == b'0'))
                && even.ends_with(['0', '2', '4', '6', '8'])
                && format!("0.{even}e{}", power + 1).parse() == Ok(magnitude)
            {
                even.clone_into(&mut digits);
            }
        }
        Self {
            negative: value.is_sign_negative(),
            digits,
            power,
        }
    }

    fn sign(&self) -> &'static str {
        if self.negative { "-" } else { "" }
    }

    fn plain(&self) -> String {
        let (sign, digits) = (self.sign(), &self.digits);
        let Ok(power) = usize::try_from(self.power) else {
            let zeros = "0".repeat(usize::try_from(-self.power - 1).unwrap_or(0));
            return format!("{sign}0.{zeros}{digits}");
        };
        match digits.split_at_checked(power + 1) {
            Some((whole, "")) => format!("{sign}{whole}"),
            Some((whole, fraction)) => format!("{sign}{whole}.{fraction}"),
            None => format!("{sign}{digits}{}", "0".repeat(power + 1 - digits.len())),
        }
    }

    /// Scientific notation with a sign and at least `width` digits in the exponent.
    fn exponent(&self, width: usize) -> String {
        let (first, rest) = self.digits.split_at_checked(1).unwrap_or(("0", ""));
        let point = if rest.is_empty() { "" } else { "." };
        let (power, minus) = (
            self.power.unsigned_abs(),
            if self.power < 0 { '-' } else { '+' },
        );
        format!(
            "{}{first}{point}{rest}e{minus}{power:0>width$}",
            self.sign()
        )
    }
}

/// The digits and the exponent of Rust's scientific notation.
fn scientific(text: &str) -> (String, i32) {
    let (mantissa, power) = text.split_once('e').unwrap_or((text, "0"));
    (mantissa.replace('.', ""), power.parse().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_read_as_go_prints_them() {
        for (value, general, json) in [
            (0.5, "0.5", "0.5"),
            (-0.0, "-0", "-0"),
            (1e20, "1e+20", "100000000000000000000"),
            (1e21, "1e+21", "1e+21"),
            (123_456_789.0, "1.23456789e+08", "123456789"),
            (123_456_789.125, "1.23456789125e+08", "123456789.125"),
            (0.0001, "0.0001", "0.0001"),
            (0.00001, "1e-05", "0.00001"),
            (1e-7, "1e-07", "1e-7"),
            (0.000_012_34, "1.234e-05", "0.00001234"),
            (100_000.0, "100000", "100000"),
            (1_000_000.5, "1.0000005e+06", "1000000.5"),
            (
                12_345_678_901_234_567_890.0,
                "1.2345678901234567e+19",
                "12345678901234567000",
            ),
        ] {
            assert_eq!(general_float(value), general, "{value:e}");
            assert_eq!(json_float(value), json, "{value:e}");
        }
    }
}
