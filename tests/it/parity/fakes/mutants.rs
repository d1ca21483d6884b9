//! The objects of the zoo with one or two fields taken away, emptied or made strange: whatever a describer
//! takes for granted is missing in one of them.

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::super::generator::{Random, Seed};
use super::store::Store;
use super::{Case, objects};

/// kubectl asks ten times in a row without a pause, of which one is for the list.
const AT_ONCE: usize = 9;

const FILES: [&str; 15] = [
    "config",
    "storage",
    "network",
    "nodes",
    "workloads",
    "pods",
    "broken",
    "pinned",
    "kinds",
    "templates",
    "states/pods",
    "states/nodes",
    "states/pod-states",
    "states/workloads",
    "custom",
];

/// What an object is known by, and what kubectl itself cannot be without: it ends in a panic. What a
/// selector may be made of is another matter.
const KEPT: &[&str] = &[
    "kind",
    "apiVersion",
    "labels",
    "name",
    "namespace",
    "replicas",
    "azureDisk",
    "protocol",
    "preemptionPolicy",
    "request",
    "matchLabels",
    "matchExpressions",
];

/// The kinds that are described by themselves.
const KINDS: &[(&str, &str)] = &[
    ("Pod", "pods"),
    ("Pod", "pods"),
    ("Pod", "pods"),
    ("Node", "nodes"),
    ("Deployment", "deployments"),
    ("StatefulSet", "statefulsets"),
    ("DaemonSet", "daemonsets"),
    ("ReplicaSet", "replicasets"),
    ("ReplicationController", "replicationcontrollers"),
    ("Job", "jobs"),
    ("CronJob", "cronjobs"),
    ("HorizontalPodAutoscaler", "horizontalpodautoscalers"),
    ("HorizontalPodAutoscaler", "horizontalpodautoscalers"),
    ("PodDisruptionBudget", "poddisruptionbudgets"),
    ("Service", "services"),
    ("Endpoints", "endpoints"),
    ("EndpointSlice", "endpointslices"),
    ("Ingress", "ingresses"),
    ("IngressClass", "ingressclasses"),
    ("NetworkPolicy", "networkpolicies"),
    ("PersistentVolume", "persistentvolumes"),
    ("PersistentVolumeClaim", "persistentvolumeclaims"),
    ("StorageClass", "storageclasses"),
    ("CSINode", "csinodes"),
    ("ResourceQuota", "resourcequotas"),
    ("ServiceAccount", "serviceaccounts"),
    ("Role", "roles"),
    ("ClusterRole", "clusterroles"),
    ("RoleBinding", "rolebindings"),
    ("CertificateSigningRequest", "certificatesigningrequests"),
    ("ServiceCIDR", "servicecidrs"),
    ("PriorityClass", "priorityclasses"),
    ("Widget", "widgets"),
];

/// So many lists of them; the same for the same seed.
pub(super) fn cases(seed: Seed, count: usize) -> Result<Vec<Case>> {
    let mut kinds: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for file in FILES {
        for object in objects::objects(file)? {
            let kind = object["kind"].as_str().unwrap_or_default().to_owned();
            kinds.entry(kind).or_default().push(object);
        }
    }
    let mut random = Random::of(seed);
    let (mut objects, mut lines) = (Vec::new(), Vec::new());
    for number in 0..count {
        let (kind, plural) = KINDS[number % KINDS.len()];
        let models = &kinds[kind];
        for n in 0..AT_ONCE {
            let mut object = models[random.below(models.len())].clone();
            for _ in 0..=random.below(3) {
                mutate(&mut object, &mut random);
            }
            let metadata = &mut object["metadata"];
            metadata["name"] = json!(format!("m{number}-{n}"));
            metadata["namespace"] = json!("default");
            metadata["labels"]["list"] = json!(number.to_string());
            objects.push(object);
        }
        lines.push(format!(
            "describe {plural} --show-events=false -l list={number}"
        ));
    }
    let store = Store::of(objects);
    let answer = move |path: &str| store.answer(path);
    Ok(vec![Case::still(format!("mutants, {seed}"), answer, lines)])
}

/// Changes one field below the top.
fn mutate(object: &mut Value, random: &mut Random) {
    let mut place = object;
    // Deeper fields are more, so it goes on more often than not.
    loop {
        let number = match place {
            Value::Object(fields) => fields.len(),
            Value::Array(items) => items.len(),
            _ => return,
        };
        if number == 0 {
            return;
        }
        let chosen = random.below(number);
        let is_deep = match &*place {
            Value::Object(fields) => fields.values().nth(chosen).is_some_and(is_nested),
            Value::Array(items) => items.get(chosen).is_some_and(is_nested),
            _ => false,
        };
        let goes_on = is_deep && random.below(5) > 0;
        match place {
            Value::Object(fields) => {
                let key = fields.keys().nth(chosen).cloned().unwrap_or_default();
                if KEPT.contains(&key.as_str()) {
                    return;
                }
                if !goes_on {
                    change_field(fields, &key, random);
                    return;
                }
                place = &mut fields[&key];
            }
            Value::Array(items) => {
                if !goes_on {
                    change_items(items, chosen, random);
                    return;
                }
                place = &mut items[chosen];
            }
            _ => return,
        }
    }
}

fn is_nested(value: &Value) -> bool {
    value.is_object() || value.is_array()
}

fn change_field(fields: &mut Map<String, Value>, key: &str, random: &mut Random) {
    if random.below(3) > 0 {
        fields.remove(key);
        return;
    }
    let field = &mut fields[key];
    *field = match &*field {
        Value::Object(_) => json!({}),
        Value::Array(_) => json!([]),
        Value::Bool(value) => json!(!value),
        Value::Number(_) => json!([0, 1, 2, 7][random.below(4)]),
        // A time or a quantity must stay one.
        Value::String(text) if text.starts_with(|c: char| c.is_ascii_digit()) => Value::Null,
        Value::String(_) if random.below(2) == 0 => json!(""),
        Value::String(text) => json!(format!(
            "{text}{}",
            random.pick(&["\t", "\n", "日本", "\u{1b}[m", " x "])
        )),
        Value::Null => Value::Null,
    };
}

fn change_items(items: &mut Vec<Value>, chosen: usize, random: &mut Random) {
    match random.below(3) {
        0 => items.truncate(chosen),
        1 => {
            items.remove(chosen);
        }
        _ => items.push(items[chosen].clone()),
    }
}
