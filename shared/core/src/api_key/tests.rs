use super::*;

fn at(seconds: u32) -> Timestamp {
    let start: Timestamp = serde_json::from_str("\"2026-11-23T08:00:00.000Z\"").unwrap();
    start.plus_seconds(seconds)
}

fn token(byte: u8) -> ApiKeyToken {
    ApiKeyToken::from_random([byte; TOKEN_BYTES])
}

fn key(expires_at: Option<Timestamp>) -> ApiKey {
    let new = NewApiKey {
        id: "7c4a8d09-ca37-4d20-9b1e-1f0c3d5e7a90".parse().unwrap(),
        user_id: "0b0e1f0a-5c1e-4d3a-8f00-1234567890ab".parse().unwrap(),
        name: "ci".parse().unwrap(),
        grant: serde_json::from_str(r#"{"verbs":["get"]}"#).unwrap(),
        service_identity: None,
        expires_at,
    };
    ApiKey::new(new, &token(1), at(0))
}

fn successor() -> ApiKeyId {
    "8c4a8d09-ca37-4d20-9b1e-1f0c3d5e7a90".parse().unwrap()
}

#[test]
fn a_key_is_usable_until_it_expires_or_is_revoked() {
    assert!(key(None).is_usable(at(u32::MAX)));
    assert!(key(Some(at(60))).is_usable(at(59)));
    assert!(!key(Some(at(60))).is_usable(at(60)));
    let revoked = key(None).revoke(at(5)).unwrap();
    assert!(!revoked.is_usable(at(0)));
}

#[test]
fn a_revocation_is_for_ever_and_keeps_its_time() {
    let revoked = key(Some(at(1))).revoke(at(5)).unwrap();
    assert_eq!(revoked.revoked_at, Some(at(5)));
    assert_eq!(revoked.revoke(at(9)), Err(KeyOver::Revoked));
}

#[test]
fn a_rotation_changes_the_secret_and_neither_grant_nor_end() {
    let (old, new) = key(Some(at(1000)))
        .rotate(successor(), &token(2), at(10), 60)
        .unwrap();
    assert_eq!(old.expires_at, Some(at(70)));
    assert!(old.is_usable(at(69)) && !old.is_usable(at(70)));
    assert_eq!(new.expires_at, Some(at(1000)));
    assert_eq!(new.grant, old.grant);
    assert_ne!(new.key_hash, old.key_hash);
    assert_eq!((new.id, new.created_at), (successor(), at(10)));
}

#[test]
fn an_overlap_never_lengthens_a_key() {
    let (old, _) = key(Some(at(20)))
        .rotate(successor(), &token(2), at(10), 60)
        .unwrap();
    assert_eq!(old.expires_at, Some(at(20)));
}

#[test]
fn a_key_that_is_over_is_not_rotated() {
    let rotate = |key: ApiKey| key.rotate(successor(), &token(2), at(10), 0).unwrap_err();
    assert_eq!(rotate(key(Some(at(10)))), KeyOver::Expired);
    assert_eq!(rotate(key(None).revoke(at(1)).unwrap()), KeyOver::Revoked);
}

#[test]
fn what_the_owner_sees_holds_neither_secret_nor_hash() {
    let key = key(None);
    let json = serde_json::to_string(&key.response(Some(at(3)), at(5))).unwrap();
    assert!(
        json.contains(r#""is_active":true"#) && json.contains("ci_AQEB"),
        "{json}"
    );
    assert!(!json.contains(&key.key_hash.to_string()) && !json.contains("hash"));
    assert!(!json.contains(token(1).expose()));
}

#[test]
fn a_stored_key_reads_back() {
    let key = key(Some(at(9)));
    let json = serde_json::to_vec(&key).unwrap();
    assert_eq!(serde_json::from_slice::<ApiKey>(&json).unwrap(), key);
}
