//! A finished job's output: whole or a part of it, and said plainly where it is not all.

use kubently_tests::http::Answer;
use kubently_tests::world::World;
use serde_json::json;

use crate::door::problem;
use crate::events::Hand;

#[tokio::test(flavor = "multi_thread")]
async fn parts_of_an_output_are_counted_in_lines_or_bytes() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let hand = Hand::on_new_job(world, &http, "parts").await;
    let mut run = hand.begin(1);
    let mut whole = String::new();
    for chunk in 0..20 {
        let lines: Vec<_> = (0..500).map(|line| format!("{chunk}-{line}\n")).collect();
        let lines = lines.concat();
        run.print(&lines).await;
        whole.push_str(&lines);
    }
    run.end().await;
    let get = async |query: &str| -> Answer {
        let path = format!("/v1/jobs/{}/output{query}", hand.id);
        http.get(&path).await.unwrap()
    };
    let all = get("").await;
    assert_eq!(all.text(), whole);
    assert_eq!(all.header("kubently-truncated"), "false");
    assert_eq!(all.header("kubently-exit-code"), "0");
    assert_eq!(all.header("kubently-stdout-bytes"), whole.len().to_string());
    assert_eq!(all.header("kubently-stderr-bytes"), "0");
    assert_eq!(all.header("kubently-total"), whole.len().to_string());
    assert_eq!(all.header("kubently-next-offset"), "");
    let part = get("?unit=lines&offset=501&limit=2").await;
    assert_eq!(part.text(), "1-1\n1-2\n");
    assert_eq!(part.header("kubently-total"), "10000");
    assert_eq!(part.header("kubently-next-offset"), "503");
    assert_eq!(
        get("?unit=lines&tail=1&stream=stdout").await.text(),
        "19-499\n"
    );
    assert_eq!(get("?offset=4&limit=3").await.text(), &whole[4..7]);
    assert_eq!(get("?tail=5").await.text(), &whole[whole.len() - 5..]);
    assert_eq!(get("?stream=stderr").await.text(), "");
    for query in ["?tail=1&offset=0", "?offset=-1", "?unit=words", "?limit=x"] {
        problem(&get(query).await, 422, "bad_query");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_output_with_a_hole_ends_there_and_says_so() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let hand = Hand::on_new_job(world, &http, "hole").await;
    let mut run = hand.begin(1);
    run.print("one\n").await;
    run.lose("two\n");
    run.print("three\n").await;
    run.end().await;
    let path = format!("/v1/jobs/{}/output", hand.id);
    let part = http.get(&path).await.unwrap();
    assert_eq!(part.text(), "one\n");
    assert_eq!(part.header("kubently-truncated"), "true");
    assert_eq!(part.header("kubently-stdout-bytes"), "14");

    let gone = Hand::on_new_job(world, &http, "gone").await;
    let mut run = gone.begin(1);
    run.lose("everything\n");
    run.end().await;
    let answer = http.get(&format!("/v1/jobs/{}/output", gone.id)).await;
    problem(&answer.unwrap(), 410, "result_expired");
}

/// Twenty objects, larger in every form than the cap below.
async fn many(world: &World) -> String {
    let namespace = world.kubernetes.namespace("capped").await.unwrap();
    let objects: Vec<_> = (0..20)
        .map(|number| {
            json!({
                "apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"name": format!("{number}-{}", "n".repeat(60)), "namespace": namespace},
                "data": {"key": "value ".repeat(20)},
            })
        })
        .collect();
    world.kubernetes.apply_all(&objects).await.unwrap();
    namespace
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_and_descriptions_are_cut_at_the_policys_cap_and_documents_never() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let cluster = world.cluster("capped").await.unwrap();
    let cap = [("KUBENTLY_POLICY__MAX_OUTPUT_BYTES", "1024")];
    let _worker = world.worker(&cluster, "capped", &cap).await.unwrap();
    let namespace = many(world).await;
    let run = async |verb: &str, args: &[&str]| {
        let body = json!({
            "cluster_id": cluster, "command_type": verb, "args": args, "namespace": namespace,
            "timeout_seconds": 30,
        });
        let answer = http
            .post_command(&body, &[("prefer", "wait=60")])
            .await
            .unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json().unwrap()
    };
    for verb in ["get", "describe"] {
        let job = run(verb, &["configmaps"]).await;
        assert_eq!(
            (&job["status"], &job["truncated"]),
            (&"completed".into(), &true.into()),
            "{job}"
        );
        let length = job["output"].as_str().unwrap().len();
        assert!((1..=1024).contains(&length), "{length}");
        let id = job["id"].as_str().unwrap();
        let output = http.get(&format!("/v1/jobs/{id}/output")).await.unwrap();
        assert_eq!(output.header("kubently-truncated"), "true");
    }
    for form in ["json", "yaml"] {
        let job = run("get", &["configmaps", "-o", form]).await;
        assert_eq!(
            (&job["status"], &job["reason"]),
            (&"failed".into(), &"output_too_large".into())
        );
        let said = job["error"].as_str().unwrap();
        assert!(said.contains("1024"), "{said}");
        assert!(said.contains("-l"), "a hint: {said}");
        assert_eq!(job["output"].as_str().unwrap_or_default(), "", "{job}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_its_result_tells_of_is_not_taken() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let hand = Hand::on_new_job(world, &http, "more").await;
    let mut run = hand.begin(1);
    run.print("told\n").await;
    run.hide("untold\n").await;
    run.hide("nor this\n").await;
    run.end().await;
    let path = format!("/v1/jobs/{}/output", hand.id);
    let output = http.get(&path).await.unwrap();
    assert_eq!(output.text(), "told\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_job_whose_beginning_is_gone_is_not_whole() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let hand = Hand::on_new_job(world, &http, "beheaded").await;
    let mut run = hand.begin(1);
    run.lose("head\n");
    run.print("tail\n").await;
    let path = format!("/v1/jobs/{}", hand.id);
    let cancel = format!("{path}/cancel");
    let told = http.send(http::Method::POST, &cancel, &[], "").await;
    assert_eq!(told.unwrap().json().unwrap()["cancelled"], true);
    let output = http.get(&format!("{path}/output")).await.unwrap();
    assert_eq!(output.text(), "");
    assert_eq!(output.header("kubently-truncated"), "true");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_cancelled_job_had_printed_stays_readable() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let hand = Hand::on_new_job(world, &http, "printed").await;
    hand.begin(1).print("old run\n").await;
    let mut run = hand.begin(2);
    run.started().await;
    run.print("so far\n").await;
    let path = format!("/v1/jobs/{}", hand.id);
    let cancel = format!("{path}/cancel");
    let told = http.send(http::Method::POST, &cancel, &[], "").await;
    assert_eq!(told.unwrap().json().unwrap()["cancelled"], true);
    let output = http.get(&format!("{path}/output")).await.unwrap();
    assert_eq!(output.text(), "so far\n");
    assert_eq!(output.header("kubently-truncated"), "true");
}
