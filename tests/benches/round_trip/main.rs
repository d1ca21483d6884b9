//! The product's round trip against what the bus itself costs: a no-op command (`version
//! --client`) through the HTTP gateway over a kept-alive connection, and the same durable writes
//! (record, command, result by compare-and-set) to streams of the same kind by the NATS client library alone, on the
//! same server. The sides alternate in one run, and take turns in going first; what each process spends on a call is
//! printed, too.

mod side;
mod spent;

use std::time::Instant;

use anyhow::{Result, ensure};
use kubently_tests::figures::{Bound, Times, figure, print};
use kubently_tests::http::Http;
use kubently_tests::load::Round;
use kubently_tests::product;
use kubently_tests::raw::{Raw, Shape};
use kubently_tests::wire::Wire;
use kubently_tests::world::World;

use self::side::{Calls, IN_FLIGHT, Side};
use self::spent::Meter;

const ROUNDS: usize = 6;
/// Turns of calls one by one, in each round.
const TURNS: usize = 6;
const HEALTH: usize = 500;

#[tokio::main]
async fn main() -> Result<()> {
    let world = World::shared().await?;
    let http = world.http()?;
    let body = world.command("version", &["--client"]);
    let three = raw(world, "raw-three", true).await?;
    let two = raw(world, "raw-two", false).await?;
    let one = Wire::open(&http, &body, 1).await?;
    let many = Wire::open(&http, &body, IN_FLIGHT).await?;
    let mut sides = [
        Side::new("product through HTTP", Calls::Product([&one, &many])),
        Side::new("raw, three writes", Calls::Raw(&three)),
        Side::new("raw, two writes", Calls::Raw(&two)),
    ];
    let meter = Meter::of(world)?;
    let mut door = Times::default();
    // The first round warms connections and caches, and does not count.
    for round in 0..=ROUNDS {
        let (each, wall) = door_round(&http, HEALTH).await?;
        if round > 0 {
            door.add(each, wall);
        }
        // The hub is busy for a while with what a load has left, so nobody is always the first after one.
        let mut in_turn: Vec<_> = sides.iter_mut().collect();
        if round % 2 == 0 {
            in_turn.reverse();
        }
        for _ in 0..TURNS {
            for side in &mut in_turn {
                side.one_by_one(round > 0).await?;
            }
            in_turn.reverse();
        }
        for side in &mut in_turn {
            side.at_once(&meter, round > 0).await?;
        }
    }
    sides.iter().for_each(Side::print);
    print(format_args!("HTTP alone (/health)  1 in flight  {door}"));
    let [product, three, two] = sides;
    for (writes, raw) in [("three", three), ("two", two)] {
        figure(
            &format!("round_trip_p50_of_{writes}_writes"),
            product.one_by_one.percentile_of(0.5, &raw.one_by_one),
            Bound::AtMost,
            1.5,
        );
        figure(
            &format!("rate_64_of_{writes}_writes"),
            product.at_once.rate() / raw.at_once.rate(),
            Bound::AtLeast,
            0.5,
        );
    }
    Ok(())
}

async fn raw(world: &World, cluster: &'static str, record: bool) -> Result<Raw> {
    product::cluster_add(&world.hub.url(), cluster).await?;
    let clients = [world.hub.connect().await?, world.hub.connect().await?];
    Raw::start(clients, Shape { cluster, record }).await
}

/// What the way through the gateway's door costs without a command behind it.
async fn door_round(http: &Http, calls: usize) -> Result<Round> {
    let begun = Instant::now();
    let mut each = Vec::with_capacity(calls);
    for _ in 0..calls {
        let begun = Instant::now();
        let answer = http.get("/health").await?;
        ensure!(answer.status == 200, "{}", answer.status);
        each.push(begun.elapsed());
    }
    Ok((each, begun.elapsed()))
}
