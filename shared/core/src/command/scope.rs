//! The namespaces that a command reads.

use super::flags::Words;
use crate::name::Namespace;
use crate::refusal::{Refusal, RefusalCode};

/// The namespaces that a command reads; cluster-scoped types ignore it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// None was named, or `default` was.
    Default,
    /// One namespace, never `default`.
    Namespace(Namespace),
    /// Every namespace (`-A`).
    All,
}

impl Scope {
    /// The namespace that objects are read from; none with `-A`.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        match self {
            Self::Default => Some(Namespace::DEFAULT),
            Self::Namespace(namespace) => Some(namespace.as_str()),
            Self::All => None,
        }
    }

    fn of(namespace: Namespace) -> Self {
        if namespace.as_str() == Namespace::DEFAULT {
            Self::Default
        } else {
            Self::Namespace(namespace)
        }
    }
}

/// The scope that the request's field and the flags agree on.
///
/// The field `default` counts as not given. Another one must not differ from `-n`, nor meet `-A`:
/// two answers to "where" in one request are a mistake, or a way around a check of one of them.
pub(super) fn scope(words: &Words<'_>, field: Option<&str>) -> Result<Scope, Refusal> {
    let field = field
        .map(Namespace::new)
        .transpose()
        .map_err(|refusal| refusal.pointer("/namespace"))?
        .filter(|field| field.as_str() != Namespace::DEFAULT);
    let flag = words.value("namespace");
    let named = flag
        .map(|flag| Namespace::new(flag.text).map_err(|refusal| flag.place(refusal)))
        .transpose()?;
    let all = words.is_on("all-namespaces")?;
    if let Some(field) = &field {
        let conflict = if all {
            words.value("all-namespaces")
        } else {
            flag.filter(|_| named.as_ref().is_some_and(|named| named != field))
        };
        if let Some(word) = conflict {
            let message =
                format!("the request's namespace is {field}, and this flag says otherwise");
            return Err(word
                .refuse(RefusalCode::NamespaceConflict, message)
                .hint("leave out one of the two"));
        }
    }
    Ok(match named.or(field) {
        _ if all => Scope::All,
        Some(namespace) => Scope::of(namespace),
        None => Scope::Default,
    })
}
