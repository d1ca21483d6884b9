//! Answers that are none: HTML, half a JSON, other content types, refusals of every code, silence.

use kubently_tests::fake_api::Script;

use super::{Case, path_of};

type Make = fn() -> Script;

/// What follows each verb that asks for a pod or for all of them.
const LINES: [&str; 8] = [
    "get pods",
    "get pod web",
    "get pods -o json",
    "get pod web -o name",
    "describe pod web",
    "logs web",
    "logs web -c c",
    "events",
];

/// Successes that hold no object.
fn successes() -> Vec<(String, Make)> {
    vec![
        ("a page".into(), || {
            Script::text(200, "text/html", "<html>Log in</html>")
        }),
        ("a text".into(), || {
            Script::text(200, "text/plain; charset=utf-8", "hello\n")
        }),
        ("nothing".into(), || {
            Script::text(200, "application/json", "")
        }),
        ("a list".into(), || {
            Script::text(200, "application/json", "[1, 2]")
        }),
        ("null".into(), || {
            Script::text(200, "application/json", "null")
        }),
        ("a number".into(), || {
            Script::text(200, "application/json", "1")
        }),
        ("an empty object".into(), || {
            Script::text(200, "application/json", "{}")
        }),
        ("half a JSON".into(), || {
            Script::text(200, "application/json", "{\"kind\":\"Table\",")
        }),
        ("half a text".into(), || {
            Script::text(200, "application/json", "{\"kind\":\"Tab")
        }),
        ("no JSON".into(), || {
            Script::text(200, "application/json", "<html>")
        }),
        ("two JSONs".into(), || {
            Script::text(200, "application/json", "{}{}")
        }),
        ("a break".into(), || {
            Script::Cut(b"{\"kind\":\"Table\",\"rows\":[".to_vec())
        }),
        ("bytes".into(), || {
            Script::text(200, "application/octet-stream", vec![0xff; 100])
        }),
        ("a wrong content type".into(), || {
            Script::text(200, "what is this", "{}")
        }),
        ("a status of failure".into(), || {
            Script::text(
                200,
                "application/json",
                r#"{"kind":"Status","apiVersion":"v1","status":"Failure","message":"no","reason":"Odd","code":418}"#,
            )
        }),
    ]
}

/// Refusals, with and without a Status.
fn refusals() -> Vec<(String, Make)> {
    let mut answers: Vec<(String, Make)> = vec![
        ("too many requests".into(), || {
            Script::status(429, "TooManyRequests", "slow down")
        }),
        ("too many requests, again at once".into(), || {
            Script::status(429, "TooManyRequests", "slow down").with("retry-after", "0")
        }),
        ("too many requests without a word".into(), || {
            Script::text(429, "text/plain", "")
        }),
        ("unavailable, again at once".into(), || {
            Script::text(503, "text/html", "<html>").with("retry-after", "0")
        }),
        ("a reason of its own".into(), || {
            Script::status(403, "", "not you")
        }),
        ("invalid".into(), || {
            Script::text(
                422,
                "application/json",
                r#"{"kind":"Status","apiVersion":"v1","status":"Failure","message":"m","reason":"Invalid",
                "details":{"name":"web","kind":"Pod","causes":[{"message":"is bad","field":"spec.x"},{"message":"is worse","field":"spec.y"}]},"code":422}"#,
            )
        }),
        ("gone".into(), || Script::status(410, "Gone", "too old")),
        ("expired".into(), || {
            Script::status(410, "Expired", "The provided continue parameter is too old")
        }),
        ("a timeout of the server".into(), || {
            Script::status(
                504,
                "Timeout",
                "Timeout: request did not complete within requested timeout",
            )
        }),
    ];
    macro_rules! plain {
        ($($code:literal),*) => {
            $(
                answers.push((format!("{} in HTML", $code), || Script::text($code, "text/html", "<h1>No</h1>")));
                answers.push((format!("{} in JSON", $code), || Script::text($code, "application/json", "{}")));
            )*
        };
    }
    plain!(
        400, 401, 403, 404, 405, 406, 408, 409, 413, 415, 418, 422, 500, 501, 502, 503, 504, 599
    );
    macro_rules! odd {
        ($($code:literal),*) => {
            $(
                answers.push((format!("{} in text", $code), || Script::text($code, "text/plain", "say \"no\"\n")));
                answers.push((format!("{} in bytes", $code), || {
                    Script::text($code, "application/octet-stream", vec![b'x'; 10])
                }));
            )*
        };
    }
    odd!(403, 404, 429, 500, 503);
    answers
}

pub(super) fn cases() -> Vec<Case> {
    let answers = || successes().into_iter().chain(refusals());
    let mut cases: Vec<Case> = answers()
        .enumerate()
        .map(|(number, (name, make))| {
            // Discovery is as it should be. Half of the lines each, in turn.
            let lines = LINES.iter().copied().enumerate();
            let lines: Vec<&str> = lines
                .filter(|(line, _)| (line + number).is_multiple_of(2))
                .map(|(_, line)| line)
                .collect();
            Case::new(
                name,
                move |path, _| path.starts_with("/api/v1").then(make),
                &lines,
            )
        })
        .collect();
    for (name, make) in answers() {
        // `/version` is asked for without discovery; the others do not come further than that.
        cases.push(Case::new(
            format!("discovery: {name}"),
            move |path, _| matches!(path_of(path), "/api" | "/apis" | "/version").then(make),
            &["version", "get pods"],
        ));
    }
    cases
}
