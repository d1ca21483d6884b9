use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Utc};
use futures::executor::block_on;

use super::*;
use crate::bounded::TtlSeconds;
use crate::repository::contract;
use crate::repository::{AdminUserRepository as _, SessionRepository as _};
use crate::session::READABLE_SECONDS;

/// A clock that stands still until it is moved.
struct StoppedClock(AtomicI64);

impl StoppedClock {
    fn stores() -> (Arc<Self>, MemoryRepositories) {
        let clock = Arc::new(Self(AtomicI64::new(1_795_420_800)));
        let stores = MemoryRepositories::new(clock.clone());
        (clock, stores)
    }

    fn advance(&self, seconds: u32) {
        self.0.fetch_add(i64::from(seconds), Ordering::Relaxed);
    }
}

impl Clock for StoppedClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.0.load(Ordering::Relaxed), 0).unwrap()
    }
}

#[test]
fn the_stores_in_memory_keep_the_contract() {
    let (clock, stores) = StoppedClock::stores();
    let now = clock.now().into();
    block_on(contract::run(&stores, now, 1)).unwrap();
}

#[test]
fn runs_with_other_seeds_do_not_meet() {
    let (clock, stores) = StoppedClock::stores();
    block_on(contract::run(&stores, clock.now().into(), 1)).unwrap();
    clock.advance(1_000);
    block_on(contract::run(&stores, clock.now().into(), 2)).unwrap();
}

#[test]
fn a_session_can_be_read_for_an_hour_after_its_last_change_let_it_expire() {
    let (clock, stores) = StoppedClock::stores();
    let session = Session::new(
        "0199b6a0-5c1e-7d3a-8f00-1234567890ab".parse().unwrap(),
        "0b0e1f0a-5c1e-4d3a-8f00-1234567890ab".parse().unwrap(),
        "prod-eu".parse().unwrap(),
        TtlSeconds::default(),
        clock.now().into(),
    );
    let (owner, id) = (session.user_id, session.session_id);
    let read = || block_on(stores.get_session(owner, id)).unwrap();
    block_on(stores.create_session(&session)).unwrap();
    clock.advance(200);
    block_on(stores.touch_session(owner, id, clock.now().into(), 1)).unwrap();
    clock.advance(300 + READABLE_SECONDS - 1);
    assert!(read().is_some_and(|session| session.is_expired(clock.now().into())));
    clock.advance(1);
    assert_eq!(read(), None);
}

#[test]
fn of_many_threads_with_one_address_exactly_one_makes_its_user() {
    let (clock, stores) = StoppedClock::stores();
    let made = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..50)
            .map(|number| {
                let user = User::new(
                    UserId::from_uuid(uuid::Uuid::from_u128(number)),
                    "Ada".parse().unwrap(),
                    "ada@example.com".parse().unwrap(),
                    clock.now().into(),
                );
                let stores = &stores;
                scope.spawn(move || block_on(stores.create_user(&user)).is_ok())
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .filter(|made| *made)
            .count()
    });
    assert_eq!(made, 1);
}
