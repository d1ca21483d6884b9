//! What a binary shows on `/metrics`, read as Prometheus reads it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, bail, ensure};

use crate::http::Http;
use crate::product::Process;

/// The labels of a series.
pub type Labels = BTreeMap<String, String>;

/// One look at a binary's metrics.
#[derive(Debug, Clone, Default)]
pub struct Scrape {
    /// Every family by its name, without the suffixes of its series: its type and its help.
    pub families: BTreeMap<String, (String, String)>,
    /// Every series: its name, with suffix, its labels and its value.
    pub series: Vec<(String, Labels, f64)>,
}

impl Scrape {
    /// Asks a binary.
    ///
    /// # Errors
    /// When it does not answer, or not in the format.
    pub async fn of(process: &Process) -> Result<Self> {
        let answer = Http::new(&process.admin_url(), None)?
            .get("/metrics")
            .await?;
        ensure!(answer.status == 200, "{}: {}", answer.status, answer.text());
        let kind = answer.header("content-type");
        ensure!(kind.starts_with("application/openmetrics-text"), "{kind}");
        Self::parse(&answer.text())
    }

    /// Reads the text.
    ///
    /// # Errors
    /// When a line is none of the format.
    pub fn parse(text: &str) -> Result<Self> {
        let mut scrape = Self::default();
        ensure!(text.ends_with("# EOF\n"), "it is cut off");
        for line in text.lines() {
            if let Some(meta) = line.strip_prefix("# ") {
                scrape.meta(meta);
            } else {
                let series = series(line).with_context(|| format!("{line:?} is no series"))?;
                scrape.series.push(series);
            }
        }
        Ok(scrape)
    }

    fn meta(&mut self, meta: &str) {
        let mut words = meta.splitn(3, ' ');
        let (Some(what), Some(name), Some(text)) = (words.next(), words.next(), words.next())
        else {
            return;
        };
        let (kind, help) = self.families.entry(name.to_owned()).or_default();
        match what {
            "TYPE" => text.clone_into(kind),
            "HELP" => text.clone_into(help),
            _ => {}
        }
    }

    /// The sum of all series of this name that have these labels; none where there is no such
    /// series.
    #[must_use]
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let has = |series: &Labels| {
            let mut wanted = labels.iter();
            wanted.all(|(key, value)| series.get(*key).is_some_and(|own| own == value))
        };
        let values = self
            .series
            .iter()
            .filter(|(own, of, _)| own == name && has(of))
            .map(|(.., value)| *value);
        values.reduce(|sum, value| sum + value)
    }

    /// Every name of a series and the labels that its series have.
    #[must_use]
    pub fn names(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut names = BTreeMap::<&str, BTreeSet<&str>>::new();
        for (name, labels, _) in &self.series {
            let keys = labels.keys().map(String::as_str);
            names.entry(name).or_default().extend(keys);
        }
        names
    }

    /// The family that a series belongs to.
    #[must_use]
    pub fn family(&self, series: &str) -> Option<&str> {
        let suffixes = ["", "_total", "_info", "_bucket", "_sum", "_count"];
        let mut names = suffixes
            .iter()
            .filter_map(|suffix| series.strip_suffix(suffix));
        let known = names.find_map(|name| self.families.get_key_value(name));
        known.map(|(name, _)| name.as_str())
    }
}

/// `name{key="value",…} number`
fn series(line: &str) -> Result<(String, Labels, f64)> {
    let (head, value) = line.rsplit_once(' ').context("it has no value")?;
    let value = value.parse().context("its value is no number")?;
    let Some((name, rest)) = head.split_once('{') else {
        return Ok((head.to_owned(), Labels::new(), value));
    };
    let mut labels = Labels::new();
    let mut rest = rest.strip_suffix('}').context("its labels have no end")?;
    while !rest.is_empty() {
        let (key, after) = rest.split_once("=\"").context("a label has no value")?;
        let mut text = String::new();
        let mut chars = after.char_indices();
        let end = loop {
            match chars.next().context("a value has no end")? {
                (_, '\\') => text.extend(chars.next().map(|(_, next)| next)),
                (at, '"') => break at,
                (_, other) => text.push(other),
            }
        };
        if labels.insert(key.to_owned(), text).is_some() {
            bail!("it has the label {key} twice");
        }
        let after = after.get(end + 1..).unwrap_or_default();
        rest = after.strip_prefix(',').unwrap_or(after);
    }
    Ok((name.to_owned(), labels, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_as_its_series() {
        let text = "# HELP a Things.\n# TYPE a counter\na_total{x=\"1\",y=\"a\\\"b,c\"} 2\n\
                    a_total{x=\"2\"} 3.5\n# EOF\n";
        let scrape = Scrape::parse(text).unwrap();
        assert_eq!(scrape.sum("a_total", &[]), Some(5.5));
        assert_eq!(scrape.sum("a_total", &[("y", "a\"b,c")]), Some(2.0));
        assert_eq!(scrape.sum("a_total", &[("x", "3")]), None);
        assert_eq!(scrape.family("a_total"), Some("a"));
        assert_eq!(scrape.names()["a_total"].len(), 2);
        assert!(Scrape::parse("a 1\n").is_err());
        assert!(Scrape::parse("a{x=\"1} 1\n# EOF\n").is_err());
    }
}
