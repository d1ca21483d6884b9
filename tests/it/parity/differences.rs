//! Where Kubently deliberately prints something else than kubectl.

/// Lines of the output, from one that starts with `from` to the next that starts with `to`; the same line
/// where both are equal.
#[derive(Debug)]
pub(super) struct Block {
    from: &'static str,
    to: &'static str,
}

/// A command line whose output differs, and in which lines.
#[derive(Debug)]
pub(super) struct Difference {
    /// The command line as in the table.
    pub(super) line: &'static str,
    /// Why it does.
    pub(super) reason: &'static str,
    /// What is left out of both outputs before they are compared.
    blocks: &'static [Block],
}

const CLIENT: &str = "the client is Kubently and says so, and there is no Kustomize inside it";

const TEXT: &[Block] = &[
    Block {
        from: "Client Version: ",
        to: "Client Version: ",
    },
    Block {
        from: "Kustomize Version: ",
        to: "Kustomize Version: ",
    },
];

const JSON: &[Block] = &[
    Block {
        from: "  \"clientVersion\": {",
        to: "  }",
    },
    Block {
        from: "  \"kustomizeVersion\": ",
        to: "  \"kustomizeVersion\": ",
    },
];

const YAML: &[Block] = &[
    Block {
        from: "clientVersion:",
        to: "  platform: ",
    },
    Block {
        from: "kustomizeVersion: ",
        to: "kustomizeVersion: ",
    },
];

/// Every deliberate difference. One that is no longer needed fails the test.
pub(super) const DIFFERENCES: &[Difference] = &[
    client_version("version", TEXT),
    client_version("version --client", TEXT),
    client_version("version -o json", JSON),
    client_version("version -o yaml", YAML),
    client_version("version --client -o json", JSON),
    client_version("version --client=true --output=yaml", YAML),
];

const fn client_version(line: &'static str, blocks: &'static [Block]) -> Difference {
    Difference {
        line,
        reason: CLIENT,
        blocks,
    }
}

/// What kubectl says behind a template that failed: the whole object, as Go values.
const DUMP: &str = "\tobject given to jsonpath engine was:";

/// kubectl's standard error without that dump, which nobody can read and which shows what no printer
/// shows.
pub(super) fn without_dump(stderr: &str) -> &str {
    stderr.find(DUMP).map_or(stderr, |at| &stderr[..at])
}

impl Difference {
    /// The output without the lines that may differ.
    pub(super) fn left_out(&self, output: &str) -> String {
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
