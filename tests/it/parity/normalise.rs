//! The rules for what two calls a moment apart may print differently. There are no others.
//!
//! | rule | what it forgives |
//! |---|---|
//! | age | `3m12s` beside `3m13s`: two ages in the same place that can be of one moment; where one is longer, the spaces that pad its table |
//! | time of day | two times in the same place, at most two minutes apart |
//! | resource version | the number of a version |
//! | share | `43%` beside `42%` in a table: what a node uses, read before and after the Metrics API looked again |
//! | order | what kubectl itself, or the server, gives in the order of a Go map or of streams that race: by lines or by words |

use std::ops::Range;

use chrono::{DateTime, NaiveDateTime};

use super::lines::Line;

/// Two calls of one line are at most this far apart, in seconds; kubectl alone may take some of them.
const APART: i64 = 120;

/// Which order means nothing in what a command line prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// All order counts.
    Printed,
    /// Lines may change places.
    Lines,
    /// Words may change places.
    Words,
}

impl Order {
    fn of(line: &Line) -> Self {
        let verb = line.verb();
        let names = |part: &str| line.args.iter().any(|arg| arg.contains(part));
        let ranges_a_map = verb == "describe" && (names("limit") || line.has(&["ns", "namespace"]));
        let several_streams = verb == "logs" && line.has(&["-l", "--all-", "--selector"]);
        let nodes_without_figures = verb == "top" && line.has(&["no"]);
        // metrics-server answers the containers of a pod in another order each time.
        let containers = verb == "top" && names("--containers");
        let visits_a_map = line
            .args
            .iter()
            .filter(|arg| arg.contains("jsonpath") || arg.contains("custom-columns"))
            // A column that is one point, or one star, is `{..}` or `{*}`.
            .any(|arg| {
                let is_all = |it| arg.ends_with(it) || arg.contains(&format!("{it},"));
                arg.contains("..")
                    || arg.contains(".*")
                    || [":.", ":{.}", ":*"].into_iter().any(is_all)
            });
        if ranges_a_map || several_streams || nodes_without_figures || containers {
            Self::Lines
        } else if visits_a_map {
            Self::Words
        } else {
            Self::Printed
        }
    }
}

/// A part of a line that a rule is for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// The seconds that the age may stand for.
    Age(Range<i64>),
    /// Seconds since the epoch.
    Time(i64),
    Version,
    /// Percent.
    Share(i64),
}

/// A line with its tokens taken out, and where they were.
#[derive(Debug, PartialEq, Eq)]
struct Masked {
    text: String,
    tokens: Vec<(Token, usize)>,
}

/// Whether two outputs are equal but for what a rule forgives.
pub(super) fn equal(line: &Line, theirs: &str, ours: &str) -> bool {
    if theirs == ours {
        return true;
    }
    let order = Order::of(line);
    let (mut left, mut right) = (pieces(theirs, order), pieces(ours, order));
    if order != Order::Printed {
        left.sort_unstable();
        right.sort_unstable();
    }
    if left.len() != right.len() {
        return false;
    }
    let pairs = left.iter().zip(&right).map(|(a, b)| (mask(a), mask(b)));
    let pairs: Vec<(Masked, Masked)> = pairs.collect();
    let near = pairs.iter().all(|(a, b)| are_near(&a.tokens, &b.tokens));
    let is_padded = pairs
        .iter()
        .flat_map(|(a, b)| a.tokens.iter().zip(&b.tokens))
        .any(|((_, left), (_, right))| left != right);
    let same = |(a, b): &(Masked, Masked)| {
        a.text == b.text || is_padded && squeezed(&a.text) == squeezed(&b.text)
    };
    near && pairs.iter().all(same)
}

fn pieces(text: &str, order: Order) -> Vec<&str> {
    match order {
        Order::Words => text.split([' ', '\n', ',']).collect(),
        _ => text.split('\n').collect(),
    }
}

