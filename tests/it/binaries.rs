//! The two binaries by themselves: what they are linked to, and that they need nothing else.

use std::fs::Permissions;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use kubently_tests::wait::{self, Probe};
use kubently_tests::{place, product};
use object::read::elf::{Dyn as _, ElfFile64, FileHeader as _, SectionHeader as _};
use object::{Endianness, elf};

/// What a distroless image with a C library holds.
const THERE: [&str; 6] = [
    "libc.so.6",
    "libm.so.6",
    "libgcc_s.so.1",
    "ld-linux-x86-64.so.2",
    "ld-linux-aarch64.so.1",
    // Parts of the C library since 2.34; older toolchains still name them.
    "libpthread.so.0",
];
const SOON: Duration = Duration::from_secs(60);
/// Nobody, as most systems number it.
const NOBODY: u32 = 65534;

async fn binaries() -> [PathBuf; 2] {
    let programs = product::programs().await.unwrap();
    [programs.gateway.clone(), programs.worker.clone()]
}

/// The entries `DT_NEEDED` of an ELF file.
fn needed(path: &Path) -> Vec<String> {
    let bytes = std::fs::read(path).unwrap();
    let file = ElfFile64::<Endianness>::parse(&*bytes).unwrap();
    let endian = file.endian();
    let sections = file.elf_header().sections(endian, &*bytes).unwrap();
    let (entries, link) = sections.dynamic(endian, &*bytes).unwrap().unwrap();
    let strings = sections.strings(endian, &*bytes, link).unwrap();
    assert!(
        sections
            .iter()
            .any(|s| s.sh_type(endian) == elf::SHT_DYNAMIC)
    );
    entries
        .iter()
        .filter(|entry| entry.d_tag(endian) == elf::DT_NEEDED)
        .map(|entry| {
            let name = entry.string(endian, strings).unwrap();
            String::from_utf8(name.to_vec()).unwrap()
        })
        .collect()
}

/// Runs it as nobody, where we may, with no environment, in a directory that cannot be written.
fn alone(program: &Path, args: &[&str]) -> Output {
    let dir = place::fresh("alone").unwrap();
    let copy = dir.path().join("program");
    std::fs::copy(program, &copy).unwrap();
    std::fs::set_permissions(&copy, Permissions::from_mode(0o555)).unwrap();
    std::fs::set_permissions(dir.path(), Permissions::from_mode(0o555)).unwrap();
    let mut command = Command::new(&copy);
    command.args(args).env_clear().current_dir(dir.path());
    if rustix::process::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    // What another test starts in this moment holds the copy open for writing until its own program begins.
    let output = wait::until_blocking("the copy being run", SOON, || match command.output() {
        Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => {
            Probe::NotYet(error.to_string())
        }
        Err(error) => Probe::Never(error.to_string()),
        Ok(output) => Probe::Ready(output),
    })
    .unwrap();
    std::fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
    output
}

#[tokio::test(flavor = "multi_thread")]
async fn they_need_the_c_library_and_nothing_else() {
    for program in binaries().await {
        let needed = needed(&program);
        assert!(needed.iter().any(|name| name == "libc.so.6"), "{needed:?}");
        let more: Vec<_> = needed
            .iter()
            .filter(|n| !THERE.contains(&n.as_str()))
            .collect();
        assert!(more.is_empty(), "{}: {more:?}", program.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unprivileged_user_runs_them_without_environment_or_a_place_to_write() {
    for program in binaries().await {
        let version = alone(&program, &["--version"]);
        let said = String::from_utf8_lossy(&version.stdout).into_owned();
        assert!(version.status.success(), "{version:?}");
        assert!(said.contains(env!("CARGO_PKG_VERSION")), "{said}");

        let page = alone(&program, &["man"]);
        let said = String::from_utf8_lossy(&page.stdout).into_owned();
        assert!(said.contains(".TH kubently"), "{said}");
        for shell in ["bash", "zsh", "fish"] {
            let script = alone(&program, &["completions", shell]);
            assert!(
                script.status.success() && script.stdout.len() > 500,
                "{shell}"
            );
        }

        // Nothing to connect to, and for a worker no cluster: a sentence and a code of sysexits.h.
        let check = alone(&program, &["check"]);
        let code = check.status.code().unwrap();
        assert!([69, 78].contains(&code), "{check:?}");
        let wrong = alone(&program, &["--no-such-flag"]);
        assert_eq!(wrong.status.code(), Some(64), "{wrong:?}");
        let unreadable = alone(&program, &["--config", "/nowhere.toml"]);
        assert_eq!(unreadable.status.code(), Some(78), "{unreadable:?}");
    }
}
