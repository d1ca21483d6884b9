use proptest::prelude::*;

use super::*;

/// The text with marks.
fn marked(text: &str) -> String {
    value(None, text).map_or_else(|| text.to_owned(), |it| it.text)
}

const OUR_KEY: &str = "ci_Zk3vQ9sT1xW7yB2nM5pR8dF4gH6jL0aCeUiOqKwE";
const JWT: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJzdWIiOiJzeXN0ZW06c2EifQ.c2lnbmF0dXJl-_9";
const GITHUB: &str = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";

#[test]
fn known_shapes_are_marked_wherever_they_stand() {
    for (text, expected) in [
        (
            format!("key {OUR_KEY}, next"),
            "key [redacted:kubently-key], next",
        ),
        (format!("got {JWT}\n"), "got [redacted:jwt]\n"),
        (
            format!("{GITHUB} {GITHUB}"),
            "[redacted:github-token] [redacted:github-token]",
        ),
        (
            "id=AKIAIOSFODNN7EXAMPLE;".to_owned(),
            "id=[redacted:aws-key];",
        ),
        (
            format!("AIzaSy{} ok", "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q"),
            "[redacted:gcp-key] ok",
        ),
        (
            format!(
                "https://x.blob.core.windows.net/c?sv=1&sig={}%3D&se=2",
                "aB3%2F".repeat(8)
            ),
            "https://x.blob.core.windows.net/c?sv=1&sig=[redacted:azure-key]&se=2",
        ),
        (
            "xoxb-123456789012-1234567890123-AbCdEfGhIjKl".to_owned(),
            "[redacted:slack-token]",
        ),
        (
            "POST https://hooks.slack.com/services/T0AAAAAAA/B0BBBBBBB/abcdefghijklmnop1234 200"
                .to_owned(),
            "POST https://hooks.slack.com/services/[redacted:slack-token] 200",
        ),
    ] {
        assert_eq!(marked(&text), expected);
    }
}

#[test]
fn values_behind_names_are_marked_in_every_way_they_are_written() {
    for (text, expected) in [
        ("DB_PASSWORD=hunter2", "DB_PASSWORD=[redacted:password]"),
        (
            "export API_TOKEN=letters TZ=UTC",
            "export API_TOKEN=[redacted:token] TZ=UTC",
        ),
        (
            "user=a password=b&c d=e",
            "user=a password=[redacted:password] d=e",
        ),
        (
            "user=a,password=b1,c=d",
            "user=a,password=[redacted:password],c=d",
        ),
        ("GET /?token=abc123&x=1", "GET /?token=[redacted:token]&x=1"),
        (
            r#"{"password":"p \" q","x":1}"#,
            r#"{"password":"[redacted:password]","x":1}"#,
        ),
        (
            r#"{"apiKey" : "k"}"#,
            r#"{"apiKey" : "[redacted:api-key]"}"#,
        ),
        (
            r#""{\"secret\":\"s3cr3t\"}""#,
            r#""{\"secret\":\"[redacted:secret]\"}""#,
        ),
        ("{'passwd': 'x y'}", "{'passwd': '[redacted:password]'}"),
        ("password: hunter2\n", "password: [redacted:password]\n"),
        (
            "  - client_secret: \"a b\"\nx: y",
            "  - client_secret: \"[redacted:secret]\"\nx: y",
        ),
        (
            "{User:admin Password:hunter2}",
            "{User:admin Password:[redacted:password]}",
        ),
        (
            "level=info msg=\"x\" api-key=\"abc\"",
            "level=info msg=\"x\" api-key=\"[redacted:api-key]\"",
        ),
        (
            r#"[{"name":"DB_PASSWORD","value":"hunter2"}]"#,
            r#"[{"name":"DB_PASSWORD","value":"[redacted:password]"}]"#,
        ),
        (
            "Server=db;User Id=sa;Password=a1;Encrypt=true",
            "Server=db;User Id=sa;Password=[redacted:password];Encrypt=true",
        ),
        (
            "AccountName=x;AccountKey=abcd+/==;EndpointSuffix=y",
            "AccountName=x;AccountKey=[redacted:access-key];EndpointSuffix=y",
        ),
        ("secret=4f3c9a7be1d24f3c", "secret=[redacted:secret]"),
        (
            "token=550e8400-e29b-41d4-a716-446655440000",
            "token=[redacted:token]",
        ),
    ] {
        assert_eq!(marked(text), expected);
    }
}

