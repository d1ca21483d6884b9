use super::*;

/// What was written and after how many seconds.
struct Recorder(Instant, Vec<(u64, String)>);

impl Sink for Recorder {
    async fn write(&mut self, stream: OutputStream, bytes: Bytes) {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let mark = if stream == OutputStream::Stderr {
            "E: "
        } else {
            ""
        };
        self.1
            .push((self.0.elapsed().as_secs(), format!("{mark}{text}")));
    }
}

async fn followed(
    cluster: &Cluster,
    args: &[&str],
    seconds: u64,
) -> (Vec<(u64, String)>, Streamed) {
    let mut recorder = Recorder(Instant::now(), Vec::new());
    let limits = Limits {
        time: Some(Duration::from_secs(seconds)),
        ..Limits::default()
    };
    let ended = stream(cluster, &logs(args), &limits, &mut recorder)
        .await
        .unwrap();
    (recorder.1, ended)
}

fn at(second: u64, text: &str) -> (u64, String) {
    (second, text.to_owned())
}

#[tokio::test(start_paused = true)]
async fn followed_lines_come_while_they_are_written_until_time_is_over() {
    let (cluster, _) = server(vec![pod("web", &["a", "b"])], |target| {
        let second = |seconds| Part::Pause(Duration::from_secs(seconds));
        Reply::parts(if target.contains("container=a") {
            vec![
                Part::Bytes(b"a1\na"),
                second(2),
                Part::Bytes(b"2\n"),
                second(60),
                Part::Bytes(b"a3\n"),
            ]
        } else {
            vec![second(1), Part::Bytes(b"b1\n"), second(60)]
        })
    });
    let (told, ended) =
        followed(&cluster, &["web", "-f", "--all-containers", "--prefix"], 10).await;
    assert_eq!(
        told,
        [
            at(0, "[pod/web/a] a1\n"),
            at(1, "[pod/web/b] b1\n"),
            at(2, "[pod/web/a] a2\n"),
            at(
                10,
                "E: kubently: stopped following after 10s (timeout_seconds)\n"
            ),
        ]
    );
    assert_eq!(ended, Streamed::default());
}

#[tokio::test(start_paused = true)]
async fn a_followed_log_that_is_not_there_yet_is_asked_for_again() {
    let times = AtomicUsize::new(0);
    let (cluster, _) = server(vec![pod("web", &["c"])], move |_| {
        match times.fetch_add(1, Ordering::Relaxed) {
            0 | 1 => Reply::status(400, "BadRequest", "waiting"),
            2 => Reply::ok("here\n"),
            _ => Reply::status(400, "BadRequest", "gone"),
        }
    });
    let (told, _) = followed(&cluster, &["web", "-f"], 30).await;
    assert_eq!(
        told,
        [
            at(0, "E: waiting\n"),
            at(1, "E: waiting\n"),
            at(2, "here\n")
        ]
    );
    let (told, ended) = followed(&cluster, &["web", "-f", "--pod-running-timeout=2s"], 30).await;
    assert_eq!(
        told,
        [
            at(0, "E: gone\n"),
            at(1, "E: gone\n"),
            at(2, "E: error: context deadline exceeded\n")
        ]
    );
    assert_eq!(ended.exit_code, 1);
}

#[tokio::test]
async fn more_logs_than_asked_for_are_not_followed() {
    let (cluster, asked) = server(vec![pod("web", &["a", "b", "c"])], names);
    let args = ["web", "-f", "--all-containers", "--max-log-requests=2"];
    let error = "error: you are attempting to follow 3 log streams, but maximum allowed concurrency \
                 is 2, use --max-log-requests to increase the limit\n";
    assert_eq!(printed(&cluster, &args).await, of("", error, 1));
    assert!(asked_logs(&asked).is_empty());
}

/// Takes one stretch and is never ready for another.
struct Stuck(usize);

impl Sink for Stuck {
    async fn write(&mut self, _: OutputStream, bytes: Bytes) {
        if self.0 > 0 {
            std::future::pending::<()>().await;
        }
        self.0 = bytes.len();
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_takes_no_more_stops_the_reading() {
    let taken = Arc::new(AtomicUsize::new(0));
    let parts = [Part::Many(b"a line\n", 1_000_000, Arc::clone(&taken))];
    let (cluster, _) = server(vec![pod("web", &["c"])], move |_| {
        Reply::parts(parts.clone())
    });
    let mut stuck = Stuck(0);
    let command = logs(&["web", "-f"]);
    let limits = Limits::default();
    let following = stream(&cluster, &command, &limits, &mut stuck);
    let ended = tokio::time::timeout(Duration::from_secs(60), following).await;
    assert!(ended.is_err() && taken.load(Ordering::Relaxed) < 10);
}
