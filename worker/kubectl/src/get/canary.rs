//! Values of secrets in every place that an API server can send them in, and every way of asking:
//! none of them comes out.

use std::sync::Arc;

use kubently_core::command::Command;
use kubently_core::policy::{Policy, Secrets};
use kubently_core::verb::Verb;

use crate::client::fake::{Reply, cluster_with};
use crate::client::guard::GuardLayer;
use crate::{Limits, run};

/// `canary-Hunter2`, plain and as base64, and the base64 of a text around it.
const CANARIES: [&str; 3] = [
    "canary-Hunter2",
    "Y2FuYXJ5LUh1bnRlcjI",
    "PGNhbmFyeS1IdW50ZXIyPg",
];

const CORE: &str = r#"{"items":[{"metadata":{},"versions":[{"version":"v1","resources":[
  {"resource":"configmaps","responseKind":{"kind":"ConfigMap"},"scope":"Namespaced","singularResource":"configmap","shortNames":["cm"]},
  {"resource":"secrets","responseKind":{"kind":"Secret"},"scope":"Namespaced","singularResource":"secret"}]}]}]}"#;

/// A secret with its values in every field that can hold them.
const SECRET: &str = r#"{"metadata":{"name":"db","namespace":"default","creationTimestamp":"2026-11-24T11:00:00Z",
  "annotations":{"kubectl.kubernetes.io/last-applied-configuration":
  "{\"kind\":\"Secret\",\"apiVersion\":\"v1\",\"stringData\":{\"password\":\"canary-Hunter2\"}}\n","note":"it is canary-Hunter2"},
  "managedFields":[{"fieldsV1":{"f:data":{"f:password":{}}}}]},
  "type":"Opaque","data":{"password":"Y2FuYXJ5LUh1bnRlcjI=","html":"PGNhbmFyeS1IdW50ZXIyPg=="},
  "stringData":{"password":"canary-Hunter2"}}"#;

/// Other kinds that carry one.
const CARRIERS: &str = r#"{"kind":"ConfigMapList","apiVersion":"v1","items":[
  {"metadata":{"name":"applied","annotations":{"kubectl.kubernetes.io/last-applied-configuration":
   "{\"kind\":\"List\",\"items\":[{\"kind\":\"Secret\",\"data\":{\"password\":\"Y2FuYXJ5LUh1bnRlcjI=\"}}]}"}}},
  {"metadata":{"name":"embedded"},"spec":{"template":{"kind":"Secret","apiVersion":"v1","data":{"password":"Y2FuYXJ5LUh1bnRlcjI="}}}},
  {"kind":"List","items":[{"kind":"SecretList","items":[{"data":{"password":"Y2FuYXJ5LUh1bnRlcjI="}}]}],"metadata":{"name":"list"}},
  {"metadata":{"name":"text"},"data":{"manifest":"[{\"kind\":\"\\u0053ecret\",\"stringData\":{\"password\":\"canary-Hunter2\"}}]"}}]}"#;

fn server(target: &str) -> Reply {
    let path = target.split('?').next().unwrap_or_default();
    match path {
        "/api" => Reply::ok(CORE),
        "/apis" => Reply::ok(r#"{"items":[]}"#),
        // What a table is made of is seen where rows are sorted and where a server makes none.
        _ if target.contains("includeObject=Object") => Reply::ok(format!(
            r#"{{"kind":"Table","apiVersion":"meta.k8s.io/v1","columnDefinitions":[
            {{"name":"Name","type":"string","format":"name","priority":0}}],
            "rows":[{{"cells":["db"],"object":{SECRET}}},{{"cells":["db"],"object":{SECRET}}}]}}"#
        )),
        _ if path.ends_with("configmaps") => Reply::ok(CARRIERS),
        _ if path.ends_with("secrets") => Reply::ok(format!(
            r#"{{"kind":"SecretList","apiVersion":"v1","items":[{SECRET},{SECRET}]}}"#
        )),
        _ => Reply::ok(SECRET.replacen('{', r#"{"kind":"Secret","apiVersion":"v1","#, 1)),
    }
}

