//! What holds for every input, and for every command that parses.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::*;

/// A flag in one of the spellings that pflag reads, with a value that it mostly takes.
fn flag(verb: Verb) -> impl Strategy<Value = Vec<String>> {
    let flags: Vec<&'static Flag> = flags_of(verb).iter().collect();
    select(flags)
        .prop_flat_map(|flag| (Just(flag), value(flag.name), 0..6_u8))
        .prop_map(|(flag, value, spelling)| {
            let long = flag.name;
            match (spelling, flag.short) {
                (0, Some(short)) => vec![format!("-{short}{value}")],
                (1, Some(short)) => vec![format!("-{short}={value}")],
                (2, Some(short)) => vec![format!("-{short}"), value],
                (3, _) => vec![format!("--{}", long.replace('-', "_")), value],
                (4, _) if SWITCH_VALUES.contains(&value.as_str()) => vec![format!("--{long}")],
                _ => vec![format!("--{long}={value}")],
            }
        })
}

const SWITCH_VALUES: &[&str] = &["true", "0", "F", "1"];

fn value(name: &str) -> impl Strategy<Value = String> + use<> {
    let likely: &[&str] = match name {
        "namespace" => &["kube-system", "default", "team-a"],
        "selector" => &["app=web,!x", "env in (a, b)", " a ", "a==b"],
        "field-selector" => &["status.phase!=Running", "metadata.name=a\\,b,"],
        "output" => &[
            "json",
            "YAML",
            "wide",
            "name",
            "Kyaml",
            "jsonpath={.items[*].a}",
            "custom-columns=A:.a",
            "jsonpath-as-json={..a}",
        ],
        "label-columns" => &["app", "app,x/y", "A"],
        "sort-by" => &["cpu", "memory", "name", "kind", "{.metadata.name}"],
        "subresource" => &["status", "scale"],
        "chunk-size" | "limit-bytes" | "max-log-requests" => &["1", "16", "500", "+3"],
        "tail" => &["-1", "0", "1000"],
        "since" | "pod-running-timeout" => &["1h30m", "90s", "0.5s", "1ns", "0"],
        "since-time" => &["2026-01-31T08:00:00.5+02:00", "2026-01-31T08:00:00Z"],
        "container" => &["app", "patch"],
        "for" => &["pod/web-0", "Deploy.v1.apps/x"],
        "types" => &["Normal", "warning,Normal"],
        "verbs" | "categories" => &["list,get", "all"],
        "api-group" => &["", "apps", "networking.k8s.io"],
        _ => SWITCH_VALUES,
    };
    prop_oneof![
        30 => select(likely).prop_map(str::to_owned),
        1 => select(["secret/x", "delete", "-A", "..", "a/b", "true"].as_slice())
            .prop_map(str::to_owned),
        1 => "[ -~]{0,30}",
    ]
}

/// Words that stand free; the first is mostly a type or a pair, the others mostly fit it.
fn free(most: usize) -> impl Strategy<Value = Vec<String>> {
    let word = |words: &'static [&'static str]| select(words).prop_map(str::to_owned);
    let kind = word(&[
        "pods",
        "po",
        "node",
        "Deploy",
        "a.v1.apps",
        "pods,svc",
        "pods.v1.",
        "get",
    ]);
    let name = prop_oneof![
        10 => word(&["web", "exec", "system:node:a", "top", "logs"]),
        3 => "[a-z][a-z0-9.-]{0,10}[a-z0-9]",
        3 => "[a-z]{240,253}",
    ];
    let pair = word(&["pod/web", "svc/api", "Deploy.apps/delete"]);
    let odd = prop_oneof![
        word(&["secrets", "delete", "pods/exec", "a//b"]),
        "[ -~]{1,20}"
    ];
    let names = (kind, prop::collection::vec(name, 0..most))
        .prop_map(|(kind, names)| [vec![kind], names].concat());
    prop_oneof![
        10 => names,
        6 => prop::collection::vec(pair, 1..=most),
        1 => prop::collection::vec(odd, 0..=most),
    ]
}

/// Arguments that often parse.
fn likely_args() -> impl Strategy<Value = (Verb, Vec<String>)> {
    select(Verb::ALL.as_slice()).prop_flat_map(|verb| {
        let free = match verb {
            Verb::Get | Verb::Describe => prop_oneof![3 => free(3), 1 => free(19)].boxed(),
            Verb::Logs | Verb::Top => prop_oneof![3 => free(2), 1 => Just(Vec::new())].boxed(),
            Verb::Events | Verb::Version | Verb::ApiResources => Just(Vec::new()).boxed(),
        };
        (free, prop::collection::vec(flag(verb), 0..5))
            .prop_map(move |(free, flags)| (verb, [free, flags.concat()].concat()))
    })
}

