//! Lists, a page at a time.

use kubently_core::repository::{Cursor, Page, PageRequest, PageSize};
use serde::Serialize;

/// A page as callers read it.
#[derive(Serialize)]
pub(crate) struct Listed<T> {
    items: Vec<T>,
    /// What to send as `cursor` for the next page; null where this is the last.
    next_cursor: Option<Cursor>,
}

/// The page that a query asks for.
pub(crate) fn request(cursor: Option<Cursor>, limit: Option<PageSize>) -> PageRequest {
    PageRequest {
        cursor,
        limit: limit.unwrap_or_default(),
    }
}

impl<T> Listed<T> {
    /// The page, its rows as callers read them.
    pub(crate) fn new<R>(page: Page<R>, row: impl FnMut(R) -> T) -> Self {
        Self {
            items: page.items.into_iter().map(row).collect(),
            next_cursor: page.next,
        }
    }
}
