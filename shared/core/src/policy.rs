//! What a cluster's owner lets a worker do. A gateway can only narrow it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::command::{Command, Scope};
use crate::name::Namespace;
use crate::refusal::{Refusal, RefusalCode};
use crate::verb::Verb;

/// The most output of one command that may be allowed, in bytes.
pub const MAX_OUTPUT_BYTES: u64 = 64 * 1024 * 1024;

/// The worker's `[policy]` table. Every field has a default; one that is given and invalid stops
/// the start, so a typing error can never loosen it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// The namespaces that may be read; absent means all. With a list, `-A` and cluster-scoped
    /// types are refused.
    pub namespaces: Option<BTreeSet<Namespace>>,
    /// The verbs that may be used.
    pub verbs: BTreeSet<Verb>,
    /// Types that may not be read, as `plural` or `plural.group`.
    pub denied_resources: BTreeSet<String>,
    /// What happens to secrets.
    pub secrets: Secrets,
    /// Whether what looks like a credential in other output is marked `[redacted:reason]`.
    pub redact_text: bool,
    /// The most output of one command, in bytes; 1 KiB – 64 MiB, default 16 MiB.
    pub max_output_bytes: OutputCap,
}

/// What happens to secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Secrets {
    /// Commands that name them are refused.
    Deny,
    /// Names, types, keys and sizes are shown, values nowhere.
    Redact,
}

/// The most output of one command, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct OutputCap(u64);

/// A cap outside its bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("max_output_bytes is a whole number from 1024 to {MAX_OUTPUT_BYTES}")]
pub struct InvalidOutputCap;

impl OutputCap {
    /// The cap in bytes.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl TryFrom<u64> for OutputCap {
    type Error = InvalidOutputCap;

    fn try_from(bytes: u64) -> Result<Self, Self::Error> {
        if (1024..=MAX_OUTPUT_BYTES).contains(&bytes) {
            Ok(Self(bytes))
        } else {
            Err(InvalidOutputCap)
        }
    }
}

impl From<OutputCap> for u64 {
    fn from(cap: OutputCap) -> Self {
        cap.0
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            namespaces: None,
            verbs: Verb::ALL.into_iter().collect(),
            denied_resources: BTreeSet::new(),
            secrets: Secrets::Deny,
            redact_text: true,
            max_output_bytes: OutputCap(16 * 1024 * 1024),
        }
    }
}

impl Policy {
    /// Whether this command may run, as far as its text says. What its types resolve to is
    /// checked again with [`Self::denies`].
    ///
    /// # Errors
    /// The refusal, to be shown to the caller.
    pub fn check(&self, command: &Command) -> Result<(), Refusal> {
        let verb = command.verb();
        if !self.verbs.contains(&verb) {
            let text = format!("this cluster's policy does not allow {verb}");
            return Err(Refusal::new(RefusalCode::VerbForbidden, text));
        }
        let (Some(namespaces), true) = (&self.namespaces, verb.reads_namespaces()) else {
            return Ok(());
        };
        let allowed = match command.scope() {
            Scope::All => false,
            Scope::Default => namespaces
                .iter()
                .any(|namespace| namespace.as_str() == "default"),
            Scope::Namespace(namespace) => namespaces.contains(namespace),
        };
        if allowed {
            return Ok(());
        }
        let names: Vec<_> = namespaces.iter().map(Namespace::as_str).collect();
        let text = format!(
            "this cluster's policy allows the namespaces {}",
            names.join(", ")
        );
        Err(Refusal::new(RefusalCode::NamespaceForbidden, text))
    }

    /// Whether a resolved type may not be read. An empty group is the core group.
    #[must_use]
    pub fn denies(&self, group: &str, plural: &str) -> bool {
        let is_secrets = group.is_empty() && plural == "secrets";
        (is_secrets && self.secrets == Secrets::Deny)
            || self.denied_resources.contains(plural)
            || self.denied_resources.contains(&format!("{plural}.{group}"))
    }

    /// Whether types without a namespace may not be read: where namespaces are listed.
    #[must_use]
    pub const fn is_namespaced(&self) -> bool {
        self.namespaces.is_some()
    }

    /// A short name of this policy: the first 16 hex digits of the SHA-256 of its JSON.
    #[must_use]
    pub fn hash(&self) -> String {
        let json = serde_json::to_vec(self).unwrap_or_default();
        let digest = Sha256::digest(json);
        digest
            .iter()
            .take(8)
            .fold(String::with_capacity(16), |mut hex, byte| {
                // Writing to a String cannot fail.
                let _ = write!(hex, "{byte:02x}");
                hex
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(args: &[&str]) -> Command {
        let args: Vec<_> = args.iter().map(|&arg| arg.to_owned()).collect();
        Command::parse(Verb::Get, &args, None).unwrap()
    }

    #[test]
    fn secrets_are_denied_unless_the_owner_opts_in() {
        let policy = Policy::default();
        assert!(policy.denies("", "secrets"));
        assert!(!policy.denies("bitnami.com", "secrets"));
        let redacting = Policy {
            secrets: Secrets::Redact,
            ..policy
        };
        assert!(!redacting.denies("", "secrets"));
    }

    #[test]
    fn listed_namespaces_shut_out_the_others_and_all_of_them() {
        let namespaces = Some(BTreeSet::from(["team-a".parse().unwrap()]));
        let policy = Policy {
            namespaces,
            ..Policy::default()
        };
        assert!(policy.check(&command(&["pods", "-n", "team-a"])).is_ok());
        for args in [
            &["pods"][..],
            &["pods", "-A"],
            &["pods", "-n", "kube-system"],
        ] {
            let refusal = policy.check(&command(args)).unwrap_err();
            assert_eq!(refusal.code, RefusalCode::NamespaceForbidden);
        }
    }

    #[test]
    fn an_unknown_key_or_value_is_an_error_and_loosens_nothing() {
        for json in [
            r#"{"secret":"redact"}"#,
            r#"{"secrets":"allow"}"#,
            r#"{"verbs":["exec"]}"#,
        ] {
            assert!(serde_json::from_str::<Policy>(json).is_err(), "{json}");
        }
        assert_eq!(
            serde_json::from_str::<Policy>("{}").unwrap(),
            Policy::default()
        );
    }

    #[test]
    fn policies_that_differ_have_different_hashes() {
        let loose = Policy {
            redact_text: false,
            ..Policy::default()
        };
        assert_ne!(loose.hash(), Policy::default().hash());
        assert_eq!(loose.hash().len(), 16);
    }
}
