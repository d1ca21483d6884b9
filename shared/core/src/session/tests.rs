use super::*;

fn at(seconds: u32) -> Timestamp {
    let start: Timestamp = serde_json::from_str("\"2026-11-23T08:00:00.000Z\"").unwrap();
    start.plus_seconds(seconds)
}

fn session() -> Session {
    Session::new(
        "0199b6a0-5c1e-7d3a-8f00-1234567890ab".parse().unwrap(),
        "0b0e1f0a-5c1e-4d3a-8f00-1234567890ab".parse().unwrap(),
        "prod-eu".parse().unwrap(),
        TtlSeconds::default(),
        at(0),
    )
}

#[test]
fn a_session_is_idle_after_half_its_ttl_and_expired_after_all_of_it() {
    for (seconds, status) in [
        (0, SessionStatus::Active),
        (149, SessionStatus::Active),
        (150, SessionStatus::Idle),
        (299, SessionStatus::Idle),
        (300, SessionStatus::Expired),
    ] {
        assert_eq!(session().status(at(seconds)), status, "{seconds} s");
    }
}

#[test]
fn activity_moves_the_end() {
    let touched = session().touch(at(200), 1).unwrap();
    assert_eq!(touched.expires_at(), at(500));
    assert_eq!(touched.status(at(300)), SessionStatus::Active);
    assert_eq!(touched.command_count, 1);
}

#[test]
fn no_activity_moves_the_end_beyond_eight_hours() {
    let mut busy = session();
    for minute in 1..480 {
        busy = busy.touch(at(60 * minute), 1).unwrap();
    }
    assert_eq!(busy.expires_at(), at(MAX_AGE_SECONDS));
    assert_eq!(busy.command_count, 479);
    let late = busy.touch(at(MAX_AGE_SECONDS), 1);
    assert_eq!(late, Err(SessionOver::Expired));
}

#[test]
fn activity_that_is_noted_out_of_order_never_shortens_a_session() {
    let touched = session().touch(at(200), 3).unwrap();
    let late = touched.touch(at(100), 2).unwrap();
    assert_eq!((late.last_activity, late.command_count), (at(200), 5));
}

#[test]
fn a_sign_of_life_counts_no_command() {
    let touched = session().touch(at(10), 0).unwrap();
    assert_eq!((touched.last_activity, touched.command_count), (at(10), 0));
}

#[test]
fn an_expired_session_is_neither_touched_nor_ended() {
    assert_eq!(session().touch(at(300), 1), Err(SessionOver::Expired));
    assert_eq!(session().end(at(300)), Err(SessionOver::Expired));
}

#[test]
fn an_ended_session_stays_ended_and_readable_for_an_hour() {
    let ended = session().end(at(30)).unwrap();
    assert_eq!(ended.status(at(9999)), SessionStatus::Ended);
    assert_eq!(ended.readable_until(), at(30 + READABLE_SECONDS));
    assert_eq!(ended.clone().end(at(31)), Err(SessionOver::Ended));
    assert_eq!(ended.touch(at(31), 1), Err(SessionOver::Ended));
    assert_eq!(session().readable_until(), at(300 + READABLE_SECONDS));
}

#[test]
fn the_view_of_a_session_computes_its_status() {
    let json = serde_json::to_value(SessionResponse::new(&session(), at(150))).unwrap();
    assert_eq!(json["status"], "idle");
    assert_eq!(json["expires_at"], "2026-11-23T08:05:00.000Z");
    assert!(json["correlation_id"].is_null());
}
