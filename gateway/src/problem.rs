//! Errors as callers read them: problem details (RFC 9457).

use http::{HeaderValue, Response, StatusCode, header};
use kubently_core::error::{self, ErrorResponse, Place};
use kubently_core::refusal::Refusal;
use kubently_core::time::Timestamp;

/// The longest pointer that is repeated, in bytes.
const MAX_POINTER: usize = 120;

/// What a problem says; the request's id and the time are added when it is written.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    /// The HTTP status.
    pub(crate) status: StatusCode,
    /// The stable code that programs branch on.
    pub(crate) code: &'static str,
    /// One sentence for people.
    pub(crate) detail: String,
    /// What to do instead.
    pub(crate) hint: Option<String>,
    /// Where in the request it stands.
    pub(crate) errors: Vec<Place>,
}

impl Problem {
    /// A problem without hint and place.
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            hint: None,
            errors: Vec::new(),
        }
    }

    /// A refused command or request.
    pub(crate) fn refused(refusal: &Refusal) -> Self {
        let place = |pointer: &String| Place {
            pointer: safe_pointer(pointer),
            detail: refusal.message.clone(),
            argument: refusal.argument.clone(),
        };
        Self {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            code: refusal.code.as_str(),
            detail: refusal.message.clone(),
            hint: refusal.hint.clone(),
            errors: refusal.pointer.iter().map(place).collect(),
        }
    }

    /// Puts the problem into a response as its body.
    pub(crate) fn write<B: From<Vec<u8>>>(
        &self,
        response: &mut Response<B>,
        request_id: &str,
        timestamp: Timestamp,
    ) {
        let body = kubently_core::visible::to_vec(&error::Problem {
            r#type: "about:blank".to_owned(),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            detail: self.detail.clone(),
            code: self.code.to_owned(),
            errors: self.errors.clone(),
            hint: self.hint.clone(),
            response: ErrorResponse {
                error: self.detail.clone(),
                details: self.hint.clone(),
                request_id: Some(request_id.to_owned()),
                timestamp,
            },
        });
        // Only a map with other keys than text could fail to be written.
        *response.body_mut() = body.unwrap_or_default().into();
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_LENGTH);
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, kind);
    }
}

/// The pointer, where it is short and printable; else its nearest parent that is. Its tokens are
/// the caller's own keys.
fn safe_pointer(pointer: &str) -> String {
    let mut safe = pointer;
    while safe.len() > MAX_POINTER || !safe.bytes().all(|byte| byte.is_ascii_graphic()) {
        safe = safe.rsplit_once('/').map_or("", |(parent, _)| parent);
    }
    safe.to_owned()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use kubently_core::refusal::RefusalCode;
    use serde_json::{Value, json};

    use super::*;

    fn written(problem: &Problem) -> Value {
        let mut response = Response::new(Vec::new());
        problem.write(&mut response, "req-1", DateTime::UNIX_EPOCH.into());
        let kind = response.headers().get(header::CONTENT_TYPE).unwrap();
        assert_eq!(kind, "application/problem+json");
        serde_json::from_slice(response.body()).unwrap()
    }

    #[test]
    fn a_problem_has_the_fields_of_the_rfc_and_ours() {
        let problem = Problem::new(
            StatusCode::NOT_FOUND,
            "job_not_found",
            "there is no such job",
        );
        let expected = json!({
            "type": "about:blank",
            "title": "Not Found",
            "status": 404,
            "detail": "there is no such job",
            "code": "job_not_found",
            "error": "there is no such job",
            "details": null,
            "request_id": "req-1",
            "timestamp": "1970-01-01T00:00:00.000Z",
        });
        assert_eq!(written(&problem), expected);
    }

    #[test]
    fn a_refusal_keeps_place_hint_and_escaped_text() {
        let refusal = Refusal::new(RefusalCode::FlagNotAllowed, "no such flag")
            .argument("--wa\u{7}tch")
            .hint("leave it out")
            .pointer("/args/2");
        let problem = written(&Problem::refused(&refusal));
        assert_eq!(problem["status"], 422);
        assert_eq!(problem["code"], "flag_not_allowed");
        assert_eq!(problem["hint"], "leave it out");
        assert_eq!(problem["errors"][0]["pointer"], "/args/2");
        assert_eq!(problem["errors"][0]["argument"], "--wa\\u{7}tch");
    }

    #[test]
    fn a_pointer_repeats_no_odd_and_no_long_key() {
        assert_eq!(safe_pointer("/args/2"), "/args/2");
        assert_eq!(safe_pointer("/a\u{7}b"), "");
        assert_eq!(safe_pointer(&format!("/a/{}", "b".repeat(200))), "/a");
        assert_eq!(safe_pointer(""), "");
    }
}
