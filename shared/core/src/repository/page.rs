//! Lists in pages: newest first, a cursor in between.

use std::cmp::Reverse;
use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::as_text::as_text;
use crate::bounded::OutOfBounds;
use crate::id::UserId;
use crate::time::Timestamp;

/// Which page of a list is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageRequest {
    /// Where the last page ended; none is the first page.
    pub cursor: Option<Cursor>,
    /// The most rows of the page.
    pub limit: PageSize,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows, newest first.
    pub items: Vec<T>,
    /// Where the next page begins; none where this one is the last.
    pub next: Option<Cursor>,
}

/// The most rows of a page, 1–100, default 50.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct PageSize(u32);

/// Which list a cursor is of: what it lists, and of whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listing {
    /// What is listed, such as `sessions`.
    pub of: &'static str,
    /// Whose; none is everybody's.
    pub owner: Option<UserId>,
}

/// A row's place in its list: when it was made, then its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// When the row was made.
    pub at: Timestamp,
    /// The row's id, between rows of one instant.
    pub id: Uuid,
}

/// Where a page ended: opaque, 43 base64url characters. It names a place and not a row, so it
/// stays good while rows come and go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor([u8; 32]);

/// A text that is no cursor, or a cursor of another list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cursor is none of this list's: begin again without one")]
pub struct InvalidCursor;

impl PageSize {
    /// The number itself.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl Default for PageSize {
    fn default() -> Self {
        Self(50)
    }
}

impl TryFrom<u32> for PageSize {
    type Error = OutOfBounds;

    fn try_from(limit: u32) -> Result<Self, Self::Error> {
        if (1..=100).contains(&limit) {
            Ok(Self(limit))
        } else {
            Err(OutOfBounds {
                what: "limit",
                least: 1,
                most: 100,
            })
        }
    }
}

impl From<PageSize> for u32 {
    fn from(size: PageSize) -> Self {
        size.0
    }
}

impl Listing {
    /// A mark of the list, by which a cursor is known to be of it.
    fn mark(self) -> [u8; 8] {
        let owner = self
            .owner
            .map(|owner| owner.to_string())
            .unwrap_or_default();
        let digest: [u8; 32] = Sha256::digest(format!("{} {owner}", self.of)).into();
        digest.first_chunk().copied().unwrap_or_default()
    }

    /// The cursor behind this place.
    #[must_use]
    pub fn cursor(self, position: Position) -> Cursor {
        let millis = position.at.get().timestamp_millis().to_be_bytes();
        let mut bytes = [0; 32];
        let parts = self
            .mark()
            .into_iter()
            .chain(millis)
            .chain(position.id.into_bytes());
        for (byte, part) in bytes.iter_mut().zip(parts) {
            *byte = part;
        }
        Cursor(bytes)
    }

    /// The place that the cursor stands behind.
    ///
    /// # Errors
    /// It is of another list.
    pub fn position(self, cursor: &Cursor) -> Result<Position, InvalidCursor> {
        let (mark, rest) = cursor.0.split_first_chunk::<8>().ok_or(InvalidCursor)?;
        let (millis, rest) = rest.split_first_chunk::<8>().ok_or(InvalidCursor)?;
        let id = Uuid::from_slice(rest).map_err(|_| InvalidCursor)?;
        let at = DateTime::from_timestamp_millis(i64::from_be_bytes(*millis));
        match at {
            Some(at) if *mark == self.mark() => Ok(Position { at: at.into(), id }),
            _ => Err(InvalidCursor),
        }
    }

    /// Cuts the wanted page out of all rows of the list, in whatever order they come.
    ///
    /// # Errors
    /// The cursor is of another list.
    pub fn page<T>(
        self,
        rows: impl IntoIterator<Item = (Position, T)>,
        request: &PageRequest,
    ) -> Result<Page<T>, InvalidCursor> {
        let after = request
            .cursor
            .as_ref()
            .map(|cursor| self.position(cursor))
            .transpose()?;
        let mut rows: Vec<_> = rows
            .into_iter()
            .filter(|(position, _)| after.is_none_or(|after| *position < after))
            .collect();
        rows.sort_by_key(|(position, _)| Reverse(*position));
        let limit = usize::try_from(request.limit.get()).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows
            .last()
            .filter(|_| more)
            .map(|(position, _)| self.cursor(*position));
        let items = rows.into_iter().map(|(_, item)| item).collect();
        Ok(Page { items, next })
    }
}

as_text!(Cursor);

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidCursor)?;
        bytes.try_into().map(Self).map_err(|_| InvalidCursor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTING: Listing = Listing {
        of: "numbers",
        owner: None,
    };

    fn position(number: u32) -> Position {
        let start: Timestamp = serde_json::from_str("\"2026-11-23T08:00:00.000Z\"").unwrap();
        Position {
            // Two rows an instant, so that ids decide as well.
            at: start.plus_seconds(number / 2),
            id: Uuid::from_u128(number.into()),
        }
    }

    fn page(numbers: impl Iterator<Item = u32>, cursor: Option<Cursor>) -> Page<u32> {
        let limit = 2.try_into().unwrap();
        let rows = numbers.map(|number| (position(number), number));
        LISTING.page(rows, &PageRequest { cursor, limit }).unwrap()
    }

    #[test]
    fn pages_follow_each_other_newest_first() {
        let first = page(0..5, None);
        assert_eq!(first.items, [4, 3]);
        let second = page(0..5, first.next);
        assert_eq!(second.items, [2, 1]);
        let last = page(0..5, second.next);
        assert_eq!((last.items, last.next), (vec![0], None));
    }

    #[test]
    fn a_full_last_page_has_no_next() {
        assert_eq!(page(0..2, None).next, None);
    }

    #[test]
    fn a_cursor_holds_its_place_while_rows_come_and_go() {
        let first = page(0..5, None);
        let rows = [0, 1, 2, 4, 7, 8].into_iter();
        assert_eq!(page(rows, first.next).items, [2, 1]);
    }

    #[test]
    fn a_cursor_of_another_list_is_refused() {
        let cursor = LISTING.cursor(position(1));
        assert_eq!(LISTING.position(&cursor), Ok(position(1)));
        let owner = Some(UserId::from_uuid(Uuid::from_u128(1)));
        for other in [
            Listing {
                of: "letters",
                ..LISTING
            },
            Listing { owner, ..LISTING },
        ] {
            assert_eq!(other.position(&cursor), Err(InvalidCursor));
        }
    }

    #[test]
    fn a_cursor_reads_back_and_other_text_is_none() {
        let cursor = LISTING.cursor(position(1));
        let text = cursor.to_string();
        assert_eq!(text.len(), 43);
        assert_eq!(text.parse::<Cursor>().unwrap(), cursor);
        for text in ["", "A", "..", &"A".repeat(44), &format!("{text} ")] {
            assert_eq!(text.parse::<Cursor>(), Err(InvalidCursor), "{text}");
        }
    }

    #[test]
    fn a_page_has_1_to_100_rows() {
        assert!(PageSize::try_from(0).is_err() && PageSize::try_from(101).is_err());
        assert_eq!(PageSize::try_from(100).unwrap().get(), 100);
    }
}
