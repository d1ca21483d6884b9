//! Every query of the dashboard and of the alert rules, against what the real binaries show.

use std::collections::{BTreeMap, BTreeSet};

use kubently_tests::place;
use kubently_tests::scrape::Scrape;
use kubently_tests::world::World;
use promql_parser::label::{Labels, Matchers};
use promql_parser::parser::{Expr, LabelModifier, VectorSelector, parse};
use serde_json::Value;

use super::metrics::{of_gateway, traffic};

/// Labels that Prometheus gives to what it scrapes.
const OF_TARGETS: [&str; 4] = ["job", "instance", "namespace", "pod"];
/// Series that appear with what they count, and are not part of ordinary traffic.
const RARE: [(&str, &[&str]); 2] = [
    ("kubently_bound_turned_away_total", &["bound"]),
    ("kubently_trace_exports_total", &["outcome"]),
];

type Known = BTreeMap<String, BTreeSet<String>>;

/// A query and where it stands.
struct Query {
    place: String,
    text: String,
}

/// What one query asks for: each series with the labels that are named for it.
#[derive(Default)]
struct Asked {
    selectors: Vec<(String, BTreeSet<String>)>,
    /// Labels of groups and of matching, which some series below must have.
    groups: BTreeSet<String>,
}

impl Asked {
    fn of(expr: &Expr) -> Self {
        let mut asked = Self::default();
        asked.walk(expr);
        asked
    }

    fn walk(&mut self, expr: &Expr) {
        match expr {
            Expr::Aggregate(aggregate) => {
                if let Some(modifier) = &aggregate.modifier {
                    self.group(modifier);
                }
                self.walk(&aggregate.expr);
            }
            Expr::Unary(unary) => self.walk(&unary.expr),
            Expr::Binary(binary) => {
                if let Some(modifier) = &binary.modifier
                    && let Some(matching) = &modifier.matching
                {
                    self.group(matching);
                }
                self.walk(&binary.lhs);
                self.walk(&binary.rhs);
            }
            Expr::Paren(paren) => self.walk(&paren.expr),
            Expr::Subquery(subquery) => self.walk(&subquery.expr),
            Expr::VectorSelector(selector) => self.select(selector),
            Expr::MatrixSelector(selector) => self.select(&selector.vs),
            Expr::Call(call) => call.args.args.iter().for_each(|arg| self.walk(arg)),
            Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => {}
        }
    }

    fn group(&mut self, modifier: &LabelModifier) {
        let (LabelModifier::Include(Labels { labels }) | LabelModifier::Exclude(Labels { labels })) =
            modifier;
        self.groups.extend(labels.iter().cloned());
    }

    fn select(&mut self, selector: &VectorSelector) {
        let name = selector.name.clone().unwrap();
        let Matchers { matchers, .. } = &selector.matchers;
        let labels = matchers.iter().map(|matcher| matcher.name.clone());
        self.selectors.push((name, labels.collect()));
    }

    /// What is wrong with it.
    fn problems(&self, known: &Known) -> Vec<String> {
        let mut problems = Vec::new();
        let targets = || OF_TARGETS.map(str::to_owned);
        let mut all: BTreeSet<String> = targets().into();
        for (name, labels) in &self.selectors {
            let Some(own) = known.get(name) else {
                problems.push(format!("nobody shows {name}"));
                continue;
            };
            all.extend(own.iter().cloned());
            let strange = labels
                .iter()
                .filter(|label| !own.contains(*label) && !OF_TARGETS.contains(&label.as_str()));
            problems.extend(strange.map(|label| format!("{name} has no label {label}")));
        }
        let strange = self.groups.difference(&all);
        problems.extend(strange.map(|label| format!("nothing has the label {label}")));
        if self.selectors.is_empty() {
            problems.push("it asks for nothing".to_owned());
        }
        problems
    }
}

fn file(path: &str) -> String {
    let path = place::workspace().join("deploy/charts").join(path);
    std::fs::read_to_string(path).unwrap()
}

/// Queries of panels and variables; Grafana's own variables are put in.
fn of_dashboard() -> Vec<Query> {
    let dashboard: Value =
        serde_json::from_str(&file("kubently-hub/files/dashboard.json")).unwrap();
    let mut queries = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        let targets = panel["targets"].as_array().into_iter().flatten();
        for target in targets {
            let text = target["expr"].as_str().unwrap();
            let text = text
                .replace("$__rate_interval", "5m")
                .replace("$cluster", "a|b");
            queries.push(Query {
                place: format!("panel {}", panel["title"]),
                text,
            });
        }
    }
    for variable in dashboard["templating"]["list"].as_array().unwrap() {
        let Some(query) = variable["query"]["query"].as_str() else {
            continue;
        };
        let inner = query.strip_prefix("label_values(").unwrap();
        let (name, label) = inner.strip_suffix(')').unwrap().split_once(", ").unwrap();
        queries.push(Query {
            place: format!("variable {}", variable["name"]),
            text: format!("count by ({label}) ({name})"),
        });
    }
    queries
}

fn of_alerts(chart: &str) -> Vec<Query> {
    let text = file(&format!("{chart}/files/alerts.yaml"));
    let rules: Value = serde_saphyr::from_str(&text).unwrap();
    let groups = rules["groups"].as_array().unwrap().iter();
    let rules = groups.flat_map(|group| group["rules"].as_array().unwrap());
    let query = |rule: &Value| Query {
        place: format!("alert {}", rule["alert"]),
        text: rule["expr"].as_str().unwrap().to_owned(),
    };
    rules.map(query).collect()
}

fn problems(queries: &[Query], known: &Known) -> Vec<String> {
    let mut problems = Vec::new();
    for Query { place, text } in queries {
        match parse(text) {
            Ok(expr) => {
                let found = Asked::of(&expr).problems(known);
                problems.extend(found.iter().map(|problem| format!("{place}: {problem}")));
            }
            Err(error) => problems.push(format!("{place}: {error}: {text}")),
        }
    }
    problems
}

#[tokio::test(flavor = "multi_thread")]
async fn every_query_asks_for_what_the_binaries_show() {
    let world = World::own().await.unwrap();
    let away = traffic(&world).await;
    let gateway = of_gateway(&world, &away).await;
    let worker = Scrape::of(&world.worker.process).await.unwrap();
    let mut known = Known::new();
    for scrape in [&gateway, &worker] {
        for (name, labels) in scrape.names() {
            let of = known.entry(name.to_owned()).or_default();
            of.extend(labels.into_iter().map(str::to_owned));
        }
    }
    for (name, labels) in RARE {
        let labels = labels.iter().map(|label| (*label).to_owned()).collect();
        known.entry(name.to_owned()).or_insert(labels);
    }
    let wrong = |text: &str| Query {
        place: "wrong".to_owned(),
        text: text.to_owned(),
    };
    for text in [
        "sum(kubently_nothing)",
        "kubently_queue_depth{verb=\"get\"}",
        "sum by (verb) (kubently_queue_depth)",
        "rate(kubently_job_duration_seconds[5m])",
        "sum(rate(kubently_deliveries_total[5m])",
        "1",
    ] {
        assert_eq!(problems(&[wrong(text)], &known).len(), 1, "{text} passes");
    }
    let dashboard = of_dashboard();
    let (hub, workers) = (of_alerts("kubently-hub"), of_alerts("kubently-worker"));
    assert!(dashboard.len() > 40 && hub.len() > 10 && workers.len() > 4);
    for queries in [dashboard, hub, workers] {
        let problems = problems(&queries, &known);
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }
}
