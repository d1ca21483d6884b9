//! The order in which deliveries wait for a slot.

use std::cmp::{Ordering, Reverse};

use kubently_core::time::Timestamp;

use crate::delivery::Delivery;

/// A delivery that waits: the higher priority first, among equals the older one.
#[derive(Debug)]
pub(super) struct Waiting {
    rank: (u32, Reverse<Timestamp>),
    pub(super) delivery: Delivery,
}

impl Waiting {
    pub(super) fn new(delivery: Delivery) -> Self {
        Self {
            rank: (delivery.priority(), Reverse(delivery.stored_at())),
            delivery,
        }
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank.cmp(&other.rank)
    }
}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.rank == other.rank
    }
}

impl Eq for Waiting {}
