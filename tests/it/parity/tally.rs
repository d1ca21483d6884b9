//! What a comparison of many lines found.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::differences::{DIFFERENCES, Difference};
use super::lines::Line;
use super::normalise;
use super::sides::Side;

/// How much of each side a complaint shows, in lines from the first that differs.
const SHOWN: usize = 8;

/// The counts, and each line that differs without being listed.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Lines that both sides ran.
    pub(super) compared: usize,
    /// Equal, byte for byte.
    pub(super) same_bytes: usize,
    /// Equal but for ages, times, versions and order.
    pub(super) normalised: usize,
    /// Equal but for what is listed.
    pub(super) excused: usize,
    /// kubectl was told that the `ServiceAccount` may not.
    pub(super) forbidden: usize,
    /// Everything else.
    pub(super) complaints: Vec<String>,
    needed: BTreeSet<&'static str>,
}

impl Tally {
    /// Compares what both sides printed for a line.
    pub(super) fn add(&mut self, line: &Line, theirs: &Side, ours: &Side) {
        self.compared += 1;
        self.forbidden += usize::from(theirs.stderr.contains("(Forbidden)"));
        if theirs == ours {
            self.same_bytes += 1;
        } else if equal(line, theirs, ours) {
            self.normalised += 1;
        } else {
            self.excuse(line, theirs, ours);
        }
    }

    fn excuse(&mut self, line: &Line, theirs: &Side, ours: &Side) {
        let (mut left, mut right) = (theirs.clone(), ours.clone());
        for known in Difference::of(line) {
            let (a, b) = (known.left_out(&left), known.left_out(&right));
            if a != left || b != right {
                self.needed.insert(known.name);
            }
            (left, right) = (a, b);
        }
        if equal(line, &left, &right) {
            self.excused += 1;
        } else {
            self.complaints.push(complaint(line, &left, &right));
        }
    }

    /// Adds the listed differences that no line needed.
    pub(super) fn complain_of_needless_differences(&mut self) {
        let needless = DIFFERENCES
            .iter()
            .filter(|known| !self.needed.contains(known.name));
        let complaints = needless.map(|known| {
            let (name, reason) = (known.name, known.reason);
            format!("{name}: no line needs it; take it off the list of differences ({reason})\n")
        });
        self.complaints.extend(complaints);
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let equal = self.same_bytes + self.normalised + self.excused;
        write!(
            f,
            "{} command lines compared with kubectl, {equal} equal: {} byte for byte, {} but for ages, \
             times, versions or order, {} but for what is listed; {} forbidden",
            self.compared, self.same_bytes, self.normalised, self.excused, self.forbidden,
        )
    }
}

fn equal(line: &Line, theirs: &Side, ours: &Side) -> bool {
    theirs.exit_code == ours.exit_code
        && normalise::equal(line, &theirs.stdout, &ours.stdout)
        && normalise::equal(line, &theirs.stderr, &ours.stderr)
}

/// Both sides where they differ, for people.
fn complaint(line: &Line, theirs: &Side, ours: &Side) -> String {
    let (kubectl, kubently) = (theirs.exit_code, ours.exit_code);
    let mut shown = format!(
        "{}\n  exit code: kubectl {kubectl:?}, Kubently {kubently:?}\n",
        line.text
    );
    let streams = [
        ("stdout", &theirs.stdout, &ours.stdout),
        ("stderr", &theirs.stderr, &ours.stderr),
    ];
    for (stream, theirs, ours) in streams {
        if normalise::equal(line, theirs, ours) {
            continue;
        }
        let pairs = theirs.split('\n').zip(ours.split('\n'));
        let first = pairs
            .take_while(|(a, b)| normalise::equal(line, a, b))
            .count();
        for (side, text) in [("kubectl", theirs), ("Kubently", ours)] {
            // Writing to a String cannot fail.
            let _ = writeln!(shown, "  {stream} of {side} from line {}:", first + 1);
            for line in text.split('\n').skip(first).take(SHOWN) {
                let start: String = line.chars().take(300).collect();
                let _ = writeln!(shown, "    {start:?}");
            }
        }
    }
    shown
}
