//! What a pod asks for and may use, all containers together (component-helpers
//! `resource/helpers.go`, KEP-753, KEP-1287, KEP-2837).

use std::collections::BTreeMap;

use super::value::Value;
use crate::printer::quantity::Quantity;

/// Amounts by resource.
pub(super) type Amounts<'a> = BTreeMap<&'a str, Quantity>;

/// What a container has of one list: of its spec, or of its status.
type List<'a> = fn(Value<'a>, Value<'a>, bool) -> Value<'a>;

/// Requests, with the overhead of the pod. With `status`, what has been allocated counts where it is
/// more.
pub(super) fn requests<'a>(pod: Value<'a>, status: bool) -> Amounts<'a> {
    let is_infeasible = status && is_resize_infeasible(pod);
    let of = |list: List<'a>| containers(pod, status, is_infeasible, list);
    let mut requests = if status {
        let mut requests = if is_infeasible {
            Amounts::new()
        } else {
            of(|container, _, _| container.at("resources.requests"))
        };
        raise(&mut requests, &of(actuated_requests));
        raise(&mut requests, &of(allocated_requests));
        requests
    } else {
        of(|container, _, _| container.at("resources.requests"))
    };
    let own = pod.at("spec.resources.requests");
    set_supported(&mut requests, own);
    add(&mut requests, &amounts(pod.at("spec.overhead")));
    requests
}

/// Limits, with the overhead of the pod where there is a limit.
pub(super) fn limits<'a>(pod: Value<'a>, status: bool) -> Amounts<'a> {
    let is_infeasible = status && is_resize_infeasible(pod);
    let of = |list: List<'a>| containers(pod, status, is_infeasible, list);
    let mut limits = if is_infeasible {
        Amounts::new()
    } else {
        of(|container, _, _| container.at("resources.limits"))
    };
    if status {
        raise(&mut limits, &of(actuated_limits));
    }
    set_supported(&mut limits, pod.at("spec.resources.limits"));
    for (name, amount) in amounts(pod.at("spec.overhead")) {
        if let Some(limit) = limits.get_mut(name)
            && !limit.is_zero()
        {
            limit.add(&amount);
        }
    }
    limits
}

/// Adds amounts to others.
pub(super) fn add<'a>(sum: &mut Amounts<'a>, more: &Amounts<'a>) {
    for (name, amount) in more {
        match sum.get_mut(name) {
            Some(sum) => sum.add(amount),
            None => drop(sum.insert(name, amount.clone())),
        }
    }
}

/// Replaces amounts by larger ones.
fn raise<'a>(amounts: &mut Amounts<'a>, others: &Amounts<'a>) {
    for (name, other) in others {
        if amounts.get(name).is_none_or(|amount| other > amount) {
            amounts.insert(name, other.clone());
        }
    }
}

fn amounts(list: Value<'_>) -> Amounts<'_> {
    list.entries()
        .map(|(name, amount)| (name, amount.quantity()))
        .collect()
}

/// What a pod sets for all of its containers counts instead of their sum.
fn set_supported<'a>(amounts: &mut Amounts<'a>, own: Value<'a>) {
    for (name, amount) in own.entries() {
        if matches!(name, "cpu" | "memory") || name.starts_with("hugepages-") {
            amounts.insert(name, amount.quantity());
        }
    }
}

/// The sum of the containers, or the most that an init container needs together with the sidecars
/// before it.
fn containers<'a>(
    pod: Value<'a>,
    with_status: bool,
    is_infeasible: bool,
    list: List<'a>,
) -> Amounts<'a> {
    let of = |container: Value<'a>| {
        let status = if with_status {
            status_of(pod, container.get("name").text())
        } else {
            Value::none()
        };
        amounts(list(container, status, is_infeasible))
    };
    let mut sum = Amounts::new();
    for container in pod.at("spec.containers").items() {
        add(&mut sum, &of(container));
    }
    let (mut sidecars, mut starting) = (Amounts::new(), Amounts::new());
    for container in pod.at("spec.initContainers").items() {
        let own = of(container);
        if container.get("restartPolicy").text() == "Always" {
            add(&mut sum, &own);
            add(&mut sidecars, &own);
            raise(&mut starting, &sidecars);
        } else {
            let mut together = own;
            add(&mut together, &sidecars);
            raise(&mut starting, &together);
        }
    }
    raise(&mut sum, &starting);
    sum
}

fn status_of<'a>(pod: Value<'a>, name: &str) -> Value<'a> {
    let status = pod.at("status.containerStatuses").named(name);
    if status.is_set() {
        status
    } else {
        pod.at("status.initContainerStatuses").named(name)
    }
}

fn is_resize_infeasible(pod: Value<'_>) -> bool {
    pod.at("status.conditions")
        .items()
        .find(|condition| condition.get("type").text() == "PodResizePending")
        .is_some_and(|condition| condition.get("reason").text() == "Infeasible")
}

fn allocated_requests<'a>(
    container: Value<'a>,
    status: Value<'a>,
    is_infeasible: bool,
) -> Value<'a> {
    let allocated = status.get("allocatedResources");
    if allocated.is_set() {
        allocated
    } else if is_infeasible {
        Value::none()
    } else {
        container.at("resources.requests")
    }
}

fn actuated_requests<'a>(
    container: Value<'a>,
    status: Value<'a>,
    is_infeasible: bool,
) -> Value<'a> {
    let actuated = status.at("resources.requests");
    if actuated.is_set() {
        actuated
    } else {
        allocated_requests(container, status, is_infeasible)
    }
}

fn actuated_limits<'a>(container: Value<'a>, status: Value<'a>, is_infeasible: bool) -> Value<'a> {
    let actuated = status.at("resources.limits");
    if actuated.is_set() {
        actuated
    } else if is_infeasible {
        Value::none()
    } else {
        container.at("resources.limits")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sidecars_count_and_other_init_containers_only_where_they_need_more() {
        let json = serde_json::from_str(
            r#"{"spec":{"overhead":{"cpu":"10m"},"initContainers":[
                {"resources":{"requests":{"cpu":"50m"}},"restartPolicy":"Always"},
                {"resources":{"requests":{"cpu":"400m","memory":"1Mi"}}}],
              "containers":[{"name":"a","resources":{"requests":{"cpu":"100m"},"limits":{"cpu":"1"}}},
                {"resources":{"requests":{"cpu":"200m"}}}]},
              "status":{"containerStatuses":[{"name":"a","allocatedResources":{"cpu":"700m"}}]}}"#,
        )
        .unwrap();
        let pod = Value::of(&json);
        let cpu = |amounts: &Amounts<'_>| amounts["cpu"].to_string();
        assert_eq!(cpu(&requests(pod, false)), "460m");
        assert_eq!(cpu(&requests(pod, true)), "960m");
        assert_eq!(requests(pod, false)["memory"].to_string(), "1Mi");
        assert_eq!(cpu(&limits(pod, true)), "1010m");
    }
}
