//! A caller: asks a gateway, another one where nobody listens, and keeps what it is told.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use anyhow::{Result, bail};
use http::Method;
use kubently_tests::http::{Answer, Events, Http};
use kubently_tests::wait::{self, Probe};
use serde_json::Value;

use crate::history::{Asked, End, Event, History, State, Told};

/// How long anything may take with all that is being killed. The longest a command may live is 35 s.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);

/// The code of a gateway that does not know whom it may let in.
const BEHIND: &str = "identity_behind";

/// The gateways that there are now.
pub(crate) type Gateways = Arc<RwLock<Vec<Http>>>;

/// One caller and its history.
#[derive(Clone)]
pub(crate) struct Client {
    history: Arc<History>,
    gateways: Gateways,
    /// The gateway that is asked next.
    at: Arc<AtomicUsize>,
    /// Whether everything it asks may be asked again where a connection ends without an answer.
    repeats: bool,
}

impl Client {
    pub(crate) fn new(history: &Arc<History>, gateways: &Gateways, first: usize) -> Self {
        Self {
            history: Arc::clone(history),
            gateways: Arc::clone(gateways),
            at: Arc::new(AtomicUsize::new(first)),
            repeats: false,
        }
    }

    /// The same, for somebody who only reads, or submits under a key: it asks again where a connection was
    /// closed before the answer, as RFC 9110 (§9.2.2) lets it.
    pub(crate) fn repeating(self) -> Self {
        let repeats = true;
        Self { repeats, ..self }
    }

    /// Turns to the next gateway.
    pub(crate) fn turn(&self) {
        self.at.fetch_add(1, Ordering::Relaxed);
    }

    fn gateway(&self) -> Http {
        let gateways = self.gateways.read().unwrap();
        gateways[self.at.load(Ordering::Relaxed) % gateways.len()].clone()
    }

    /// Asks one gateway after the other until one takes the connection: so much is no answer, and nothing
    /// was sent. Nor is it one where a gateway does not know whom it may let in and says when to ask again.
    async fn anywhere<T>(&self, ask: impl AsyncFn(&Http) -> Result<T>) -> Result<T> {
        wait::until("a gateway that listens", PATIENCE, async || {
            match ask(&self.gateway()).await {
                Err(error)
                    if error.is::<Behind>()
                        || was_not_sent(&error)
                        || self.repeats && was_closed(&error) =>
                {
                    self.turn();
                    Probe::NotYet(format!("{error:#}"))
                }
                other => Probe::Ready(other),
            }
        })
        .await?
    }

    /// Submits a command; told is the job where it is accepted.
    pub(crate) async fn submit(
        &self,
        asked: Asked,
        body: &Value,
        headers: &[(&str, &str)],
    ) -> Told {
        let submit = async {
            let ask = async |http: &Http| judged(http.post_command(body, headers).await?);
            match self.anywhere(ask).await {
                Ok(answer) => told_of_job(&answer),
                Err(error) => Told::Unknown(format!("{error:#}")),
            }
        };
        self.history.call(asked, submit).await
    }

    /// Submits a command under a key, and each time again on another gateway: until one says that it is
    /// accepted, and once more.
    pub(crate) async fn until_accepted(
        &self,
        asked: &Asked,
        body: &Value,
        headers: &[(&str, &str)],
    ) -> Told {
        let mut accepted = 0;
        wait::until("a command's acceptance", PATIENCE, async || {
            let told = self.submit(asked.clone(), body, headers).await;
            self.turn();
            accepted += u32::from(matches!(told, Told::Job { .. }));
            match told {
                Told::Job { .. } if accepted < 2 => Probe::NotYet("once".to_owned()),
                Told::Unknown(why) => Probe::NotYet(why),
                told => Probe::Ready(told),
            }
        })
        .await
        .unwrap()
    }

    /// Submits a command and reads its events to the end, there and then elsewhere.
    pub(crate) async fn stream(
        &self,
        asked: Asked,
        body: &Value,
        headers: &[(&str, &str)],
        follower: usize,
    ) -> Told {
        let mut stream = None;
        let submit = async {
            let ask = async |http: &Http| begun(http.stream_command(body, headers).await?).await;
            let events = match self.anywhere(ask).await {
                Ok(events) => events,
                Err(error) => return Told::Unknown(format!("{error:#}")),
            };
            let place = events.headers.get("location");
            let place = place.and_then(|it| it.to_str().ok()?.rsplit('/').next());
            let told = match (events.status, place) {
                (200, Some(job)) => Told::Job {
                    job: job.to_owned(),
                    state: State::Unfinished,
                },
                (status @ 400..500, _) => Told::Refused(status.to_string()),
                (status, _) => Told::Unknown(status.to_string()),
            };
            stream = Some(events);
            told
        };
        let told = self.history.call(asked, submit).await;
        if let (Told::Job { job, .. }, Some(stream)) = (&told, stream) {
            let asked = Asked::Follow {
                job: job.clone(),
                follower,
            };
            let events = self.history.call(asked, read(stream)).await;
            self.follow_on(job, follower, vec![events]).await;
        }
        told
    }

    /// Reads a job's events to the end.
    pub(crate) async fn follow(&self, job: &str, follower: usize) {
        self.follow_on(job, follower, Vec::new()).await;
    }

