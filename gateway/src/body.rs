//! Reads a request's body: JSON, of a bounded size, in a bounded time.

use std::error::Error as _;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::LengthLimitError;
use kubently_core::request::MAX_BODY;

use crate::error::ApiError;

/// How long a body may take to arrive.
const READ_LIMIT: Duration = Duration::from_secs(10);

/// The bytes of a JSON body.
pub(crate) async fn json(headers: &HeaderMap, body: Body) -> Result<Bytes, ApiError> {
    if !is_json(headers) {
        return Err(ApiError::UnsupportedMediaType);
    }
    let encodings = headers.get_all(header::CONTENT_ENCODING);
    if encodings
        .iter()
        .any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
    {
        return Err(ApiError::UnsupportedEncoding);
    }
    match tokio::time::timeout(READ_LIMIT, axum::body::to_bytes(body, MAX_BODY)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error))
            if error
                .source()
                .is_some_and(<dyn std::error::Error>::is::<LengthLimitError>) =>
        {
            Err(ApiError::BodyTooLarge)
        }
        Ok(Err(_)) => Err(ApiError::BodyUnreadable),
        Err(_) => Err(ApiError::BodyTooSlow),
    }
}

/// One `Content-Type: application/json`, whatever its parameters.
fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).into_iter();
    let (Some(first), None) = (types.next(), types.next()) else {
        return false;
    };
    let name = first
        .as_bytes()
        .split(|byte| *byte == b';')
        .next()
        .unwrap_or_default();
    name.trim_ascii().eq_ignore_ascii_case(b"application/json")
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn only_one_json_content_type_is_json() {
        for value in ["application/json", "Application/JSON; charset=utf-8"] {
            assert!(is_json(&headers(&[("content-type", value)])), "{value}");
        }
        for value in [
            "text/plain",
            "application/jsonx",
            "application/x-www-form-urlencoded",
            "",
        ] {
            assert!(!is_json(&headers(&[("content-type", value)])), "{value}");
        }
        assert!(!is_json(&headers(&[])));
        let twice = ("content-type", "application/json");
        assert!(!is_json(&headers(&[twice, twice])));
    }

    #[tokio::test]
    async fn bodies_are_bounded_and_not_decoded() {
        let json_type = ("content-type", "application/json");
        let read = async |pairs: &[_], size: usize| {
            json(&headers(pairs), Body::from(vec![b' '; size]))
                .await
                .map(|bytes| bytes.len())
        };
        assert_eq!(read(&[json_type], MAX_BODY).await.unwrap(), MAX_BODY);
        assert!(matches!(
            read(&[json_type], MAX_BODY + 1).await,
            Err(ApiError::BodyTooLarge)
        ));
        let encoded = [json_type, ("content-encoding", "gzip")];
        assert!(matches!(
            read(&encoded, 1).await,
            Err(ApiError::UnsupportedEncoding)
        ));
    }
}
