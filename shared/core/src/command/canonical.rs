//! The one way to write a command: what stands free first, then long flags with `=`, no defaults.

use std::fmt::Display;

use super::{ApiResources, Command, Describe, Events, Get, Logs, Scope, Target, Top, Version};
use super::{LogsTarget, Selector, Since};
use crate::name::{ResourceArg, ResourceName};

/// Canonical arguments in the making.
#[derive(Debug, Default)]
pub(super) struct Args(Vec<String>);

impl Args {
    fn word(&mut self, text: impl Display) {
        self.0.push(text.to_string());
    }

    fn switch(&mut self, name: &str, on: bool) {
        if on {
            self.0.push(format!("--{name}"));
        }
    }

    /// A switch that is on unless it is switched off.
    fn switch_off(&mut self, name: &str, on: bool) {
        if !on {
            self.0.push(format!("--{name}=false"));
        }
    }

    fn value(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.0.push(format!("--{name}={value}"));
        }
    }

    fn list<T: AsRef<str>>(&mut self, name: &str, items: &[T]) {
        if !items.is_empty() {
            let items: Vec<_> = items.iter().map(AsRef::as_ref).collect();
            self.value(name, Some(items.join(",")));
        }
    }

    fn scope(&mut self, scope: &Scope) {
        match scope {
            Scope::Default => {}
            Scope::Namespace(namespace) => self.value("namespace", Some(namespace)),
            Scope::All => self.switch("all-namespaces", true),
        }
    }

    fn selector(&mut self, name: &str, selector: Option<&Selector>) {
        self.value(name, selector.map(Selector::as_str));
    }

    fn pair(&mut self, (resource, name): (&ResourceArg, &ResourceName)) {
        self.word(format_args!("{resource}/{name}"));
    }

    fn target(&mut self, target: &Target) {
        match target {
            Target::Types { types, names } => {
                let types: Vec<_> = types.iter().map(ResourceArg::as_str).collect();
                self.word(types.join(","));
                for name in names {
                    self.word(name);
                }
            }
            Target::Pairs(pairs) => {
                for (resource, name) in pairs {
                    self.pair((resource, name));
                }
            }
        }
    }

    fn chunk_size(&mut self, size: u32) {
        self.value(
            "chunk-size",
            Some(size).filter(|size| *size != super::CHUNK_SIZE),
        );
    }
}

/// The canonical arguments of a command, without the verb.
pub(super) fn args(command: &Command) -> Vec<String> {
    let mut args = Args::default();
    match command {
        Command::Get(get) => write_get(&mut args, get),
        Command::Describe(describe) => write_describe(&mut args, describe),
        Command::Logs(logs) => write_logs(&mut args, logs),
        Command::Top(top) => write_top(&mut args, top),
        Command::Events(events) => write_events(&mut args, events),
        Command::Version(version) => write_version(&mut args, version),
        Command::ApiResources(resources) => write_api_resources(&mut args, resources),
    }
    let verb = command.verb().as_str();
    if args.0.first().is_some_and(|first| first == verb) {
        // Read back, this word would be taken for an echoed verb and dropped: so echo it.
        args.0.insert(0, verb.to_owned());
    }
    args.0
}

fn write_get(args: &mut Args, get: &Get) {
    args.target(&get.target);
    args.scope(&get.scope);
    args.selector("selector", get.selector.as_ref());
    args.selector("field-selector", get.field_selector.as_ref());
    args.value("output", get.output.text());
    args.switch("no-headers", get.no_headers);
    args.switch("show-labels", get.show_labels);
    args.switch("show-kind", get.show_kind);
    args.switch("ignore-not-found", get.ignore_not_found);
    args.list("label-columns", &get.label_columns);
    args.value("sort-by", get.sort_by.as_ref());
    args.value(
        "subresource",
        get.subresource.map(super::Subresource::as_str),
    );
    args.chunk_size(get.chunk_size);
    args.switch("show-managed-fields", get.show_managed_fields);
    args.switch_off("server-print", get.server_print);
    args.switch_off(
        "allow-missing-template-keys",
        get.allow_missing_template_keys,
    );
}

fn write_describe(args: &mut Args, describe: &Describe) {
    args.target(&describe.target);
    args.scope(&describe.scope);
    args.selector("selector", describe.selector.as_ref());
    args.value("show-events", describe.show_events);
    args.chunk_size(describe.chunk_size);
}

fn write_logs(args: &mut Args, logs: &Logs) {
    match &logs.target {
        LogsTarget::Pod(pod) => args.word(pod),
        LogsTarget::Object(resource, name) => args.pair((resource, name)),
        LogsTarget::Selector(selector) => args.selector("selector", Some(selector)),
    }
    args.scope(&logs.scope);
    args.value("container", logs.container.as_ref());
    args.switch("all-containers", logs.all_containers);
    args.switch("all-pods", logs.all_pods);
    args.switch("follow", logs.follow);
    args.switch("previous", logs.previous);
    args.switch("prefix", logs.prefix);
    args.switch("timestamps", logs.timestamps);
    args.switch("ignore-errors", logs.ignore_errors);
    args.value("tail", logs.tail);
    match logs.since {
        Some(Since::Ago(ago)) => args.value("since", Some(ago)),
        Some(Since::Time(time)) => args.value("since-time", Some(super::logs::rfc3339(time))),
        None => {}
    }
    args.value("limit-bytes", logs.limit_bytes);
    let most = Some(logs.max_log_requests).filter(|most| *most != super::logs::MAX_LOG_REQUESTS);
    args.value("max-log-requests", most);
    let patience = Some(logs.pod_running_timeout)
        .filter(|patience| *patience != super::logs::POD_RUNNING_TIMEOUT);
    args.value("pod-running-timeout", patience);
}

fn write_top(args: &mut Args, top: &Top) {
    args.word(top.kind.as_str());
    if let Some(name) = &top.name {
        args.word(name);
    }
    args.scope(&top.scope);
    args.selector("selector", top.selector.as_ref());
    args.selector("field-selector", top.field_selector.as_ref());
    args.value("sort-by", top.sort_by.map(super::TopSort::as_str));
    args.switch("no-headers", top.no_headers);
    args.switch("containers", top.containers);
    args.switch("sum", top.sum);
    args.switch("show-capacity", top.show_capacity);
    args.switch("show-swap", top.show_swap);
}

fn write_events(args: &mut Args, events: &Events) {
    args.scope(&events.scope);
    if let Some((resource, name)) = &events.about {
        args.value("for", Some(format_args!("{resource}/{name}")));
    }
    let types: Vec<_> = events.types.iter().map(|kind| kind.as_str()).collect();
    args.list("types", &types);
    args.value("output", events.output.text());
    args.switch("no-headers", events.no_headers);
    args.chunk_size(events.chunk_size);
    args.switch("show-managed-fields", events.show_managed_fields);
    args.switch_off(
        "allow-missing-template-keys",
        events.allow_missing_template_keys,
    );
}

fn write_version(args: &mut Args, version: &Version) {
    args.switch("client", version.client_only);
    args.value("output", version.output.map(super::VersionOutput::as_str));
}

fn write_api_resources(args: &mut Args, resources: &ApiResources) {
    args.value("api-group", resources.api_group.as_ref());
    args.value("namespaced", resources.namespaced);
    args.list("verbs", &resources.verbs);
    args.list("categories", &resources.categories);
    args.value(
        "sort-by",
        resources.sort_by.map(super::ApiResourcesSort::as_str),
    );
    args.value("output", resources.output.text());
    args.switch("no-headers", resources.no_headers);
    args.switch("show-managed-fields", resources.show_managed_fields);
}
