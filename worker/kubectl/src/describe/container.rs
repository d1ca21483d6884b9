//! Containers of pods and of their templates: image, ports, state, resources, probes, environment,
//! mounts.

mod env;
mod probe;

use super::value::Value;
use super::writer::Writer;
use crate::printer::age::rfc1123z;
use crate::printer::text::Quoted;

/// A section of containers. A template has neither `statuses` nor a `pod` that references in the
/// environment read, and stands two spaces to the right.
#[derive(Debug, Clone, Copy)]
pub(super) struct Section<'a> {
    pub(super) label: &'a str,
    pub(super) containers: Value<'a>,
    pub(super) statuses: Value<'a>,
    pub(super) pod: Option<Value<'a>>,
}

impl Section<'_> {
    pub(super) fn print(self, w: &mut Writer) {
        let (indent, name_indent) = match self.pod {
            Some(_) => ("", ""),
            None => ("  ", " "),
        };
        let none = if self.containers.is_empty() {
            " <none>"
        } else {
            ""
        };
        writeln!(w.at(0), "{indent}{}:{none}", self.label);
        for container in self.containers.items() {
            let name = container.get("name");
            let status = self.statuses.named(name.text());
            writeln!(w.at(1), "{name_indent}{name}:");
            basics(w, container, status);
            command(w, "Command", container.get("command"));
            command(w, "Args", container.get("args"));
            if status.is_set() {
                state(w, "State", status.get("state"));
                if status.at("lastState.terminated").is_set() {
                    state(w, "Last State", status.get("lastState"));
                }
                w.row(2, "Ready", title(status.get("ready").truth()));
                w.row(2, "Restart Count", status.get("restartCount").int());
            }
            resources(w, 2, container.get("resources"));
            for (label, name) in [
                ("Liveness", "livenessProbe"),
                ("Readiness", "readinessProbe"),
                ("Startup", "startupProbe"),
            ] {
                let probe = container.get(name);
                if probe.is_set() {
                    w.row(2, label, probe::text(probe));
                }
            }
            env::print_from(w, container.get("envFrom"));
            env::print(w, container, self.pod);
            mounts(w, container);
        }
    }
}

fn basics(w: &mut Writer, container: Value<'_>, status: Value<'_>) {
    if status.is_set() {
        w.row(2, "Container ID", status.get("containerID"));
    }
    w.row(2, "Image", container.get("image"));
    if status.is_set() {
        w.row(2, "Image ID", status.get("imageID"));
    }
    for (label, field) in [("Port", "containerPort"), ("Host Port", "hostPort")] {
        let ports: Vec<String> = container
            .get("ports")
            .items()
            .map(
                |port| match (port.get("name").text(), port.get("protocol")) {
                    ("", protocol) => format!("{}/{protocol}", port.get(field).int()),
                    (name, protocol) => format!("{}/{protocol} ({name})", port.get(field).int()),
                },
            )
            .collect();
        match ports.as_slice() {
            [] => w.row(2, label, "<none>"),
            [port] => w.row(2, label, port),
            ports => w.row(2, &format!("{label}s"), ports.join(", ")),
        }
    }
    let profile = container.at("securityContext.seccompProfile");
    if profile.is_set() {
        w.row(2, "SeccompProfile", profile.get("type"));
        if profile.get("type").text() == "Localhost" {
            w.row(3, "LocalhostProfile", profile.get("localhostProfile"));
        }
    }
}

fn command(w: &mut Writer, label: &str, words: Value<'_>) {
    if !words.is_empty() {
        writeln!(w.at(2), "{label}:");
    }
    for line in words.items().flat_map(|word| word.text().split('\n')) {
        writeln!(w.at(3), "{line}");
    }
}

fn state(w: &mut Writer, label: &str, state: Value<'_>) {
    let (running, waiting, ended) = (
        state.get("running"),
        state.get("waiting"),
        state.get("terminated"),
    );
    if running.is_set() {
        w.row(2, label, "Running");
        w.row(3, "Started", rfc1123z(running.get("startedAt").time()));
    } else if waiting.is_set() || !ended.is_set() {
        w.row(2, label, "Waiting");
        w.row_unless_empty(3, "Reason", waiting.get("reason").text());
    } else {
        w.row(2, label, "Terminated");
        w.row_unless_empty(3, "Reason", ended.get("reason").text());
        w.row_unless_empty(3, "Message", ended.get("message").text());
        w.row(3, "Exit Code", ended.get("exitCode").int());
        if ended.get("signal").int() > 0 {
            w.row(3, "Signal", ended.get("signal"));
        }
        w.row(3, "Started", rfc1123z(ended.get("startedAt").time()));
        w.row(3, "Finished", rfc1123z(ended.get("finishedAt").time()));
    }
}

/// `Limits` and `Requests`, where there are any.
pub(super) fn resources(w: &mut Writer, level: usize, resources: Value<'_>) {
    for (label, name) in [("Limits", "limits"), ("Requests", "requests")] {
        let amounts = resources.get(name);
        if !amounts.is_empty() {
            writeln!(w.at(level), "{label}:");
        }
        for (resource, amount) in amounts.entries() {
            w.row(level + 1, resource, amount.quantity());
        }
    }
}

fn mounts(w: &mut Writer, container: Value<'_>) {
    let mut mounts: Vec<_> = container.get("volumeMounts").items().collect();
    let none = if mounts.is_empty() { "\t<none>" } else { "" };
    writeln!(w.at(2), "Mounts:{none}");
    mounts.sort_by_key(|mount| mount.get("mountPath").text());
    for mount in mounts {
        let access = if mount.get("readOnly").truth() {
            "ro"
        } else {
            "rw"
        };
        let (path, name) = (mount.get("mountPath"), mount.get("name"));
        match mount.get("subPath").text() {
            "" => writeln!(w.at(3), "{path} from {name} ({access})"),
            part => {
                let part = Quoted(part);
                writeln!(w.at(3), "{path} from {name} ({access},path={part})");
            }
        }
    }
    let mut devices: Vec<_> = container.get("volumeDevices").items().collect();
    if !devices.is_empty() {
        writeln!(w.at(2), "Devices:{none}");
    }
    devices.sort_by_key(|device| device.get("devicePath").text());
    for device in devices {
        let (path, name) = (device.get("devicePath"), device.get("name"));
        writeln!(w.at(3), "{path} from {name}");
    }
}

/// `True` or `False`
pub(super) fn title(truth: bool) -> &'static str {
    if truth { "True" } else { "False" }
}