/// Both streams, or the error.
async fn printed(args: &[&str]) -> String {
    printed_by(Verb::Get, args).await
}

async fn printed_by(verb: Verb, args: &[&str]) -> String {
    let (cluster, _) = cluster_with(GuardLayer { secrets: true }, server);
    let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
    let command = Command::parse_with(verb, &args, None, Secrets::Redact).unwrap();
    let limits = Limits {
        policy: Arc::new(Policy {
            secrets: Secrets::Redact,
            ..Policy::default()
        }),
        ..Limits::default()
    };
    match run(&cluster, &command, &limits).await {
        Ok(output) => {
            let bytes = [output.stdout, output.stderr].concat();
            String::from_utf8(bytes).unwrap()
        }
        Err(error) => error.to_string(),
    }
}

const FORMATS: [&[&str]; 24] = [
    &[],
    &["-o", "wide", "--show-labels", "-L", "a"],
    &["--server-print=false"],
    &["-o", "json"],
    &["-o", "json", "--show-managed-fields"],
    &["-o", "yaml"],
    &["-o", "kyaml"],
    &["-o", "name"],
    &["-o", "jsonpath={.data.password}"],
    &["-o", "jsonpath={.items[*].data}"],
    &["-o", "jsonpath={..}"],
    &["-o", "jsonpath={.items[*].metadata.annotations}"],
    &["-o", "jsonpath={.items[*].data.password.*}"],
    &["-o", "jsonpath={.items[*].data[?(@.x)]}"],
    &["-o", "jsonpath={.data.password[0]}"],
    &[
        "-o",
        "jsonpath={range .items[*]}{.stringData.password}{end}",
    ],
    &["-o", "jsonpath-as-json={..}"],
    &[
        "-o",
        "custom-columns=A:.data,B:.stringData.password,C:.metadata.annotations,D:..",
    ],
    &["--sort-by=.data.password"],
    &["--sort-by=.type"],
    &["--sort-by={.data}", "-o", "json"],
    &["--sort-by=.metadata.name", "-o", "yaml"],
    &["--sort-by=.metadata.name", "--server-print=false"],
    &["--field-selector=data.password=canary"],
];

#[tokio::test]
async fn no_output_of_secrets_or_of_what_carries_them_has_their_values() {
    for target in [
        &["secrets"][..],
        &["secret", "db"],
        &["secret/db", "secret/db"],
        &["cm"],
        &["cm,secrets"],
    ] {
        for format in FORMATS {
            let selects = format
                .iter()
                .any(|flag| flag.starts_with("--field-selector"));
            if selects && target.len() > 1 {
                continue;
            }
            let args = [target, format].concat();
            let text = printed(&args).await;
            for canary in CANARIES {
                assert!(!text.contains(canary), "{args:?}\n{text}");
            }
        }
    }
}

#[tokio::test]
async fn descriptions_have_sizes_and_no_values() {
    for args in [
        &["secrets"][..],
        &["secret", "db"],
        &["cm"],
        &["cm", "applied"],
    ] {
        let text = printed_by(Verb::Describe, args).await;
        for canary in CANARIES {
            assert!(!text.contains(canary), "{args:?}\n{text}");
        }
    }
    let text = printed_by(Verb::Describe, &["secret", "db"]).await;
    assert!(text.contains("password:  14 bytes"), "{text}");
}

#[tokio::test]
async fn names_types_keys_and_sizes_are_shown() {
    let text = printed(&["secret", "db", "-o", "yaml"]).await;
    for part in [
        "name: db",
        "type: Opaque",
        "password: '[redacted:secret 14 bytes]'",
        "html: '[redacted:secret 16 bytes]'",
    ] {
        assert!(text.contains(part), "{text}");
    }
}
