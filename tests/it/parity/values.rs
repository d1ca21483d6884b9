//! Random values: text that YAML, JSON, tables and describe must write, numbers and quantities of every
//! form, put into objects and read back by both sides.

use anyhow::Result;
use kubently_tests::cluster::Cluster;
use serde_json::{Map, Value, json};

use super::generator::{Random, Seed};
use super::lines::Line;

const TEXTS: usize = 300;
const ROWS: usize = 40;

/// What texts are made of: whatever a writer of YAML, JSON or tables has a rule for.
const PIECES: &[&str] = &[
    "a",
    "Z",
    "0",
    "1",
    "9",
    "-",
    "+",
    ".",
    ":",
    ": ",
    " ",
    "  ",
    "#",
    " #",
    ",",
    "[",
    "]",
    "{",
    "}",
    "&",
    "*",
    "!",
    "|",
    ">",
    "%",
    "@",
    "`",
    "'",
    "\"",
    "\\",
    "?",
    "? ",
    "- ",
    "=",
    "<",
    "<<",
    "~",
    "null",
    "true",
    "no",
    "on",
    "0x",
    "0o",
    "0b",
    "e",
    "E",
    "_",
    ".inf",
    ".nan",
    "2026-11-24",
    "T",
    "Z",
    "1:30",
    "\n",
    "\n\n",
    "\t",
    "\r",
    "\u{1b}[31m",
    "\u{1}",
    "\u{85}",
    "\u{a0}",
    "\u{ad}",
    "\u{200b}",
    "\u{202e}",
    "\u{2028}",
    "\u{2029}",
    "\u{feff}",
    "\u{fffd}",
    "é",
    "e\u{301}",
    "日本",
    "😀",
    "word ",
    "word word word ",
    "longer-than-that ",
    "0123456789012345678901234567890123456789",
];
const SUFFIXES: &[&str] = &[
    "", "m", "k", "M", "G", "Ki", "Mi", "Gi", "Ti", "e3", "E2", "u", "n", "P", "Ei",
];

/// Lines that read them all back.
pub(super) fn lines() -> Vec<Line> {
    let text = "get cm random -n zoo -o yaml
get cm random -n zoo -o json
get cm random -n zoo -o kyaml
get cm random -n zoo -o jsonpath={.data}
get cm random -n zoo -o jsonpath={.data.*}
get cm random -n zoo -o jsonpath-as-json={.data}
get cm random -n zoo -o custom-columns=D:.data
describe cm random -n zoo
get widgets -n zoo -l kind=random
get widgets -n zoo -l kind=random -o wide --no-headers
get widgets -n zoo -l kind=random -o yaml
get widgets -n zoo -l kind=random -o json
get widgets -n zoo -l kind=random -o kyaml
get widgets -n zoo -l kind=random -o jsonpath={.items[*].spec}
get widgets -n zoo -l kind=random -o jsonpath={.items[*].spec.weight}
get widgets -n zoo -l kind=random -o custom-columns=T:.spec.text,W:.spec.weight,A:.spec.amount
get widgets -n zoo -l kind=random --sort-by .spec.amount -o name
get widgets -n zoo -l kind=random --sort-by .spec.weight -o name
get widgets -n zoo -l kind=random --sort-by .spec.text -o name
get widgets -n zoo -l kind=random --sort-by .spec.amount
describe widgets -n zoo -l kind=random";
    text.lines().map(Line::new).collect()
}

/// Puts them into the cluster.
pub(super) async fn fill(cluster: &Cluster, seed: Seed) -> Result<()> {
    let mut random = Random::of(seed);
    let mut data = Map::new();
    for n in 0..TEXTS {
        data.insert(format!("t{n}"), Value::String(text(&mut random)));
    }
    let mut objects = vec![json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "random", "namespace": "zoo"},
        "data": data,
    })];
    for n in 0..ROWS {
        let amount = format!("{}{}", random.below(3000), random.pick(SUFFIXES));
        // Any bits are a float; what is none stays out.
        let weight = f64::from_bits(random.next());
        let weight = Some(weight).filter(|it| it.is_finite()).unwrap_or(0.5);
        let days = random.below(4000);
        let when = chrono::Utc::now() - chrono::Duration::days(i64::try_from(days)?);
        objects.push(json!({
            "apiVersion": "zoo.example.com/v1", "kind": "Widget",
            "metadata": {"name": format!("random-{n}"), "namespace": "zoo", "labels": {"kind": "random"}},
            "spec": {
                "text": text(&mut random), "deep": text(&mut random), "amount": amount, "weight": weight,
                "size": random.next() >> 20, "when": when.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            },
        }));
    }
    cluster.apply_all(&objects).await
}

fn text(random: &mut Random) -> String {
    (0..random.below(9)).map(|_| random.pick(PIECES)).collect()
}
