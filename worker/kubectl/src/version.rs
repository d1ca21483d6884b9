//! `version`: who asks, and what the API server is (kubectl `cmd/version`).
//!
//! The client is Kubently, and says so in kubectl's shape: its version is the one of the kubectl
//! that it prints like, with its own as build metadata (`v1.37.1+kubently.0.1.0`). Details of a Go
//! build are empty. kubectl's line for the Kustomize inside it is missing, because there is none;
//! kubectl's own JSON leaves the field out then.

use kubently_core::command::{Version, VersionOutput};
use serde::Deserialize;

use crate::client::{Cluster, Subject};
use crate::error::{Error, render};
use crate::json::{Json, syntax};
use crate::output::{Limits, Output};
use crate::printer::{json, yaml};
use crate::request::Request;

/// Major and minor version of the kubectl that this crate prints like.
const COMPATIBLE: (u64, u64) = (1, 37);
/// The client's version.
const CLIENT_VERSION: &str = concat!("v1.37.1+kubently.", env!("CARGO_PKG_VERSION"));

/// `version.Info` of apimachinery.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Info {
    major: String,
    minor: String,
    emulation_major: String,
    emulation_minor: String,
    min_compatibility_major: String,
    min_compatibility_minor: String,
    git_version: String,
    git_commit: String,
    git_tree_state: String,
    build_date: String,
    go_version: String,
    compiler: String,
    platform: String,
}

impl Info {
    fn client() -> Self {
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        Self {
            major: COMPATIBLE.0.to_string(),
            minor: COMPATIBLE.1.to_string(),
            git_version: CLIENT_VERSION.to_owned(),
            compiler: "rustc".to_owned(),
            platform: format!("{}/{architecture}", std::env::consts::OS),
            ..Self::default()
        }
    }

    /// The fields in Go's order, without those that are left out when empty.
    fn fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("major", &self.major, true),
            ("minor", &self.minor, true),
            ("emulationMajor", &self.emulation_major, false),
            ("emulationMinor", &self.emulation_minor, false),
            (
                "minCompatibilityMajor",
                &self.min_compatibility_major,
                false,
            ),
            (
                "minCompatibilityMinor",
                &self.min_compatibility_minor,
                false,
            ),
            ("gitVersion", &self.git_version, true),
            ("gitCommit", &self.git_commit, true),
            ("gitTreeState", &self.git_tree_state, true),
            ("buildDate", &self.build_date, true),
            ("goVersion", &self.go_version, true),
            ("compiler", &self.compiler, true),
            ("platform", &self.platform, true),
        ]
        .into_iter()
        .filter(|(_, value, always)| *always || !value.is_empty())
        .map(|(name, value, _)| (name, value.as_str()))
    }
}

pub(crate) async fn run(cluster: &Cluster, version: &Version, limits: &Limits) -> Output {
    let mut errors = Vec::new();
    let mut server = None;
    if !version.client_only {
        match ask(cluster, limits).await {
            Ok(info) => server = Some(info),
            Err(error) => errors.push(error),
        }
    }
    let mut output = Output {
        stdout: print(&Info::client(), server.as_ref(), version.output),
        ..Output::default()
    };
    match server.as_ref().map(|server| skew(&server.git_version)) {
        Some(Ok(Some(warning))) => output.note(&format!("Warning: {warning}")),
        Some(Err(error)) => errors.push(error),
        _ => {}
    }
    if !errors.is_empty() {
        output.note(&render(&errors));
        output.exit_code = 1;
    }
    output
}

impl Cluster {
    /// The API server's version, such as `v1.37.1`.
    ///
    /// # Errors
    /// What `version` would print.
    pub async fn server_version(&self) -> Result<String, Error> {
        Ok(ask(self, &Limits::default()).await?.git_version)
    }
}

async fn ask(cluster: &Cluster, limits: &Limits) -> Result<Info, Error> {
    let answer = cluster
        .send(&Request::version(), Subject::RAW, limits.max_response_bytes)
        .await
        .map_err(|failure| failure.error)?;
    let info: Option<Info> = serde_json::from_slice(&answer.body).map_err(|error| {
        let text = syntax::explain(&answer.body, &error, "version.Info");
        Error::Unreadable(format!("unable to parse the server version: {text}"))
    })?;
    Ok(info.unwrap_or_default())
}

