use super::*;
use http_body_util::{Empty, Full};
use proptest::prelude::*;

fn get(uri: &str) -> Request<Empty<bytes::Bytes>> {
    Request::get(uri).body(Empty::new()).unwrap()
}

#[test]
fn known_reads_pass() {
    for uri in [
        "/version",
        "/api",
        "/apis",
        "/api/v1/pods",
        "/api/v1/namespaces",
        "/api/v1/namespaces/default",
        "/api/v1/namespaces/default/status",
        "/api/v1/namespaces/default/pods?limit=500&continue=abc&includeObject=None",
        "/api/v1/namespaces/default/pods/web",
        "/api/v1/namespaces/default/pods/web/log?container=app&tailLines=5",
        "/api/v1/namespaces/default/pods/web/log?follow=true",
        "/apis/apps/v1/deployments?labelSelector=a%3Db&fieldSelector=c",
        "/apis/apps/v1/namespaces/default/deployments/web/scale",
        "/apis/example.com/v1/namespaces/default/secrets/web",
    ] {
        assert_eq!(check(&get(uri), false), Ok(()), "{uri}");
    }
}

#[test]
fn paths_that_are_no_known_read_are_refused() {
    for uri in [
        "/",
        "/healthz",
        "/metrics",
        "/openapi/v3",
        "/logs/",
        "/api/v1",
        "/api/v2/pods",
        "/apis/apps",
        "/apis/apps/v1",
        "/api/v1/namespaces//pods",
        "/api/v1/namespaces/default/pods/",
        "/api/v1/namespaces/default/pods/web/exec",
        "/api/v1/namespaces/default/pods/web/attach",
        "/api/v1/namespaces/default/pods/web/proxy/metrics",
        "/api/v1/nodes/n1/proxy",
        "/api/v1/nodes/n1/proxy/run/default/web/app",
        "/api/v1/watch/pods",
        "/api/v1/watch/namespaces/default/pods",
        "/api/v1/proxy/nodes/n1",
        "/api/v1/namespaces/default/serviceaccounts/x/token",
        "/api/v1/namespaces/default/pods/../secrets",
        "/api/v1/namespaces/default/pods/%2e%2e/secrets",
        "/api/v1/secrets",
        "/api/v1/namespaces/default/secrets",
        "/api/v1/namespaces/default/secrets/db",
    ] {
        assert_eq!(check(&get(uri), false), Err(Refused::Path), "{uri}");
    }
}

#[test]
fn unknown_query_keys_are_refused() {
    for query in [
        "watch=true",
        "follow=true",
        "command=id",
        "limit=1&watch=1",
        "watch",
        "%6cimit=1",
    ] {
        assert_eq!(
            check(&get(&format!("/api/v1/pods?{query}")), false),
            Err(Refused::Query),
            "{query}"
        );
    }
}

#[test]
fn only_a_bare_get_to_the_fixed_server_passes() {
    let post = Request::post("/api/v1/pods")
        .body(Empty::<bytes::Bytes>::new())
        .unwrap();
    assert_eq!(check(&post, false), Err(Refused::Method(Method::POST)));
    assert_eq!(
        check(&get("https://example.com/api/v1/pods"), false),
        Err(Refused::Authority)
    );
    let body = Request::get("/api")
        .body(Full::<bytes::Bytes>::from("x"))
        .unwrap();
    assert_eq!(check(&body, false), Err(Refused::RequestBody));
    for name in [
        "upgrade",
        "connection",
        "impersonate-user",
        "authorization",
        "x-remote-user",
    ] {
        let mut request = get("/api/v1/pods");
        request
            .headers_mut()
            .insert(HeaderName::from_static(name), "x".parse().unwrap());
        assert_eq!(
            check(&request, false),
            Err(Refused::Header(HeaderName::from_static(name)))
        );
    }
}

#[tokio::test]
async fn redirects_and_protocol_changes_are_errors() {
    for status in [101, 301, 302, 307, 304] {
        let inner = tower::service_fn(move |_: Request<Empty<bytes::Bytes>>| async move {
            Response::builder()
                .status(status)
                .body(())
                .map_err(BoxError::from)
        });
        let error = tower::ServiceExt::oneshot(GuardLayer::default().layer(inner), get("/version"))
            .await
            .unwrap_err();
        assert!(
            matches!(error.downcast_ref(), Some(Refused::Response(_))),
            "{status}"
        );
    }
}

proptest! {
    #[test]
    fn whatever_passes_has_only_plain_segments(path in "/[a-z0-9/.%?#-]{0,40}") {
        if is_read(&path, false) {
            prop_assert!(path.split('/').skip(1).all(is_segment));
            prop_assert!(!path.split('/').any(|segment| segment == ".."));
        }
    }
}

#[test]
fn secrets_pass_where_the_owner_lets_them() {
    for uri in [
        "/api/v1/secrets",
        "/api/v1/namespaces/a/secrets",
        "/api/v1/namespaces/a/secrets/db",
    ] {
        assert_eq!(check(&get(uri), false), Err(Refused::Path), "{uri}");
        assert_eq!(check(&get(uri), true), Ok(()), "{uri}");
    }
    assert_eq!(
        check(&get("/api/v1/namespaces/a/secrets/db/token"), true),
        Err(Refused::Path)
    );
}
