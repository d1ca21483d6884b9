//! The product's round trip against what the bus itself costs: a no-op command (`version
//! --client`) through the HTTP gateway over a kept-alive connection, and the same durable writes
//! (record, command, result by compare-and-set) by the NATS client library alone, on the same
//! server. Both sides alternate in one run.

mod raw;

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use futures::{StreamExt as _, TryStreamExt as _};
use kubently_tests::figures::{Bound, Times, figure, print};
use kubently_tests::http::Http;
use kubently_tests::world::World;
use serde_json::Value;

use self::raw::Raw;

const ROUNDS: usize = 6;
const ONE_BY_ONE: usize = 500;
const AT_ONCE: usize = 3000;
const IN_FLIGHT: usize = 64;

#[tokio::main]
async fn main() -> Result<()> {
    let world = World::shared().await?;
    let http = world.http()?;
    let body = world.command("version", &["--client"]);
    let three = Raw::start(&world.hub.url(), "three", true).await?;
    let two = Raw::start(&world.hub.url(), "two", false).await?;
    let mut rows: [(Times, Times, Times); 2] = Default::default();
    let mut door = Times::default();
    // The first round warms connections and caches, and does not count.
    for round in 0..=ROUNDS {
        let (each, wall) = door_round(&http, ONE_BY_ONE).await?;
        if round > 0 {
            door.add(each, wall);
        }
        for ((product, with_record, without), (calls, in_flight)) in
            rows.iter_mut().zip([(ONE_BY_ONE, 1), (AT_ONCE, IN_FLIGHT)])
        {
            let of_product = product_round(&http, &body, calls, in_flight).await?;
            let of_three = three.round(calls, in_flight).await?;
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

/// The time of each call, and of them all.
type Round = (Vec<Duration>, Duration);

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

async fn product_round(http: &Http, body: &Value, calls: usize, in_flight: usize) -> Result<Round> {
    let begun = Instant::now();
    let each = futures::stream::iter(0..calls)
        .map(|_| async {
            let begun = Instant::now();
            let answer = http.post_command(body, &[("prefer", "wait=20")]).await?;
            ensure!(
                answer.status == 200,
                "{}: {:?}",
                answer.status,
                answer.text()
            );
            Ok(begun.elapsed())
        })
        .buffer_unordered(in_flight)
        .try_collect()
        .await?;
    Ok((each, begun.elapsed()))
}
