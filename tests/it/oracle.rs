//! One command line, both sides: the real kubectl and the library, each with its own exit.

use anyhow::{Context as _, Result, anyhow};
use chrono::{DateTime, Utc};
use kubently_core::clock::Clock;
use kubently_core::command::Command;
use kubently_core::verb::Verb;
use kubently_kubectl::{Limits, run};
use kubently_tests::kubectl::Kubectl;

/// What one side printed: standard output, standard error, exit code.
pub(crate) type Side = (String, String, i32);

/// The time of the machine.
pub(crate) struct MachineClock;

impl Clock for MachineClock {
    #[expect(clippy::disallowed_methods, reason = "the edge of a test")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// kubectl's answer.
pub(crate) async fn oracle(kubectl: &Kubectl, args: &[String]) -> Result<Side> {
    let answer = kubectl.run(args).await?;
    let code = answer.exit_code.context("kubectl was killed")?;
    Ok((answer.out(), without_log(&answer.err()), code))
}

/// Standard error without the lines of kubectl's own log, which are no part of its answer:
/// `E1130 17:23:20.123456   12345 memcache.go:381] …`.
pub(crate) fn without_log(err: &str) -> String {
    let is_log = |line: &&str| {
        let digits = line.strip_prefix(['E', 'W', 'I']).unwrap_or_default();
        let day = digits.get(..4).unwrap_or_default();
        day.len() == 4 && day.bytes().all(|b| b.is_ascii_digit()) && line.contains(".go:")
    };
    err.split_inclusive('\n')
        .filter(|line| !is_log(line))
        .collect()
}

/// The library's answer.
pub(crate) async fn ours(library: &kubently_kubectl::Cluster, args: &[String]) -> Result<Side> {
    let (verb, args) = args.split_first().context("an empty line")?;
    let refused = |refusal| anyhow!("{refusal:?}");
    let verb: Verb = verb.parse().map_err(refused)?;
    let command = Command::parse(verb, args, None).map_err(refused)?;
    let output = run(library, &command, &Limits::default()).await?;
    let text = |bytes| String::from_utf8(bytes).context("no UTF-8");
    Ok((text(output.stdout)?, text(output.stderr)?, output.exit_code))
}

/// Splits at spaces, except within single quotes; `\'` outside of them is one that quotes nothing.
pub(crate) fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let (mut is_quoted, mut rest) = (false, line.chars());
    while let Some(c) = rest.next() {
        let c = match c {
            '\'' => {
                is_quoted = !is_quoted;
                continue;
            }
            ' ' if !is_quoted => {
                words.push(String::new());
                continue;
            }
            '\\' if !is_quoted && rest.as_str().starts_with('\'') => rest.next().unwrap_or(c),
            c => c,
        };
        words.last_mut().into_iter().for_each(|word| word.push(c));
    }
    words
}

#[test]
fn a_line_is_split_as_a_shell_does() {
    assert_eq!(
        words("get po -l 'a in (b, c),d' -A"),
        ["get", "po", "-l", "a in (b, c),d", "-A"]
    );
    assert_eq!(
        words(r"-o 'x={.a['\''b c'\'']}' \.d"),
        ["-o", "x={.a['b c']}", r"\.d"]
    );
}
