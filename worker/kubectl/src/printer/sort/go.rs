//! Go's `sort.Sort`: pattern-defeating quicksort (arXiv 2106.05123), which is not stable. Which of
//! two equal elements comes first depends on every one of its choices, so all of them are made as
//! Go makes them (Go 1.19 and later, `zsortinterface.go`).

use std::cell::OnceCell;
use std::convert::Infallible;

/// Up to here elements are inserted one by one, which keeps equal ones in order.
const FEW: usize = 12;
/// From here on pivots are medians of medians, and nearly sorted parts are repaired.
const MANY: usize = 50;
/// Pairs out of order that a repair may find.
const REPAIRS: usize = 5;
/// Swaps among the nine candidates of a pivot that say that a part is in reverse order.
const ALL_SWAPPED: usize = 12;

/// The places of the elements in order.
///
/// # Errors
/// The first one that `less` has.
pub fn sort<T, E>(items: &[T], less: impl Fn(&T, &T) -> Result<bool, E>) -> Result<Vec<usize>, E> {
    let mut sort = Sort {
        items,
        less,
        order: (0..items.len()).collect(),
        failure: OnceCell::new(),
    };
    sort.range(0, items.len(), bits(items.len()));
    match sort.failure.into_inner() {
        None => Ok(sort.order),
        Some(error) => Err(error),
    }
}

/// The elements in order, by an order that has no errors.
#[must_use]
pub fn sorted<T>(items: Vec<T>, less: impl Fn(&T, &T) -> bool) -> Vec<T> {
    let order = sort(&items, |one, two| Ok::<_, Infallible>(less(one, two)));
    let order = order.unwrap_or_else(|never| match never {});
    let mut items: Vec<Option<T>> = items.into_iter().map(Some).collect();
    let next = |at: usize| items.get_mut(at).and_then(Option::take);
    order.into_iter().filter_map(next).collect()
}

struct Sort<'a, T, E, F> {
    items: &'a [T],
    less: F,
    /// Places in `items`.
    order: Vec<usize>,
    failure: OnceCell<E>,
}

/// How many bits a number has.
fn bits(number: usize) -> u32 {
    usize::BITS - number.leading_zeros()
}

