//! What clients in other languages need beside their interpreter: packages of the pinned versions, below
//! the target directory and nowhere else.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::place;

/// A set of packages: where their versions are pinned, and where they are installed.
#[derive(Debug)]
pub struct Packages {
    dir: PathBuf,
}

impl Packages {
    /// The Python packages of `tests/clients/requirements.txt`.
    ///
    /// # Errors
    /// When `python3 -m pip` does not install them.
    pub fn python() -> Result<Self> {
        let packages = Self::at("python")?;
        packages.install(&["requirements.txt"], |dir| {
            let mut pip = command("python3");
            pip.args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ])
            .args(["--root-user-action=ignore", "--upgrade", "--target"])
            .arg(dir)
            .arg("-r")
            .arg(source("requirements.txt"));
            pip
        })?;
        Ok(packages)
    }

    /// The Node packages of `tests/clients/package.json`, in the versions of its lock.
    ///
    /// # Errors
    /// When `npm ci` does not install them.
    pub fn node() -> Result<Self> {
        let packages = Self::at("node")?;
        packages.install(&["package.json", "package-lock.json"], |dir| {
            let mut npm = command("npm");
            npm.args(["ci", "--silent", "--no-audit", "--no-fund"])
                .current_dir(dir);
            npm
        })?;
        Ok(packages)
    }

    /// `python3` with the packages on its path.
    #[must_use]
    pub fn python3(&self) -> Command {
        let mut python = command("python3");
        python
            .env("PYTHONPATH", &self.dir)
            .env("PYTHONDONTWRITEBYTECODE", "1");
        python
    }

    /// A program that a Node package brings.
    #[must_use]
    pub fn bin(&self, name: &str) -> Command {
        command(self.dir.join("node_modules/.bin").join(name))
    }

    fn at(name: &str) -> Result<Self> {
        let dir = place::target()?.join("clients").join(name);
        Ok(Self { dir })
    }

    /// Installs them unless what `files` pin is installed already; the files stand beside them then.
    fn install(&self, files: &[&str], with: impl FnOnce(&Path) -> Command) -> Result<()> {
        let is_same = |file: &&str| {
            let installed = std::fs::read(self.dir.join(file));
            installed.is_ok_and(|it| std::fs::read(source(file)).is_ok_and(|pinned| pinned == it))
        };
        let done = self.dir.join("installed");
        if done.exists() && files.iter().all(is_same) {
            return Ok(());
        }
        if self.dir.exists() {
            std::fs::remove_dir_all(&self.dir)
                .with_context(|| format!("empty {}", self.dir.display()))?;
        }
        std::fs::create_dir_all(&self.dir)
            .with_context(|| format!("make {}", self.dir.display()))?;
        for file in files {
            std::fs::copy(source(file), self.dir.join(file))
                .with_context(|| format!("copy {file}"))?;
        }
        run(&mut with(&self.dir))?;
        std::fs::write(&done, "").with_context(|| format!("write {}", done.display()))
    }
}

/// Type checkers read the stubs in `shared/schemas` and code that uses them, in their strict modes.
///
/// # Errors
/// When a checker is not installed or finds something; it has said what on its own outputs.
pub fn check_stubs(python: bool, node: bool) -> Result<u32> {
    let mut passed = 0;
    if python {
        let stubs = place::workspace().join("shared/schemas");
        let mut mypy = Packages::python()?.python3();
        mypy.args(["-m", "mypy", "--strict", "--cache-dir"])
            .arg(place::target()?.join("clients/mypy"))
            .arg(source("types/uses.py"))
            .env("MYPYPATH", stubs);
        run(&mut mypy)?;
        passed += 1;
    }
    if node {
        let mut tsc = Packages::node()?.bin("tsc");
        tsc.args([
            "--strict", "--noEmit", "--module", "nodenext", "--target", "es2022",
        ])
        .arg(source("types/uses.ts"));
        run(&mut tsc)?;
        passed += 1;
    }
    Ok(passed)
}

fn source(file: &str) -> PathBuf {
    place::workspace().join("tests/clients").join(file)
}

fn run(command: &mut Command) -> Result<()> {
    let shown = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("start {shown}"))?;
    let args: Vec<_> = command.get_args().map(OsStr::to_string_lossy).collect();
    ensure!(
        status.success(),
        "`{shown} {}` ended with {status}",
        args.join(" ")
    );
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "package installers and type checkers are programs"
)]
fn command(program: impl AsRef<OsStr>) -> Command {
    Command::new(program)
}
