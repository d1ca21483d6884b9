//! What a key may do.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::cluster::ClusterId;
use crate::name::Namespace;
use crate::verb::Verb;

/// What a key may do. An absent list means all, an empty one means none.
///
/// Unknown fields are refused: a typing error must not widen a grant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// Whether the key manages users and keys. It widens none of the lists.
    #[serde(default)]
    pub admin: bool,
    /// The clusters that it may use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clusters: Option<BTreeSet<ClusterId>>,
    /// The namespaces that it may read, in every cluster. With a list, only the built-in
    /// namespaced types, `version` and `api-resources` are left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespaces: Option<BTreeSet<Namespace>>,
    /// The verbs that it may use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verbs: Option<BTreeSet<Verb>>,
}

impl Grant {
    /// Everything, the management of users and keys included.
    #[must_use]
    pub fn admin() -> Self {
        Self {
            admin: true,
            ..Self::default()
        }
    }

    /// Whether the key may use the cluster. One that it may not use appears in no list.
    #[must_use]
    pub fn allows_cluster(&self, cluster: &ClusterId) -> bool {
        allows(self.clusters.as_ref(), cluster)
    }

    /// Whether the key may use the verb.
    #[must_use]
    pub fn allows_verb(&self, verb: Verb) -> bool {
        allows(self.verbs.as_ref(), &verb)
    }

    /// Whether whatever `other` allows is allowed here: a new key never grants more than its
    /// maker has.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        (self.admin || !other.admin)
            && contains(self.clusters.as_ref(), other.clusters.as_ref())
            && contains(self.namespaces.as_ref(), other.namespaces.as_ref())
            && contains(self.verbs.as_ref(), other.verbs.as_ref())
    }
}

fn allows<T: Ord>(list: Option<&BTreeSet<T>>, item: &T) -> bool {
    list.is_none_or(|list| list.contains(item))
}

fn contains<T: Ord>(wide: Option<&BTreeSet<T>>, narrow: Option<&BTreeSet<T>>) -> bool {
    match (wide, narrow) {
        (None, _) => true,
        // Absent means all, which no list holds.
        (Some(_), None) => false,
        (Some(wide), Some(narrow)) => narrow.is_subset(wide),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(json: &str) -> Grant {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_key_covers_what_is_narrower_in_every_list() {
        for (maker, made, covered) in [
            ("{}", "{}", true),
            ("{}", r#"{"clusters":["a"],"verbs":["get"]}"#, true),
            ("{}", r#"{"admin":true}"#, false),
            (r#"{"admin":true}"#, "{}", true),
            (r#"{"admin":true}"#, r#"{"admin":true}"#, true),
            (r#"{"clusters":["a"]}"#, "{}", false),
            (r#"{"clusters":["a","b"]}"#, r#"{"clusters":["b"]}"#, true),
            (r#"{"clusters":["a"]}"#, r#"{"clusters":["a","b"]}"#, false),
            (r#"{"clusters":["a"]}"#, r#"{"clusters":[]}"#, true),
            (r#"{"namespaces":["x"]}"#, r#"{"verbs":["get"]}"#, false),
            (
                r#"{"admin":true,"namespaces":["x"]}"#,
                r#"{"admin":true}"#,
                false,
            ),
            (
                r#"{"namespaces":["x"],"verbs":["get","logs"]}"#,
                r#"{"namespaces":["x"],"verbs":["logs"]}"#,
                true,
            ),
            (
                r#"{"verbs":["get"]}"#,
                r#"{"verbs":["get","describe"]}"#,
                false,
            ),
        ] {
            let answer = grant(maker).covers(&grant(made));
            assert_eq!(answer, covered, "{maker} covers {made}");
        }
    }

    #[test]
    fn an_unknown_field_or_value_makes_no_grant() {
        for json in [
            r#"{"cluster":["a"]}"#,
            r#"{"verbs":["exec"]}"#,
            r#"{"namespaces":["*"]}"#,
            r#"{"clusters":"a"}"#,
            r#"{"admin":1}"#,
        ] {
            assert!(serde_json::from_str::<Grant>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn a_grant_reads_back_as_it_was_written() {
        for json in [
            r#"{"admin":true}"#,
            r#"{"admin":false,"clusters":[],"verbs":["get","api-resources"]}"#,
        ] {
            assert_eq!(serde_json::to_string(&grant(json)).unwrap(), json);
        }
    }
}
