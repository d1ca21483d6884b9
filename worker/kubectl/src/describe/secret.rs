//! `Secret`: its type, its keys and how large they are. kubectl shows the token of a service account;
//! no value leaves the cluster here.

use super::config_map::decoded_len;
use super::metadata::{labels_and_annotations, name_and_namespace};
use super::value::Value;
use super::writer::Writer;
use crate::json::Json;
use crate::redact::redact;

pub(super) fn print(secret: Value<'_>, w: &mut Writer) {
    // Values may have copies in annotations.
    let mut shown = secret.json().cloned().unwrap_or(Json::Null);
    redact(&mut shown, true);
    name_and_namespace(w, secret);
    labels_and_annotations(w, Value::of(&shown));
    writeln!(w.at(0), "\nType:\t{}", secret.get("type"));
    writeln!(w.at(0), "\nData\n====");
    for (key, value) in secret.get("data").entries() {
        w.row(0, key, format_args!("{} bytes", decoded_len(value.text())));
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn no_value_is_shown_not_even_a_token() {
        let json = serde_json::from_str(
            r#"{"metadata":{"name":"n","namespace":"s","annotations":
                {"kubectl.kubernetes.io/last-applied-configuration":"c2VjcmV0","copy":"it is secret"}},
                "type":"kubernetes.io/service-account-token",
                "data":{"token":"c2VjcmV0","ca.crt":"YQ==","empty":""}}"#,
        )
        .unwrap();
        let mut w = Writer::new(DateTime::UNIX_EPOCH);
        print(Value::of(&json), &mut w);
        insta::assert_snapshot!(String::from_utf8(w.finish()).unwrap(), @r"
        Name:         n
        Namespace:    s
        Labels:       <none>
        Annotations:  copy: it is [redacted:secret]

        Type:  kubernetes.io/service-account-token

        Data
        ====
        ca.crt:  1 bytes
        empty:   0 bytes
        token:   6 bytes
        ");
    }
}
