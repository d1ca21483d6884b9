use super::super::tabwriter::TABLE;
use super::*;

fn page(rows: &[(&str, &str)]) -> String {
    let rows: Vec<String> = rows
        .iter()
        .map(|(name, status)| {
            format!(
                r#"{{"cells":["{name}","{status}","x"],"object":{{"metadata":{{"namespace":"ns",
                "labels":{{"app":"a","tier.example.com/x":"b"}}}}}}}}"#
            )
        })
        .collect();
    format!(
        r#"{{"kind":"Table","apiVersion":"meta.k8s.io/v1","columnDefinitions":[
        {{"name":"Name","type":"string","format":"name","priority":0}},
        {{"name":"Status","type":"string","priority":0}},
        {{"name":"Node","type":"string","priority":1}}],"rows":[{}]}}"#,
        rows.join(",")
    )
}

fn print(decoration: Decoration, pages: &[String]) -> String {
    let mut printer = TablePrinter::new(decoration);
    let mut tab = TabWriter::new(TABLE);
    let mut out = Vec::new();
    for page in pages {
        printer.print(serde_json::from_str(page).unwrap(), &mut tab, &mut out);
    }
    tab.flush(&mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn less_important_columns_are_shown_wide() {
    let pages = [page(&[("web", "Running")])];
    insta::assert_snapshot!(print(Decoration::default(), &pages), @r"
    NAME   STATUS
    web    Running
    ");
    let wide = Decoration {
        wide: true,
        ..Decoration::default()
    };
    insta::assert_snapshot!(print(wide, &pages), @r"
    NAME   STATUS    NODE
    web    Running   x
    ");
}

#[test]
fn decorations_come_in_their_order() {
    let decoration = Decoration {
        namespace: true,
        kind: Some("pod".into()),
        label_columns: vec!["tier.example.com/x".into(), "missing".into()],
        labels: true,
        ..Decoration::default()
    };
    insta::assert_snapshot!(print(decoration, &[page(&[("web", "Running")])]), @r"
    NAMESPACE   NAME      STATUS    X     MISSING   LABELS
    ns          pod/web   Running   b               app=a,tier.example.com/x=b
    ");
}

#[test]
fn the_header_is_printed_once_and_columns_grow_from_page_to_page() {
    let pages = [page(&[("a", "ok")]), page(&[("a-longer-name", "ok")])];
    insta::assert_snapshot!(print(Decoration::default(), &pages), @r"
    NAME            STATUS
    a               ok
    a-longer-name   ok
    ");
}

#[test]
fn widths_count_the_bytes_of_whole_cells() {
    let pages = [page(&[("日本語", "one\\ntwo"), ("x", "a\\u001b[31mb")])];
    assert_eq!(
        print(Decoration::default(), &pages),
        "NAME        STATUS\n日本語         one...\nx           a^[[31mb\n"
    );
    let bare = Decoration {
        no_headers: true,
        ..Decoration::default()
    };
    assert_eq!(print(bare, &pages), "日本語   one...\nx     a^[[31mb\n");
}

#[test]
fn a_table_without_rows_prints_nothing() {
    assert_eq!(print(Decoration::default(), &[page(&[])]), "");
}

#[test]
fn a_row_after_a_flush_keeps_its_columns() {
    let rows: Vec<(String, &str)> = (0..250)
        .map(|n| {
            (
                if n == 240 {
                    "x".repeat(30)
                } else {
                    format!("pod-{n}")
                },
                "ok",
            )
        })
        .collect();
    let rows: Vec<(&str, &str)> = rows
        .iter()
        .map(|(name, status)| (name.as_str(), *status))
        .collect();
    let printed = print(Decoration::default(), &[page(&rows)]);
    assert!(
        printed.lines().all(|line| line.rfind(' ') == Some(32)),
        "{printed}"
    );
}
