use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Quantity {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn quantities_are_written_as_apimachinery_does() {
    for (text, written) in [
        ("0", "0"),
        ("0Gi", "0"),
        ("-0", "0"),
        ("1", "1"),
        ("1000m", "1"),
        ("100m", "100m"),
        ("0.1", "100m"),
        ("1.5", "1500m"),
        ("1.500", "1.500"),
        ("+5", "+5"),
        ("1000", "1k"),
        ("100000", "100k"),
        ("1500k", "1500k"),
        ("12345678n", "12345678n"),
        ("1024Mi", "1Gi"),
        ("1000Mi", "1000Mi"),
        ("1536Mi", "1536Mi"),
        ("1.5Gi", "1536Mi"),
        ("0.5Ki", "512"),
        ("0.1Ki", "102400m"),
        ("0.0001Ki", "102400u"),
        ("16Ei", "9223372036854775807"),
        ("1e3", "1e3"),
        ("1E3", "1E3"),
        ("1000e3", "1e6"),
        ("1e-3", "1e-3"),
        ("100e-12", "1e-9"),
        ("0.1n", "1n"),
        ("-0.1n", "-1n"),
        ("1000E", "1"),
        ("32Gi", "32Gi"),
        ("8", "8"),
        ("33554432Ki", "32Gi"),
        ("12884901888", "12884901888"),
    ] {
        assert_eq!(read(text).to_string(), written, "{text}");
    }
}

#[test]
fn what_is_no_quantity_is_refused() {
    for (text, error) in [
        ("", ParseQuantityError::Shape),
        ("abc", ParseQuantityError::Shape),
        ("1 Gi", ParseQuantityError::Shape),
        ("1.2.3", ParseQuantityError::Shape),
        ("1g", ParseQuantityError::Shape),
        ("1Kim", ParseQuantityError::Suffix),
        ("1e", ParseQuantityError::Suffix),
        ("1ki", ParseQuantityError::Suffix),
    ] {
        assert_eq!(text.parse::<Quantity>().err(), Some(error), "{text}");
    }
}

#[test]
fn values_are_rounded_away_from_zero() {
    assert_eq!(read("12345678n").milli_value(), 13);
    assert_eq!(read("-1500m").value(), -2);
    assert_eq!(read("1.5Gi").value(), 1_610_612_736);
    assert_eq!(read("250m").milli_value(), 250);
    assert_eq!(read("1e30").value(), 0);
}

#[test]
fn a_sum_is_written_like_its_first_summand() {
    let mut sum = Quantity::default();
    for text in ["1Gi", "512Mi", "1M"] {
        sum.add(&read(text));
    }
    assert_eq!(sum.to_string(), "1611612736");
    assert_eq!(sum.suffixes(), Suffixes::Binary);
    let mut sum = Quantity::default();
    for text in ["100m", "1", "0.4"] {
        sum.add(&read(text));
    }
    assert_eq!(sum.to_string(), "1500m");
    sum.subtract(&read("1500m"));
    assert!(sum.is_zero());
}

#[test]
fn amounts_compare_by_size() {
    assert_eq!(read("1000m"), read("1"));
    assert_eq!(read("1Ki"), read("1024"));
    assert!(read("1Gi") > read("1G"));
    assert!(read("1e30") > read("1n"));
    assert!(read("-1e30") < read("-1n"));
    assert!(read("0") > read("-1n"));
}

fn texts() -> impl Strategy<Value = String> {
    let suffix = prop::sample::select(vec![
        "", "n", "u", "m", "k", "M", "G", "T", "Ki", "Mi", "Gi", "e3", "e-3", "E6",
    ]);
    ("[-+]?", "[0-9]{1,9}", "(\\.[0-9]{0,4})?", suffix)
        .prop_map(|(sign, whole, fraction, suffix)| format!("{sign}{whole}{fraction}{suffix}"))
}

proptest! {
    #[test]
    fn nothing_makes_the_parser_panic(text in ".{0,24}") {
        let _ = text.parse::<Quantity>();
    }

    #[test]
    fn what_is_written_reads_as_the_same_amount(text in texts()) {
        let quantity = read(&text);
        prop_assert_eq!(&read(&quantity.to_string()), &quantity);
    }

    #[test]
    fn sums_do_not_depend_on_the_order(one in texts(), two in texts(), three in texts()) {
        let sum = |texts: [&str; 3]| {
            let mut sum = Quantity::default();
            for text in texts {
                sum.add(&read(text));
            }
            sum
        };
        let forth = sum([&one, &two, &three]);
        prop_assert_eq!(&forth, &sum([&three, &one, &two]));
        let mut rest = forth;
        rest.subtract(&read(&one));
        rest.subtract(&read(&two));
        prop_assert_eq!(rest, read(&three));
    }

    #[test]
    fn order_is_that_of_sums(one in texts(), two in texts()) {
        let (one, two) = (read(&one), read(&two));
        let mut difference = one.clone();
        difference.subtract(&two);
        prop_assert_eq!(one.cmp(&two), difference.cmp(&Quantity::default()));
    }
}
