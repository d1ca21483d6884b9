use super::*;

fn command(line: &str) -> Command {
    let mut words = line.split(' ').map(str::to_owned);
    let verb = words.next().unwrap().parse().unwrap();
    let args: Vec<_> = words.collect();
    Command::parse(verb, &args, None).unwrap()
}

/// The stable code of the answer; `unknown` is a cluster that looks like none, `ok` is yes.
fn answer(grant: &str, line: &str) -> &'static str {
    let grant = serde_json::from_str(grant).unwrap();
    let cluster = "prod-1".parse().unwrap();
    match authorize(&grant, &cluster, &command(line)) {
        Ok(()) => "ok",
        Err(denied) => denied
            .refusal()
            .map_or("unknown", |refusal| refusal.code.as_str()),
    }
}

fn table(grant: &str, rows: &[(&str, &str)]) {
    for (line, expected) in rows {
        assert_eq!(answer(grant, line), *expected, "{grant}: {line}");
    }
}

#[test]
fn a_grant_without_lists_allows_every_command() {
    for grant in ["{}", r#"{"admin":true}"#] {
        table(
            grant,
            &[
                ("get pods -A", "ok"),
                ("get nodes", "ok"),
                ("top nodes", "ok"),
                ("get widgets.example.com", "ok"),
                ("version", "ok"),
            ],
        );
    }
}

#[test]
fn a_cluster_outside_the_grant_looks_unknown_whatever_else_is_wrong() {
    table(
        r#"{"clusters":["prod-1"]}"#,
        &[("get pods", "ok"), ("version", "ok")],
    );
    table(
        r#"{"clusters":["prod-2"],"verbs":[]}"#,
        &[("get pods", "unknown"), ("version", "unknown")],
    );
    table(r#"{"clusters":[],"admin":true}"#, &[("version", "unknown")]);
}

#[test]
fn only_the_verbs_of_the_grant_may_be_used() {
    table(
        r#"{"verbs":["get","version"]}"#,
        &[
            ("get nodes", "ok"),
            ("version", "ok"),
            ("describe pods", "verb_forbidden"),
            ("logs web", "verb_forbidden"),
            ("api-resources", "verb_forbidden"),
        ],
    );
}

#[test]
fn a_key_of_one_namespace_stays_in_it() {
    table(
        r#"{"namespaces":["team-a"]}"#,
        &[
            ("get pods -n team-a", "ok"),
            ("get deploy,svc -n team-a", "ok"),
            ("get pod/a deployments.apps/b -n team-a", "ok"),
            ("describe ingress web -n team-a", "ok"),
            ("logs web -n team-a", "ok"),
            ("logs deploy/web -n team-a", "ok"),
            ("top pods -n team-a", "ok"),
            ("events -n team-a", "ok"),
            ("events --for pod/web -n team-a", "ok"),
            ("version", "ok"),
            ("api-resources", "ok"),
            ("get pods", "namespace_forbidden"),
            ("get pods -n default", "namespace_forbidden"),
            ("get pods -n team-b", "namespace_forbidden"),
            ("get pods -A", "namespace_forbidden"),
            ("logs web -n team-b", "namespace_forbidden"),
            ("top pods -A", "namespace_forbidden"),
            ("events -A", "namespace_forbidden"),
            ("events", "namespace_forbidden"),
        ],
    );
}

#[test]
fn a_key_of_one_namespace_reads_built_in_namespaced_types_only() {
    table(
        r#"{"namespaces":["team-a","default"]}"#,
        &[
            ("get pods", "ok"),
            ("get nodes -n team-a", "cluster_scope_forbidden"),
            ("get nodes -A", "cluster_scope_forbidden"),
            ("get ns team-a", "cluster_scope_forbidden"),
            ("get pods,nodes -n team-a", "cluster_scope_forbidden"),
            ("get pod/a node/b -n team-a", "cluster_scope_forbidden"),
            ("get all -n team-a", "cluster_scope_forbidden"),
            ("get widgets -n team-a", "cluster_scope_forbidden"),
            (
                "get pods.metrics.k8s.io -n team-a",
                "cluster_scope_forbidden",
            ),
            ("describe clusterrole admin", "cluster_scope_forbidden"),
            ("top nodes", "cluster_scope_forbidden"),
            ("events --for node/n1 -n team-a", "cluster_scope_forbidden"),
        ],
    );
}

#[test]
fn an_admin_with_a_list_of_namespaces_is_held_to_it() {
    table(
        r#"{"admin":true,"namespaces":["team-a"]}"#,
        &[
            ("get pods -n team-a", "ok"),
            ("get pods", "namespace_forbidden"),
        ],
    );
}

#[test]
fn an_empty_list_of_namespaces_leaves_what_reads_none() {
    table(
        r#"{"namespaces":[]}"#,
        &[("get pods", "namespace_forbidden"), ("version", "ok")],
    );
}
