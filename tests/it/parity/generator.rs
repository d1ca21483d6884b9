//! Random command lines over the grammar: types and names that are there and that are not, with flags that
//! go together and that do not.

use std::collections::BTreeSet;
use std::fmt;

use anyhow::{Context as _, Result};

use super::lines::Line;
use super::sides::{Answer, Library};

/// The seed of a run: `KUBENTLY_PARITY_SEED=<number>`, or `random` for another one each time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seed(u64);

const VARIABLE: &str = "KUBENTLY_PARITY_SEED";
/// The same lines on every machine, unless the variable says otherwise.
const FIXED: u64 = 1371;
/// Of so many drafts at least one must pass the grammar.
const DRAFTS: usize = 50;

impl Seed {
    /// The variable's, or the fixed one.
    pub(super) fn from_environment() -> Result<Self> {
        match std::env::var(VARIABLE).as_deref() {
            Err(_) => Ok(Self(FIXED)),
            Ok("random") => Ok(Self(uuid::Uuid::new_v4().as_u64_pair().0)),
            Ok(text) => Ok(Self(text.parse().context(VARIABLE)?)),
        }
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{VARIABLE}={}", self.0)
    }
}

/// Sebastiano Vigna's splitmix64: enough for choosing words.
pub(super) struct Random(u64);

impl Random {
    /// The same choices for the same seed.
    pub(super) fn of(seed: Seed) -> Self {
        Self(seed.0)
    }

    /// 64 bits.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below this one.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % (bound as u64)).unwrap_or(0)
    }

    /// One of these.
    pub(super) fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }

    /// True once in so many times.
    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

const TYPES: &[&str] = &[
    "pods",
    "po",
    "deploy",
    "svc",
    "cm",
    "nodes",
    "ns",
    "sts",
    "ds",
    "rs",
    "jobs",
    "cronjobs",
    "hpa",
    "pdb",
    "ing",
    "netpol",
    "pv",
    "pvc",
    "sc",
    "sa",
    "ev",
    "ep",
    "endpointslices",
    "quota",
    "limits",
    "role",
    "clusterrolebindings",
    "crd",
    "widgets",
    "wd",
    "gadgets",
    "pods,svc",
    "deploy,rs,po",
    "all",
    "toys",
    "nosuch",
    "pods.v1.",
    "deployments.apps",
    "pc",
    "leases",
    "gauges",
    "csinodes",
    "replicationcontrollers",
];

const OBJECTS: &[&str] = &[
    "pod full",
    "pod/full",
    "pod nope",
    "pod/full pod/nope",
    "deploy web",
    "deploy/web svc/web",
    "svc web headless",
    "cm quirks",
    "cm/binary",
    "node node-1",
    "no/node-2",
    "ns zoo",
    "widget one",
    "wd/two",
    "gadget earth",
    "sts/db",
    "ds agent",
    "job done",
    "cj/nightly",
    "hpa web",
    "pdb web",
    "pv disk",
    "pvc/waiting",
    "quota all",
    "limits all",
    "sa robot",
    "pod crash-loop -n broken",
    "po -n broken oom image-pull",
    "ing shop",
    "netpol full",
    "role/reader",
    "sc fast",
    "pc vital",
    "crd widgets.zoo.example.com",
    "web",
    "pods,svc web",
];

