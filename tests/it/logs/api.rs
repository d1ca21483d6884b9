//! A small API server with one pod, for what a real one cannot be made to do: its logs have no end, come a
//! byte a second, break off, or are refused.

use std::path::{Path, PathBuf};
use std::time::Duration;

use kubently_tests::place;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The containers of the pod `web`; each does with its log what its name says.
pub(super) const CONTAINERS: [&str; 6] = ["plain", "flood", "drip", "broken", "binary", "waiting"];

const DISCOVERY: &str = r#"{"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","metadata":{},
  "items":[{"metadata":{"name":""},"versions":[{"version":"v1","resources":[{"resource":"pods",
    "responseKind":{"group":"","version":"v1","kind":"Pod"},"scope":"Namespaced","singularResource":"pod",
    "verbs":["get","list"]}]}]}]}"#;

/// The server. It belongs to the runtime that it is made on.
pub(super) struct Api {
    open: watch::Receiver<usize>,
    kubeconfig: PathBuf,
    accepting: JoinHandle<()>,
    _dir: tempfile::TempDir,
}

impl Api {
    /// Starts one on a free port.
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (logs, open) = watch::channel(0);
        let accepting = tokio::spawn(async move {
            while let Ok((caller, _)) = listener.accept().await {
                tokio::spawn(serve(caller, logs.clone()));
            }
        });
        let dir = place::fresh("log-api").unwrap();
        let kubeconfig = dir.path().join("kubeconfig");
        let text = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "fake",
            "clusters": [{"name": "fake", "cluster": {"server": format!("http://{address}")}}],
            "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "nobody"}}],
            "users": [{"name": "nobody", "user": {"token": "none"}}],
        });
        std::fs::write(&kubeconfig, text.to_string()).unwrap();
        Self {
            open,
            kubeconfig,
            accepting,
            _dir: dir,
        }
    }

    /// An access to it.
    pub(super) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Waits until nobody reads a log any more.
    pub(super) async fn unread(&self) {
        let mut open = self.open.clone();
        open.wait_for(|open| *open == 0).await.unwrap();
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// One request after the other.
async fn serve(mut caller: TcpStream, logs: watch::Sender<usize>) -> std::io::Result<()> {
    let mut asked = Vec::new();
    loop {
        let mut byte = [0];
        if caller.read(&mut byte).await? == 0 {
            return Ok(());
        }
        asked.push(byte[0]);
        if !asked.ends_with(b"\r\n\r\n") {
            continue;
        }
        let head = String::from_utf8_lossy(&asked).into_owned();
        asked.clear();
        let target = head.split(' ').nth(1).unwrap_or_default();
        let path = target.split('?').next().unwrap_or_default();
        if path.ends_with("/pods/web/log") {
            let container = target.split("container=").nth(1).unwrap_or_default();
            let container = container.split('&').next().unwrap_or_default();
            logs.send_modify(|open| *open += 1);
            let served = log(&mut caller, container).await;
            logs.send_modify(|open| *open -= 1);
            served?;
            continue;
        }
        let (status, body) = match path {
            "/api" => ("200 OK", DISCOVERY.to_owned()),
            "/apis" => (
                "200 OK",
                DISCOVERY
                    .replace("v1", "v9")
                    .replace("\"pods\"", "\"none\""),
            ),
            "/api/v1/namespaces/default/pods/web" => ("200 OK", pod()),
            _ => ("404 Not Found", refusal(404, "NotFound", "not there")),
        };
        let content_type = if path.starts_with("/api/") {
            "application/json"
        } else {
            "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
        };
        answer(&mut caller, status, content_type, &body).await?;
    }
}

fn pod() -> String {
    let containers = CONTAINERS.map(|name| json!({"name": name, "image": "x"}));
    let pod = json!({
        "kind": "Pod", "apiVersion": "v1",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"nodeName": "n", "containers": containers},
        "status": {"phase": "Running"},
    });
    pod.to_string()
}

fn refusal(code: u16, reason: &str, message: &str) -> String {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "reason": reason, "message": message, "code": code,
    });
    status.to_string()
}

async fn answer(
    caller: &mut TcpStream,
    status: &str,
    content_type: &str,
    body: &str,
) -> std::io::Result<()> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\r\n"
    );
    caller.write_all(head.as_bytes()).await?;
    caller.write_all(body.as_bytes()).await
}

async fn log(caller: &mut TcpStream, container: &str) -> std::io::Result<()> {
    if container == "waiting" {
        let text = "container \"waiting\" in pod \"web\" is waiting to start: ImagePullBackOff";
        let body = refusal(400, "BadRequest", text);
        return answer(caller, "400 Bad Request", "application/json", &body).await;
    }
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n";
    caller.write_all(head).await?;
    match container {
        "flood" => {
            // 64 MiB at a time would be one write; a GiB of it never ends for a caller with a cap.
            let block = "a line of a log that goes on and on, number 123456\n".repeat(1280);
            for _ in 0..(1 << 30) / block.len() {
                chunk(caller, block.as_bytes()).await?;
            }
        }
        "drip" => {
            let mut pace = tokio::time::interval(Duration::from_secs(1));
            for byte in b"drop\n".iter().cycle() {
                pace.tick().await;
                chunk(caller, &[*byte]).await?;
            }
        }
        "broken" => {
            chunk(caller, b"one\ntwo\nhalf a li").await?;
            caller.shutdown().await?;
            return Err(std::io::ErrorKind::ConnectionAborted.into());
        }
        "binary" => {
            chunk(
                caller,
                b"\xff\xfe\x00\x80 one\n\xf0\x9f\x92 cut\r\n\x1b]0;x\x07",
            )
            .await?;
        }
        _ => chunk(caller, b"plain\n").await?,
    }
    caller.write_all(b"0\r\n\r\n").await
}

async fn chunk(caller: &mut TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    let size = format!("{:x}\r\n", bytes.len());
    caller.write_all(size.as_bytes()).await?;
    caller.write_all(bytes).await?;
    caller.write_all(b"\r\n").await
}