/// Every text of a command that can become a segment of a path.
fn segments(command: &Command) -> Vec<String> {
    let mut segments: Vec<String> = command
        .resources()
        .iter()
        .map(ToString::to_string)
        .collect();
    if let Scope::Namespace(namespace) = command.scope() {
        segments.push(namespace.to_string());
    }
    match command {
        Command::Get(Get { target, .. }) | Command::Describe(Describe { target, .. }) => {
            match target {
                Target::Types { names, .. } => {
                    segments.extend(names.iter().map(ToString::to_string));
                }
                Target::Pairs(pairs) => {
                    segments.extend(pairs.iter().map(|(_, name)| name.to_string()));
                }
            }
        }
        Command::Logs(logs) => {
            if let LogsTarget::Pod(name) | LogsTarget::Object(_, name) = &logs.target {
                segments.push(name.to_string());
            }
            segments.extend(logs.container.iter().map(ToString::to_string));
        }
        Command::Top(top) => segments.extend(top.name.iter().map(ToString::to_string)),
        Command::Events(events) => {
            segments.extend(events.about.iter().map(|(_, name)| name.to_string()));
        }
        Command::Version(_) | Command::ApiResources(_) => {}
    }
    if let Command::Get(Get {
        subresource: Some(subresource),
        ..
    }) = command
    {
        segments.push(subresource.as_str().to_owned());
    }
    segments
}

fn is_checked_segment(text: &str) -> bool {
    !text.is_empty()
        && !text.contains("..")
        && text
            .bytes()
            .all(|b| b.is_ascii_graphic() && !b"/%?#&=\\\"'<>".contains(&b))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn what_parses_has_a_canonical_form_that_is_the_same_command(
        (verb, args) in likely_args(),
        namespace in prop::option::of(select(["default", "team-a", "kube-system"].as_slice())),
    ) {
        if let Ok(command) = Command::parse(verb, &args, namespace) {
            let canonical = command.canonical_args();
            let again = Command::parse(verb, &canonical, None);
            prop_assert_eq!(again.as_ref(), Ok(&command));
            prop_assert_eq!(again.unwrap().canonical_args(), canonical);
        }
    }

    #[test]
    fn what_parses_holds_only_checked_path_segments((verb, args) in likely_args()) {
        if let Ok(command) = Command::parse(verb, &args, None) {
            for segment in segments(&command) {
                prop_assert!(is_checked_segment(&segment), "{}", segment);
            }
        }
    }

    #[test]
    fn arbitrary_text_never_panics_and_refusals_are_short_and_printable(
        verb in select(Verb::ALL.as_slice()),
        args in prop::collection::vec(prop_oneof![any::<String>(), "[-=_a-zA-Z,./]{0,6}"], 0..24),
        namespace in prop::option::of(any::<String>()),
    ) {
        if let Err(refusal) = Command::parse(verb, &args, namespace.as_deref()) {
            let text = refusal.to_string() + refusal.argument.as_deref().unwrap_or_default();
            prop_assert!(text.len() < 400 && text.bytes().all(|b| (b' '..=b'~').contains(&b)));
        }
    }

    #[test]
    fn the_order_of_flags_does_not_matter(
        order in subsequence((0..6).collect::<Vec<usize>>(), 6).prop_shuffle(),
    ) {
        let parts = ["-A", "-oyaml", "-lapp=web", "--no_headers", "--chunk-size=7", "--show-kind"];
        let mut args: Vec<String> = order.iter().map(|index| parts[*index].to_owned()).collect();
        args.insert(order[0], "pods".to_owned());
        let straight = parts.map(str::to_owned);
        let command = Command::parse(Verb::Get, &args, None);
        let expected = Command::parse(Verb::Get, &[&["pods".to_owned()], &straight[..]].concat(), None);
        prop_assert!(command.is_ok());
        prop_assert_eq!(command, expected);
    }
}

#[test]
fn the_generator_makes_commands_that_parse() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let mut parsed = std::collections::BTreeMap::new();
    for _ in 0..2000 {
        let (verb, args) = likely_args().new_tree(&mut runner).unwrap().current();
        *parsed.entry(verb).or_insert(0) += usize::from(Command::parse(verb, &args, None).is_ok());
    }
    for verb in Verb::ALL {
        assert!(
            parsed[&verb] >= 20,
            "{verb}: {} of about 285",
            parsed[&verb]
        );
    }
}
