//! Random `JSONPath` templates over random objects (`values.rs`): lists cut in every way, filters, unions,
//! ranges. Maps are not walked, for kubectl does that in random order.

use super::generator::{Random, Seed};
use super::lines::Line;

const FIELDS: &[&str] = &[
    ".metadata.name",
    ".metadata.labels",
    ".metadata.labels.kind",
    ".kind",
    ".spec",
    ".spec.text",
    ".spec.deep",
    ".spec.amount",
    ".spec.weight",
    ".spec.size",
    ".spec.when",
    ".spec[\"text\",\"amount\"]",
    ".spec[\"weight\"]",
    ".spec.nope",
    "[\"kind\"]",
    "",
];
const COMPARED: &[&str] = &["==", "!=", "<", "<=", ">", ">="];

/// So many lines; the objects are those of the same seed.
pub(super) fn lines(seed: Seed, count: usize) -> Vec<Line> {
    let mut random = Random::of(seed);
    let line = |_| {
        let form = random.pick(&["jsonpath", "jsonpath", "jsonpath", "jsonpath-as-json"]);
        let template = match form {
            "jsonpath" => template(&mut random),
            _ => format!("{{{}}}", path(&mut random)),
        };
        Line::new(format!(
            "get widgets -n zoo -l kind=random -o '{form}={template}'"
        ))
    };
    (0..count).map(line).collect()
}

fn template(random: &mut Random) -> String {
    match random.below(6) {
        0 => format!("{{{}}} and {{{}}}", path(random), path(random)),
        1 => format!("before{{{}}}", path(random)),
        2 | 3 => format!(
            "{{range {}}}{{{}}}{{\"\\t\"}}{{{}}}{{\"\\n\"}}{{end}}",
            items(random),
            of_item(random),
            of_item(random)
        ),
        _ => format!("{{{}}}", path(random)),
    }
}

fn path(random: &mut Random) -> String {
    let items = items(random);
    items + random.pick(FIELDS)
}

/// What stands within a range.
fn of_item(random: &mut Random) -> &'static str {
    match random.pick(FIELDS) {
        "" => "@",
        field => field,
    }
}

fn items(random: &mut Random) -> String {
    let place = |random: &mut Random| random.below(9).to_string();
    let bound = |random: &mut Random| match random.below(4) {
        0 => String::new(),
        1 => format!("-{}", random.below(9)),
        _ => random.below(45).to_string(),
    };
    let within = match random.below(8) {
        0 => place(random),
        1 => format!("-{}", random.below(9) + 1),
        2 => format!("{}:{}", bound(random), bound(random)),
        3 => {
            let (from, to) = (bound(random), bound(random));
            format!("{from}:{to}:{}", random.below(4) + 1)
        }
        4 => format!("{},{}", place(random), place(random)),
        5 => filter(random),
        _ => "*".to_owned(),
    };
    format!(".items[{within}]")
}

fn filter(random: &mut Random) -> String {
    let compared = random.pick(COMPARED);
    match random.below(5) {
        0 => format!(
            "?(@.metadata.name{compared}\"random-{}\")",
            random.below(40)
        ),
        1 => format!("?(@.spec.size{compared}{})", random.next() >> 20),
        2 => format!("?(@.spec.weight{compared}{}.5)", random.below(1000)),
        3 => format!("?(@.spec.amount{compared}\"{}\")", random.below(3000)),
        _ => "?(@.spec.text)".to_owned(),
    }
}

#[test]
fn the_same_seed_makes_the_same_templates_and_they_pass_the_grammar() {
    use super::sides::Library;
    let seed = Seed::from_environment().unwrap();
    let (one, two) = (lines(seed, 50), lines(seed, 50));
    for (one, two) in one.iter().zip(&two) {
        assert_eq!(one.text, two.text);
        assert!(Library::parse(one).is_ok(), "{}", one.text);
    }
}
