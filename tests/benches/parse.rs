//! What it costs to read a body, parse its command and authorize it.
//!
//! The reference is the same body read as plain JSON, in the same run.

use std::collections::BTreeSet;
use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use kubently_core::access::{Grant, authorize};
use kubently_core::request::ExecuteCommandRequest;
use kubently_tests::figures::{Bound, Times, figure, print};
use serde_json::{Value, json};

const ROUNDS: usize = 5;
const CALLS_A_ROUND: usize = 20_000;

fn main() -> Result<()> {
    let bodies: Vec<Vec<u8>> = [
        json!({"cluster_id": "prod-eu", "args": ["pods"]}),
        json!({"cluster_id": "prod-eu", "args": ["pods,svc,deploy.v1.apps", "-n", "team-a", "-l", "app in (web, api),!canary", "-o", "wide", "--show-labels"]}),
        json!({"cluster_id": "prod-eu", "args": ["pod/web-0", "deploy/web", "-oyaml"], "namespace": "team-a", "timeout_seconds": 20}),
        json!({"cluster_id": "prod-eu", "args": ["pods", "-o", "jsonpath={range .items[*]}{.metadata.name}{\"\\t\"}{.status.phase}{\"\\n\"}{end}", "-n", "team-a"]}),
        json!({"cluster_id": "prod-eu", "command_type": "logs", "args": ["deploy/web", "-c", "app", "--tail=100", "--since=1h30m", "-n", "team-a"]}),
        json!({"cluster_id": "prod-eu", "command_type": "describe", "args": ["pods", "web-0", "web-1", "web-2", "-n", "team-a"]}),
    ]
    .iter()
    .map(serde_json::to_vec)
    .collect::<Result<_, _>>()?;
    let grant: Grant = serde_json::from_value(json!({
        "clusters": (0..50).map(|n| format!("c-{n}")).chain(["prod-eu".to_owned()]).collect::<BTreeSet<_>>(),
        "namespaces": ["default", "team-a"],
    }))?;
    let (mut ours, mut json) = (Times::default(), Times::default());
    for _ in 0..ROUNDS {
        let (each, wall) = round(&bodies, |body| admitted(body, &grant))?;
        ours.add(each, wall);
        let (each, wall) = round(&bodies, |body| {
            black_box(serde_json::from_slice::<Value>(black_box(body))?);
            Ok(())
        })?;
        json.add(each, wall);
    }
    print(format_args!("body, command and grant   {ours}"));
    print(format_args!("body as plain JSON        {json}"));
    let micros = ours.percentile(0.5).as_secs_f64() * 1e6;
    figure(
        "parse_and_authorize_p50_microseconds",
        micros,
        Bound::AtMost,
        20.0,
    );
    Ok(())
}

fn admitted(body: &[u8], grant: &Grant) -> Result<()> {
    let request = ExecuteCommandRequest::from_json(black_box(body)).map_err(|e| anyhow!("{e}"))?;
    let command = request.command().map_err(|e| anyhow!("{e}"))?;
    authorize(grant, &request.cluster_id, &command)?;
    black_box(command);
    Ok(())
}

fn round(
    bodies: &[Vec<u8>],
    call: impl Fn(&[u8]) -> Result<()>,
) -> Result<(Vec<Duration>, Duration)> {
    ensure!(!bodies.is_empty(), "no bodies");
    let (mut each, begun) = (Vec::with_capacity(CALLS_A_ROUND), Instant::now());
    for body in bodies.iter().cycle().take(CALLS_A_ROUND) {
        let begun = Instant::now();
        call(body)?;
        each.push(begun.elapsed());
    }
    Ok((each, begun.elapsed()))
}
