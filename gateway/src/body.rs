//! Reads a request's body: JSON, of a bounded size, in a bounded time.

use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use http_body_util::BodyExt as _;
use kubently_core::request::MAX_BODY;

use crate::error::ApiError;

/// How long a body may take to arrive.
const READ_LIMIT: Duration = Duration::from_secs(10);
/// The most bytes that are read of a body that is refused. Callers may not listen before they have
/// sent everything, and closing a connection with bytes unread resets it (RFC 9112 §9.6): the
/// answer would be lost.
const MAX_DISCARDED: usize = 8 * 1024 * 1024;

/// The bytes of a JSON body.
pub(crate) async fn json(headers: &HeaderMap, body: Body) -> Result<Bytes, ApiError> {
    let size = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    // Who asks before sending (RFC 9110 §10.1.1) is answered before sending.
    let at_once = headers.contains_key(header::EXPECT) || size > MAX_DISCARDED;
    let refused = check(headers, size).err();
    match refused {
        Some(refused) if at_once => Err(refused),
        Some(refused) => {
            let _ = tokio::time::timeout(READ_LIMIT, read(body)).await;
            Err(refused)
        }
        None => tokio::time::timeout(READ_LIMIT, read(body))
            .await
            .unwrap_or(Err(ApiError::BodyTooSlow)),
    }
}

/// What the head of a request says about its body.
fn check(headers: &HeaderMap, size: usize) -> Result<(), ApiError> {
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
    if size > MAX_BODY {
        return Err(ApiError::BodyTooLarge);
    }
    Ok(())
}

/// Reads to the end, or to where it is not worth it; keeps no more than a body may have.
async fn read(mut body: Body) -> Result<Bytes, ApiError> {
    let mut bytes = BytesMut::new();
    let mut size = 0_usize;
    // Where its length is known its last part is its end, which comes a turn of the scheduler later.
    while !body.is_end_stream() {
        let Some(frame) = body.frame().await else {
            break;
        };
        let frame = frame.map_err(|_| ApiError::BodyUnreadable)?;
        let Ok(part) = frame.into_data() else {
            continue;
        };
        size = size.saturating_add(part.len());
        if size > MAX_DISCARDED {
            break;
        }
        if size <= MAX_BODY {
            bytes.extend_from_slice(&part);
        }
    }
    if size > MAX_BODY {
        return Err(ApiError::BodyTooLarge);
    }
    Ok(bytes.freeze())
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

    #[tokio::test]
    async fn a_refused_body_is_read_on_but_not_for_ever() {
        let json_type = headers(&[("content-type", "application/json")]);
        let endless = || {
            let part = || Ok::<_, std::convert::Infallible>(Bytes::from_static(&[b' '; 4096]));
            Body::from_stream(futures::stream::repeat_with(part))
        };
        let read = json(&json_type, endless()).await;
        assert!(matches!(read, Err(ApiError::BodyTooLarge)));
        let read = json(&headers(&[]), endless()).await;
        assert!(matches!(read, Err(ApiError::UnsupportedMediaType)));
    }
}
