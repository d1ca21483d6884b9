//! Go's `sort.Sort`: pattern-defeating quicksort, which is not stable. Which of two equal elements
//! comes first depends on every one of its choices, so all of them are made as Go makes them
//! (Go 1.19 and later, `zsortinterface.go`).

/// The places of the elements in order.
///
/// # Errors
/// The first one that `less` has.
pub fn sort<T, E>(items: &[T], less: impl Fn(&T, &T) -> Result<bool, E>) -> Result<Vec<usize>, E> {
    let mut sorting = Sorting {
        items,
        less,
        order: (0..items.len()).collect(),
        failure: None,
    };
    let limit = usize::BITS - items.len().leading_zeros();
    sorting.sort(0, items.len(), limit);
    match sorting.failure {
        None => Ok(sorting.order),
        Some(error) => Err(error),
    }
}

/// Shorter stretches are sorted by insertion.
const INSERTION: usize = 12;
/// From this length on the pivot is the median of three medians, and a stretch that is nearly
/// sorted is worth a try.
const LONG: usize = 50;
/// Swaps of a choice of nine in descending order.
const MAX_SWAPS: usize = 12;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hint {
    Unknown,
    Increasing,
    Decreasing,
}

struct Sorting<'a, T, F, E> {
    items: &'a [T],
    less: F,
    order: Vec<usize>,
    failure: Option<E>,
}

