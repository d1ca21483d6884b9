//! `ServiceAccount`.

use super::metadata::{labels_and_annotations, lines, name_and_namespace};
use super::value::Value;
use super::writer::Writer;

pub(super) fn print(account: Value<'_>, w: &mut Writer) {
    name_and_namespace(w, account);
    labels_and_annotations(w, account);
    let secrets = account.get("imagePullSecrets").items();
    let mut names = secrets.map(|it| it.get("name").to_string());
    let first = names.next();
    lines(w, "", "Image pull secrets", first.into_iter());
    for name in names {
        // As wide as the label, so that the column starts at the same place.
        writeln!(w.at(0), "                   \t{name}");
    }
}
