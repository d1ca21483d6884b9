use super::*;

const CORE: &str = r#"{"items":[{"metadata":{},"versions":[{"version":"v1","resources":[
  {"resource":"pods","responseKind":{"kind":"Pod"},"scope":"Namespaced","singularResource":"pod","shortNames":["po"],"categories":["all"]},
  {"resource":"events","responseKind":{"kind":"Event"},"scope":"Namespaced","singularResource":"event","shortNames":["ev"]},
  {"resource":"nodes","responseKind":{"kind":"Node"},"scope":"Cluster","singularResource":"node","shortNames":["no"]}]}]}]}"#;
const OTHERS: &str = r#"{"items":[
  {"metadata":{"name":"apps"},"versions":[{"version":"v1","resources":[
    {"resource":"deployments","responseKind":{"kind":"Deployment"},"scope":"Namespaced","singularResource":"deployment","shortNames":["deploy"],"categories":["all"]}]}]},
  {"metadata":{"name":"autoscaling"},"versions":[
    {"version":"v3","freshness":"Stale","resources":[]},
    {"version":"v2","resources":[{"resource":"horizontalpodautoscalers","responseKind":{"kind":"HorizontalPodAutoscaler"},"scope":"Namespaced","singularResource":"horizontalpodautoscaler","shortNames":["hpa"],"categories":["all"]}]},
    {"version":"v1","resources":[{"resource":"horizontalpodautoscalers","responseKind":{"kind":"HorizontalPodAutoscaler"},"scope":"Namespaced","singularResource":"horizontalpodautoscaler","shortNames":["hpa"],"categories":["all"]}]}]},
  {"metadata":{"name":"events.k8s.io"},"versions":[{"version":"v1","resources":[
    {"resource":"events","responseKind":{"kind":"Event"},"scope":"Namespaced","singularResource":"event","shortNames":["ev"]}]}]},
  {"metadata":{"name":"example.com"},"versions":[{"version":"v1","resources":[
    {"resource":"widgets","responseKind":{"kind":"Gadget"},"scope":"Namespaced","singularResource":"","shortNames":["po"]},
    {"resource":"nameless","scope":"Namespaced"}]}]}]}"#;

fn map() -> ResourceMap {
    let groups = [CORE, OTHERS]
        .iter()
        .flat_map(|text| serde_json::from_str::<wire::GroupList>(text).unwrap().items);
    ResourceMap::new(groups.collect())
}

fn find(argument: &str) -> Result<String, String> {
    let found = map().resolve(argument, &mut Vec::new());
    found
        .map(|mapping| mapping.long_name())
        .map_err(|error| error.to_string())
}

#[test]
fn plurals_singulars_short_names_and_kinds_mean_the_same_type() {
    for argument in [
        "pods", "pod", "po", "Pod", "PODS", "pods.", "pods.v1.", "po.v1.",
    ] {
        assert_eq!(
            find(argument).as_deref(),
            Ok("/v1, Resource=pods"),
            "{argument}"
        );
    }
    for argument in [
        "deploy",
        "deployments.apps",
        "deployment.v1.apps",
        "Deployment.v1.apps",
        "deploy.apps",
        "deployments.ap",
        "deploy.ap",
    ] {
        assert_eq!(
            find(argument).as_deref(),
            Ok("apps/v1, Resource=deployments"),
            "{argument}"
        );
    }
}

#[test]
fn groups_and_versions_choose_among_types_of_one_name() {
    assert_eq!(find("events").as_deref(), Ok("/v1, Resource=events"));
    assert_eq!(
        find("events.events.k8s.io").as_deref(),
        Ok("events.k8s.io/v1, Resource=events")
    );
    assert_eq!(
        find("ev.events").as_deref(),
        Ok("events.k8s.io/v1, Resource=events")
    );
    assert_eq!(
        find("hpa").as_deref(),
        Ok("autoscaling/v2, Resource=horizontalpodautoscalers")
    );
    assert_eq!(
        find("horizontalpodautoscalers.v1.autoscaling").as_deref(),
        Ok("autoscaling/v1, Resource=horizontalpodautoscalers")
    );
}

#[test]
fn a_kind_without_a_singular_name_is_found_by_its_own() {
    assert_eq!(
        find("gadget").as_deref(),
        Ok("example.com/v1, Resource=widgets")
    );
    assert_eq!(
        find("Gadget.v1.example.com").as_deref(),
        Ok("example.com/v1, Resource=widgets")
    );
}

#[test]
fn unknown_types_are_told_in_kubectls_words() {
    for (argument, message) in [
        (
            "nosuch",
            r#"the server doesn't have a resource type "nosuch""#,
        ),
        ("PO", r#"the server doesn't have a resource type "PO""#),
        (
            "pods.v1",
            r#"the server doesn't have a resource type "pods" in group "v1""#,
        ),
        (
            "no.v1.foo.io",
            r#"the server doesn't have a resource type "no" in group "v1.foo.io""#,
        ),
        (
            "nameless",
            r#"the server doesn't have a resource type "nameless""#,
        ),
    ] {
        assert_eq!(find(argument), Err(message.to_owned()));
    }
}

#[test]
fn the_list_of_a_kind_is_a_type_that_no_server_has() {
    assert_eq!(find("podlist").as_deref(), Ok("/v1, Resource=podlists"));
    assert_eq!(find("lists").as_deref(), Ok("/v1, Resource=lists"));
}

#[test]
fn a_short_name_of_several_types_means_the_first_and_warns() {
    let mut warnings = Vec::new();
    let mapping = map().resolve("po", &mut warnings).unwrap();
    assert_eq!(mapping.prefix(), "pod");
    assert_eq!(
        warnings,
        [r#"short name "po" could also match lower priority resource widgets.example.com"#]
    );
}

#[test]
fn a_category_names_its_types_once_in_the_servers_order() {
    let all = map().category("all").unwrap();
    assert_eq!(
        all,
        [
            "pods",
            "deployments.apps",
            "horizontalpodautoscalers.autoscaling"
        ]
    );
    assert_eq!(map().category("none"), None);
}
