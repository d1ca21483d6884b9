use super::*;

/// Stands, encoded or plain, for a value that must be nowhere.
const CANARY: &str = "canary-Hunter2";
const ENCODED: &str = "Y2FuYXJ5LUh1bnRlcjI=";

fn redacted(text: &str) -> String {
    let mut json = parse(text).unwrap();
    redact(&mut json, false);
    let mut out = Vec::new();
    compact(&mut out, &json);
    String::from_utf8(out).unwrap()
}

#[test]
fn names_types_keys_and_sizes_stay() {
    assert_eq!(
        redacted(&format!(
            r#"{{"kind":"Secret","type":"Opaque","metadata":{{"name":"db"}},"data":{{"password":"{ENCODED}","empty":"","odd":7}},"stringData":{{"user":"bob"}}}}"#
        )),
        r#"{"data":{"empty":"[redacted:secret 0 bytes]","odd":"[redacted:secret]","password":"[redacted:secret 14 bytes]"},"kind":"Secret","metadata":{"name":"db"},"stringData":{"user":"[redacted:secret 3 bytes]"},"type":"Opaque"}"#
    );
}

#[test]
fn no_way_of_embedding_a_secret_keeps_its_values() {
    let secret = format!(
        r#"{{"kind":"Secret","apiVersion":"v1","data":{{"p":"{ENCODED}"}},"stringData":{{"q":"{CANARY}"}}}}"#
    );
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    let applied = quoted(&format!("{secret}\n"));
    let escaped = quoted(&secret.replace("Secret", "\\u0053ecret"));
    let twice = quoted(&format!(r#"{{"a":{applied}}}"#));
    let deep = (0..8).fold(secret.clone(), |text, _| {
        format!(r#"{{"a":{}}}"#, quoted(&text))
    });
    for object in [
        format!(r#"{{"kind":"List","items":[{{"kind":"List","items":[{secret}]}}]}}"#),
        format!(r#"{{"kind":"SecretList","items":[{{"data":{{"p":"{ENCODED}"}}}}]}}"#),
        format!(
            r#"{{"kind":"Backup","spec":{{"objects":[[{secret}]],"one":{{"template":{secret}}}}}}}"#
        ),
        format!(
            r#"{{"kind":"ConfigMap","metadata":{{"annotations":{{"{LAST_APPLIED}":{applied}}}}}}}"#
        ),
        format!(
            r#"{{"kind":"ConfigMap","metadata":{{"annotations":{{"a":{escaped},"b":{twice}}}}}}}"#
        ),
        format!(
            r#"{{"kind":"ConfigMap","metadata":{{"annotations":{{"{LAST_APPLIED}":{}}}}}}}"#,
            quoted(&secret[1..])
        ),
        format!(
            r#"{{"kind":"Deployment","data":{}}}"#,
            quoted(&format!("[{secret}]"))
        ),
        format!(r#"{{"kind":"secret","data":"{ENCODED}"}}"#),
        format!(r#"{{"kind":"Secret","data":["{ENCODED}"],"stringData":"{CANARY}"}}"#),
        format!(
            r#"{{"kind":"Secret","data":{{"p":"{ENCODED}"}},"metadata":{{"annotations":{{"copy":"was {CANARY}","raw":"{ENCODED}"}}}}}}"#
        ),
        format!(r#"{{"a":{}}}"#, quoted(&deep)),
    ] {
        let text = redacted(&object);
        for canary in [CANARY, ENCODED] {
            assert!(!text.contains(canary), "{object}\n{text}");
        }
        assert!(text.contains("[redacted:"), "{text}");
    }
}

#[test]
fn what_came_from_where_secrets_are_is_one_whatever_it_says() {
    let mut json = parse(r#"{"kind":"Thing","data":{"p":"eA=="}}"#).unwrap();
    assert!(redact(&mut json, true));
    assert_eq!(
        json.get("data").unwrap().text("p"),
        Some("[redacted:secret 1 bytes]")
    );
}

#[test]
fn everything_else_stays_as_it_is() {
    for object in [
        r#"{"data":{"secret":"eA=="},"kind":"ConfigMap"}"#,
        r#"{"a":"{\"kind\":\"Secret\",\"name\":\"x\"}","b":"{ secret","kind":"X"}"#,
        r#"{"involvedObject":{"kind":"Secret","name":"x"},"kind":"Event"}"#,
    ] {
        let mut json = parse(object).unwrap();
        assert!(!redact(&mut json, false), "{object}");
        assert_eq!(redacted(object), object);
    }
}
