//! The oracle: the real kubectl, whose bytes are the standard.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::parts::{self, Part};
use crate::{guard, place};

/// How long one call may take.
const LIMIT: Duration = Duration::from_secs(60);

/// kubectl 1.37.1 for one kubeconfig, with a home directory of its own, so that its discovery cache is
/// nobody else's.
#[derive(Debug)]
pub struct Kubectl {
    program: PathBuf,
    kubeconfig: PathBuf,
    home: tempfile::TempDir,
}

/// What one call gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oracle {
    /// Standard output, as it came.
    pub stdout: Vec<u8>,
    /// Standard error, as it came.
    pub stderr: Vec<u8>,
    /// The exit code; `None` when a signal ended it.
    pub exit_code: Option<i32>,
}

impl Oracle {
    /// Standard output as text.
    #[must_use]
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text.
    #[must_use]
    pub fn err(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }
}

impl Kubectl {
    /// For the cluster and user of a kubeconfig.
    ///
    /// # Errors
    /// When the program is not there and cannot be built.
    pub async fn new(kubeconfig: impl Into<PathBuf>) -> Result<Self> {
        parts::ready(&[Part::Kubectl]).await?;
        Ok(Self {
            program: parts::program(Part::Kubectl)?,
            kubeconfig: kubeconfig.into(),
            home: place::fresh("kubectl")?,
        })
    }

    /// Runs it to its end. It is killed when the returned future is dropped.
    ///
    /// # Errors
    /// When it cannot be started or takes longer than a minute.
    pub async fn run<A: Into<OsString>>(
        &self,
        args: impl IntoIterator<Item = A>,
    ) -> Result<Oracle> {
        let args: Vec<OsString> = args.into_iter().map(Into::into).collect();
        let child = command(&self.program)
            .args(&args)
            .env_clear()
            .envs(self.env())
            .current_dir(self.home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("start {}", self.program.display()))?;
        let output = tokio::time::timeout(LIMIT, child.wait_with_output())
            .await
            .with_context(|| format!("kubectl {args:?}: not within {LIMIT:?}"))??;
        Ok(Oracle {
            stdout: output.stdout,
            stderr: output.stderr,
            exit_code: output.status.code(),
        })
    }

    /// The program's path, for those that start it themselves (benches).
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The whole environment that it runs with: `KUBECONFIG`, a `HOME` of its own, `TZ=UTC`.
    #[must_use]
    pub fn env(&self) -> Vec<(OsString, OsString)> {
        let mut env = guard::plain_env(self.home.path());
        env.push(("KUBECONFIG".into(), self.kubeconfig.clone().into()));
        env
    }
}

#[expect(clippy::disallowed_methods, reason = "the oracle is a process")]
fn command(program: &Path) -> tokio::process::Command {
    tokio::process::Command::new(program)
}
