//! What YAML 1.1 would read a plain text as (go-yaml `resolve.go`): whatever is not a string has
//! to be quoted to stay one.

/// Whether an unquoted `text` stays a string.
pub(super) fn resolves_to_string(text: &str) -> bool {
    match text.as_bytes().first() {
        None => false,
        Some(b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~') => {
            !is_word(text)
        }
        Some(b'.') => {
            // Go's own parser, which here takes underscores between digits.
            let plain = text.replace('_', "");
            let is_float = is_separated(text) && is_decimal(&plain) && fits_f64(&plain);
            !(is_word(text) || is_float)
        }
        Some(b'+' | b'-' | b'0'..=b'9') => {
            !(is_word(text) || is_timestamp(text) || is_number(text) || is_base60(text))
        }
        Some(_) => true,
    }
}

/// Whether a key of KYAML could be taken for something else than a string (`kyaml.isTypeAmbiguous`,
/// as far as texts go that no other rule has quoted).
pub(crate) fn is_ambiguous(text: &str) -> bool {
    let lower = text.to_lowercase();
    let words = [
        "null", "true", "t", "y", "yes", "on", "false", "f", "n", "no", "off", "inf", "infinity",
        "nan",
    ];
    let plain = text.replace('_', "");
    words.contains(&lower.as_str())
        || is_integer(&plain)
        || (is_decimal(&plain) && fits_f64(&plain))
        || is_hex_float(&plain.to_lowercase())
        || is_timestamp(text)
}

/// `0x1.8p-2`, which Go's `ParseFloat` reads.
fn is_hex_float(lower: &str) -> bool {
    let Some((mantissa, power)) = lower.strip_prefix("0x").and_then(|it| it.split_once('p')) else {
        return false;
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let power = power.strip_prefix(['+', '-']).unwrap_or(power);
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    (whole.len() + fraction.len() > 0)
        && is_hex(whole)
        && is_hex(fraction)
        && !power.is_empty()
        && power.bytes().all(|byte| byte.is_ascii_digit())
}

/// Words that mean a truth value, nothing, infinity or no number.
fn is_word(text: &str) -> bool {
    const WORDS: [&str; 11] = [
        "yes", "true", "on", "no", "false", "off", "null", ".nan", ".inf", "+.inf", "-.inf",
    ];
    if matches!(text, "y" | "Y" | "n" | "N" | "~" | ".NaN") {
        return true;
    }
    // Lower case, upper case, or only the first letter upper case.
    WORDS.iter().any(|word| {
        let split = word
            .find(|c: char| c.is_ascii_alphabetic())
            .map_or(0, |at| at + 1);
        let (head, tail) = word.split_at(split);
        text.strip_prefix(head).is_some_and(|rest| rest == tail)
            || text
                .strip_prefix(&head.to_ascii_uppercase())
                .is_some_and(|rest| {
                    (rest == tail && *word != ".nan") || rest == tail.to_ascii_uppercase()
                })
    })
}

fn is_number(text: &str) -> bool {
    let plain = text.replace('_', "");
    is_integer(&plain) || (is_decimal(&plain) && fits_f64(&plain)) || is_odd_binary(&plain)
}

/// Go's `ParseInt` and `ParseUint` with base 0: `0x`, `0o`, `0b` and a bare leading `0` (octal).
fn is_integer(plain: &str) -> bool {
    let digits = plain.strip_prefix(['+', '-']).unwrap_or(plain);
    let (digits, base) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (digits.get(2..).unwrap_or_default(), 16),
        [b'0', b'o' | b'O', ..] => (digits.get(2..).unwrap_or_default(), 8),
        [b'0', b'b' | b'B', ..] => (digits.get(2..).unwrap_or_default(), 2),
        [b'0', _, ..] => (digits, 8),
        _ => (digits, 10),
    };
    // A second sign is no digit, though Rust's parser takes one.
    if digits.starts_with(['+', '-']) {
        return false;
    }
    let Ok(value) = u64::from_str_radix(digits, base) else {
        return false;
    };
    match plain.as_bytes().first() {
        Some(b'-') => value <= i64::MIN.unsigned_abs(),
        Some(b'+') => i64::try_from(value).is_ok(),
        _ => true,
    }
}

/// Every underscore stands between two digits.
fn is_separated(text: &str) -> bool {
    let parts = || text.split('_');
    let last = parts().count() - 1;
    parts().enumerate().all(|(at, part)| {
        (at == 0 || part.starts_with(|c: char| c.is_ascii_digit()))
            && (at == last || part.ends_with(|c: char| c.is_ascii_digit()))
    })
}

/// `0b-101`: go-yaml reads the part behind `0b` as a signed number.
fn is_odd_binary(plain: &str) -> bool {
    plain
        .strip_prefix("0b")
        .is_some_and(|rest| i64::from_str_radix(rest, 2).is_ok())
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_decimal(text: &str) -> bool {
    let rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, rest) = digits(rest);
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => digits(rest),
        None => ("", rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return false;
    }
    match rest.strip_prefix(['e', 'E']) {
        Some(power) => {
            let (power, rest) = digits(power.strip_prefix(['+', '-']).unwrap_or(power));
            !power.is_empty() && rest.is_empty()
        }
        None => rest.is_empty(),
    }
}

