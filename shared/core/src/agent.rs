//! The source's own views of what travels to a worker and back.

use serde::{Deserialize, Serialize};

use crate::bounded::TimeoutSeconds;
use crate::envelope::Envelope;
use crate::id::{JobId, SessionId};
use crate::result::CommandResult;

/// A command as the source hands it to its agent: a view of an [`Envelope`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AgentCommand {
    /// The command's id, which is the job's.
    pub id: JobId,
    /// The verb, then the arguments as the caller gave them.
    pub args: Vec<String>,
    /// How long it may run, in seconds.
    #[serde(default)]
    pub timeout: TimeoutSeconds,
    /// The session it belongs to.
    #[serde(default)]
    pub session_id: Option<SessionId>,
}

/// A result as the source's agent hands it back: a view of a [`CommandResult`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AgentResult {
    /// The command's id.
    pub command_id: JobId,
    /// What came of it.
    pub result: AgentOutcome,
}

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AgentOutcome {
    /// Whether it ran to its end with exit code 0.
    pub success: bool,
    /// What it wrote to stdout; null where that is not inline, or no UTF-8.
    pub output: Option<String>,
    /// What it wrote to stderr, or why it never ran.
    pub error: Option<String>,
}

impl From<&Envelope> for AgentCommand {
    fn from(envelope: &Envelope) -> Self {
        let verb = envelope.command_type.as_str().to_owned();
        Self {
            id: envelope.id,
            args: [vec![verb], envelope.args.clone()].concat(),
            timeout: envelope.timeout_seconds,
            session_id: envelope.session_id,
        }
    }
}

impl From<&CommandResult> for AgentResult {
    fn from(result: &CommandResult) -> Self {
        Self {
            command_id: result.command_id,
            result: AgentOutcome {
                success: result.success,
                output: result.output.clone(),
                error: result.error.clone(),
            },
        }
    }
}
