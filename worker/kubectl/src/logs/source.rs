//! Which containers' logs are read, and with what request.

use chrono::SecondsFormat;
use kubently_core::command::{Logs, LogsTarget, Since};

use super::pod::Pod;
use crate::error::Error;
use crate::printer::text::Quoted;
use crate::request::Request;

/// Lines of each log where a selector was given and no `--tail`.
const TAIL_OF_SELECTED: i64 = 10;

/// One container's log.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) request: Request,
    /// The pod's name, for errors.
    pub(super) pod: String,
    /// What stands before each line; empty for none.
    pub(super) prefix: String,
}

/// The logs to read, in the order in which they are printed: pods as they are given; of each pod the
/// init containers, the containers, the ephemeral containers, each in the pod's order. (kubectl's
/// order of several logs is random.) Adds kubectl's notices.
///
/// # Errors
/// kubectl's for a container that a pod has not.
pub(super) fn sources(
    logs: &Logs,
    pods: &[Pod],
    notes: &mut Vec<String>,
) -> Result<Vec<Source>, Error> {
    let mut sources = Vec::new();
    for pod in pods {
        if logs.all_containers {
            for container in pod.all_containers() {
                sources.push(source(logs, pod, container)?);
            }
        } else {
            let container = choose(logs, pod, notes)?;
            sources.push(source(logs, pod, container)?);
        }
    }
    Ok(sources)
}

fn choose<'a>(logs: &'a Logs, pod: &'a Pod, notes: &mut Vec<String>) -> Result<&'a str, Error> {
    let name = &pod.metadata.name;
    let chosen = match (&logs.container, pod.default_container()) {
        (Some(container), _) => Some(container.as_str()),
        (None, Some(container)) if pod.has_container(container) => Some(container),
        (None, Some(missing)) => {
            notes.push(format!(
                "Default container name {} not found in pod {name}",
                Quoted(missing)
            ));
            None
        }
        (None, None) => None,
    };
    if let Some(chosen) = chosen {
        if pod.has_container(chosen) {
            return Ok(chosen);
        }
        let names = pod.container_names();
        let text = format!("container {chosen} is not valid for pod {name} out of: {names}");
        return Err(Error::Usage(text));
    }
    let Some(first) = pod.first_container() else {
        return Err(Error::Unreadable(format!("pod {name} has no containers")));
    };
    if pod.has_several() && !logs.all_pods {
        let names = pod.container_names();
        notes.push(format!("Defaulted container {first:?} out of: {names}"));
    }
    Ok(first)
}

fn source(logs: &Logs, pod: &Pod, container: &str) -> Result<Source, Error> {
    let metadata = &pod.metadata;
    let mut request = Request::log(&metadata.namespace, &metadata.name)
        .map_err(|error| Error::Usage(error.to_string()))?
        .with("container", container);
    for (key, is_on) in [
        ("follow", logs.follow),
        ("previous", logs.previous),
        ("timestamps", logs.timestamps),
    ] {
        if is_on {
            request = request.with(key, "true");
        }
    }
    let selected = matches!(logs.target, LogsTarget::Selector(_));
    let tail = match logs.tail {
        None => selected.then_some(TAIL_OF_SELECTED),
        tail => tail.filter(|&lines| lines != -1),
    };
    let number = |number: Option<i64>| number.map(|it| it.to_string());
    request = request
        .with_some("tailLines", number(tail).as_deref())
        .with_some("limitBytes", number(logs.limit_bytes).as_deref());
    request = match logs.since {
        None => request,
        Some(Since::Ago(ago)) => request.with("sinceSeconds", &ago.rounded_secs().to_string()),
        Some(Since::Time(time)) => {
            // Whole seconds, as a metav1.Time has them.
            let time = time.to_rfc3339_opts(SecondsFormat::Secs, true);
            request.with("sinceTime", &time)
        }
    };
    let prefix = if logs.prefix || logs.all_pods {
        format!("[pod/{}/{container}] ", metadata.name)
    } else {
        String::new()
    };
    Ok(Source {
        request,
        pod: metadata.name.clone(),
        prefix,
    })
}
