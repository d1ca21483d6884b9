//! Where Kubently deliberately prints something else than kubectl. There is no other such list.

use super::lines::Line;
use super::sides::Side;

/// Lines of a stream, from one that starts with `from` to the next that starts with `to`; the same line
/// where both are equal.
#[derive(Debug)]
pub(super) struct Block {
    from: &'static str,
    to: &'static str,
}

/// Which output a difference is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stream {
    Stdout,
    Stderr,
}

/// Command lines whose output differs, and in what.
#[derive(Debug)]
pub(super) struct Difference {
    /// What it is called in reports.
    pub(super) name: &'static str,
    /// Why it is so.
    pub(super) reason: &'static str,
    /// Which command lines it is for.
    pub(super) is_for: fn(&Line) -> bool,
    stream: Stream,
    /// What is left out of both outputs before they are compared.
    blocks: &'static [Block],
}

/// No line: what is left out goes to the end.
const END: &str = "\u{0}";

const CLIENT: &str = "the client is Kubently and says so, and there is no Kustomize inside it";

/// Every deliberate difference. One that is no longer needed fails the test of the library.
pub(super) const DIFFERENCES: &[Difference] = &[
    Difference {
        name: "version as text",
        reason: CLIENT,
        is_for: |line| line.verb() == "version" && !line.has(&["-o", "--output"]),
        stream: Stream::Stdout,
        blocks: &[
            Block {
                from: "Client Version: ",
                to: "Client Version: ",
            },
            Block {
                from: "Kustomize Version: ",
                to: "Kustomize Version: ",
            },
        ],
    },
    Difference {
        name: "version as JSON",
        reason: CLIENT,
        is_for: |line| line.verb() == "version" && line.has(&["json", "--output=json", "-ojson"]),
        stream: Stream::Stdout,
        blocks: &[
            Block {
                from: "  \"clientVersion\": {",
                to: "  }",
            },
            Block {
                from: "  \"kustomizeVersion\": ",
                to: "  \"kustomizeVersion\": ",
            },
        ],
    },
    Difference {
        name: "version as YAML",
        reason: CLIENT,
        is_for: |line| line.verb() == "version" && line.has(&["yaml", "--output=yaml", "-oyaml"]),
        stream: Stream::Stdout,
        blocks: &[
            Block {
                from: "clientVersion:",
                to: "  platform: ",
            },
            Block {
                from: "kustomizeVersion: ",
                to: "kustomizeVersion: ",
            },
        ],
    },
    Difference {
        name: "dump of Go values",
        reason: "behind a template that failed kubectl prints the whole object as Go values, which nobody \
                 can read and which shows what no printer shows",
        is_for: |line| line.args.iter().any(|arg| arg.contains("jsonpath")),
        stream: Stream::Stderr,
        blocks: &[Block {
            from: "\tobject given to jsonpath engine was:",
            to: END,
        }],
    },
    Difference {
        name: "end of a sort",
        reason: "over values that have no order kubectl ends with a line of its log: the time of day, its \
                 process, a line of its source",
        is_for: |line| line.verb() == "get" && line.has(&["--sort-by"]),
        stream: Stream::Stderr,
        blocks: &[
            Block {
                from: "F0",
                to: "F0",
            },
            Block {
                from: "F1",
                to: "F1",
            },
            Block {
                from: "error: Field {",
                to: "error: Field {",
            },
        ],
    },
    Difference {
        name: "waiting for a pod",
        reason: "kubectl watches for one, which the worker's role does not let it; Kubently looks again until \
                 the time is over, and says what kubectl says with that right",
        is_for: |line| line.verb() == "logs" && line.has(&["--pod-running-timeout"]),
        stream: Stream::Stderr,
        blocks: &[
            Block {
                from: "Error from server (Forbidden): pods is forbidden: ",
                to: "Error from server (Forbidden): pods is forbidden: ",
            },
            Block {
                from: "error: timed out waiting for the condition",
                to: "error: timed out waiting for the condition",
            },
        ],
    },
];

impl Difference {
    /// The entries for a command line.
    pub(super) fn of(line: &Line) -> impl Iterator<Item = &'static Self> {
        DIFFERENCES.iter().filter(move |known| (known.is_for)(line))
    }

    /// The output without what may differ.
    pub(super) fn left_out(&self, side: &Side) -> Side {
        let mut side = side.clone();
        match self.stream {
            Stream::Stdout => side.stdout = self.without_blocks(&side.stdout),
            Stream::Stderr => side.stderr = self.without_blocks(&side.stderr),
        }
        side
    }

    fn without_blocks(&self, output: &str) -> String {
        let mut inside: Option<&Block> = None;
        let mut rest = String::with_capacity(output.len());
        for line in output.split_inclusive('\n') {
            let starts = |block: &&Block| line.starts_with(block.from);
            if let Some(block) = inside.or_else(|| self.blocks.iter().find(starts)) {
                inside = (!line.starts_with(block.to)).then_some(block);
            } else {
                rest.push_str(line);
            }
        }
        rest
    }
}
