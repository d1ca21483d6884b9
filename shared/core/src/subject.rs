//! Every subject: the only file with subject text. Built from validated tokens, so no wildcard,
//! dot or space can get in; parsed back the same way.
//!
//! | subject | carries |
//! |---|---|
//! | `kubently.v1.cmd.<cluster>.<lane>.<origin>.<job>` | one command envelope |
//! | `kubently.v1.reply.<cluster>.<origin>.<job>.event` | job events |
//! | `kubently.v1.reply.<cluster>.<origin>.<job>.result` | the one final result |
//! | `kubently.v1.live.<cluster>.<origin>.<job>.event` (or `.result`) | what was stored of them |
//! | `kubently.v1.ctl.<cluster>.cancel.<job>` | cancel a running job |

use std::fmt;
use std::io::Write as _;
use std::str::FromStr;
use std::sync::Arc;

use uuid::Uuid;

use crate::as_text::as_text;
use crate::cluster::ClusterId;
use crate::id::JobId;
use crate::lane::Lane;

const PREFIX: &str = "kubently.v1";

as_text!(Origin, CommandSubject);

/// Who published a command, and so whose live feed its replies reach: one subject token.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Origin {
    /// A gateway process: `gw-` and 8 hex digits, new at each start.
    Gateway(u32),
    /// A direct publisher: `pub-` and its enrolled name.
    Publisher(PublisherName),
}

/// The name of an enrolled publisher: `[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublisherName(Arc<str>);

impl fmt::Display for PublisherName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is no subject of ours, or no token of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a subject of kubently.v1")]
pub struct InvalidSubject;

impl FromStr for PublisherName {
    type Err = InvalidSubject;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // The shape of a cluster id, as short as a DNS label.
        match ClusterId::from_str(text) {
            Ok(_) if text.len() <= 63 => Ok(Self(text.into())),
            _ => Err(InvalidSubject),
        }
    }
}

impl FromStr for Origin {
    type Err = InvalidSubject;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(digits) = text.strip_prefix("gw-") {
            let lower = digits
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
            return match u32::from_str_radix(digits, 16) {
                Ok(number) if lower && digits.len() == 8 => Ok(Self::Gateway(number)),
                _ => Err(InvalidSubject),
            };
        }
        let name = text.strip_prefix("pub-").ok_or(InvalidSubject)?;
        name.parse().map(Self::Publisher)
    }
}

impl Origin {
    /// The two parts of the token; what is no text yet is written into the buffer.
    fn parts<'a>(&'a self, digits: &'a mut [u8; 8]) -> [&'a str; 2] {
        match self {
            Self::Gateway(number) => {
                // A u32 has no more digits than there is room for.
                let _ = write!(digits.as_mut_slice(), "{number:08x}");
                ["gw-", std::str::from_utf8(digits).unwrap_or_default()]
            }
            Self::Publisher(name) => ["pub-", &name.0],
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = [0; 8];
        let [kind, name] = self.parts(&mut digits);
        f.write_str(kind)?;
        f.write_str(name)
    }
}

/// Where a command is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandSubject {
    /// The cluster that is to run it.
    pub cluster: ClusterId,
    /// The lane of its priority.
    pub lane: Lane,
    /// Who published it.
    pub origin: Origin,
    /// The job's id.
    pub job: JobId,
}

impl CommandSubject {
    /// Where the replies to this command go. Derived, never taken from a message: a reply subject
    /// that a caller could choose would let a worker write wherever the caller cannot.
    #[must_use]
    pub fn reply(&self) -> ReplySubject {
        ReplySubject {
            cluster: self.cluster.clone(),
            origin: self.origin.clone(),
            job: self.job,
        }
    }

    /// The subject itself, as [`to_string`](ToString::to_string) but made in one piece.
    #[must_use]
    pub fn text(&self) -> String {
        let (mut digits, mut id) = ([0; 8], Uuid::encode_buffer());
        let (cluster, lane) = (self.cluster.as_str(), self.lane.as_str());
        let [kind, name] = self.origin.parts(&mut digits);
        let job = self.job.as_uuid().hyphenated().encode_lower(&mut id);
        [
            PREFIX, ".cmd.", cluster, ".", lane, ".", kind, name, ".", job,
        ]
        .concat()
    }
}

impl fmt::Display for CommandSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl FromStr for CommandSubject {
    type Err = InvalidSubject;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut tokens = tokens_after(text, "cmd")?;
        let subject = Self {
            cluster: next(&mut tokens)?,
            lane: next(&mut tokens)?,
            origin: next(&mut tokens)?,
            job: next(&mut tokens)?,
        };
        end(tokens).map(|()| subject)
    }
}