impl<T, E, F: Fn(&T, &T) -> Result<bool, E>> Sorting<'_, T, F, E> {
    fn less(&mut self, i: usize, j: usize) -> bool {
        let item = |at: usize| self.order.get(at).and_then(|it| self.items.get(*it));
        let (Some(one), Some(two)) = (item(i), item(j)) else {
            return false;
        };
        match (self.less)(one, two) {
            Ok(less) => less,
            Err(error) => {
                self.failure.get_or_insert(error);
                false
            }
        }
    }

    fn swap(&mut self, i: usize, j: usize) {
        if i < self.order.len() && j < self.order.len() {
            self.order.swap(i, j);
        }
    }

    /// Sorts `from..to`; after `limit` bad choices by heap.
    fn sort(&mut self, mut from: usize, mut to: usize, mut limit: u32) {
        let (mut balanced, mut partitioned) = (true, true);
        while self.failure.is_none() {
            let length = to - from;
            if length <= INSERTION {
                return self.insertion(from, to);
            }
            if limit == 0 {
                return self.heap(from, to);
            }
            if !balanced {
                self.break_patterns(from, to);
                limit -= 1;
            }
            let (mut pivot, mut hint) = self.choose_pivot(from, to);
            if hint == Hint::Decreasing {
                self.order.get_mut(from..to).unwrap_or_default().reverse();
                pivot = (to - 1) - (pivot - from);
                hint = Hint::Increasing;
            }
            let looks_sorted = balanced && partitioned && hint == Hint::Increasing;
            if looks_sorted && self.partial_insertion(from, to) {
                return;
            }
            if from > 0 && !self.less(from - 1, pivot) {
                from = self.partition_equal(from, to, pivot);
                continue;
            }
            let (middle, was_partitioned) = self.partition(from, to, pivot);
            partitioned = was_partitioned;
            let (left, right) = (middle - from, to - middle);
            if left < right {
                balanced = left >= length / 8;
                self.sort(from, middle, limit);
                from = middle + 1;
            } else {
                balanced = right >= length / 8;
                self.sort(middle + 1, to, limit);
                to = middle;
            }
        }
    }

    fn insertion(&mut self, from: usize, to: usize) {
        for end in from + 1..to {
            let mut at = end;
            while at > from && self.less(at, at - 1) {
                self.swap(at, at - 1);
                at -= 1;
            }
        }
    }

    fn heap(&mut self, from: usize, to: usize) {
        let length = to - from;
        for root in (0..=(length - 1) / 2).rev() {
            self.sift_down(root, length, from);
        }
        for end in (0..length).rev() {
            self.swap(from, from + end);
            self.sift_down(0, end, from);
        }
    }

    fn sift_down(&mut self, mut root: usize, end: usize, first: usize) {
        loop {
            let mut child = 2 * root + 1;
            if child >= end {
                return;
            }
            if child + 1 < end && self.less(first + child, first + child + 1) {
                child += 1;
            }
            if !self.less(first + root, first + child) {
                return;
            }
            self.swap(first + root, first + child);
            root = child;
        }
    }

    /// Moves what is smaller than the pivot before it; also answers whether it was there already.
    fn partition(&mut self, from: usize, to: usize, pivot: usize) -> (usize, bool) {
        self.swap(from, pivot);
        let (mut i, mut j) = (from + 1, to - 1);
        let mut untouched = true;
        loop {
            while i <= j && self.less(i, from) {
                i += 1;
            }
            while i <= j && !self.less(j, from) {
                j -= 1;
            }
            if i > j {
                break;
            }
            untouched = false;
            self.swap(i, j);
            i += 1;
            j -= 1;
        }
        self.swap(j, from);
        (j, untouched)
    }

    /// Moves what equals the pivot to the front; answers where the rest starts.
    fn partition_equal(&mut self, from: usize, to: usize, pivot: usize) -> usize {
        self.swap(from, pivot);
        let (mut i, mut j) = (from + 1, to - 1);
        loop {
            while i <= j && !self.less(from, i) {
                i += 1;
            }
            while i <= j && self.less(from, j) {
                j -= 1;
            }
            if i > j {
                return i;
            }
            self.swap(i, j);
            i += 1;
            j -= 1;
        }
    }

    /// Repairs up to five places; answers whether all is sorted then.
    fn partial_insertion(&mut self, from: usize, to: usize) -> bool {
        let mut i = from + 1;
        for _ in 0..5 {
            while i < to && !self.less(i, i - 1) {
                i += 1;
            }
            if i == to {
                return true;
            }
            if to - from < LONG {
                return false;
            }
            self.swap(i, i - 1);
            if i - from >= 2 {
                let mut at = i - 1;
                while at >= 1 && self.less(at, at - 1) {
                    self.swap(at, at - 1);
                    at -= 1;
                }
            }
            if to - i >= 2 {
                let mut at = i + 1;
                while at < to && self.less(at, at - 1) {
                    self.swap(at, at - 1);
                    at += 1;
                }
            }
        }
        false
    }

    /// Scatters three elements, always the same way for the same length.
    fn break_patterns(&mut self, from: usize, to: usize) {
        let length = to - from;
        if length < 8 {
            return;
        }
        let mut random = length as u64;
        let modulus = 1_usize << (usize::BITS - length.leading_zeros());
        let place = from + (length / 4) * 2 - 1;
        for n in 0..3 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let bits = usize::try_from(random & (modulus as u64 - 1)).unwrap_or(0);
            let other = if bits >= length { bits - length } else { bits };
            self.swap(place + n - 1, from + other);
        }
    }

    fn choose_pivot(&mut self, from: usize, to: usize) -> (usize, Hint) {
        let length = to - from;
        let mut swaps = 0;
        let quarter = |n: usize| from + length / 4 * n;
        let (mut i, mut j, mut k) = (quarter(1), quarter(2), quarter(3));
        if length >= 8 {
            if length >= LONG {
                i = self.median(i - 1, i, i + 1, &mut swaps);
                j = self.median(j - 1, j, j + 1, &mut swaps);
                k = self.median(k - 1, k, k + 1, &mut swaps);
            }
            j = self.median(i, j, k, &mut swaps);
        }
        let hint = match swaps {
            0 => Hint::Increasing,
            MAX_SWAPS => Hint::Decreasing,
            _ => Hint::Unknown,
        };
        (j, hint)
    }

    fn median(&mut self, a: usize, b: usize, c: usize, swaps: &mut usize) -> usize {
        let (a, b) = self.ordered(a, b, swaps);
        let (b, _) = self.ordered(b, c, swaps);
        let (_, b) = self.ordered(a, b, swaps);
        b
    }

    fn ordered(&mut self, a: usize, b: usize, swaps: &mut usize) -> (usize, usize) {
        if self.less(b, a) {
            *swaps += 1;
            (b, a)
        } else {
            (a, b)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sorted(items: &[u32]) -> Vec<usize> {
        sort(items, |a, b| Ok::<_, ()>(a < b)).unwrap()
    }

    proptest! {
        #[test]
        fn everything_is_there_once_and_in_order(
            items in proptest::collection::vec(0_u32..50, 0..400),
        ) {
            let order = sorted(&items);
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