/// Go refuses numbers that become infinite.
fn fits_f64(decimal: &str) -> bool {
    decimal.parse::<f64>().is_ok_and(f64::is_finite)
}

/// `[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?`
fn is_base60(text: &str) -> bool {
    let rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (rest, fraction) = match rest.split_once('.') {
        Some((rest, fraction)) => (rest, fraction),
        None => (rest, ""),
    };
    let numerals = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let mut parts = rest.split(':');
    let first = parts.next().unwrap_or_default();
    let mut more = 0;
    let sixtieths = parts.all(|part| {
        more += 1;
        matches!(part.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9'])
    });
    first.starts_with(|c: char| c.is_ascii_digit())
        && numerals(first)
        && sixtieths
        && more > 0
        && numerals(fraction)
}

/// The four forms of a date that go-yaml knows: a date alone, or with a time behind `T`, `t` (then
/// with a zone) or a space (then without).
fn is_timestamp(text: &str) -> bool {
    let (year, rest) = digits(text);
    if year.len() != 4 {
        return false;
    }
    let Some((month, rest)) = rest.strip_prefix('-').and_then(short_number) else {
        return false;
    };
    let Some((day, rest)) = rest.strip_prefix('-').and_then(short_number) else {
        return false;
    };
    if !(1..=12).contains(&month) || day < 1 || day > days_of(year.parse().unwrap_or(0), month) {
        return false;
    }
    match rest.chars().next() {
        None => true,
        Some('T' | 't') => time(&rest[1..]).is_some_and(is_zone),
        Some(' ') => time(rest.get(1..).unwrap_or_default()) == Some(""),
        Some(_) => false,
    }
}

/// What follows a time of day such as `1:02:3.25`.
fn time(text: &str) -> Option<&str> {
    let (hour, rest) = short_number(text)?;
    let (minute, rest) = short_number(rest.strip_prefix(':')?)?;
    let (second, rest) = short_number(rest.strip_prefix(':')?)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let fraction = rest.strip_prefix(['.', ',']).map(digits);
    Some(match fraction {
        Some((fraction, rest)) if !fraction.is_empty() => rest,
        _ => rest,
    })
}

/// `Z`, or an offset such as `+01:30`.
fn is_zone(text: &str) -> bool {
    match text.as_bytes() {
        [b'Z'] => true,
        [b'+' | b'-', h1, h2, b':', m1, m2] => {
            let two = |one: &u8, two: &u8| {
                (one.is_ascii_digit() && two.is_ascii_digit())
                    .then(|| (one - b'0') * 10 + (two - b'0'))
            };
            two(h1, h2).is_some_and(|hours| hours <= 24)
                && two(m1, m2).is_some_and(|minutes| minutes <= 60)
        }
        _ => false,
    }
}

/// One or two digits.
fn short_number(text: &str) -> Option<(u32, &str)> {
    let length = digits(text).0.len().min(2);
    let (number, rest) = text.split_at_checked(length)?;
    Some((number.parse().ok()?, rest))
}

fn digits(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

fn days_of(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_numbers_and_dates_are_no_strings() {
        for text in [
            "",
            "~",
            "y",
            "Y",
            "yes",
            "Yes",
            "YES",
            "on",
            "On",
            "OFF",
            "n",
            "No",
            "null",
            "Null",
            "NULL",
            "true",
            "False",
            ".inf",
            ".Inf",
            ".INF",
            "-.inf",
            "+.INF",
            ".nan",
            ".NaN",
            ".NAN",
            "1",
            "-1",
            "+1",
            "0",
            "007",
            "08",
            "0x1F",
            "0o17",
            "0b101",
            "-0b1",
            "0b-1",
            "1_000",
            "1.",
            "1.5",
            ".5",
            ".0_0",
            "+.5",
            "1e3",
            "1.5E-3",
            "-0.0",
            "18446744073709551615",
            "2024-01-01",
            "2024-1-2",
            "2024-01-01T00:00:00Z",
            "2024-01-01t1:2:3.5+01:00",
            "2024-01-01 10:20:30",
            "1:30",
            "190:20:30.15",
            "+1:2",
            "12e03",
            "0_",
            "1__0",
        ] {
            assert!(!resolves_to_string(text), "{text}");
        }
    }

    #[test]
    fn other_texts_are_strings() {
        for text in [
            "a",
            "yEs",
            "oN",
            "nope",
            "nUll",
            "tru",
            ".iNf",
            ".nAN",
            ".Nan",
            ".",
            ".e5",
            "._5",
            ".5_",
            "-",
            "+",
            "0x",
            "0xg",
            "0b2",
            "1a",
            "1.2.3",
            "1e",
            "1e999",
            ".1e999",
            "--1",
            "v1",
            "<<",
            "=",
            "2024-13-01",
            "2024-02-30",
            "2024-01-01T00:00:00",
            "2024-01-01 10:20:30Z",
            "1:60",
            "1:",
            "_1",
            "10.0.0.1",
            "1:2:",
            "2024-1",
            "99999999999999999999999x",
            "5m",
            "100Mi",
        ] {
            assert!(resolves_to_string(text), "{text}");
        }
    }
}
