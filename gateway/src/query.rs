//! Query parameters: known ones only, each refused with its place.

use axum::extract::Query;
use http::Uri;
use serde::de::DeserializeOwned;

use crate::error::ApiError;

/// The query of a request, as `T` with `deny_unknown_fields`; `expected` says what there is.
pub(crate) fn parse<T: DeserializeOwned>(uri: &Uri, expected: &'static str) -> Result<T, ApiError> {
    // The parser's own text repeats the caller's bytes, so it is not passed on.
    Query::try_from_uri(uri)
        .map(|Query(query)| query)
        .map_err(|_| ApiError::BadQuery(expected))
}