    async fn follow_on(&self, job: &str, follower: usize, mut told: Vec<Told>) {
        wait::until("a job's last event", PATIENCE, async || {
            let events = told.iter().flat_map(|told| match told {
                Told::Events(events) => &events[..],
                _ => &[],
            });
            let (mut last, mut is_over) = (String::new(), false);
            for event in events {
                last = event.id().map_or(last, |id| id.to_string());
                is_over |= matches!(event, Event::Complete { .. });
            }
            if is_over {
                return Probe::Ready(());
            }
            self.turn();
            let asked = Asked::Follow {
                job: job.to_owned(),
                follower,
            };
            told.push(self.history.call(asked, self.go_on(job, &last)).await);
            Probe::NotYet(format!("{job}: {:?}", told.last()))
        })
        .await
        .unwrap();
    }

    async fn go_on(&self, job: &str, last: &str) -> Told {
        let path = format!("/v1/jobs/{job}/events");
        let mut headers = Vec::new();
        if !last.is_empty() {
            headers.push(("last-event-id", last));
        }
        let ask = async |http: &Http| begun(http.events(&path, &headers).await?).await;
        match self.anywhere(ask).await {
            Ok(events) if events.status == 200 => read(events).await,
            Ok(events) if (400..500).contains(&events.status) => {
                Told::Refused(events.status.to_string())
            }
            Ok(events) => Told::Unknown(events.status.to_string()),
            Err(error) => Told::Unknown(format!("{error:#}")),
        }
    }

    /// How far a job has come, after at most so many seconds.
    pub(crate) async fn read(&self, job: &str, wait: &str) -> Told {
        let path = format!("/v1/jobs/{job}");
        let read = async {
            let headers = [("prefer", wait)];
            let ask =
                async |http: &Http| judged(http.send(Method::GET, &path, &headers, "").await?);
            match self.anywhere(ask).await {
                Ok(answer) => told_of_job(&answer),
                Err(error) => Told::Unknown(format!("{error:#}")),
            }
        };
        let asked = Asked::Read {
            job: job.to_owned(),
        };
        self.history.call(asked, read).await
    }

    /// Reads a job, each time on another gateway, until it has ended.
    pub(crate) async fn end_of(&self, job: &str) {
        wait::until("a job's end", PATIENCE, async || {
            self.turn();
            match self.read(job, "wait=5").await {
                Told::Job {
                    state: State::Ended(_),
                    ..
                } => Probe::Ready(()),
                other => Probe::NotYet(format!("{job}: {other:?}")),
            }
        })
        .await
        .unwrap();
    }

    /// Calls a job off, again where it is not known what came of it.
    pub(crate) async fn cancel(&self, job: &str) {
        let path = format!("/v1/jobs/{job}/cancel");
        wait::until("a job being called off", PATIENCE, async || {
            let cancel = async {
                let ask =
                    async |http: &Http| judged(http.send(Method::POST, &path, &[], "").await?);
                match self.anywhere(ask).await {
                    Ok(answer) if answer.status == 200 => {
                        let told = answer.json().unwrap();
                        Told::Cancelled {
                            end: End::of_job(&told),
                            won: told["cancelled"] == true,
                        }
                    }
                    Ok(answer) => refused_or_not(&answer),
                    Err(error) => Told::Unknown(format!("{error:#}")),
                }
            };
            let asked = Asked::Cancel {
                job: job.to_owned(),
            };
            match self.history.call(asked, cancel).await {
                Told::Unknown(why) => {
                    self.turn();
                    Probe::NotYet(why)
                }
                _ => Probe::Ready(()),
            }
        })
        .await
        .unwrap();
    }
}

/// A gateway that does not know just now whom it may let in: it has done nothing with the request.
#[derive(Debug, thiserror::Error)]
#[error("the gateway is behind: {0}")]
struct Behind(String);

/// An answer, but that of a gateway that is behind.
fn judged(answer: Answer) -> Result<Answer> {
    if answer.status == 503 && answer.text().contains(BEHIND) {
        return Err(Behind(answer.text()).into());
    }
    Ok(answer)
}

/// A stream that begins, or what its status says; a 503 is an error with its text.
async fn begun(events: Events) -> Result<Events> {
    if events.status != 503 {
        return Ok(events);
    }
    let text = events.text().await?;
    if text.contains(BEHIND) {
        return Err(Behind(text).into());
    }
    bail!("503 {text}")
}

/// Nobody took the connection, or the one that was kept was closed before anything was sent over it.
fn was_not_sent(error: &anyhow::Error) -> bool {
    let connecting = error
        .downcast_ref::<reqwest::Error>()
        .is_some_and(reqwest::Error::is_connect);
    connecting || says(error, "connection was not ready")
}

/// The connection was closed before the answer came.
fn was_closed(error: &anyhow::Error) -> bool {
    let reset = error.chain().any(|error| {
        let error = error.downcast_ref::<std::io::Error>();
        error.is_some_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset)
    });
    reset || says(error, "connection closed before message completed")
}

/// Whether the HTTP client names this cause, for which it has no type.
fn says(error: &anyhow::Error, cause: &str) -> bool {
    error.chain().any(|error| error.to_string().contains(cause))
}

/// The events of one connection, until its end or until it breaks.
async fn read(mut stream: Events) -> Told {
    let mut events = Vec::new();
    while let Ok(Some(event)) = stream.next().await {
        events.push(Event::of(&event));
    }
    Told::Events(events)
}

fn told_of_job(answer: &Answer) -> Told {
    if !matches!(answer.status, 200 | 202) {
        return refused_or_not(answer);
    }
    let json = answer.json().unwrap();
    Told::Job {
        job: json["id"].as_str().unwrap().to_owned(),
        state: State::of_job(&json),
    }
}

fn refused_or_not(answer: &Answer) -> Told {
    let said = format!("{} {}", answer.status, answer.text());
    match answer.status {
        400..500 => Told::Refused(said),
        _ => Told::Unknown(said),
    }
}