fn print(client: &Info, server: Option<&Info>, format: Option<VersionOutput>) -> Vec<u8> {
    let versions = [("clientVersion", Some(client)), ("serverVersion", server)];
    let versions = versions
        .iter()
        .filter_map(|(name, info)| Some((*name, (*info)?)));
    let mut out = Vec::new();
    match format {
        None => {
            out.extend_from_slice(format!("Client Version: {}\n", client.git_version).as_bytes());
            if let Some(server) = server {
                let line = format!("Server Version: {}\n", server.git_version);
                out.extend_from_slice(line.as_bytes());
            }
        }
        Some(VersionOutput::Json) => {
            out.push(b'{');
            for (number, (name, info)) in versions.enumerate() {
                json::separate(&mut out, number == 0, 2);
                json::string(&mut out, name);
                out.extend_from_slice(b": {");
                for (number, (name, value)) in info.fields().enumerate() {
                    json::separate(&mut out, number == 0, 4);
                    json::string(&mut out, name);
                    out.extend_from_slice(b": ");
                    json::string(&mut out, value);
                }
                json::line(&mut out, 2);
                out.push(b'}');
            }
            out.extend_from_slice(b"\n}\n");
        }
        Some(VersionOutput::Yaml) => {
            let object = versions.map(|(name, info)| {
                let fields = info
                    .fields()
                    .map(|(name, value)| (name.into(), Json::Str(value.into())));
                (name.into(), Json::Object(fields.collect()))
            });
            // A server's control characters end the text early; kubectl prints none of it then.
            if yaml::write(&mut out, &Json::Object(object.collect())).is_err() {
                out.clear();
            }
            out.push(b'\n');
        }
    }
    out
}

/// The warning for a server that is more than one minor version away.
fn skew(server: &str) -> Result<Option<String>, Error> {
    let parsed = semver::Version::parse(server.trim_start_matches('v'))
        .map_err(|_| Error::Usage(format!("server version error: {}", malformed(server))))?;
    let (major, minor) = COMPATIBLE;
    let skewed = parsed.major != major || parsed.minor.abs_diff(minor) > 1;
    Ok(skewed.then(|| {
        format!(
            "version difference between client ({major}.{minor}) and server ({}.{}) exceeds the \
             supported minor version skew of +/-1",
            parsed.major, parsed.minor
        )
    }))
}

/// What kubectl says of a version that is none (apimachinery `util/version`).
fn malformed(version: &str) -> String {
    let text = version.strip_prefix('v').unwrap_or(version);
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.');
    let (numbers, extra) = text.split_at(end.unwrap_or(text.len()));
    if !numbers.starts_with(|c: char| c.is_ascii_digit()) {
        format!("could not parse {version:?} as version")
    } else if numbers.split('.').count() != 3 {
        format!("illegal version string {version:?}")
    } else {
        format!("could not parse pre-release/metadata ({extra}) in version {version:?}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server() -> Info {
        Info {
            major: "1".into(),
            git_version: "v1.37.1".into(),
            ..Info::default()
        }
    }

    #[test]
    fn the_client_says_that_it_is_kubently() {
        let printed = print(&Info::client(), Some(&server()), None);
        insta::assert_snapshot!(String::from_utf8(printed).unwrap(), @r"
        Client Version: v1.37.1+kubently.0.1.0
        Server Version: v1.37.1
        ");
    }

    #[test]
    fn json_has_the_order_of_kubectl() {
        let printed = print(&server(), None, Some(VersionOutput::Json));
        insta::assert_snapshot!(String::from_utf8(printed).unwrap(), @r#"
        {
          "clientVersion": {
            "major": "1",
            "minor": "",
            "gitVersion": "v1.37.1",
            "gitCommit": "",
            "gitTreeState": "",
            "buildDate": "",
            "goVersion": "",
            "compiler": "",
            "platform": ""
          }
        }
        "#);
    }

    #[test]
    fn yaml_is_sorted_and_ends_with_an_empty_line() {
        let printed = String::from_utf8(print(&server(), None, Some(VersionOutput::Yaml))).unwrap();
        assert!(printed.starts_with("clientVersion:\n  buildDate: \"\"\n  compiler: \"\"\n"));
        assert!(printed.ends_with("  platform: \"\"\n\n"));
    }

    #[test]
    fn a_server_two_minor_versions_away_is_warned_about() {
        assert_eq!(skew("v1.36.0"), Ok(None));
        assert_eq!(skew("v1.38.0-alpha.1+x"), Ok(None));
        assert!(
            skew("v1.35.3")
                .unwrap()
                .unwrap()
                .contains("server (1.35) exceeds")
        );
        for (version, error) in [
            ("nonsense", "could not parse \"nonsense\" as version"),
            ("v1.37", "illegal version string \"v1.37\""),
            (
                "v1.37.1_x",
                "could not parse pre-release/metadata (_x) in version \"v1.37.1_x\"",
            ),
        ] {
            let told = skew(version).unwrap_err().to_string();
            assert_eq!(told, format!("server version error: {error}"));
        }
    }
}
