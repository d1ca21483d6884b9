//! Whatever was started ends with whoever started it, also when that is killed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use kubently_tests::guard::{Guarded, Spec};
use kubently_tests::nats::Nats;
use kubently_tests::wait::{self, Probe};
use kubently_tests::{place, ports};

/// Set for the process that is to be killed.
const HOLDER: &str = "KUBENTLY_TESTS_HOLDER";
/// Long enough to build what is not built yet.
const STARTED: Duration = Duration::from_secs(300);
const GONE: Duration = Duration::from_secs(60);

/// A process by its id and the time it started at, which together are never used again.
type Process = (u32, u64);

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_test_run_leaves_no_process_and_no_file() {
    if std::env::var_os(HOLDER).is_some() {
        return hold().await;
    }
    let dir = place::fresh("holder").unwrap();
    let holder = Spec::new("holder", std::env::current_exe().unwrap(), dir.path())
        .inherit_env()
        .env(HOLDER, "1")
        .args(["--exact", "--nocapture"])
        .arg("outlive::a_killed_test_run_leaves_no_process_and_no_file")
        .spawn()
        .unwrap();
    let runs = place::target().unwrap().join("run");
    let own = format!("{}-", holder.pid());
    let files = || {
        let all = std::fs::read_dir(&runs).unwrap();
        all.filter(|entry| {
            let name = entry.as_ref().unwrap().file_name();
            name.to_string_lossy().starts_with(&own)
        })
        .count()
    };
    let (holder, started) = grown(holder, &["nats-server", "parts-guard"]).await;
    assert_eq!(files(), 1);
    kill(holder, &started).await;
    wait::until("its files being removed", GONE, async || {
        Probe::when(files() == 0, "they are there")
    })
    .await
    .unwrap();
}

/// What the killed process does.
async fn hold() {
    let _hub = Nats::start().await.unwrap();
    std::future::pending::<()>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_quick_start_leaves_no_process_and_no_port() {
    let dir = place::fresh("quickstart").unwrap();
    let quickstart = Spec::new("quickstart", env!("CARGO_BIN_EXE_quickstart"), dir.path())
        .inherit_env()
        .spawn()
        .unwrap();
    let all = ["nats-server", "etcd", "kube-apiserver", "kubently-gateway"];
    let (quickstart, started) = grown(quickstart, &all).await;
    let listening = listened_ports(&started);
    assert!(listening.len() >= 4, "{listening:?}");
    kill(quickstart, &started).await;
    for port in listening {
        assert!(ports::is_free(port), "port {port} is in use");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_program_is_noticed_and_an_ended_one_tells_how() {
    let dir = place::fresh("guard").unwrap();
    let mut sleeper = Spec::new("sleeper", "sleep", dir.path())
        .arg("600")
        .spawn()
        .unwrap();
    let child = parent_and_start(sleeper.pid()).unwrap();
    assert_eq!(child.0, sleeper.guard_pid());
    let ending = sleeper.kill();
    assert_eq!(ending, kubently_tests::guard::Ending::Signal(9));
    assert_eq!(parent_and_start(sleeper.pid()), None);
}

/// Until all of these programs run below a process; answers it and everything that does.
async fn grown(mut root: Guarded, programs: &[&str]) -> (Guarded, BTreeMap<Process, String>) {
    let started = wait::until("everything being started", STARTED, async || {
        if let Err(error) = root.check() {
            return Probe::Never(error.to_string());
        }
        let below = descendants(root.pid());
        let names: BTreeSet<&str> = below.values().map(String::as_str).collect();
        let missing: Vec<_> = programs
            .iter()
            .filter(|program| !names.contains(*program))
            .collect();
        if missing.is_empty() {
            Probe::Ready(below)
        } else {
            Probe::NotYet(format!("{missing:?} of {names:?}"))
        }
    })
    .await
    .unwrap();
    (root, started)
}

async fn kill(mut root: Guarded, started: &BTreeMap<Process, String>) {
    let last = descendants(root.pid());
    root.kill();
    wait::until("everything being gone", GONE, async || {
        let left: Vec<_> = started
            .iter()
            .chain(&last)
            .filter(|((pid, start), _)| parent_and_start(*pid).is_some_and(|now| now.1 == *start))
            .collect();
        Probe::when(left.is_empty(), format!("{left:?}"))
    })
    .await
    .unwrap();
}

/// Every process below another one, with its program's name.
fn descendants(root: u32) -> BTreeMap<Process, String> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    let mut seen = BTreeMap::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else {
            continue;
        };
        // A process may end while it is looked at.
        if let Some((parent, start)) = parent_and_start(pid) {
            children.entry(parent).or_default().push(pid);
            seen.insert(pid, start);
        }
    }
    let mut below = BTreeMap::new();
    let mut next = vec![root];
    while let Some(pid) = next.pop() {
        for child in children.get(&pid).into_iter().flatten() {
            let program = std::fs::read_link(format!("/proc/{child}/exe")).unwrap_or_default();
            let name = program.file_name().unwrap_or_default().to_string_lossy();
            below.insert((*child, seen[child]), name.into_owned());
            next.push(*child);
        }
    }
    below
}

/// From `/proc/PID/stat` (proc(5)): fields 4 and 22; a zombie counts as gone.
fn parent_and_start(pid: u32) -> Option<(u32, u64)> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    let fields: Vec<&str> = fields.split(' ').collect();
    if fields.first() == Some(&"Z") {
        return None;
    }
    Some((fields.get(1)?.parse().ok()?, fields.get(19)?.parse().ok()?))
}

/// The TCP ports that these processes listen on, from their sockets in `/proc` (proc(5)).
fn listened_ports(processes: &BTreeMap<Process, String>) -> BTreeSet<u16> {
    let mut found = BTreeSet::new();
    for (pid, _) in processes.keys() {
        let sockets: BTreeSet<String> = std::fs::read_dir(format!("/proc/{pid}/fd"))
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|fd| std::fs::read_link(fd.path()).ok())
            .filter_map(|link| {
                let link = link.to_string_lossy();
                let inode = link.strip_prefix("socket:[")?.strip_suffix(']')?;
                Some(inode.to_owned())
            })
            .collect();
        for table in ["tcp", "tcp6"] {
            let table = std::fs::read_to_string(format!("/proc/{pid}/net/{table}"));
            for line in table.unwrap_or_default().lines().skip(1) {
                let fields: Vec<&str> = line.split_whitespace().collect();
                // State 0A is LISTEN; the tenth field is the socket's inode.
                if fields[3] == "0A" && sockets.contains(fields[9]) {
                    let port = fields[1].rsplit(':').next().unwrap();
                    found.insert(u16::from_str_radix(port, 16).unwrap());
                }
            }
        }
    }
    found
}
