//! How many commands each lane is asked for.

use kubently_core::lane::Lane;

/// The deliveries of one lane that wait for a slot, from which on no more of it are asked for.
pub(super) const WAITING: usize = 8;
/// One slot in so many goes to a lane that a busier, higher one passes by.
pub(super) const PASSED_BY_EVERY: u64 = 8;
/// The part of the free slots that an idle worker's standing pull of a lane may ask for: with three
/// lanes, half of them stay for the lane that is busy.
const STANDING_SHARE: usize = 6;

/// What is known of the lanes, the highest first.
pub(super) type Lanes<T> = [T; Lane::ALL.len()];

/// What is known of one lane.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Known {
    /// Asked for and not yet come.
    pub(super) outstanding: usize,
    /// What the lane still held when it was last heard of.
    pub(super) pending: u64,
    /// Come, and waiting for a slot.
    pub(super) waiting: usize,
}

/// Decides what is asked for, and keeps count of whose turn it is.
#[derive(Debug)]
pub(super) struct Credit {
    max_per_fetch: usize,
    turns: u64,
}

impl Known {
    /// Whether the lane holds more than it was asked for, were it asked for `more`.
    const fn holds_more(&self, more: usize) -> bool {
        self.pending > (self.outstanding + more) as u64
    }

    /// Whether nobody would hear of a command that comes now.
    const fn is_unheard(&self, more: usize) -> bool {
        self.outstanding + more == 0
    }
}

impl Credit {
    pub(super) const fn new(max_per_fetch: usize) -> Self {
        Self {
            max_per_fetch,
            turns: 0,
        }
    }

    /// What to ask each lane for, with so many free slots.
    ///
    /// While the lanes hold nothing, each has a standing pull: for several commands, so that not each
    /// one costs the hub a pull, and never for more together than there are slots. While one holds
    /// something, the slots are given out one by one. Without a free slot, too, the lanes above
    /// the busy one are listened to: so an urgent command reaches a busy worker; and at most one command
    /// waits here of a lane that is passed by.
    pub(super) fn asks(&mut self, lanes: &Lanes<Known>, free: usize) -> Lanes<usize> {
        let promised = lanes.iter().map(|lane| lane.outstanding).sum();
        let (slots, free) = (free, free.saturating_sub(promised));
        let busiest = lanes.iter().position(|lane| lane.holds_more(0));
        match busiest {
            None if free > 0 => self.standing(lanes, slots),
            Some(busiest) if free > 0 && !is_on_its_way(lanes, busiest, slots) => {
                self.turns(lanes, busiest, free)
            }
            _ => ears(lanes, busiest, slots == 0),
        }
    }

    fn standing(&self, lanes: &Lanes<Known>, slots: usize) -> Lanes<usize> {
        let standing = (slots / STANDING_SHARE).clamp(1, self.max_per_fetch);
        lanes.map(|lane| {
            if lane.outstanding <= standing / 2 {
                standing - lane.outstanding
            } else {
                0
            }
        })
    }

    fn turns(&mut self, lanes: &Lanes<Known>, busiest: usize, free: usize) -> Lanes<usize> {
        let mut asks = Lanes::default();
        for (lane, ask) in lanes.iter().zip(&mut asks).take(busiest) {
            *ask = usize::from(lane.is_unheard(0));
        }
        for _ in 0..free {
            let Some(ask) = self
                .turn(lanes, &asks, busiest)
                .and_then(|at| asks.get_mut(at))
            else {
                break;
            };
            *ask += 1;
        }
        asks
    }

    /// The lane whose turn it is: the highest that holds more; every eighth time one below that one,
    /// in turn.
    fn turn(&mut self, lanes: &Lanes<Known>, asks: &Lanes<usize>, busiest: usize) -> Option<usize> {
        self.turns += 1;
        let mut waits = lanes
            .iter()
            .zip(asks)
            .enumerate()
            .filter(|(at, (lane, ask))| {
                let may_hold = *at > busiest && lane.is_unheard(**ask);
                lane.holds_more(**ask) || may_hold
            });
        let passed_by: Vec<_> = waits
            .clone()
            .map(|(at, _)| at)
            .filter(|at| *at > busiest)
            .collect();
        let at = if self.turns.is_multiple_of(PASSED_BY_EVERY) && !passed_by.is_empty() {
            let round = self.turns / PASSED_BY_EVERY;
            let of_both = usize::from(round.is_multiple_of(2));
            *passed_by.get(of_both).or_else(|| passed_by.first())?
        } else {
            waits.find(|(_, (lane, ask))| lane.holds_more(**ask))?.0
        };
        (*asks.get(at)? < self.max_per_fetch).then_some(at)
    }
}

/// Whether a busy lane was asked for so much that it can wait until some of it has come: a pull for each slot
/// that comes free would cost the hub as much as another message for each command.
fn is_on_its_way(lanes: &Lanes<Known>, busiest: usize, slots: usize) -> bool {
    lanes
        .get(busiest)
        .is_some_and(|lane| 2 * lane.outstanding > slots)
}

