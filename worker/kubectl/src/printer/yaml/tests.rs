use super::*;

fn print(json: &str) -> String {
    let value: Json<'_> = serde_json::from_str(json).unwrap();
    let mut out = Vec::new();
    write(&mut out, &value).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn sequences_stand_under_their_key_without_indentation() {
    insta::assert_snapshot!(
        print(r#"{"a":{"l":[{"x":1,"y":[]},[1,[2]],"s",{}]},"e":{},"n":null}"#),
        @r#"
    a:
      l:
      - x: 1
        "y": []
      - - 1
        - - 2
      - s
      - {}
    e: {}
    "n": null
    "#
    );
}

#[test]
fn strings_get_the_style_they_need() {
    insta::assert_snapshot!(
        print(r##"{"a":"x: y","b":"- x","c":"","d":"true","e":"it's","f":" lead","g":"tab\there",
            "h":"a\nb\n","i":"a\nb","j":"a\n\n","k":" a\nb\n","l":"a \nb","m":"# no","n":"x #y",
            "o":"😀","p":"\ufeffab","q":"=","r":"<<","s":"\n","t":"*x","v":"--- x"}"##),
        @r#"
    a: 'x: y'
    b: '- x'
    c: ""
    d: "true"
    e: it's
    f: ' lead'
    g: "tab\there"
    h: |
      a
      b
    i: |-
      a
      b
    j: |+
      a

    k: |2
       a
      b
    l: "a \nb"
    m: '# no'
    "n": 'x #y'
    o: "\U0001F600"
    p: "\uFEFF\x61\x62"
    q: =
    r: <<
    s: |2+

    t: '*x'
    v: '--- x'
    "#
    );
}

#[test]
fn line_separators_break_lines_of_single_quoted_text() {
    assert_eq!(print(r#"{"a":"x\u2028y"}"#), "a: 'x\u{2028}  y'\n");
    assert_eq!(print(r#"{"x\u2028y":"a"}"#), "? 'x\u{2028}  y'\n: a\n");
}

#[test]
fn long_text_is_folded_at_spaces() {
    let word = "lorem ipsum ".repeat(15);
    insta::assert_snapshot!(
        print(&format!(r#"{{"a":"{}","b":"{}: '","c":"\t{}"}}"#, word.trim(), word, word.trim())),
        @r#"
    a: lorem ipsum lorem ipsum lorem ipsum lorem ipsum lorem ipsum lorem ipsum lorem ipsum
      lorem ipsum lorem ipsum lorem ipsum lorem ipsum lorem ipsum lorem ipsum lorem ipsum
      lorem ipsum
    b: 'lorem ipsum lorem ipsum lorem ipsum lorem ipsum lorem ipsum lorem ipsum lorem
      ipsum lorem ipsum lorem ipsum lorem ipsum lorem ipsum lorem ipsum lorem ipsum lorem
      ipsum lorem ipsum : '''
    c: "\tlorem ipsum lorem ipsum lorem ipsum lorem ipsum lorem ipsum lorem ipsum lorem
      ipsum lorem ipsum lorem ipsum lorem ipsum lorem ipsum lorem ipsum lorem ipsum lorem
      ipsum lorem ipsum"
    "#
    );
}

#[test]
fn a_long_key_stands_behind_a_question_mark() {
    let key = "k".repeat(129);
    assert_eq!(
        print(&format!(r#"{{"{key}":{{"a":[1]}}}}"#)),
        format!("? {key}\n: a:\n  - 1\n")
    );
}

#[test]
fn floats_come_back_from_json_as_integers_where_they_are() {
    assert_eq!(
        print("[1.5,1e6,1e20,1e-7,123456789.125,18446744073709551615]"),
        "- 1.5\n- 1000000\n- 1e+20\n- 1e-07\n- 1.23456789125e+08\n- 1.8446744073709552e+19\n"
    );
}

#[test]
fn control_characters_are_refused() {
    let value = Json::Str("a\u{7f}".into());
    assert_eq!(write(&mut Vec::new(), &value), Err(ControlCharacter));
}

#[test]
fn a_list_is_the_same_item_by_item_as_at_once() {
    let item = r#"{"b":[{"c":"x\n"}],"a":"y\nz"}"#;
    let value: Json<'_> = serde_json::from_str(item).unwrap();
    for count in 0..3 {
        let mut out = Vec::new();
        let mut list = ListWriter::default();
        for _ in 0..count {
            list.item(&mut out, &value).unwrap();
        }
        list.finish(&mut out);
        let whole = format!(
            r#"{{"apiVersion":"v1","items":[{}],"kind":"List","metadata":{{"resourceVersion":""}}}}"#,
            vec![item; count].join(",")
        );
        assert_eq!(String::from_utf8(out).unwrap(), print(&whole));
    }
}
