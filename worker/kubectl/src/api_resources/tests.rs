use kubently_core::command::Command;
use kubently_core::verb::Verb;

use crate::client::fake::{Reply, cluster};
use crate::{Limits, run};

const CORE: &str = r#"{"items":[{"metadata":{},"versions":[{"version":"v1","resources":[
  {"resource":"pods","responseKind":{"version":"v1","kind":"Pod"},"scope":"Namespaced","singularResource":"pod",
   "shortNames":["po"],"categories":["all"],"verbs":["get","list"]},
  {"resource":"bindings","responseKind":{"version":"v1","kind":"Binding"},"scope":"Namespaced",
   "singularResource":"binding","verbs":["create"]},
  {"resource":"hidden","responseKind":{"kind":"Hidden"},"scope":"Cluster","verbs":[]},
  {"resource":"nothing","scope":"Cluster","verbs":["get"]}]}]}]}"#;
/// `widgets` are in both versions, `gadgets` in the older one; a third version's server is away.
const OTHERS: &str = r#"{"items":[{"metadata":{"name":"b.io"},"versions":[
  {"version":"v3","freshness":"Stale","resources":[]},
  {"version":"v2","resources":[
   {"resource":"widgets","responseKind":{"kind":"Widget"},"scope":"Cluster","singularResource":"widget","verbs":["get"]}]},
  {"version":"v1","resources":[
   {"resource":"widgets","responseKind":{"kind":"Old"},"scope":"Cluster","verbs":["get"]},
   {"resource":"gadgets","responseKind":{"kind":"Gadget"},"scope":"Namespaced","verbs":["list"]}]}]}]}"#;

async fn api_resources(others: &'static str, args: &[&str]) -> (String, String, i32) {
    let (cluster, _) = cluster(move |target| match target {
        "/api" => Reply::ok(CORE),
        _ => Reply::ok(others),
    });
    let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
    let command = Command::parse(Verb::ApiResources, &args, None).unwrap();
    let output = run(&cluster, &command, &Limits::default()).await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.exit_code)
}

#[tokio::test]
async fn each_type_stands_there_once_and_what_is_away_does_not() {
    let (out, err, code) = api_resources(OTHERS, &["-o", "wide"]).await;
    insta::assert_snapshot!(out, @r"
    NAME       SHORTNAMES   APIVERSION   NAMESPACED   KIND      VERBS      CATEGORIES
    bindings                v1           true         Binding   create     
    pods       po           v1           true         Pod       get,list   all
    gadgets                 b.io/v1      true         Gadget    list       
    widgets                 b.io/v2      false        Widget    get        
    ");
    assert_eq!((err.as_str(), code), ("", 0));
}

#[tokio::test]
async fn filters_that_leave_nothing_leave_the_header() {
    let none = r#"{"items":[]}"#;
    let (out, err, code) = api_resources(none, &["--api-group", "nosuch"]).await;
    assert_eq!(out, "NAME   SHORTNAMES   APIVERSION   NAMESPACED   KIND\n");
    assert_eq!((err.as_str(), code), ("", 0));
    let (out, ..) = api_resources(none, &["--categories", "all", "-o", "name"]).await;
    assert_eq!(out, "pods\n");
    let (out, ..) = api_resources(none, &["--api-group", "nosuch", "-o", "json"]).await;
    insta::assert_snapshot!(out, @r#"
    {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": "",
        "resources": null
    }
    "#);
}
