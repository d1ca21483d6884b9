use super::*;

fn key(letter: char) -> PublicNkey {
    format!("U{}", letter.to_string().repeat(55))
        .parse()
        .unwrap()
}

fn accounts() -> Accounts {
    let (a, b): (ClusterId, ClusterId) = ("a".parse().unwrap(), "prod-eu".parse().unwrap());
    let gone: ClusterId = "gone".parse().unwrap();
    let bot = Publisher {
        nkeys: vec![key('D')],
        clusters: vec![a.clone(), gone],
    };
    Accounts {
        hub: vec![key('A')],
        clusters: [(a, vec![key('B')]), (b, vec![key('C'), key('E')])].into(),
        publishers: [("bot".parse().unwrap(), bot)].into(),
    }
}

#[test]
fn the_block_is_this() {
    insta::assert_snapshot!(accounts().to_conf());
}

#[test]
fn every_import_is_exported_to_that_account_and_no_other() {
    let text = accounts().to_conf();
    let (hub, others) = text.split_once("\n  \"").unwrap();
    let exports: Vec<&str> = hub
        .lines()
        .filter(|line| line.contains("accounts: ["))
        .collect();
    let imports = others.matches("{account: HUB, ").count();
    assert_eq!(exports.len(), imports);
    assert!(
        exports
            .iter()
            .all(|line| line.matches("CLUSTER_").count() + line.matches("PUBLISHER_").count() == 1)
    );
    assert!(
        !text.contains("gone"),
        "a cluster that is not registered has no account"
    );
}

#[test]
fn nobody_registered_is_a_block_too() {
    let text = Accounts::default().to_conf();
    assert!(text.contains("users: []"), "{text}");
    assert!(!text.contains("CLUSTER_"), "{text}");
}
