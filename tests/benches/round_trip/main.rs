//! The product's round trip against what the bus itself costs: a no-op command (`version
//! --client`) through the HTTP gateway over a kept-alive connection, and the same durable writes
//! (record, command, result by compare-and-set) to streams of the same kind by the NATS client library alone, on the
//! same server. Both sides alternate in one run, and what each process spends on a call is printed, too.

mod spent;

use std::time::Instant;

use anyhow::{Result, ensure};
use kubently_tests::figures::{Bound, Times, figure, print};
use kubently_tests::http::Http;
use kubently_tests::load::{self, Round};
use kubently_tests::product;
use kubently_tests::raw::{Raw, Shape};
use kubently_tests::wire::Wire;
use kubently_tests::world::World;

use self::spent::{Meter, Spent};

const ROUNDS: usize = 6;
const ONE_BY_ONE: usize = 500;
const AT_ONCE: usize = 3000;
const IN_FLIGHT: usize = 64;

#[tokio::main]
async fn main() -> Result<()> {
    let world = World::shared().await?;
    let http = world.http()?;
    let body = world.command("version", &["--client"]);
    let three = raw(world, "raw-three", true).await?;
    let two = raw(world, "raw-two", false).await?;
    let wires = [
        Wire::open(&http, &body, 1).await?,
        Wire::open(&http, &body, IN_FLIGHT).await?,
    ];
    let mut rows: [(Times, Times, Times); 2] = Default::default();
    let meter = Meter::of(world)?;
    let (mut spent, mut spent_raw) = (Spent::default(), Spent::default());
    let mut door = Times::default();
    // The first round warms connections and caches, and does not count.
    for round in 0..=ROUNDS {
        let (each, wall) = door_round(&http, ONE_BY_ONE).await?;
        if round > 0 {
            door.add(each, wall);
        }
        let loads = [(ONE_BY_ONE, 1), (AT_ONCE, IN_FLIGHT)];
        for ((rows, wire), (calls, in_flight)) in rows.iter_mut().zip(&wires).zip(loads) {
            let (product, with_record, without) = rows;
            let begun = meter.read()?;
            let of_product = load::over(wire, calls, in_flight).await?;
            let between = meter.read()?;
            let of_three = three.round(calls, in_flight).await?;
            if round > 0 && in_flight == IN_FLIGHT {
                spent.add(begun, between, calls)?;
                spent_raw.add(between, meter.read()?, calls)?;
            }
            let of_two = two.round(calls, in_flight).await?;
            if round > 0 {
                product.add(of_product.0, of_product.1);
                with_record.add(of_three.0, of_three.1);
                without.add(of_two.0, of_two.1);
            }
        }
    }
    let [one, many] = rows;
    for (what, (product, with_record, without)) in [("1 in flight", &one), ("64 in flight", &many)]
    {
        print(format_args!("product through HTTP, {what:12} {product}"));
        print(format_args!(
            "raw, three writes,    {what:12} {with_record}"
        ));
        print(format_args!("raw, two writes,      {what:12} {without}"));
    }
    print(format_args!("HTTP alone (/health), 1 in flight  {door}"));
    print(format_args!("processor, product, 64 in flight   {spent}"));
    print(format_args!(
        "processor, raw,     64 in flight   {spent_raw}"
    ));
    let p50 = |times: &Times| times.percentile(0.5).as_secs_f64();
    figure(
        "round_trip_p50_of_three_writes",
        p50(&one.0) / p50(&one.1),
        Bound::AtMost,
        1.5,
    );
    figure(
        "round_trip_p50_of_two_writes",
        p50(&one.0) / p50(&one.2),
        Bound::AtMost,
        1.5,
    );
    figure(
        "rate_64_of_three_writes",
        many.0.rate() / many.1.rate(),
        Bound::AtLeast,
        0.5,
    );
    figure(
        "rate_64_of_two_writes",
        many.0.rate() / many.2.rate(),
        Bound::AtLeast,
        0.5,
    );
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
