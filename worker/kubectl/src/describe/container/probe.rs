//! A probe on one line.

use std::fmt::Write as _;

use super::Value;

pub(super) fn text(probe: Value<'_>) -> String {
    let number = |name: &str| probe.get(name).int();
    let timing = format!(
        "delay={}s timeout={}s period={}s successThreshold={} failureThreshold={}",
        number("initialDelaySeconds"),
        number("timeoutSeconds"),
        number("periodSeconds"),
        number("successThreshold"),
        number("failureThreshold"),
    );
    let handler = |name: &str| Some(probe.get(name)).filter(|it| it.is_set());
    if let Some(exec) = handler("exec") {
        let command = exec.get("command");
        let command = if command.is_set() {
            command.to_string()
        } else {
            "[]".to_owned()
        };
        return format!("exec {command} {timing}");
    }
    if let Some(get) = handler("httpGet") {
        return format!("http-get {} {timing}", url(get));
    }
    if let Some(socket) = handler("tcpSocket") {
        let (host, port) = (socket.get("host"), socket.get("port"));
        return format!("tcp-socket {host}:{port} {timing}");
    }
    if let Some(grpc) = handler("grpc") {
        let (port, service) = (grpc.get("port").int(), grpc.get("service"));
        return format!("grpc <pod>:{port} {service} {timing}");
    }
    format!("unknown {timing}")
}

/// As Go's `url.URL` prints it: the path escaped, a host with colons in brackets.
fn url(get: Value<'_>) -> String {
    let scheme = get.get("scheme").text().to_lowercase();
    let (host, port, path) = (
        get.get("host").text(),
        get.get("port"),
        get.get("path").text(),
    );
    let mut url = scheme;
    url.push_str(if url.is_empty() { "//" } else { "://" });
    let bracketed = if host.contains([':', '%']) {
        format!("[{host}]")
    } else {
        host.to_owned()
    };
    // Writing into a String cannot fail.
    let _ = write!(url, "{bracketed}:{port}");
    if !path.is_empty() && !path.starts_with('/') {
        url.push('/');
    }
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@".contains(&byte) {
            url.push(char::from(byte));
        } else {
            let _ = write!(url, "%{byte:02X}");
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probes_read_as_kubectl_writes_them() {
        let timing = "delay=1s timeout=2s period=3s successThreshold=4 failureThreshold=5";
        for (probe, expected) in [
            (
                r#""exec":{"command":["cat","/tmp/x y"]}"#,
                "exec [cat /tmp/x y]",
            ),
            (
                r#""httpGet":{"scheme":"HTTP","port":8080,"path":"/a b?c=1"}"#,
                "http-get http://:8080/a%20b%3Fc=1",
            ),
            (
                r#""httpGet":{"scheme":"HTTPS","host":"::1","port":"web","path":"x"}"#,
                "http-get https://[::1]:web/x",
            ),
            (r#""tcpSocket":{"port":1}"#, "tcp-socket :1"),
            (r#""grpc":{"port":9,"service":""}"#, "grpc <pod>:9 "),
            (r#""x":{}"#, "unknown"),
        ] {
            let json = format!(
                r#"{{{probe},"initialDelaySeconds":1,"timeoutSeconds":2,"periodSeconds":3,
                   "successThreshold":4,"failureThreshold":5}}"#
            );
            let json = serde_json::from_str(&json).unwrap();
            assert_eq!(text(Value::of(&json)), format!("{expected} {timing}"));
        }
    }
}
