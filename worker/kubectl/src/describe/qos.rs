//! The quality of service class of a pod (kubectl `util/qos`).

use super::value::Value;

/// The one that the API server has noted, or the one that follows from the resources.
pub(super) fn class(pod: Value<'_>) -> &str {
    match pod.at("status.qosClass").text() {
        "" => computed(pod.get("spec")),
        noted => noted,
    }
}

fn computed(spec: Value<'_>) -> &'static str {
    let own = spec.get("resources");
    let is_own = ["requests", "limits"]
        .into_iter()
        .flat_map(|list| own.get(list).entries())
        .any(|(name, _)| matches!(name, "cpu" | "memory") || name.starts_with("hugepages-"));
    if is_own {
        return of(own);
    }
    let containers = spec.get("initContainers").items();
    let containers = containers.chain(spec.get("containers").items());
    let classes = containers.map(|container| of(container.get("resources")));
    all_of(classes).unwrap_or("BestEffort")
}

/// The class that all of them have; those of several classes are burstable together.
fn all_of(mut classes: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let first = classes.next()?;
    Some(if classes.all(|class| class == first) {
        first
    } else {
        "Burstable"
    })
}

fn of(resources: Value<'_>) -> &'static str {
    let (requests, limits) = (resources.get("requests"), resources.get("limits"));
    if requests.is_empty() && limits.is_empty() {
        return "BestEffort";
    }
    let class = |resource| {
        let (request, limit) = (
            requests.get(resource).quantity(),
            limits.get(resource).quantity(),
        );
        match request == limit {
            false => "Burstable",
            true if request.is_zero() => "BestEffort",
            true => "Guaranteed",
        }
    };
    all_of(["cpu", "memory"].into_iter().map(class)).unwrap_or("BestEffort")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_class_follows_from_requests_and_limits() {
        let of_containers = |containers: &str| {
            let json = format!(r#"{{"spec":{{"containers":[{containers}]}}}}"#);
            let json = serde_json::from_str(&json).unwrap();
            class(Value::of(&json)).to_owned()
        };
        let equal = r#"{"resources":{"requests":{"cpu":"1","memory":"1Gi"},"limits":{"cpu":"1000m","memory":"1Gi"}}}"#;
        let some = r#"{"resources":{"requests":{"cpu":"1"}}}"#;
        assert_eq!(of_containers("{}"), "BestEffort");
        assert_eq!(of_containers(equal), "Guaranteed");
        assert_eq!(of_containers(&format!("{equal},{{}}")), "Burstable");
        assert_eq!(of_containers(some), "Burstable");
        assert_eq!(of_containers(""), "BestEffort");
    }
}
