//! What durability costs beside the bus itself: a no-op command (`version --client`) through one gateway and
//! one worker against the same durable writes by the NATS client library alone, where the hub syncs each write
//! to its disk, on one server and on three, and with many commands under way. Then what accounts cost: the same
//! worker in an account of its own against one in the hub's. Both sides of a figure alternate in one run.
//! `KUBENTLY_BENCH_DIVIDE=20` makes a short run that only shows that it works.

mod sides;

use anyhow::Result;
use kubently_tests::figures::{Bound, figure, print};
use kubently_tests::hub::Hub;
use kubently_tests::load::count;
use kubently_tests::nats::NatsOptions;
use kubently_tests::product;
use kubently_tests::raw::{Raw, Shape};
use kubently_tests::world::World;

use self::sides::{Shipped, Side, alternate};

/// Calls of a round, and how many of them are under way at a time.
type Load = (usize, usize);

const WRITES: Shape = Shape {
    cluster: "raw",
    record: true,
};

#[tokio::main]
async fn main() -> Result<()> {
    let one = (count(300)?, 1);
    let (many, most) = ((count(2_000)?, 64), (count(2_000)?, 256));
    let always = NatsOptions {
        sync_interval: Some("always".to_owned()),
    };
    on_one_server("default", &NatsOptions::default(), &[most]).await?;
    on_one_server("always", &always, &[one, many, most]).await?;
    on_three_servers(&[one, many, most]).await?;
    accounts(one).await
}

async fn on_one_server(what: &str, options: &NatsOptions, loads: &[Load]) -> Result<()> {
    let world = World::own_with(options).await?;
    let product = Side::Product(world.http()?, world.command("version", &["--client"]));
    product::cluster_add(&world.hub.url(), WRITES.cluster).await?;
    let clients = [world.hub.connect().await?, world.hub.connect().await?];
    let raw = Side::Raw(Raw::start(clients, WRITES).await?);
    compare(what, &product, &raw, loads).await
}

async fn on_three_servers(loads: &[Load]) -> Result<()> {
    let mut hub = Hub::three().await?;
    hub.enrol(&["cluster", "add", "a"]).await?;
    let shipped = Shipped::gateway(&hub).await?;
    let _worker = shipped.worker(&hub, "a", "cluster-a").await?;
    hub.enrol(&["cluster", "add", WRITES.cluster]).await?;
    let clients = [hub.connect("hub").await?, hub.connect("hub").await?];
    let raw = Side::Raw(Raw::start(clients, WRITES).await?);
    compare("three_servers", &shipped.commands("a")?, &raw, loads).await
}

/// The product against the raw writes: the time of one, and the rate of many.
async fn compare(what: &str, product: &Side, raw: &Side, loads: &[Load]) -> Result<()> {
    for load in loads {
        let [ours, theirs] = alternate([product, raw], *load).await?;
        let in_flight = load.1;
        print(format_args!(
            "{what:<14} {in_flight:>3} in flight, product  {ours}"
        ));
        print(format_args!(
            "{what:<14} {in_flight:>3} in flight, raw      {theirs}"
        ));
        if in_flight == 1 {
            let name = format!("{what}_round_trip_p50_of_three_writes");
            figure(&name, ours.percentile_of(0.5, &theirs), Bound::AtMost, 1.5);
        } else {
            let name = format!("{what}_rate_{in_flight}_of_three_writes");
            figure(&name, ours.rate() / theirs.rate(), Bound::AtLeast, 0.5);
        }
    }
    Ok(())
}

/// One gateway and two workers on one server: one crosses from its cluster's account, as it ships, and the
/// other is in the hub's own.
async fn accounts(load: Load) -> Result<()> {
    let mut hub = Hub::single().await?;
    hub.enrol(&["cluster", "add", "a"]).await?;
    hub.enrol(&["cluster", "add", "b"]).await?;
    let shipped = Shipped::gateway(&hub).await?;
    let _of_its_own = shipped.worker(&hub, "a", "cluster-a").await?;
    let _of_the_hub = shipped.worker(&hub, "b", "hub").await?;
    let (across, within) = (shipped.commands("a")?, shipped.commands("b")?);
    let [across, within] = alternate([&across, &within], load).await?;
    print(format_args!("an account of its own               {across}"));
    print(format_args!("one account                         {within}"));
    let ratio = across.percentile_of(0.5, &within);
    figure(
        "accounts_round_trip_p50_of_one_account",
        ratio,
        Bound::AtMost,
        1.2,
    );
    Ok(())
}
