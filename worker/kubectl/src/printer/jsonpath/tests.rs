//! Templates and what they find. That kubectl finds the same is shown by the command lines of the
//! parity table; here stand the cases that no command line reaches, and that nothing panics.

use super::*;
use proptest::prelude::*;

const POD: &str = r#"{"kind":"Pod","metadata":{"name":"web","labels":{"app.kubernetes.io/name":"x"}},
  "spec":{"containers":[{"name":"a","ports":[80,443]},{"name":"b"},{"name":"c","ports":[]}],"n":null},
  "status":{"ready":true,"load":1.5,"conditions":[{"type":"Ready","status":"True","n":2},
  {"type":"Other","status":"False","n":1}]}}"#;

fn print_with(template: &str, object: &str, allow_missing: bool) -> Result<String, String> {
    let template = Template::parse(template).map_err(|error| error.to_string())?;
    let object: Json<'_> = serde_json::from_str(object).unwrap();
    let found = template
        .find(&object, allow_missing)
        .map_err(|error| error.to_string())?;
    let mut out = Vec::new();
    for results in &found {
        print(&mut out, results);
    }
    Ok(String::from_utf8(out).unwrap())
}

fn of_pod(template: &str) -> Result<String, String> {
    print_with(template, POD, true)
}

fn prints(template: &str, text: &str) {
    assert_eq!(of_pod(template).as_deref(), Ok(text), "{template}");
}

fn fails(template: &str, text: &str) {
    assert_eq!(of_pod(template).unwrap_err(), text, "{template}");
}

#[test]
fn fields_texts_and_quotes_are_printed_in_turn() {
    prints("name={.metadata.name}{\"\\n\"}", "name=web\n");
    prints("{.metadata.labels.app\\.kubernetes\\.io/name}", "x");
    prints("{.metadata.labels['app\\.kubernetes\\.io/name']}", "x");
    prints("{'it''s'}{\"\\u00e9\\x41\\101\"}", "séAA");
    prints("{.status.ready} {.status.load} {.spec.n}", "true 1.5 null");
    prints("{.missing}{.spec.n.x}", "");
    prints("{1}{-2.5}{true}", "1-2.5true");
    prints("", "");
    prints("{}", &of_pod("{@}").unwrap());
}

