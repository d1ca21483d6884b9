//! `ReplicaSet`.

use super::metadata::{controller, labels_and_annotations, name_and_namespace};
use super::pods_status::PodsStatus;
use super::reader::Reader;
use super::value::Value;
use super::writer::Writer;
use super::{conditions, pod_template, selector};
use crate::error::Error;

pub(super) async fn print(
    reader: &Reader<'_>,
    set: Value<'_>,
    w: &mut Writer,
) -> Result<(), Error> {
    let selector = set.at("spec.selector");
    let pods = PodsStatus::read(reader, set, &selector::text(selector)).await;
    name_and_namespace(w, set);
    w.row(0, "Selector", selector::text_or_none(selector));
    labels_and_annotations(w, set);
    if let Some(owner) = controller(set) {
        w.row(0, "Controlled By", owner);
    }
    let (current, desired) = (
        set.at("status.replicas").int(),
        set.at("spec.replicas").int(),
    );
    w.row(
        0,
        "Replicas",
        format_args!("{current} current / {desired} desired"),
    );
    match pods {
        Ok(pods) => w.row(0, "Pods Status", pods),
        Err(error) => w.row(
            0,
            "Pods Status",
            format_args!("error in fetching pods: {error}"),
        ),
    }
    pod_template::print(w, set.at("spec.template"));
    conditions::with_reasons(w, set.at("status.conditions"));
    Ok(())
}