impl<T, E, F: Fn(&T, &T) -> Result<bool, E>> Sort<'_, T, E, F> {
    /// After an error nothing is less than anything, so that it ends soon.
    fn less(&self, one: usize, two: usize) -> bool {
        let item = |at: usize| self.items.get(*self.order.get(at)?);
        let (Some(one), Some(two), None) = (item(one), item(two), self.failure.get()) else {
            return false;
        };
        match (self.less)(one, two) {
            Ok(is_less) => is_less,
            Err(error) => {
                // It was empty: it has just been looked at.
                let _ = self.failure.set(error);
                false
            }
        }
    }

    fn swap(&mut self, one: usize, two: usize) {
        if one.max(two) < self.order.len() {
            self.order.swap(one, two);
        }
    }

    fn range(&mut self, mut start: usize, mut end: usize, mut bad_pivots: u32) {
        let (mut balanced, mut partitioned) = (true, true);
        loop {
            let length = end - start;
            if length <= FEW {
                return self.insert(start, end);
            }
            if bad_pivots == 0 {
                return self.heap(start, end);
            }
            if !balanced {
                self.scatter(start, end);
                bad_pivots -= 1;
            }
            let (mut pivot, swaps) = self.pivot(start, end);
            if swaps == ALL_SWAPPED {
                if let Some(part) = self.order.get_mut(start..end) {
                    part.reverse();
                }
                pivot = (end - 1) - (pivot - start);
            }
            let looks_sorted = swaps == 0 || swaps == ALL_SWAPPED;
            if balanced && partitioned && looks_sorted && self.repair(start, end) {
                return;
            }
            if start > 0 && !self.less(start - 1, pivot) {
                start = self.part_equal(start, end, pivot);
                continue;
            }
            let (middle, was_partitioned) = self.part(start, end, pivot);
            partitioned = was_partitioned;
            let (left, right) = (middle - start, end - middle);
            balanced = left.min(right) >= length / 8;
            if left < right {
                self.range(start, middle, bad_pivots);
                start = middle + 1;
            } else {
                self.range(middle + 1, end, bad_pivots);
                end = middle;
            }
        }
    }

    fn insert(&mut self, start: usize, end: usize) {
        for next in start + 1..end {
            self.sink_left(next, start);
        }
    }

    /// Moves an element to the left for as long as it is less than its neighbour, down to `floor`.
    fn sink_left(&mut self, from: usize, floor: usize) {
        let mut at = from;
        while at > floor && self.less(at, at - 1) {
            self.swap(at, at - 1);
            at -= 1;
        }
    }

    fn heap(&mut self, start: usize, end: usize) {
        let length = end - start;
        for root in (0..=length.saturating_sub(1) / 2).rev() {
            self.sift_down(root, length, start);
        }
        for last in (0..length).rev() {
            self.swap(start, start + last);
            self.sift_down(0, last, start);
        }
    }

    fn sift_down(&mut self, mut root: usize, end: usize, start: usize) {
        loop {
            let mut child = 2 * root + 1;
            if child >= end {
                return;
            }
            if child + 1 < end && self.less(start + child, start + child + 1) {
                child += 1;
            }
            if !self.less(start + root, start + child) {
                return;
            }
            self.swap(start + root, start + child);
            root = child;
        }
    }

    /// Smaller elements before the pivot, the others behind it; where it is then, and whether they
    /// were that way before.
    fn part(&mut self, start: usize, end: usize, pivot: usize) -> (usize, bool) {
        self.swap(start, pivot);
        let (mut low, mut high) = (start + 1, end - 1);
        let mut rounds = 0;
        loop {
            while low <= high && self.less(low, start) {
                low += 1;
            }
            while low <= high && !self.less(high, start) {
                high -= 1;
            }
            if low > high {
                self.swap(high, start);
                return (high, rounds == 0);
            }
            self.swap(low, high);
            low += 1;
            high -= 1;
            rounds += 1;
        }
    }

    /// Elements equal to the pivot, which none is less than, before the others; where those start.
    fn part_equal(&mut self, start: usize, end: usize, pivot: usize) -> usize {
        self.swap(start, pivot);
        let (mut low, mut high) = (start + 1, end - 1);
        loop {
            while low <= high && !self.less(start, low) {
                low += 1;
            }
            while low <= high && self.less(start, high) {
                high -= 1;
            }
            if low > high {
                return low;
            }
            self.swap(low, high);
            low += 1;
            high -= 1;
        }
    }

    /// Whether the part is in order, after a few repairs.
    fn repair(&mut self, start: usize, end: usize) -> bool {
        let mut at = start + 1;
        for _ in 0..REPAIRS {
            while at < end && !self.less(at, at - 1) {
                at += 1;
            }
            if at == end {
                return true;
            }
            if end - start < MANY {
                return false;
            }
            self.swap(at, at - 1);
            if at - start >= 2 {
                // Down to the first of all elements, as in Go.
                self.sink_left(at - 1, 0);
            }
            let mut right = at + 1;
            while right < end && self.less(right, right - 1) {
                self.swap(right, right - 1);
                right += 1;
            }
        }
        false
    }

    /// Moves three elements from the middle to places that depend on the length alone.
    fn scatter(&mut self, start: usize, end: usize) {
        let length = end - start;
        let mut random = length as u64;
        let mask = (1_u64 << bits(length)) - 1;
        let middle = start + length / 4 * 2;
        for at in middle - 1..=middle + 1 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let mut other = usize::try_from(random & mask).unwrap_or(0);
            if other >= length {
                other -= length;
            }
            self.swap(at, start + other);
        }
    }

    /// A pivot, and how many of its candidates were out of order.
    fn pivot(&self, start: usize, end: usize) -> (usize, usize) {
        let length = end - start;
        let mut swaps = 0;
        let [mut one, mut two, mut three] = [1, 2, 3].map(|part| start + length / 4 * part);
        if length >= MANY {
            for at in [&mut one, &mut two, &mut three] {
                *at = self.median(*at - 1, *at, *at + 1, &mut swaps);
            }
        }
        (self.median(one, two, three, &mut swaps), swaps)
    }

    fn median(&self, one: usize, two: usize, three: usize, swaps: &mut usize) -> usize {
        let mut order = |one, two| {
            if self.less(two, one) {
                *swaps += 1;
                (two, one)
            } else {
                (one, two)
            }
        };
        let (one, two) = order(one, two);
        let (two, _) = order(two, three);
        order(one, two).1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn order_of(items: &[u32]) -> Vec<usize> {
        sort(items, |a, b| Ok::<_, ()>(a < b)).unwrap()
    }

    /// `count`, `factor` and `modulus`, and a sum over the places of the numbers
    /// `i * factor % modulus` for `i` below `count`, as a program in Go 1.26 printed it.
    const GO: &[((usize, usize, usize), u64)] = &[
        ((12, 7, 3), 18_433_951_772_924_167_098),
        ((13, 1, 1), 13_097_114_701_408_114_798),
        ((20, 7, 5), 3_253_369_843_960_240_192),
        ((49, 13, 4), 1_940_227_835_667_707_592),
        ((50, 1, 1), 337_889_398_413_832_409),
        ((60, 59, 60), 11_068_023_146_812_162_686),
        ((100, 37, 10), 789_883_091_180_828_916),
        ((200, 199, 200), 2_400_560_658_203_778_084),
        ((333, 101, 7), 5_354_617_650_647_158_892),
        ((500, 1, 2), 13_449_347_696_610_473_128),
        ((1000, 617, 50), 15_863_277_560_504_230_524),
        ((1000, 999, 1000), 15_216_836_950_285_109_428),
        ((2000, 1231, 997), 2_447_464_451_316_558_770),
        ((5000, 3001, 11), 12_993_737_556_786_160_658),
        ((5000, 1, 5000), 10_130_037_222_712_000_036),
    ];

    #[test]
    fn equal_elements_end_where_go_puts_them() {
        for ((count, factor, modulus), expected) in GO {
            let items: Vec<usize> = (0..*count).map(|i| i * factor % modulus).collect();
            let places = sort(&items, |a, b| Ok::<_, ()>(a < b)).unwrap();
            let sum = places.iter().fold(0_u64, |sum, place| {
                sum.wrapping_mul(1_000_003).wrapping_add(*place as u64)
            });
            assert_eq!(sum, *expected, "{count} {factor} {modulus}");
        }
    }

    proptest! {
        #[test]
        fn everything_is_there_once_and_in_order(
            items in proptest::collection::vec(0_u32..50, 0..400),
        ) {
            let order = order_of(&items);
            let values: Vec<u32> = order.iter().map(|&at| items[at]).collect();
            prop_assert!(values.is_sorted());
            let mut places = order;
            places.sort_unstable();
            prop_assert!(places.into_iter().eq(0..items.len()));
        }

        #[test]
        fn an_order_that_is_none_ends_all_the_same(bits in any::<u64>(), length in 0_usize..300) {
            let items: Vec<u64> = (0..length as u64).collect();
            let order = sort(&items, |a, b| Ok::<_, ()>((bits >> ((a * 7 + b) % 64)) & 1 == 1));
            prop_assert_eq!(order.unwrap().len(), length);
        }
    }

    #[test]
    fn an_error_of_the_order_is_the_result() {
        assert_eq!(sort(&[1, 2, 3], |_, _| Err("no")), Err("no"));
        assert_eq!(sort(&[1], |_, _| Err("no")), Ok(vec![0]));
    }
}