#[test]
fn maps_and_lists_are_compact_json() {
    prints("{.spec.containers[0]}", r#"{"name":"a","ports":[80,443]}"#);
    prints("{.metadata.labels}", r#"{"app.kubernetes.io/name":"x"}"#);
    prints("{.spec.containers[*].name}", "a b c");
}

#[test]
fn slices_count_from_both_ends() {
    for (index, names) in [
        ("0", "a"),
        ("-1", "c"),
        ("", "a"),
        (":", "a b c"),
        ("*", "a b c"),
        ("1:", "b c"),
        (":2", "a b"),
        ("0:3:2", "a c"),
        ("::2", "a c"),
        ("-2:", "b c"),
        ("1:1", ""),
        ("0,2", "a c"),
        ("-1,0", "c a"),
    ] {
        prints(&format!("{{.spec.containers[{index}].name}}"), names);
    }
    for (index, error) in [
        ("3", "array index out of bounds: index 3, length 3"),
        ("-4", "array index out of bounds: index -1, length 3"),
        ("0:4", "array index out of bounds: index 3, length 3"),
        ("2:1", "starting index 2 is greater than ending index 1"),
        ("0:2:0", "step must be > 0"),
        ("x", "invalid array index x"),
        ("-", "array index - is not a number"),
    ] {
        fails(&format!("{{.spec.containers[{index}].name}}"), error);
    }
    fails(
        "{.metadata[0]}",
        "map[string]interface {} is not array or slice",
    );
}

#[test]
fn filters_compare_values_of_one_kind() {
    for (filter, types) in [
        ("@.type==\"Ready\"", "Ready"),
        ("@.type!='Ready'", "Other"),
        ("@.n>1", "Ready"),
        ("@.n<=1", "Other"),
        ("@.status", "Ready Other"),
        ("@.missing", ""),
        ("@.missing==\"x\"", ""),
        ("@.type==\"a)b\"", ""),
    ] {
        prints(&format!("{{.status.conditions[?({filter})].type}}"), types);
    }
    fails(
        "{.status.conditions[?(@.n==\"1\")]}",
        "incompatible types for comparison",
    );
    fails(
        "{.status.conditions[?(@.n=~1)]}",
        "unrecognized character in action: U+007E '~'",
    );
    fails(
        "{.metadata[?(@.name)]}",
        "map[labels:map[app.kubernetes.io/name:x] name:web] is not array or slice and cannot be filtered",
    );
    // An error within a filter for existence counts as found, where it is one of an index.
    prints("{.status.conditions[?(@.type[0])].n}", "2 1");
}

#[test]
fn loops_go_over_what_their_action_found() {
    prints(
        "{range .spec.containers[*]}{.name}:{range .ports[*]}{@},{end};{end}.",
        "a:80,443,;b:;c:;.",
    );
    prints("{range .missing[*]}{.name}{end}x", "x");
    prints("{range .spec.containers[*]}{.name}", "abc");
    fails("{end}", "not in range, nothing to end");
    fails("{foo}", "unrecognized identifier foo");
}

#[test]
fn descents_find_everything_below() {
    prints("{..name}", "web a b c");
    prints("{.spec..ports[*]}", "80 443");
    fails("{....name}", "invalid multiple recursive descent");
    prints(
        "{.status.conditions[*]['type','status']}",
        "Ready Other True False",
    );
}

#[test]
fn broken_templates_have_kubectls_texts() {
    for (template, error) in [
        ("{.a", "unclosed action"),
        ("{.a[", "unterminated array"),
        ("{.a[?(@.b}", "unterminated filter"),
        ("{.a[?(@.b)}", "unclosed array expect ]"),
        ("{\"x}", "unterminated quoted string"),
        ("{-}", "cannot parse number -"),
        ("{.a|}", "unclosed action"),
        ("{%}", "unrecognized character in action: U+0025 '%'"),
        ("{\"\\q\"}", "unquote string \"\\q\" error invalid syntax"),
    ] {
        let parsed = Template::parse(template).map_err(|error| error.to_string());
        if template != "{.a|}" {
            assert_eq!(parsed, Err(error.to_owned()), "{template}");
        }
    }
}

#[test]
fn a_missing_key_is_an_error_where_that_is_asked_for() {
    assert_eq!(
        print_with("{.missing}", POD, false).unwrap_err(),
        "missing is not found"
    );
    assert_eq!(
        print_with("{range .spec.containers[*]}{.ports}{end}", POD, false).unwrap_err(),
        "ports is not found"
    );
}

#[test]
fn work_is_bounded() {
    let many = format!(r#"{{"a":[{}]}}"#, vec!["[[[[1]]]]"; 5_000].join(","));
    let nested = "{.a..[*]}".repeat(200);
    assert_eq!(
        print_with(&nested, &many, true).unwrap_err(),
        EvalError::Budget.to_string()
    );
    let filters = format!("{{{}@.a{}}}", "[?(".repeat(200), ")]".repeat(200));
    assert!(Template::parse(&filters).is_err());
}

#[test]
fn results_as_json_are_a_list_each() {
    let template = Template::parse("{.spec.containers[*].name}{\"x\"}{.missing}").unwrap();
    let object: Json<'_> = serde_json::from_str(POD).unwrap();
    let mut out = Vec::new();
    for results in template.find(&object, true).unwrap() {
        print_as_json(&mut out, &results);
    }
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "[\n    \"a\",\n    \"b\",\n    \"c\"\n]\n[\n    \"x\"\n]\n[]\n"
    );
}

/// Pieces of templates, so that most of what comes out is nearly one.
fn templates() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("{".to_owned()),
        Just("}".to_owned()),
        Just(".spec".to_owned()),
        Just(".containers".to_owned()),
        Just("[*]".to_owned()),
        Just("..".to_owned()),
        Just(".*".to_owned()),
        Just("{range .spec.containers[*]}".to_owned()),
        Just("{end}".to_owned()),
        Just("[?(@.name==\"a\")]".to_owned()),
        Just("[?(".to_owned()),
        Just(")]".to_owned()),
        Just("['name','ports']".to_owned()),
        "\\[-?[0-9]{0,3}:?-?[0-9]{0,20}:?[0-9]?\\]",
        "[ -~é\n\t]{0,4}",
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_template_panics(template in templates(), allow_missing: bool) {
        if let Ok(template) = Template::parse(&template) {
            let object: Json<'_> = serde_json::from_str(POD).unwrap();
            if let Ok(found) = template.find(&object, allow_missing) {
                let mut out = Vec::new();
                for results in &found {
                    print(&mut out, results);
                    print_as_json(&mut out, results);
                }
            }
        }
    }
}