/// Where the events and the result of one job go.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ReplySubject {
    /// The cluster that runs the job.
    pub cluster: ClusterId,
    /// Who published its command.
    pub origin: Origin,
    /// The job's id.
    pub job: JobId,
}

/// What a reply carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplyKind {
    /// One of the job's events.
    Event,
    /// The job's one result.
    Result,
}

impl ReplySubject {
    /// Subject of the job's events.
    #[must_use]
    pub fn event(&self) -> String {
        self.text("reply", "event")
    }

    /// Subject of the job's result.
    #[must_use]
    pub fn result(&self) -> String {
        self.text("reply", "result")
    }

    /// Events and result of the job, in the stream that keeps them.
    #[must_use]
    pub fn stored(&self) -> String {
        self.text("reply", "*")
    }

    /// What a reader of another origin subscribes to: events and result as they are stored.
    #[must_use]
    pub fn live(&self) -> String {
        self.text("live", "*")
    }

    fn text(&self, family: &str, kind: &str) -> String {
        let (mut digits, mut id) = ([0; 8], Uuid::encode_buffer());
        let cluster = self.cluster.as_str();
        let [origin, name] = self.origin.parts(&mut digits);
        let job = self.job.as_uuid().hyphenated().encode_lower(&mut id);
        [
            PREFIX, ".", family, ".", cluster, ".", origin, name, ".", job, ".", kind,
        ]
        .concat()
    }

    /// The job and the kind of reply behind a subject of the live feed.
    ///
    /// # Errors
    /// [`InvalidSubject`] for any other subject.
    pub fn parse_live(text: &str) -> Result<(Self, ReplyKind), InvalidSubject> {
        let mut tokens = tokens_after(text, "live")?;
        let subject = Self {
            cluster: next(&mut tokens)?,
            origin: next(&mut tokens)?,
            job: next(&mut tokens)?,
        };
        let kind = match tokens.next() {
            Some("event") => ReplyKind::Event,
            Some("result") => ReplyKind::Result,
            _ => return Err(InvalidSubject),
        };
        end(tokens).map(|()| (subject, kind))
    }
}

/// Whatever a cluster's command stream holds; it captures each of [`lane_of`].
#[must_use]
pub fn commands_of(cluster: &ClusterId) -> String {
    format!("{PREFIX}.cmd.{cluster}.>")
}

/// Whatever the command streams of all clusters hold.
#[must_use]
pub fn all_commands() -> String {
    format!("{PREFIX}.cmd.>")
}

/// What a cluster's command stream captures for one lane, and its consumer takes.
#[must_use]
pub fn lane_of(cluster: &ClusterId, lane: Lane) -> String {
    format!("{PREFIX}.cmd.{cluster}.{lane}.>")
}

/// What a cluster's reply stream captures.
#[must_use]
pub fn replies_of(cluster: &ClusterId) -> String {
    format!("{PREFIX}.reply.{cluster}.>")
}

/// What the reply streams of all clusters capture.
#[must_use]
pub fn all_replies() -> String {
    format!("{PREFIX}.reply.>")
}

/// Where a cluster's reply stream repeats what it has stored.
#[must_use]
pub fn live_of(cluster: &ClusterId) -> String {
    format!("{PREFIX}.live.{cluster}.>")
}

/// The live feed of one origin, from every cluster.
#[must_use]
pub fn live_of_origin(origin: &Origin) -> String {
    format!("{PREFIX}.live.*.{origin}.>")
}

/// Where a job's cancellation is told to the workers of its cluster.
#[must_use]
pub fn cancel_of(cluster: &ClusterId, job: JobId) -> String {
    format!("{PREFIX}.ctl.{cluster}.cancel.{job}")
}

/// Where all cancellations of a cluster's jobs are told.
#[must_use]
pub fn cancels_of(cluster: &ClusterId) -> String {
    format!("{PREFIX}.ctl.{cluster}.cancel.*")
}

/// The job behind a subject of [`cancel_of`].
///
/// # Errors
/// [`InvalidSubject`] for any other subject.
pub fn parse_cancel(text: &str) -> Result<JobId, InvalidSubject> {
    let mut tokens = tokens_after(text, "ctl")?;
    let _: ClusterId = next(&mut tokens)?;
    if tokens.next() != Some("cancel") {
        return Err(InvalidSubject);
    }
    let job = next(&mut tokens)?;
    end(tokens).map(|()| job)
}