/// One command of each lane that nobody listens to, where not too many of it wait already; once no
/// slot is free, the busiest lane may fill its part of the window.
fn ears(lanes: &Lanes<Known>, busiest: Option<usize>, is_full: bool) -> Lanes<usize> {
    let mut asks = Lanes::default();
    for (at, (lane, ask)) in lanes.iter().zip(&mut asks).enumerate() {
        let is_passed_by = busiest.is_some_and(|busiest| busiest < at);
        let most = if is_passed_by { 1 } else { WAITING };
        let room = most.saturating_sub(lane.waiting + lane.outstanding);
        *ask = if is_full && busiest == Some(at) {
            room
        } else {
            room.min(usize::from(lane.is_unheard(0)))
        };
    }
    asks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(outstanding: usize, pending: u64, waiting: usize) -> Known {
        Known {
            outstanding,
            pending,
            waiting,
        }
    }

    #[test]
    fn an_idle_worker_listens_to_each_lane_for_half_of_its_slots_at_most() {
        let idle = [known(0, 0, 0); 3];
        assert_eq!(Credit::new(10).asks(&idle, 64), [10, 10, 10]);
        assert_eq!(Credit::new(10).asks(&idle, 24), [4, 4, 4]);
        assert_eq!(Credit::new(10).asks(&idle, 1), [1, 1, 1]);
        let heard = [known(2, 0, 0), known(3, 0, 0), known(4, 0, 0)];
        assert_eq!(Credit::new(10).asks(&heard, 24), [2, 0, 0]);
    }

    #[test]
    fn the_lanes_that_are_passed_by_take_turns() {
        let full = [known(0, 120, 0); 3];
        assert_eq!(Credit::new(100).asks(&full, 16), [14, 1, 1]);
        // What one pull may not ask for stays free for the next one.
        assert_eq!(Credit::new(10).asks(&full, 16), [10, 1, 0]);
    }

    #[test]
    fn a_full_queue_gives_seven_slots_in_eight_to_its_highest_lane() {
        let mut credit = Credit::new(10);
        let mut lanes = [known(0, 500, 0), known(0, 500, 0), known(0, 500, 0)];
        let mut given = [0; 3];
        for _ in 0..64 {
            let asks = credit.asks(&lanes, 4);
            for ((lane, ask), given) in lanes.iter_mut().zip(asks).zip(&mut given) {
                *given += ask;
                lane.pending -= ask as u64;
            }
        }
        assert_eq!(given, [224, 16, 16]);
    }

    #[test]
    fn a_lane_that_nobody_has_heard_of_gets_its_turn_as_well() {
        let mut credit = Credit::new(100);
        let lanes = [known(0, 500, 0), known(1, 0, 0), known(0, 0, 0)];
        assert_eq!(credit.asks(&lanes, 33), [31, 0, 1]);
    }

    #[test]
    fn higher_lanes_stay_heard_while_a_lower_one_is_busy() {
        let mut credit = Credit::new(10);
        let lanes = [known(0, 0, 0), known(1, 0, 0), known(0, 500, 0)];
        assert_eq!(credit.asks(&lanes, 5), [1, 0, 4]);
    }

    #[test]
    fn nobody_is_asked_for_more_than_there_are_slots_or_more_than_it_may_at_once() {
        let mut credit = Credit::new(10);
        let lanes = [known(3, 500, 0), known(1, 0, 0), known(1, 0, 0)];
        assert_eq!(credit.asks(&lanes, 9), [4, 0, 0]);
        assert_eq!(credit.asks(&lanes, 64), [10, 0, 0]);
        assert_eq!(credit.asks(&lanes, 5), [0, 0, 0]);
    }

    #[test]
    fn a_busy_lane_is_asked_for_several_at_once_and_the_others_stay_heard() {
        let mut credit = Credit::new(10);
        let busy = |outstanding| [known(0, 0, 0), known(outstanding, 500, 0), known(1, 0, 0)];
        assert_eq!(credit.asks(&busy(33), 64), [1, 0, 0]);
        assert_eq!(credit.asks(&busy(32), 64), [1, 10, 0]);
        // Few slots are filled one by one.
        assert_eq!(credit.asks(&busy(1), 5), [1, 3, 0]);
    }

    #[test]
    fn a_busy_worker_lets_eight_of_a_lane_wait_and_one_of_a_lane_that_is_passed_by() {
        let mut credit = Credit::new(10);
        let mut lanes = [known(2, 500, 3), known(0, 500, 0), known(0, 500, 1)];
        assert_eq!(credit.asks(&lanes, 0), [3, 1, 0]);
        lanes = [known(0, 500, 8), known(1, 500, 0), known(1, 500, 0)];
        assert_eq!(credit.asks(&lanes, 0), [0, 0, 0]);
        // What is urgent is heard of, however much waits of the others.
        lanes = [known(0, 0, 0), known(1, 0, 0), known(0, 500, 8)];
        assert_eq!(credit.asks(&lanes, 0), [1, 0, 0]);
    }
}