fn are_near(left: &[(Token, usize)], right: &[(Token, usize)]) -> bool {
    let near = |left: &Token, right: &Token| match (left, right) {
        (Token::Age(a), Token::Age(b)) => a.start < b.end + APART && b.start < a.end + APART,
        (Token::Time(a), Token::Time(b)) => (a - b).abs() <= APART,
        (Token::Version, Token::Version) => true,
        (Token::Share(a), Token::Share(b)) => (a - b).abs() <= 1,
        _ => false,
    };
    left.len() == right.len() && left.iter().zip(right).all(|(a, b)| near(&a.0, &b.0))
}

/// Runs of spaces as two, none at the end.
fn squeezed(text: &str) -> String {
    let words: Vec<&str> = text.split("  ").map(|it| it.trim_matches(' ')).collect();
    let words: Vec<&str> = words.into_iter().filter(|it| !it.is_empty()).collect();
    words.join("  ")
}

fn mask(line: &str) -> Masked {
    let mut masked = Masked {
        text: String::with_capacity(line.len()),
        tokens: Vec::new(),
    };
    let mut rest = line;
    while let Some(next) = rest.chars().next() {
        let length = if let Some((token, length)) = token(&masked.text, rest) {
            masked.tokens.push((token, length));
            masked.text.push('\u{1}');
            length
        } else {
            masked.text.push(next);
            next.len_utf8()
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    masked
}

/// The token that `rest` begins with, after what stands `before` it in the line.
fn token(before: &str, rest: &str) -> Option<(Token, usize)> {
    if before.ends_with(|c: char| c.is_alphanumeric() || c == '-' || c == '.') {
        return None;
    }
    version(before, rest)
        .or_else(|| time(rest))
        .or_else(|| age(before, rest))
        .or_else(|| share(before, rest))
}

/// `43%`, as a word of its own.
fn share(before: &str, rest: &str) -> Option<(Token, usize)> {
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (number, after) = rest.split_at_checked(digits)?;
    let is_word = before.ends_with(' ') && (after.starts_with("% ") || after == "%");
    let share = number.parse().ok().filter(|_| is_word)?;
    Some((Token::Share(share), digits + 1))
}

fn version(before: &str, rest: &str) -> Option<(Token, usize)> {
    let keys = [
        "resourceVersion: \"",
        "resourceVersion\": \"",
        "resourceVersion\":\"",
    ];
    let is_described = before.trim_end().ends_with("Resource Version:");
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let is_version = is_described || keys.iter().any(|key| before.ends_with(key));
    (is_version && digits > 0).then_some((Token::Version, digits))
}

/// `2026-11-24T15:00:00Z`, with or without a fraction, and `Tue, 24 Nov 2026 15:00:00 +0000`.
fn time(rest: &str) -> Option<(Token, usize)> {
    const LONG: &str = "Tue, 24 Nov 2026 15:00:00 +0000";
    const SHORT: &str = "2026-11-24T15:00:00";
    if let Some(text) = rest.get(..LONG.len())
        && let Ok(time) = DateTime::parse_from_rfc2822(text)
    {
        return Some((Token::Time(time.timestamp()), LONG.len()));
    }
    let text = rest.get(..SHORT.len())?;
    let time = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S").ok()?;
    let tail = rest.get(SHORT.len()..)?;
    let fraction = tail
        .bytes()
        .take_while(|b| *b == b'.' || b.is_ascii_digit())
        .count();
    let is_utc = tail.get(fraction..)?.starts_with('Z');
    let length = SHORT.len() + fraction + 1;
    is_utc.then_some((Token::Time(time.and_utc().timestamp()), length))
}

/// `5s`, `3m12s`, `4h`, `2d3h`, `2y35d` (apimachinery's `HumanDuration`), as a word of its own.
fn age(before: &str, rest: &str) -> Option<(Token, usize)> {
    if !(before.is_empty() || before.ends_with([' ', '('])) {
        return None;
    }
    let end = rest.find([' ', ')', ',']).unwrap_or(rest.len());
    let text = rest.get(..end)?;
    let (mut total, mut least, mut digits, mut parts) = (0, 0, String::new(), 0);
    for c in text.chars() {
        if c.is_ascii_digit() && digits.len() < 6 {
            digits.push(c);
            continue;
        }
        least = match c {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'y' => 31_536_000,
            _ => return None,
        };
        total += digits.parse::<i64>().ok()? * least;
        digits.clear();
        parts += 1;
    }
    let is_age = digits.is_empty() && (1..=2).contains(&parts);
    is_age.then_some((Token::Age(total..total + least), end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(line: &str, theirs: &str, ours: &str) -> bool {
        equal(&Line::new(line), theirs, ours)
    }

    #[test]
    fn ages_of_one_moment_are_equal_and_others_are_not() {
        let table = |age: &str, pad: &str| format!("NAME   AGE{pad}   X\nweb    {age}   b\n");
        assert!(same("get pods", &table("5s", ""), &table("6s", "")));
        assert!(same("get pods", &table("119s", " "), &table("2m", "")));
        assert!(!same("get pods", &table("5s", ""), &table("5h", "")));
        assert!(!same("get pods", &table("5s", ""), &table("5s", " ")));
        assert!(!same("get pods", "web   5s\n", "web   <unknown>\n"));
        assert!(same("get pods", "3 (9s ago)   9s", "3 (10s ago)   10s"));
        assert!(!same("get pods", "3 (9s ago)   9s", "4 (10s ago)   10s"));
        assert!(!same("get pods", "web-5s", "web-6s"));
        assert!(!same("get pods", "a=5s", "a=6s"));
    }

    #[test]
    fn times_of_one_moment_are_equal_and_others_are_not() {
        let (early, late) = ("2026-11-24T15:00:00Z", "2026-11-24T15:00:09.000123Z");
        assert!(same("get lease", early, late));
        assert!(!same("get lease", early, "2026-11-24T16:00:00Z"));
        assert!(same(
            "describe no",
            "RenewTime:  Tue, 24 Nov 2026 15:00:00 +0000",
            "RenewTime:  Tue, 24 Nov 2026 15:00:07 +0000"
        ));
    }

    #[test]
    fn versions_are_forgiven_where_they_stand_and_nowhere_else() {
        let yaml = |number: u32| format!("    resourceVersion: \"{number}\"\n    x: \"1\"\n");
        assert!(same("get no -o yaml", &yaml(1), &yaml(23)));
        assert!(!same(
            "get no -o yaml",
            "generation: \"1\"",
            "generation: \"2\""
        ));
    }

    #[test]
    fn shares_of_one_moment_are_equal_and_others_are_not() {
        let table = |cpu: &str, share: &str| format!("node-1   {cpu}   {share}   6748Mi   20%   ");
        assert!(same(
            "top no",
            &table("3440m", "43%"),
            &table("3439m", "42%")
        ));
        assert!(!same(
            "top no",
            &table("3440m", "43%"),
            &table("3440m", "41%")
        ));
        assert!(!same("describe no", "cpu  1 (43%)", "cpu  1 (42%)"));
    }

    #[test]
    fn order_is_forgiven_where_kubectl_has_none() {
        assert!(same("logs -l a=b", "a\nb\n", "b\na\n"));
        assert!(!same("logs web", "a\nb\n", "b\na\n"));
        assert!(!same("logs -l a=b", "a\nb\n", "b\nc\n"));
        assert!(same("get x -o jsonpath={..a}", "1 2", "2 1"));
        assert!(same("get x -o custom-columns=N:.,M:.b", "a,b c", "b,a c"));
        assert!(!same("get x -o custom-columns=N:.a,M:.b", "a,b c", "b,a c"));
    }
}
