//! Metrics: what a process has counted and how full it is, as text for whoever scrapes it.
//!
//! Everything has a fixed size: a histogram is its buckets, and a label is a word of the code or,
//! where the configuration wants it, a registered cluster. No id is ever a label.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

/// The media type of [`Metrics::render`]: `OpenMetrics` 1.0, which Prometheus asks for first.
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Buckets for what is over within a minute, in seconds.
pub const SHORT: [f64; 15] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
];
/// Buckets for what may wait for an hour, in seconds.
pub const LONG: [f64; 15] = [
    0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0, 1800.0, 3600.0,
];

/// The metrics of a process. Clones share them.
#[derive(Debug, Clone)]
pub struct Metrics(Arc<RwLock<Registry>>);

/// A queue, buffer, cache or crowd that has a bound.
pub struct Bound {
    name: &'static str,
    most: usize,
    used: Box<dyn Fn() -> usize + Send + Sync>,
}

/// How full each of these is, read when it is asked for.
#[derive(Debug)]
pub struct Bounds(pub Vec<Bound>);

#[derive(Debug)]
struct Uptime(Instant);

impl Metrics {
    /// The metrics that every binary has, for this version (`1.2.3` or `1.2.3 (commit)`). Where
    /// `cluster` is given, it is a label of every series.
    #[must_use]
    pub fn new(version: &str, cluster: Option<String>) -> Self {
        let labels = cluster.map(|cluster| ("cluster".into(), cluster.into()));
        let mut registry = Registry::with_labels(labels.into_iter());
        let (version, commit) = version.split_once(" (").unwrap_or((version, ""));
        let build = Info::new([
            ("version", version.to_owned()),
            ("commit", commit.trim_end_matches(')').to_owned()),
        ]);
        registry.register("kubently_build", "The build that runs", build);
        registry.register_collector(Box::new(Uptime(Instant::now())));
        Self(Arc::new(RwLock::new(registry)))
    }

    /// Adds metrics, as their parts come up.
    pub fn register(&self, add: impl FnOnce(&mut Registry)) {
        add(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// All of them, as text of [`MEDIA_TYPE`].
    ///
    /// # Errors
    /// Where a metric cannot be written.
    pub fn render(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        let registry = self.0.read().unwrap_or_else(PoisonError::into_inner);
        text::encode(&mut text, &registry)?;
        Ok(text)
    }
}

impl Bound {
    /// `used` of at most `most` places.
    pub fn new(
        name: &'static str,
        most: usize,
        used: impl Fn() -> usize + Send + Sync + 'static,
    ) -> Self {
        let used = Box::new(used);
        Self { name, most, used }
    }
}

impl fmt::Debug for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bound")
            .field("name", &self.name)
            .field("most", &self.most)
            .finish_non_exhaustive()
    }
}

/// Writes gauges of one name: their labels and values.
///
/// # Errors
/// Where one cannot be written.
pub fn gauges<L: EncodeLabelSet>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    series: impl IntoIterator<Item = (L, f64)>,
) -> fmt::Result {
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for (labels, value) in series {
        family.encode_family(&labels)?.encode_gauge(&value)?;
    }
    Ok(())
}

/// A count as a gauge's value.
#[must_use]
pub fn count(number: usize) -> f64 {
    u32::try_from(number).unwrap_or(u32::MAX).into()
}

impl Collector for Bounds {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let bounds = || self.0.iter().map(|bound| ([("bound", bound.name)], bound));
        gauges(
            &mut encoder,
            "kubently_bound_used",
            "Places in use of a queue, buffer, cache or crowd that has a bound.",
            bounds().map(|(labels, bound)| (labels, count((bound.used)()))),
        )?;
        gauges(
            &mut encoder,
            "kubently_bound_limit",
            "The most places that it has.",
            bounds().map(|(labels, bound)| (labels, count(bound.most))),
        )
    }
}

impl Collector for Uptime {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let none: [(&str, &str); 0] = [];
        gauges(
            &mut encoder,
            "kubently_uptime_seconds",
            "Seconds since the process began.",
            [(none, self.0.elapsed().as_secs_f64())],
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_series_has_its_help_and_the_label_of_its_cluster() {
        let metrics = Metrics::new("1.2.3 (abcdef)", Some("prod-eu".to_owned()));
        let bound = Bound::new("slots", 64, || 3);
        metrics.register(|registry| registry.register_collector(Box::new(Bounds(vec![bound]))));
        let text = metrics.render().unwrap();
        for line in [
            "# HELP kubently_build The build that runs.",
            r#"kubently_build_info{cluster="prod-eu",version="1.2.3",commit="abcdef"} 1"#,
            r#"kubently_bound_used{cluster="prod-eu",bound="slots"} 3.0"#,
            r#"kubently_bound_limit{cluster="prod-eu",bound="slots"} 64.0"#,
            "# TYPE kubently_uptime_seconds gauge",
        ] {
            assert!(text.lines().any(|other| other == line), "{line} in {text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }
}
