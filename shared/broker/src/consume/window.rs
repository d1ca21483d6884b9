//! The order in which deliveries wait for a slot.

use std::cmp::Reverse;
use std::collections::VecDeque;

use kubently_core::time::Timestamp;

use super::credit::PASSED_BY_EVERY;

/// What waits: the higher priority first, among equals the older one; every eighth time whatever has
/// been here the longest, so that nothing is passed by for ever.
#[derive(Debug)]
pub(super) struct Window<T> {
    /// In the order they came.
    waiting: VecDeque<(Rank, T)>,
    taken: u64,
}

/// How urgent something is: its priority, and when the hub stored it.
type Rank = (u32, Timestamp);

impl<T> Window<T> {
    pub(super) const fn new() -> Self {
        Self {
            waiting: VecDeque::new(),
            taken: 0,
        }
    }

    pub(super) fn push(&mut self, rank: Rank, item: T) {
        self.waiting.push_back((rank, item));
    }

    /// Takes the next one.
    pub(super) fn pop(&mut self) -> Option<T> {
        let ranks = self.waiting.iter().map(|(rank, _)| *rank).enumerate();
        let place = if (self.taken + 1).is_multiple_of(PASSED_BY_EVERY) {
            0
        } else {
            let next =
                ranks.min_by_key(|(_, (priority, stored_at))| (Reverse(*priority), *stored_at));
            next.map_or(0, |(place, _)| place)
        };
        let (_, item) = self.waiting.remove(place)?;
        self.taken += 1;
        Some(item)
    }

    /// What waits, in the order it came.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.waiting.iter().map(|(_, item)| item)
    }

    pub(super) fn drain(&mut self) -> impl Iterator<Item = T> {
        self.waiting.drain(..).map(|(_, item)| item)
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u32) -> Timestamp {
        let start: Timestamp = serde_json::from_str("\"2026-11-23T08:00:00.000Z\"").unwrap();
        start.plus_seconds(seconds)
    }

    #[test]
    fn the_exact_number_orders_and_among_equals_the_age() {
        let mut window = Window::new();
        for (priority, stored, name) in [
            (1, 3, "d"),
            (50, 4, "b"),
            (100, 5, "a"),
            (1, 2, "c"),
            (0, 1, "e"),
        ] {
            window.push((priority, at(stored)), name);
        }
        let order: Vec<_> = std::iter::from_fn(|| window.pop()).collect();
        assert_eq!(order, ["a", "b", "c", "d", "e"]);
    }

    #[test]
    fn what_has_waited_the_longest_gets_one_in_eight() {
        let mut window = Window::new();
        window.push((0, at(0)), "low");
        window.push((1, at(1)), "low");
        let mut order = Vec::new();
        for number in 2..18 {
            window.push((100, at(number)), "high");
            order.extend(window.pop());
        }
        let low: Vec<_> = (1..)
            .zip(&order)
            .filter(|(_, name)| **name == "low")
            .collect();
        assert_eq!(low, [(8, &"low"), (16, &"low")]);
    }
}