const FLAGS_GET: &[&str] = &[
    "-A",
    "-n zoo",
    "-n broken",
    "-n empty",
    "-n nowhere",
    "-l app=web",
    "-l '!app'",
    "-l 'app in (web,db)'",
    "--field-selector metadata.name=web",
    "--field-selector nope=1",
    "--field-selector status.phase=Running",
    "-o wide",
    "-o name",
    "-o json",
    "-o yaml",
    "-o kyaml",
    "-o jsonpath={.items[*].metadata.name}",
    "-o jsonpath={.metadata.name}",
    "-o jsonpath={.nope}",
    "-o 'jsonpath={range .items[*]}{.metadata.name}{\"\\t\"}{.kind}{\"\\n\"}{end}'",
    "-o jsonpath-as-json={.metadata.labels}",
    "-o custom-columns=N:.metadata.name,K:.kind",
    "-o custom-columns=L:.metadata.labels,S:.spec.replicas",
    "--no-headers",
    "--show-labels",
    "--show-kind",
    "-L app",
    "-L app,tier",
    "--ignore-not-found",
    "--show-managed-fields",
    "--sort-by .metadata.name",
    "--sort-by={.metadata.creationTimestamp}",
    "--sort-by .nope",
    "--server-print=false",
    "--chunk-size 2",
    "--chunk-size=1",
    "--subresource status",
    "--subresource scale",
    "--allow-missing-template-keys=false",
    "--no-headers=false",
];
const FLAGS_DESCRIBE: &[&str] = &[
    "-A",
    "-n zoo",
    "-n broken",
    "-n empty",
    "-l app=web",
    "-l app=none",
    "--show-events=false",
    "--show-events",
    "--chunk-size 2",
];
const LOGS: &[&str] = &[
    "web-0",
    "talker",
    "talker one",
    "talker nope",
    "nope",
    "pod/talker",
    "deploy/talk",
    "sts/db",
    "ds/agent",
    "rs/bare",
    "job/done",
    "svc/web",
    "cm/quirks",
    "nosuch/x",
    "-l app=talk",
    "-l app=none",
    "silent",
    "full",
];
const FLAGS_LOGS: &[&str] = &[
    "-n zoo",
    "-n zoo",
    "-n zoo",
    "-n broken",
    "-c one",
    "-c nope",
    "--all-containers",
    "--all-pods",
    "--tail=3",
    "--tail 0",
    "--tail=-1",
    "--since=1h",
    "--since 5s",
    "--since-time=2026-11-22T08:00:02Z",
    "--timestamps",
    "--prefix",
    "--limit-bytes=40",
    "--limit-bytes 1",
    "--ignore-errors",
    "--max-log-requests 1",
    "--pod-running-timeout=1s",
];
const FLAGS_TOP: &[&str] = &[
    "-A",
    "-n zoo",
    "-n empty",
    "-l app=web",
    "-l nope=1",
    "--sort-by cpu",
    "--sort-by=memory",
    "--no-headers",
    "--containers",
    "--sum",
    "--show-capacity",
    "--show-swap",
    "--field-selector metadata.name=web-0",
    "--use-protocol-buffers",
];
const FLAGS_EVENTS: &[&str] = &[
    "-A",
    "-n zoo",
    "-n broken",
    "-n empty",
    "--for pod/crash-loop",
    "--for deploy/web",
    "--for nosuch/x",
    "--types Warning",
    "--types=Normal,Warning",
    "-o json",
    "-o yaml",
    "-o name",
    "--no-headers",
    "--chunk-size=1",
    "-o jsonpath={.items[*].reason}",
];
const FLAGS_API: &[&str] = &[
    "--api-group apps",
    "--api-group=zoo.example.com",
    "--api-group nope",
    "--namespaced",
    "--namespaced=false",
    "--verbs list,get",
    "--verbs=create",
    "--verbs nope",
    "--categories all",
    "--categories toys",
    "--sort-by name",
    "--sort-by=kind",
    "-o wide",
    "-o name",
    "-o json",
    "-o yaml",
    "--no-headers",
];
const FLAGS_VERSION: &[&str] = &["--client", "-o json", "-o yaml", "--output=json"];

/// So many lines that the grammar takes, no two the same.
pub(super) fn lines(seed: Seed, count: usize) -> Vec<Line> {
    let mut random = Random::of(seed);
    let mut known = BTreeSet::new();
    let mut lines = Vec::new();
    for _ in 0..count * DRAFTS {
        if lines.len() == count {
            break;
        }
        let line = Line::new(draft(&mut random));
        let is_new = known.insert(line.text.clone());
        if is_new && !matches!(Library::parse(&line), Err(Answer::Refused(_))) {
            lines.push(line);
        }
    }
    assert_eq!(lines.len(), count, "{seed}: the grammar refuses too much");
    lines
}

fn draft(random: &mut Random) -> String {
    let verbs = [
        "get",
        "get",
        "get",
        "get",
        "describe",
        "describe",
        "logs",
        "top",
        "events",
        "api-resources",
        "version",
    ];
    let verb = random.pick(&verbs);
    let (subject, flags) = match verb {
        "get" if random.once_in(2) => (random.pick(TYPES), FLAGS_GET),
        "get" => (random.pick(OBJECTS), FLAGS_GET),
        "describe" if random.once_in(3) => (random.pick(TYPES), FLAGS_DESCRIBE),
        "describe" => (random.pick(OBJECTS), FLAGS_DESCRIBE),
        "logs" => (random.pick(LOGS), FLAGS_LOGS),
        "top" => (
            random.pick(&["pods", "nodes", "pod web-0", "node node-1"]),
            FLAGS_TOP,
        ),
        "events" => ("", FLAGS_EVENTS),
        "api-resources" => ("", FLAGS_API),
        _ => ("", FLAGS_VERSION),
    };
    let mut line = verb.to_owned();
    let mut add = |words: &str| {
        if !words.is_empty() {
            line.push(' ');
            line.push_str(words);
        }
    };
    add(subject);
    // Most things are in the zoo; now and then they are looked for where they are not.
    if !subject.contains("-n ") && matches!(verb, "get" | "describe") && !random.once_in(4) {
        add("-n zoo");
    }
    for _ in 0..random.below(4) {
        add(random.pick(flags));
    }
    line
}