/// Whatever a cluster's workers are told while they work.
#[must_use]
pub fn control_of(cluster: &ClusterId) -> String {
    format!("{PREFIX}.ctl.{cluster}.>")
}

/// Every command that a publisher may send to a cluster.
#[must_use]
pub fn commands_of_publisher(cluster: &ClusterId, publisher: &PublisherName) -> String {
    format!("{PREFIX}.cmd.{cluster}.*.pub-{publisher}.*")
}

/// The live feed of a publisher's jobs in a cluster.
#[must_use]
pub fn live_of_publisher(cluster: &ClusterId, publisher: &PublisherName) -> String {
    format!("{PREFIX}.live.{cluster}.pub-{publisher}.>")
}

type Tokens<'a> = std::str::Split<'a, char>;

fn tokens_after<'a>(text: &'a str, family: &str) -> Result<Tokens<'a>, InvalidSubject> {
    let rest = text
        .strip_prefix(PREFIX)
        .and_then(|rest| rest.strip_prefix('.'));
    let rest = rest.and_then(|rest| rest.strip_prefix(family)?.strip_prefix('.'));
    rest.map(|rest| rest.split('.')).ok_or(InvalidSubject)
}

fn next<T: FromStr>(tokens: &mut Tokens<'_>) -> Result<T, InvalidSubject> {
    tokens
        .next()
        .and_then(|token| token.parse().ok())
        .ok_or(InvalidSubject)
}

fn end(mut tokens: Tokens<'_>) -> Result<(), InvalidSubject> {
    if tokens.next().is_none() {
        Ok(())
    } else {
        Err(InvalidSubject)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOB: &str = "0199b6a0-5c1e-7d3a-8f00-1234567890ab";

    #[test]
    fn a_command_subject_parses_back() {
        let text = format!("kubently.v1.cmd.prod-eu.high.gw-0000beef.{JOB}");
        let subject: CommandSubject = text.parse().unwrap();
        assert_eq!(subject.to_string(), text);
        let published = text.replace("gw-0000beef", "pub-a-bot");
        let from_bot: CommandSubject = published.parse().unwrap();
        assert_eq!(from_bot.to_string(), published);
        assert_eq!(from_bot.origin.to_string(), "pub-a-bot");
        let reply = subject.reply();
        assert_eq!(
            reply.result(),
            format!("kubently.v1.reply.prod-eu.gw-0000beef.{JOB}.result")
        );
        assert_eq!(
            reply.event(),
            format!("kubently.v1.reply.prod-eu.gw-0000beef.{JOB}.event")
        );
        let live = format!("kubently.v1.live.prod-eu.gw-0000beef.{JOB}.result");
        assert_eq!(
            ReplySubject::parse_live(&live),
            Ok((reply, ReplyKind::Result))
        );
    }

    #[test]
    fn a_cancellation_names_its_job() {
        let job: JobId = JOB.parse().unwrap();
        let cluster: ClusterId = "prod-eu".parse().unwrap();
        assert_eq!(parse_cancel(&cancel_of(&cluster, job)), Ok(job));
        for text in [
            format!("kubently.v1.ctl.prod-eu.cancel.{JOB}.x"),
            format!("kubently.v1.ctl.prod-eu.pause.{JOB}"),
            "kubently.v1.ctl.prod-eu.cancel.*".to_owned(),
        ] {
            assert_eq!(parse_cancel(&text), Err(InvalidSubject), "{text}");
        }
    }

    #[test]
    fn subjects_with_foreign_tokens_are_refused() {
        for text in [
            format!("kubently.v1.cmd.prod-eu.urgent.gw-0000beef.{JOB}"),
            format!("kubently.v1.cmd.prod-eu.high.gw-0000BEEF.{JOB}"),
            format!("kubently.v1.cmd.prod-eu.high.gw-+000beef.{JOB}"),
            format!("kubently.v1.cmd.prod-eu.high.bot.{JOB}"),
            format!("kubently.v1.cmd.prod-eu.high.pub-*.{JOB}"),
            format!("kubently.v1.cmd.*.high.pub-bot.{JOB}"),
            format!("kubently.v1.cmd.prod-eu.high.pub-bot.{JOB}.more"),
            format!("kubently.v2.cmd.prod-eu.high.pub-bot.{JOB}"),
            "kubently.v1.cmd.prod-eu.high.pub-bot.1".to_owned(),
            String::new(),
        ] {
            assert!(text.parse::<CommandSubject>().is_err(), "{text}");
        }
        assert!(ReplySubject::parse_live(&format!("kubently.v1.live.a.pub-bot.{JOB}.x")).is_err());
    }
}
