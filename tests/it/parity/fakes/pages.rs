//! Lists of several pages of which one fails: what came before it, and what is said.

use kubently_tests::fake_api::Script;
use serde_json::{Value, json};

use super::{Case, path_of};

type Make = fn() -> Script;

fn event(number: u32) -> Value {
    json!({
        "kind": "Event", "apiVersion": "v1",
        "metadata": {"name": format!("e{number}"), "namespace": "default"},
        "involvedObject": {"kind": "ConfigMap", "name": "web", "namespace": "default", "uid": "u"},
        "type": "Normal", "reason": format!("Reason{number}"), "message": format!("message {number}"),
        "firstTimestamp": "2026-11-01T00:00:00Z", "lastTimestamp": format!("2026-11-0{number}T00:00:00Z"),
        "count": number, "source": {"component": "tests"},
    })
}

fn page(kind: &str, rest: &str, items: &[Value]) -> Script {
    let metadata = json!({"resourceVersion": "1", "continue": rest});
    Script::json(
        200,
        &json!({"kind": kind, "apiVersion": "v1", "metadata": metadata, "items": items}),
    )
}

fn object(kind: &str) -> Value {
    json!({
        "kind": kind, "apiVersion": "v1",
        "metadata": {"name": "web", "namespace": "default", "uid": "u", "creationTimestamp": "2026-11-01T00:00:00Z"},
        "spec": {"containers": [{"name": "c", "image": "i"}]}, "status": {"phase": "Running"}, "data": {"a": "b"},
    })
}

/// Events in three pages, the second of which is this.
fn events(second: Make) -> impl Fn(&str, usize) -> Option<Script> {
    move |path: &str, _| match path_of(path) {
        "/api/v1/namespaces/default/pods/web" => Some(Script::json(200, &object("Pod"))),
        "/api/v1/namespaces/default/configmaps/web" => {
            Some(Script::json(200, &object("ConfigMap")))
        }
        "/api/v1/namespaces/default/configmaps" => {
            Some(page("ConfigMapList", "", &[object("ConfigMap")]))
        }
        "/api/v1/namespaces/default/events" => Some(match () {
            () if path.contains("continue=second") => second(),
            () if path.contains("continue=third") => page("EventList", "", &[event(3)]),
            () => page("EventList", "second", &[event(1), event(2)]),
        }),
        _ => None,
    }
}

/// Config maps in three pages, the second of which is this.
fn objects(second: Make) -> impl Fn(&str, usize) -> Option<Script> {
    move |path: &str, _| {
        let of = |name: &str| {
            let mut object = object("ConfigMap");
            object["metadata"]["name"] = json!(name);
            object
        };
        match path_of(path).strip_prefix("/api/v1/namespaces/default/configmaps")? {
            "" => Some(match () {
                () if path.contains("continue=second") => second(),
                () if path.contains("continue=third") => page("ConfigMapList", "", &[of("c")]),
                () => page("ConfigMapList", "second", &[of("a"), of("b")]),
            }),
            name => Some(Script::json(200, &of(name.trim_start_matches('/')))),
        }
    }
}

pub(super) fn cases() -> Vec<Case> {
    let seconds: [(&str, Make); 8] = [
        ("is there", || page("EventList", "third", &[])),
        ("is refused", || {
            Script::status(403, "Forbidden", "events is forbidden")
        }),
        ("is not found", || {
            Script::status(404, "NotFound", "not here")
        }),
        ("is too old", || {
            Script::status(410, "Expired", "The provided continue parameter is too old")
        }),
        ("fails", || {
            Script::status(500, "InternalError", "etcd is away")
        }),
        ("is a web page", || {
            Script::text(502, "text/html", "<h1>Bad gateway</h1>")
        }),
        ("is half", || {
            Script::text(
                200,
                "application/json",
                "{\"kind\":\"EventList\",\"items\":[",
            )
        }),
        ("is bad", || {
            Script::status(400, "BadRequest", "continue key is not valid")
        }),
    ];
    let mut cases = Vec::new();
    for (name, second) in seconds {
        let mut lines = vec!["describe pod web", "events"];
        // kubectl names its selector then, in an order that is another each time.
        if !matches!(name, "is not found" | "is bad") {
            lines.extend([
                "describe configmap web",
                "describe configmaps --show-events",
            ]);
        }
        cases.push(Case::new(
            format!("events: the second page {name}"),
            events(second),
            &lines,
        ));
        cases.push(Case::new(
            format!("list: the second page {name}"),
            objects(second),
            &[
                "get configmaps -o name",
                "get configmaps -o json",
                "get configmaps -o yaml",
                "get configmaps -o custom-columns=N:.metadata.name",
                "describe configmaps --show-events=false",
            ],
        ));
    }
    cases
}
