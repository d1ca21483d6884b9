//! `Role` and `ClusterRole`: who reads a rule wants one line for each type (kubectl `util/rbac`).

use std::collections::HashMap;

use super::metadata::labels_and_annotations;
use super::value::Value;
use super::writer::Writer;

/// Pairs of a subject and a verb in one role.
const MAX_PAIRS: usize = 50_000;

/// A rule about one type, or about one path with one verb. The order of its fields is the one that
/// rules are sorted by.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule<'a> {
    verbs: Vec<&'a str>,
    subject: Subject<'a>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Subject<'a> {
    Type {
        group: &'a str,
        resource: &'a str,
        name: Option<&'a str>,
    },
    Path(&'a str),
}

pub(super) fn print(role: Value<'_>, w: &mut Writer) {
    w.row(0, "Name", role.at("metadata.name"));
    labels_and_annotations(w, role);
    writeln!(w.at(0), "PolicyRule:");
    writeln!(
        w.at(1),
        "Resources\tNon-Resource URLs\tResource Names\tVerbs"
    );
    writeln!(
        w.at(1),
        "---------\t-----------------\t--------------\t-----"
    );
    let (rules, is_whole) = compact(role.get("rules"));
    for rule in rules {
        let (resource, path, name) = match rule.subject {
            Subject::Type {
                group,
                resource,
                name,
            } => (qualified(resource, group), "", name.unwrap_or_default()),
            Subject::Path(path) => (String::new(), path, ""),
        };
        let verbs = rule.verbs.join(" ");
        writeln!(w.at(1), "{resource}\t[{path}]\t[{name}]\t[{verbs}]");
    }
    if !is_whole {
        writeln!(
            w.at(1),
            "... (only the first {MAX_PAIRS} pairs of a type and a verb)"
        );
    }
}

/// Every type once, with all of its verbs, and whether that is the whole role. Some kilobytes of names can stand for millions of lines,
/// so only so many pairs of subject and verb are looked at.
fn compact(rules: Value<'_>) -> (Vec<Rule<'_>>, bool) {
    let mut all: Vec<Rule<'_>> = Vec::new();
    let mut known: HashMap<Subject<'_>, usize> = HashMap::new();
    let mut left = MAX_PAIRS;
    for rule in rules.items() {
        let texts = |field: &str| rule.get(field).items().map(Value::text).collect::<Vec<_>>();
        let (verbs, names) = (texts("verbs"), texts("resourceNames"));
        let names = if names.is_empty() {
            vec![None]
        } else {
            names.into_iter().map(Some).collect()
        };
        let (groups, resources) = (texts("apiGroups"), texts("resources"));
        let types = groups.iter().flat_map(|group| {
            let (verbs, names) = (&verbs, &names);
            resources.iter().flat_map(move |resource| {
                verbs.iter().flat_map(move |verb| {
                    let subject = move |name: &Option<_>| Subject::Type {
                        group,
                        resource,
                        name: *name,
                    };
                    names.iter().map(move |name| (subject(name), *verb))
                })
            })
        });
        for (subject, verb) in types.take(left) {
            left -= 1;
            let at = *known.entry(subject).or_insert(all.len());
            match all.get_mut(at) {
                Some(rule) if rule.verbs.contains(&verb) => {}
                Some(rule) => rule.verbs.push(verb),
                None => all.push(Rule {
                    verbs: vec![verb],
                    subject,
                }),
            }
        }
        let paths = texts("nonResourceURLs");
        let paths = paths
            .iter()
            .flat_map(|path| verbs.iter().map(move |verb| (*path, *verb)));
        for (path, verb) in paths.take(left) {
            left -= 1;
            all.push(Rule {
                verbs: vec![verb],
                subject: Subject::Path(path),
            });
        }
    }
    all.sort_by_cached_key(Rule::go_text);
    (all, left > 0)
}

impl Rule<'_> {
    /// What kubectl sorts by.
    fn go_text(&self) -> String {
        let verbs = self.verbs.join(" ");
        let (group, resource, name, path) = match self.subject {
            Subject::Type {
                group,
                resource,
                name,
            } => (group, resource, name.unwrap_or_default(), ""),
            Subject::Path(path) => ("", "", "", path),
        };
        format!(
            "Verbs:[{verbs}],APIGroups:[{group}],Resources:[{resource}],ResourceNames:[{name}],\
             NonResourceURLs:[{path}],"
        )
    }
}

/// `RESOURCE[.GROUP][/SUBRESOURCE]`
fn qualified(resource: &str, group: &str) -> String {
    let (name, subresource) = match resource.split_once('/') {
        Some((name, subresource)) => (name, format!("/{subresource}")),
        None => (resource, String::new()),
    };
    let dot = if group.is_empty() { "" } else { "." };
    format!("{name}{dot}{group}{subresource}")
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn a_type_has_one_line_with_all_of_its_verbs() {
        let json = serde_json::from_str(
            r#"{"metadata":{"name":"r"},"rules":[
                {"apiGroups":["","apps"],"resources":["pods/log","deployments"],"verbs":["get","list"]},
                {"apiGroups":[""],"resources":["pods/log"],"verbs":["watch","get"]},
                {"apiGroups":[""],"resources":["pods"],"resourceNames":["a","b"],"verbs":["get"]},
                {"nonResourceURLs":["/healthz","/x/*"],"verbs":["get","head"]}]}"#,
        )
        .unwrap();
        let mut w = Writer::new(DateTime::UNIX_EPOCH);
        print(Value::of(&json), &mut w);
        insta::assert_snapshot!(String::from_utf8(w.finish()).unwrap(), @r"
        Name:         r
        Labels:       <none>
        Annotations:  <none>
        PolicyRule:
          Resources         Non-Resource URLs  Resource Names  Verbs
          ---------         -----------------  --------------  -----
          pods/log          []                 []              [get list watch]
          deployments       []                 []              [get list]
          deployments.apps  []                 []              [get list]
          pods.apps/log     []                 []              [get list]
                            [/healthz]         []              [get]
                            [/x/*]             []              [get]
          pods              []                 [a]             [get]
          pods              []                 [b]             [get]
                            [/healthz]         []              [head]
                            [/x/*]             []              [head]
        ");
    }

    #[test]
    fn a_role_of_millions_of_lines_ends_early_and_says_so() {
        let many: Vec<_> = (0..400).map(|n| format!("\"n{n}\"")).collect();
        let many = many.join(",");
        let json = format!(
            r#"{{"rules":[{{"apiGroups":[{many}],"resources":[{many}],"verbs":[{many}]}}]}}"#
        );
        let json = serde_json::from_str(&json).unwrap();
        let mut w = Writer::new(DateTime::UNIX_EPOCH);
        print(Value::of(&json), &mut w);
        let text = String::from_utf8(w.finish()).unwrap();
        assert!(text.ends_with("pairs of a type and a verb)\n"));
        assert_eq!(text.lines().count(), 6 + MAX_PAIRS / 400 + 1);
    }
}
