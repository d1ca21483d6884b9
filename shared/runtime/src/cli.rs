//! What both command lines share: completions, man pages, and the report of a check.

use std::io::{self, Write as _};
use std::path::PathBuf;

use clap_complete::Shell;
use kubently_core::preflight::{Finding, Outcome};

/// The exit codes of sysexits.h that both binaries use.
pub mod exit {
    /// `EX_USAGE`: the command line is wrong.
    pub const USAGE: u8 = 64;
    /// `EX_UNAVAILABLE`: what we depend on is not there, or not as it must be.
    pub const UNAVAILABLE: u8 = 69;
    /// `EX_NOPERM`: a credential is refused, or allows too much where that is an error.
    pub const NO_PERMISSION: u8 = 77;
    /// `EX_CONFIG`: the configuration is wrong.
    pub const CONFIG: u8 = 78;
}

/// Texts that are made from the command line's own definition.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum Document {
    /// Prints a shell's completions.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Prints the man page, or writes one for each command.
    Man {
        /// Where to write them; a directory that is there.
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
}

impl Document {
    /// Writes it.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn write(&self, mut command: clap::Command) -> io::Result<()> {
        match self {
            Self::Completions { shell } => {
                let name = command.get_name().to_owned();
                let mut text = Vec::new();
                clap_complete::generate(*shell, &mut command, name, &mut text);
                io::stdout().write_all(&text)
            }
            Self::Man { dir: Some(dir) } => {
                clap_mangen::generate_to(command, dir).map_err(|error| {
                    let text = format!(
                        "the man pages cannot be written to {}: {error}",
                        dir.display()
                    );
                    io::Error::new(error.kind(), text)
                })
            }
            Self::Man { dir: None } => {
                let mut text = Vec::new();
                clap_mangen::Man::new(command).render(&mut text)?;
                io::stdout().write_all(&text)
            }
        }
    }
}

/// Prints what a check has found; answers the exit code. Too many rights are an error where it is
/// `strict`.
///
/// # Errors
/// Where it cannot be printed.
pub fn report(findings: &[Finding], strict: bool) -> io::Result<u8> {
    let mut out = io::stdout().lock();
    for finding in findings {
        writeln!(out, "{finding}")?;
    }
    let worst = findings.iter().map(|finding| finding.outcome).max();
    Ok(match worst {
        Some(Outcome::Bad) => exit::UNAVAILABLE,
        Some(Outcome::Excess) if strict => exit::NO_PERMISSION,
        _ => 0,
    })
}
