//! The order of keys in YAML: natural, so that numbers inside of keys count as numbers
//! (go-yaml `sorter.go`).

/// Whether key `a` comes before key `b`. This is no order in the mathematical sense: it is not
/// transitive (`a2` < `a10` < `a1b10` < `a2`).
pub(super) fn less(a: &str, b: &str) -> bool {
    let common = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
    // Compare from the first character that differs, on a boundary of both.
    let at = (0..=common)
        .rev()
        .find(|&at| a.is_char_boundary(at) && b.is_char_boundary(at));
    let (head, rest_a) = a.split_at_checked(at.unwrap_or(0)).unwrap_or(("", a));
    let (_, rest_b) = b.split_at_checked(at.unwrap_or(0)).unwrap_or(("", b));
    let (Some(first_a), Some(first_b)) = (rest_a.chars().next(), rest_b.chars().next()) else {
        return rest_a.is_empty() && !rest_b.is_empty();
    };
    match (first_a.is_alphabetic(), first_b.is_alphabetic()) {
        (true, true) => return first_a < first_b,
        (false, false) => {}
        (_, second) => return second,
    }
    // A zero inside of a longer number stands for more than its digit.
    let inside = (first_a == '0' || first_b == '0')
        && head
            .bytes()
            .rev()
            .take_while(u8::is_ascii_digit)
            .any(|digit| digit != b'0');
    let (number_a, digits_a) = number(rest_a, inside);
    let (number_b, digits_b) = number(rest_b, inside);
    if number_a != number_b {
        return number_a < number_b;
    }
    if digits_a != digits_b {
        return digits_a < digits_b;
    }
    first_a < first_b
}

/// The number at the start of a text, and its digits. It wraps like Go's.
fn number(text: &str, inside: bool) -> (i64, usize) {
    let mut value = i64::from(inside);
    let mut digits = 0;
    for byte in text.bytes().take_while(u8::is_ascii_digit) {
        value = value.wrapping_mul(10).wrapping_add(i64::from(byte - b'0'));
        digits += 1;
    }
    (value, digits)
}

/// A stable merge sort. The standard sorts may panic on an order like this one.
pub(super) fn sort<T: Copy>(items: &mut [T], less: impl Fn(&T, &T) -> bool + Copy) {
    if items.len() < 2 {
        return;
    }
    // Go sorts up to twelve elements by insertion.
    if items.len() <= 12 {
        for end in 1..items.len() {
            let mut at = end;
            while at > 0 {
                let (Some(one), Some(two)) = (items.get(at - 1), items.get(at)) else {
                    break;
                };
                if !less(two, one) {
                    break;
                }
                items.swap(at - 1, at);
                at -= 1;
            }
        }
        return;
    }
    let (left, right) = items.split_at_mut(items.len() / 2);
    sort(left, less);
    sort(right, less);
    let mut merged = Vec::with_capacity(items.len());
    let (mut left, mut right) = items.split_at(items.len() / 2);
    while let (Some((one, rest_left)), Some((two, rest_right))) =
        (left.split_first(), right.split_first())
    {
        if less(two, one) {
            merged.push(*two);
            right = rest_right;
        } else {
            merged.push(*one);
            left = rest_left;
        }
    }
    merged.extend_from_slice(left);
    merged.extend_from_slice(right);
    items.copy_from_slice(&merged);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keys_sort_naturally() {
        let mut keys = [
            "ab", "a10", "a2", "a1", "a_b", "a.b", "a-b", "a", "B", "A3", "10", "9", "1", "_x",
            "é", "a b",
        ];
        sort(&mut keys, |x, y| less(x, y));
        assert_eq!(
            keys,
            [
                "_x", "1", "9", "10", "A3", "B", "a", "a b", "a-b", "a.b", "a_b", "a1", "a2",
                "a10", "ab", "é"
            ]
        );
    }

    #[test]
    fn zeros_inside_of_numbers_count() {
        assert!(less("a1", "a01") != less("a01", "a1"));
        assert!(less("a10", "a101"));
        assert!(less("", "a"));
        assert!(!less("a", ""));
        assert!(!less("a", "a"));
    }

    proptest! {
        #[test]
        fn sorting_keeps_every_key(mut keys in proptest::collection::vec("[a-c0-2_.é]{0,5}", 0..40)) {
            let mut sorted: Vec<&str> = keys.iter().map(String::as_str).collect();
            sort(&mut sorted, |x, y| less(x, y));
            let mut sorted: Vec<String> = sorted.into_iter().map(str::to_owned).collect();
            sorted.sort();
            keys.sort();
            prop_assert_eq!(sorted, keys);
        }
    }
}
