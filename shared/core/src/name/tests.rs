use super::*;

#[test]
fn namespaces_are_dns_labels() {
    for good in ["default", "kube-system", "a", "0", &"a".repeat(63)] {
        assert!(Namespace::new(good).is_ok(), "{good}");
    }
    let long = "a".repeat(64);
    for bad in [
        "", "-a", "a-", "A", "a.b", "a_b", "../a", "a/b", "a%2f", "a b", "a\n", "*", &long,
    ] {
        assert_eq!(
            Namespace::new(bad).unwrap_err().code,
            RefusalCode::BadNamespace,
            "{bad:?}"
        );
    }
}

#[test]
fn object_names_hold_what_rbac_uses_and_nothing_that_splits_a_path() {
    let long = "a".repeat(253);
    for good in [
        "web-0",
        "system:controller:x",
        "User@example.com",
        "ip-10-0-1-7.ec2.internal",
        &long,
    ] {
        assert!(ResourceName::new(good).is_ok(), "{good}");
    }
    let longer = "a".repeat(254);
    for bad in [
        "", ".", "..", "a..b", "a/b", "a%b", "a?b", "a#b", "a;b", "-a", "a-", "a b", &longer,
    ] {
        assert_eq!(
            ResourceName::new(bad).unwrap_err().code,
            RefusalCode::BadName,
            "{bad:?}"
        );
    }
}

#[test]
fn the_start_of_a_name_ends_in_any_of_its_characters() {
    let long = format!("{}-", "a".repeat(252));
    for good in ["web-", "web", "system:", "a.", "a-_", &long] {
        assert_eq!(ResourceName::start(good).unwrap().as_str(), good);
    }
    let longer = format!("{}-", "a".repeat(253));
    for bad in [
        "", "-", ".", "..", "a..", "-a-", "a/-", "a%-", "a -", &longer,
    ] {
        assert_eq!(
            ResourceName::start(bad).unwrap_err().code,
            RefusalCode::BadName,
            "{bad:?}"
        );
    }
}

#[test]
fn resource_types_keep_their_spelling_and_know_their_base() {
    for (text, base) in [
        ("pods", "pods"),
        ("Deploy", "deploy"),
        ("deployments.v1.apps", "deployments"),
        ("pods.v1.", "pods"),
        ("scaledobjects.keda.sh", "scaledobjects"),
    ] {
        let arg = ResourceArg::new(text).unwrap();
        assert_eq!((arg.as_str(), arg.base().as_ref()), (text, base));
    }
    for bad in [
        "", ".", "1pods", "pods..v1", "pods#", "pods%2f", "pods/web", "*", "pods,", "po ds",
    ] {
        assert_eq!(
            ResourceArg::new(bad).unwrap_err().code,
            RefusalCode::BadResource,
            "{bad:?}"
        );
    }
}

#[test]
fn names_are_checked_when_they_are_read_from_json() {
    assert!(serde_json::from_str::<Namespace>("\"team-a\"").is_ok());
    assert!(serde_json::from_str::<Namespace>("\"../x\"").is_err());
    assert!(serde_json::from_str::<ResourceName>("\"a/b\"").is_err());
}
