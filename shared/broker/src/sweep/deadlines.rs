//! The deadlines of what waits, the nearest ones.

use std::collections::{BTreeSet, HashMap};

use kubently_core::cluster::ClusterId;
use kubently_core::time::Timestamp;

/// As many as there is room for. What has no room is read again later.
pub(super) struct Deadlines {
    most: usize,
    /// The last sequence of each queue that was read.
    read: HashMap<ClusterId, u64>,
    due: BTreeSet<(Timestamp, ClusterId, u64)>,
    /// The first sequence of each queue that lost its place to a nearer one.
    lost: HashMap<ClusterId, u64>,
}

impl Deadlines {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            read: HashMap::new(),
            due: BTreeSet::new(),
            lost: HashMap::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.due.len()
    }

    /// Up to where a queue is read.
    pub(super) fn read(&self, cluster: &ClusterId) -> u64 {
        self.read.get(cluster).copied().unwrap_or(0)
    }

    /// Before the queues are read: these are there, and what lost its place is read again.
    pub(super) fn begin(&mut self, is_there: impl Fn(&ClusterId) -> bool) {
        for (cluster, sequence) in self.lost.drain() {
            let read = self.read.entry(cluster).or_default();
            *read = (*read).min(sequence.saturating_sub(1));
        }
        self.read.retain(|cluster, _| is_there(cluster));
    }

    /// Keeps what was read of a queue, in its order, for as long as there is room.
    pub(super) fn keep(&mut self, cluster: &ClusterId, commands: Vec<(u64, Timestamp)>) {
        for (sequence, deadline) in commands {
            let entry = (deadline, cluster.clone(), sequence);
            if self.due.len() >= self.most {
                if self.due.last().is_none_or(|last| *last <= entry) {
                    // It is read again once there is room.
                    return;
                }
                if let Some((_, cluster, sequence)) = self.due.pop_last() {
                    let lost = self.lost.entry(cluster).or_insert(sequence);
                    *lost = (*lost).min(sequence);
                }
            }
            self.due.insert(entry);
            self.read.insert(cluster.clone(), sequence);
        }
    }

    /// What is past its deadline is no longer kept.
    pub(super) fn past(&mut self, now: Timestamp) -> Vec<(ClusterId, u64)> {
        let mut past = Vec::new();
        while self
            .due
            .first()
            .is_some_and(|(deadline, ..)| *deadline < now)
        {
            let first = self.due.pop_first();
            past.extend(first.map(|(_, cluster, sequence)| (cluster, sequence)));
        }
        past
    }

    /// What could not be ended is tried again then.
    pub(super) fn again(&mut self, at: Timestamp, commands: Vec<(ClusterId, u64)>) {
        let commands = commands.into_iter();
        self.due
            .extend(commands.map(|(cluster, sequence)| (at, cluster, sequence)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u32) -> Timestamp {
        let start: Timestamp = serde_json::from_str("\"2026-11-23T08:00:00.000Z\"").unwrap();
        start.plus_seconds(seconds)
    }

    fn cluster(name: &str) -> ClusterId {
        name.parse().unwrap()
    }

    #[test]
    fn what_is_past_its_deadline_comes_once() {
        let mut deadlines = Deadlines::new(10);
        let one = cluster("one");
        deadlines.keep(&one, vec![(1, at(20)), (2, at(10))]);
        assert_eq!((deadlines.read(&one), deadlines.len()), (2, 2));
        assert_eq!(deadlines.past(at(11)), [(one.clone(), 2)]);
        assert_eq!(deadlines.past(at(11)), []);
        deadlines.again(at(15), vec![(one.clone(), 2)]);
        assert_eq!(deadlines.past(at(21)), [(one.clone(), 2), (one, 1)]);
    }

    #[test]
    fn what_lost_its_place_is_read_again() {
        let mut deadlines = Deadlines::new(2);
        let [one, other] = ["one", "other"].map(cluster);
        deadlines.keep(&one, vec![(1, at(90)), (2, at(80))]);
        // Nearer ones take their places, one of its own queue among them.
        deadlines.keep(&one, vec![(3, at(10))]);
        deadlines.keep(&other, vec![(1, at(20)), (2, at(95))]);
        assert_eq!((deadlines.read(&one), deadlines.read(&other)), (3, 1));
        deadlines.begin(|_| true);
        assert_eq!((deadlines.read(&one), deadlines.read(&other)), (0, 1));
        let past = [(one.clone(), 3), (other.clone(), 1)];
        assert_eq!(deadlines.past(at(30)), past);
        // What is read twice is kept once.
        deadlines.keep(&one, vec![(1, at(90)), (2, at(80))]);
        deadlines.keep(&one, vec![(1, at(90)), (2, at(80))]);
        assert_eq!(deadlines.len(), 2);
        deadlines.begin(|cluster| *cluster == other);
        assert_eq!(deadlines.read(&one), 0, "a queue that is gone");
    }
}