#[test]
fn credentials_of_http_and_urls_are_marked() {
    for (text, expected) in [
        (
            "postgres://app:p%40ss@db:5432/x?sslmode=off",
            "postgres://app:[redacted:url-password]@db:5432/x?sslmode=off",
        ),
        (
            "redis://:abc@cache",
            "redis://:[redacted:url-password]@cache",
        ),
        (
            "> Authorization: Basic YWRtaW46eA==\r\n",
            "> Authorization: Basic [redacted:authorization]\r\n",
        ),
        (
            r#"{"authorization":"Bearer abcdef","x":"y"}"#,
            r#"{"authorization":"Bearer [redacted:authorization]","x":"y"}"#,
        ),
        (
            "map[Authorization:[Bearer abc123] Accept:[*/*]]",
            "map[Authorization:[Bearer [redacted:authorization]] Accept:[*/*]]",
        ),
        (
            "curl -H 'Bearer 4f3c9a7be1d24f3c55'",
            "curl -H 'Bearer [redacted:authorization]'",
        ),
    ] {
        assert_eq!(marked(text), expected);
    }
}

#[test]
fn ordinary_text_passes_byte_for_byte() {
    for text in [
        "",
        "the password for user admin is wrong, and the token has expired",
        "password: incorrect",
        "invalid token: unexpected end of JSON input",
        "Unexpected token } in JSON at position 4",
        "error: token=<nil> secret= password=\"\" api_key=${API_KEY} passwd=***",
        "secret/my-token-xyz created",
        "secret=kube-system/my-token-x7k2p",
        "\"Updated\" secret=\"default/db-creds-1\" token=\"my-token-xyz1\"",
        "serviceaccount \"my-token-xyz\" not found: secret: my-token-xyz-4k2p1",
        "kubernetes.io/service-account-token",
        "imageID: docker-pullable://nginx:1.27@sha256:0a399eb16751829e1af26fea27b20c3ec28d7ab1fb72182879dcae1cca21206a",
        "sha256:0a399eb16751829e1af26fea27b20c3ec28d7ab1fb72182879dcae1cca21206a",
        "commit 4f3c9a7be1d24f3c55aa0b1c2d3e4f5061728394 uid 550e8400-e29b-41d4-a716-446655440000",
        "max_tokens=4096 token_count=12 tokenizer=bpe passwordless=true token=42 token=24h0m0s",
        "PWD=/app OLDPWD=/root tests_pass=12 SECRET_NAME=db password_file=/run/x",
        "https://example.com:8443/a@b http://localhost:8080 git@github.com:org/repo.git",
        "https://user@host/ http://[::1]:80/ http://u:$PASS@host http://u:xxxxx@host",
        "WWW-Authenticate: Basic realm=\"x\" Authorization: failed Bearer token authentication",
        "ci_build_number_of_the_pipeline_in_the_repo ci_abc",
        "eyJhbGciOi.not.one and eyJ",
        "continue nextPageToken=abc123DEF456 pageToken: \"4f3c9a7be1d24f3c\"",
        "expected -----BEGIN PRIVATE KEY----- header, found none",
        "-----BEGIN CERTIFICATE-----\nMIIBszCCARygAwIBAgIUAbCdEfGhIjKlMnOpQrStUvWxYz0wDQYJKoZIhvcNAQEL\n-----END CERTIFICATE-----",
        "if password == nil { token := next() } secret::Key",
        "private_key=/etc/tls/tls.key privateKey: ./key.pem",
        "日本語 password の値 token：秘密",
    ] {
        assert_eq!(value(None, text), None, "{text}");
    }
}

const PEM: &str = "-----BEGIN RSA PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED

MIIEowIBAAKCAQEAx4UbaDzY5xjW6hc9jwN0mX33XpTDVW5WqHkGxE9JYcVTPN0t
kL0Zq7gq1uWl0f7kJc0hQwLxVh0sJYl2
Gw==
-----END RSA PRIVATE KEY-----
";

#[test]
fn a_private_key_is_marked_across_lines_and_nothing_behind_it() {
    let log = format!("loading\n{PEM}ready in 4f3c9a7be1d24f3c55aa0b1c2d3e4f5061728394\n");
    let expected = "loading
-----BEGIN RSA PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED

[redacted:private-key]
[redacted:private-key]
[redacted:private-key]
-----END RSA PRIVATE KEY-----
ready in 4f3c9a7be1d24f3c55aa0b1c2d3e4f5061728394
";
    assert_eq!(marked(&log), expected);
    let stamped = |text: &str| {
        let stamp = "2026-11-22T08:00:01.000000000Z ";
        let lines = text.split_inclusive('\n');
        lines.flat_map(|line| [stamp, line]).collect::<String>()
    };
    assert_eq!(marked(&stamped(&log)), stamped(expected));
}

