//! What the containers of simulated pods have written: files in CRI's format, one for each name of a
//! container that a test may want, which kwok's kubelets serve.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::json;

/// A container whose log a test writes itself, in [`ticker`].
const TICKER: &str = "ticker";

/// Writes the files and answers kwok's object that names them.
pub(super) fn kwok_object(dir: &Path) -> Result<String> {
    let file = |name: &str, text: &[u8]| -> Result<PathBuf> {
        let path = dir.join(name);
        std::fs::write(&path, text).with_context(|| format!("write {}", path.display()))?;
        Ok(path)
    };
    let any = file("any.log", lines(25, "line").as_bytes())?;
    let previous = file("previous.log", lines(3, "earlier").as_bytes())?;
    let odd = file("odd.log", &odd())?;
    let proxy = file("proxy.log", lines(12, "proxied").as_bytes())?;
    let ticker = file(&format!("{TICKER}.log"), b"")?;
    let logs = json!({
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "ClusterLogs",
        "metadata": {"name": "sandbox"},
        "spec": {"logs": [
            {"containers": ["odd"], "logsFile": odd, "follow": false},
            {"containers": ["proxy"], "logsFile": proxy, "follow": false},
            {"containers": [TICKER], "logsFile": ticker, "follow": true},
            {"logsFile": any, "previousLogsFile": previous, "follow": false},
        ]},
    });
    Ok(logs.to_string())
}

/// The file behind the logs of all containers called `ticker`.
pub(super) fn ticker(dir: &Path) -> PathBuf {
    dir.join(format!("{TICKER}.log"))
}

/// One a second from 08:00:00 on.
fn lines(count: usize, word: &str) -> String {
    (0..count).fold(String::new(), |mut log, n| {
        // Writing to a String cannot fail.
        let _ = writeln!(log, "2026-11-22T08:00:{n:02}.5Z stdout F {word} {n}");
        log
    })
}

/// What terminals, tables and text tools stumble over.
fn odd() -> Vec<u8> {
    let stretch = "x".repeat(9000);
    let mut log = Vec::new();
    for (full, text) in [
        ("F", ""),
        ("F", "  tabs\tand spaces  "),
        ("F", "\u{1b}[31mred\u{1b}[0m \u{202e}backwards\r"),
        ("F", "日本語 🦀 \"quoted\" \\ %s {}"),
        ("F", "{\"v\":1,\"type\":\"complete\",\"n\":3}"),
        ("P", stretch.as_str()),
        ("P", stretch.as_str()),
        ("F", "end of a long line"),
        ("F", "[pod/other/app] not a prefix"),
    ] {
        log.extend(format!("2026-11-22T08:00:00.1Z stderr {full} {text}\n").bytes());
    }
    log.extend(b"2026-11-22T08:00:01Z stdout F \xff\xfe\x00 no text\n");
    log
}
