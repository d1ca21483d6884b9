//! Tables that no type of Kubernetes has: cells of every type, too few and too many of them, columns without
//! a name, wide texts, many rows.

use kubently_tests::fake_api::Script;
use serde_json::{Value, json};

use super::{Case, path_of, table};

const LINES: &[&str] = &[
    "get pods",
    "get pods -o wide",
    "get pods --no-headers",
    "get pods -A",
    "get pods --show-labels",
    "get pods -L app,tier --show-kind",
    "get pods -A -o wide --no-headers --show-labels",
    "get pods,configmaps",
    "get pods --sort-by .metadata.name",
];

fn metadata(name: &str) -> Value {
    json!({
        "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
        "metadata": {"name": name, "namespace": "default", "labels": {"app": "web", "b": "", "a": "x"}},
    })
}

fn column(name: &str, kind: &str, format: &str, priority: i32) -> Value {
    json!({"name": name, "type": kind, "format": format, "description": "d", "priority": priority})
}

/// A name, columns and rows.
type Named = (&'static str, Value, Value);

fn row(cells: &Value) -> Value {
    json!({"cells": cells, "object": metadata("one")})
}

fn plain() -> Value {
    json!([
        column("Name", "string", "name", 0),
        column("Cell", "string", "", 0),
        column("Wide", "string", "", 1)
    ])
}

/// Cells of every type, and as many as there are not columns.
fn cells() -> Vec<Named> {
    let row = |cells: Value| row(&cells);
    let plain = plain();
    vec![
        (
            "no columns",
            json!([]),
            json!([{"cells": [], "object": metadata("one")}]),
        ),
        ("no rows", plain.clone(), json!([])),
        ("null rows", plain.clone(), json!(null)),
        ("null columns", json!(null), json!([row(json!(["a"]))])),
        (
            "every type of cell",
            plain.clone(),
            json!([
                row(json!(["s", "text", "w"])),
                row(json!(["null", null, null])),
                row(json!(["yes", true, false])),
                row(json!(["int", 5, -7])),
                row(json!([
                    "big",
                    9_223_372_036_854_775_807_i64,
                    12_345_678_901_u64
                ])),
                row(json!(["float", 1.5, 1e21])),
                row(json!(["whole", 3.0, 1e-7])),
                row(json!(["large", 100_000_000.0, 123_456_789.125])),
                row(json!(["list", [1, "a", null, 2.5], []])),
                row(json!(["map", {"b": 1, "a": [true]}, {}])),
                row(json!(["empty", "", ""])),
            ]),
        ),
        (
            "too few and too many cells",
            plain.clone(),
            json!([
                row(json!(["few"])),
                row(json!([])),
                row(json!(["many", "b", "c", "d", "e"])),
                row(json!(["ok", "b", "c"]))
            ]),
        ),
        (
            "null cells",
            plain.clone(),
            json!([{"cells": null, "object": metadata("one")}, row(json!(["a", "b", "c"]))]),
        ),
        (
            "rows without an object",
            plain.clone(),
            json!([{"cells": ["a", "b", "c"]}, {"cells": ["d", "e", "f"], "object": null}, row(json!(["g", "h", "i"]))]),
        ),
    ]
}

/// Texts, titles and lengths.
fn texts() -> Vec<Named> {
    let row = |cells: Value| row(&cells);
    let plain = plain();
    let many: Vec<Value> = (0..230)
        .map(|n| {
            let text = "x".repeat(if n == 150 { 40 } else { n % 7 });
            json!({"cells": [format!("n{n}"), text, "w"], "object": metadata(&format!("n{n}"))})
        })
        .collect();
    vec![
        (
            "texts",
            plain.clone(),
            json!([
                row(json!(["tab\there", "a\tb\tc", "w"])),
                row(json!(["line\nbreak", "cr\rx", "ff\u{c}x"])),
                row(json!(["\n", "", "\r\n"])),
                row(json!(["esc\u{1b}[31m", "bel\u{7}", "nul\u{0}x"])),
                row(json!(["日本語", "😀😀", "é e\u{301}"])),
                row(json!(["bidi\u{202e}x", "nbsp\u{a0}x", "zw\u{200b}x"])),
                row(json!(["c1\u{9b}31m", "\u{85}x", "vt\u{b}x"])),
                row(json!(["  lead", "trail  ", " both "])),
                row(json!(["a|b", "<none>", "a & b <c>"])),
            ]),
        ),
        (
            "odd columns",
            json!([
                column("", "string", "", 0),
                column("two words", "string", "name", 0),
                column("tab\tin it", "string", "", 0),
                column("übung", "integer", "name", 0),
                column("ß", "", "", 0),
                column("Low", "string", "", -1),
                column("Same", "string", "", 0),
                column("Same", "string", "", 0),
            ]),
            json!([row(json!(["a", "b", "c", 4, "e", "f", "g", "h"]))]),
        ),
        (
            "two names",
            json!([
                column("A", "string", "name", 0),
                column("B", "string", "name", 0)
            ]),
            json!([row(json!(["a", "b"])), row(json!(["", ""]))]),
        ),
        (
            "a name that is hidden",
            json!([
                column("A", "string", "name", 1),
                column("B", "string", "", 0)
            ]),
            json!([row(json!(["a", "b"]))]),
        ),
        (
            "only hidden columns",
            json!([column("A", "string", "", 1)]),
            json!([row(json!(["a"]))]),
        ),
        (
            "long headers and short cells",
            json!([
                column("A rather long header", "string", "", 0),
                column("B", "string", "", 0),
                column("Another long one", "string", "", 0)
            ]),
            json!([row(json!(["a", "", "c"])), row(json!(["", "", ""]))]),
        ),
        (
            "more rows than are printed at a time",
            plain,
            Value::Array(many),
        ),
        (
            "labels",
            json!([column("Name", "string", "name", 0)]),
            json!([
                {"cells": ["none"], "object": {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": {"name": "none"}}},
                {"cells": ["null"], "object": {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": {"name": "null", "labels": null}}},
                {"cells": ["many"], "object": {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": {"name": "many", "namespace": "", "labels": {"z": "1", "app": "", "tier": "a b"}}}},
                {"cells": ["elsewhere"], "object": {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": {"name": "elsewhere", "namespace": "other-namespace"}}},
            ]),
        ),
    ]
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = cells()
        .into_iter()
        .chain(texts())
        .map(|(name, columns, rows)| {
            let answer = move |path: &str, _| {
                let is_list = matches!(
                    path_of(path),
                    "/api/v1/pods"
                        | "/api/v1/namespaces/default/pods"
                        | "/api/v1/namespaces/default/configmaps"
                );
                is_list.then(|| table(&columns, &rows))
            };
            // kubectl itself ends in a panic over some lines.
            let panics: &[&str] = match name {
                "too few and too many cells" | "null cells" => &["--show-kind", "configmaps"],
                "rows without an object" => &["--sort-by"],
                _ => &[],
            };
            let lines = LINES
                .iter()
                .filter(|line| !panics.iter().any(|it| line.contains(it)));
            let lines: Vec<&str> = lines.copied().collect();
            Case::new(format!("table: {name}"), answer, &lines)
        })
        .collect();
    cases.push(Case::new(
        "table: the columns of the second page are wider",
        |path, _| {
            if path_of(path) != "/api/v1/namespaces/default/pods" {
                return None;
            }
            let columns = json!([
                column("Name", "string", "name", 0),
                column("Cell", "string", "", 0)
            ]);
            let rows = |name: &str| json!([{"cells": [name, "x"], "object": metadata(name)}]);
            let page = |rest: &str, name: &str| {
                Script::json(
                    200,
                    &json!({
                        "kind": "Table", "apiVersion": "meta.k8s.io/v1",
                        "metadata": {"resourceVersion": "1", "continue": rest},
                        "columnDefinitions": columns, "rows": rows(name),
                    }),
                )
            };
            let next = |token: &str| path.contains(&format!("continue={token}"));
            Some(match () {
                () if next("b") => page("", "end"),
                () if next("a") => page("b", "a-name-that-is-much-wider"),
                () => page("a", "short"),
            })
        },
        &[
            "get pods",
            "get pods --no-headers",
            "get pods -o wide --show-labels",
        ],
    ));
    cases
}