#[test]
fn a_private_key_on_one_line_is_marked() {
    let line = PEM.replace('\n', "\\n");
    let expected = "{\"key\":\"-----BEGIN RSA PRIVATE KEY-----[redacted:private-key]-----END RSA PRIVATE KEY-----\\n\",\"a\":1}";
    assert_eq!(marked(&format!("{{\"key\":\"{line}\",\"a\":1}}")), expected);
    let cut = "-----BEGIN PRIVATE KEY-----\\nMIIEowIBAAKCAQEAx4UbaDzY5xjW6hc9jwN0mX33XpTDVW5WqHk";
    assert_eq!(
        marked(cut),
        "-----BEGIN PRIVATE KEY-----[redacted:private-key]"
    );
}

#[test]
fn a_key_that_never_ends_hides_nothing_that_is_none() {
    let log = "-----BEGIN PRIVATE KEY-----\nserver listening on 8080\nMIIEowIBAAKCAQEAx4UbaDzY5xjW6hc9jwN0mX33XpTDVW5WqHk\n";
    assert_eq!(marked(log), log);
}

#[test]
fn the_value_of_a_field_is_judged_by_its_name() {
    let shown = |name, text| value(Some(name), text).map(|it| it.text);
    let mark = |reason: &str| Some(format!("[redacted:{reason}]"));
    assert_eq!(shown("DB_PASSWORD", "correct horse"), mark("password"));
    assert_eq!(shown("spring.datasource.password", "x"), mark("password"));
    assert_eq!(shown("apiKey", "k"), mark("api-key"));
    assert_eq!(shown("SESSION_SECRET", "words"), mark("secret"));
    for (name, text) in [
        ("DB_PASSWORD", ""),
        ("DB_PASSWORD", "$(FROM_SECRET)"),
        ("secret", "db-creds"),
        ("PASSWORD_FILE", "/run/secrets/db"),
        ("LOG_LEVEL", "debug"),
    ] {
        assert_eq!(shown(name, text), None, "{name}");
    }
    assert_eq!(
        shown("application.properties", "url=jdbc\ndb.password=hunter2\n"),
        Some("url=jdbc\ndb.password=[redacted:password]\n".to_owned())
    );
}

/// What a log prints that comes in these chunks: whole lines, and lines that are handed on in parts.
fn streamed(log: &[u8], part: usize) -> (Vec<u8>, u64) {
    let mut redactor = Redactor::default();
    let mut out = Vec::new();
    for line in log.split_inclusive(|&byte| byte == b'\n') {
        if line.len() <= part {
            redactor.lines(line, &mut out);
            continue;
        }
        let mut parts = line.chunks(part).peekable();
        while let Some(bytes) = parts.next() {
            redactor.part(bytes, parts.peek().is_none(), &mut out);
        }
    }
    (out, redactor.count())
}

fn fragment() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z =:,\"']{0,30}",
        1 => Just("\n".to_owned()),
        1 => Just(format!(" {OUR_KEY} ")),
        1 => Just(format!(" {JWT} ")),
        1 => Just(" password=hunter2secret ".to_owned()),
        1 => Just(" https://u:hunter2secret@h/ ".to_owned()),
        1 => Just(format!("\n{PEM}")),
        1 => (1..9_000_usize).prop_map(|length| "filler ".repeat(length / 7)),
    ]
}

proptest! {
    #[test]
    fn lines_one_by_one_are_marked_as_all_at_once(text in prop::collection::vec(fragment(), 0..20)) {
        let log = text.concat();
        let (out, count) = streamed(log.as_bytes(), usize::MAX);
        let whole = value(None, &log).unwrap_or(Redacted { text: log, count: 0 });
        prop_assert_eq!(String::from_utf8(out).unwrap(), whole.text);
        prop_assert_eq!(count, whole.count);
    }

    #[test]
    fn no_part_of_a_long_line_lets_a_credential_through(
        text in prop::collection::vec(fragment(), 0..20),
        part in 8_192..12_000_usize,
    ) {
        let log = text.concat().replace('\n', " ");
        let (out, _) = streamed(log.as_bytes(), part);
        let out = String::from_utf8(out).unwrap();
        for secret in [&OUR_KEY[3..], &JWT[10..], "hunter2secret"] {
            prop_assert!(!out.contains(secret), "{secret}");
        }
    }

    #[test]
    fn any_bytes_are_taken(log in prop::collection::vec(any::<u8>(), 0..400), part in 1..64_usize) {
        let (out, count) = streamed(&log, part);
        if count == 0 {
            prop_assert_eq!(out, log);
        }
    }
}
