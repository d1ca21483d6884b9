//! What goes to the hub in bulk: messages that a stream is to store, and acks.
//!
//! The client writes to its socket as soon as one message is there, and on a busy runtime that is one system
//! call for each of them, and one more for the hub. So while others are under way, messages go through one task: it
//! lets everybody who can run put in what they have, and then hands over all of it at once. A lone message goes
//! at once, without the task: it waits for nobody, and each task that it passes through costs microseconds.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_nats::{Client, HeaderMap, Message, StatusCode, Subject, Subscriber};
use bytes::Bytes;
use futures::StreamExt as _;
use serde::Deserialize;
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::error::StoreError;

/// Messages that wait for their answer at a time; one more waits.
const UNANSWERED: usize = 4096;
/// Messages that wait for the task; one more waits.
const WAITING: usize = 1024;
/// Messages that are handed over at once.
const TOGETHER: usize = 128;
/// A caller alone has so many under way at once: the record of its job and the command.
const ALONE: usize = 2;

/// The way to the hub.
#[derive(Debug)]
pub(crate) struct Outbox {
    post: Post,
    letters: mpsc::Sender<Letter>,
    unanswered: Semaphore,
}

/// What a stream says of a message that it has stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct Ack {
    #[serde(rename = "seq")]
    pub(crate) sequence: u64,
    /// It had the message already, by its id.
    #[serde(default)]
    pub(crate) duplicate: bool,
}

#[derive(Debug)]
enum Letter {
    /// Nobody answers it here.
    Tell(Subject, Option<Subject>, Bytes),
    /// A stream answers it.
    Ask(Box<Ask>),
    /// All that was put in before has been handed over.
    Flush(oneshot::Sender<()>),
}

#[derive(Debug)]
struct Ask {
    number: u64,
    subject: Subject,
    headers: HeaderMap,
    payload: Bytes,
}

/// Hands letters over to the client. Clones share what is under way.
#[derive(Debug, Clone)]
struct Post {
    client: Client,
    /// Where answers come: one subject for each message, below this.
    inbox: Arc<str>,
    traffic: Arc<Mutex<Traffic>>,
}

/// What is under way.
#[derive(Debug, Default)]
struct Traffic {
    /// The number of the last message that was asked for an answer.
    last: u64,
    /// Who waits for an answer, by the number of the message.
    asked: HashMap<u64, oneshot::Sender<Answer>>,
    /// How many were put in and not handed over yet.
    waiting: usize,
    /// How many were handed over together the last time, and answered since.
    together: usize,
    answered: usize,
}

type Answer = Result<Message, StoreError>;

/// Who waits for an answer; dropped, nobody does.
struct Asked<'a> {
    number: u64,
    answer: oneshot::Receiver<Answer>,
    traffic: &'a Mutex<Traffic>,
}

impl Outbox {
    /// Starts the task, which ends with this.
    pub(crate) async fn start(client: Client) -> Result<Self, async_nats::SubscribeError> {
        let inbox: Arc<str> = client.new_inbox().into();
        let answers = client.subscribe(format!("{inbox}.*")).await?;
        let (letters, waiting) = mpsc::channel(WAITING);
        let post = Post {
            client,
            inbox,
            traffic: Arc::default(),
        };
        tokio::spawn(post.clone().run(waiting, answers));
        Ok(Self {
            post,
            letters,
            unanswered: Semaphore::new(UNANSWERED),
        })
    }

    /// Sends a message that a stream is to store, and awaits its word. Given up before it is handed over, it
    /// is not sent. Of two from one caller the first goes first.
    ///
    /// # Errors
    /// [`StoreError`]; there is no limit of time here.
    pub(crate) async fn ask(
        &self,
        subject: String,
        headers: HeaderMap,
        payload: Bytes,
    ) -> Result<Ack, StoreError> {
        let closed = |_| StoreError::NotReachable;
        let _permit = self.unanswered.acquire().await.map_err(closed)?;
        let asked = self.post.expect();
        let ask = Ask {
            number: asked.number,
            subject: subject.into(),
            headers,
            payload,
        };
        if self.post.traffic().lets_go() {
            self.post.ask(ask).await?;
        } else {
            self.put(Letter::Ask(Box::new(ask))).await?;
        }
        read(&asked.answer().await?)
    }

    /// Sends a message soon, which is answered elsewhere (`reply`) or not at all.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) async fn tell(
        &self,
        subject: Subject,
        reply: Option<Subject>,
        payload: Bytes,
    ) -> Result<(), StoreError> {
        if self.post.traffic().lets_go() {
            return self.post.tell(subject, reply, payload).await;
        }
        self.put(Letter::Tell(subject, reply, payload)).await
    }

    /// Awaits that all that was put in before is in the client's hands.
    pub(crate) async fn flush(&self) {
        let (done, flushed) = oneshot::channel();
        if self.put(Letter::Flush(done)).await.is_ok() {
            let _ = flushed.await;
        }
    }

    async fn put(&self, letter: Letter) -> Result<(), StoreError> {
        let place = self.letters.reserve().await;
        let place = place.map_err(|_| StoreError::NotReachable)?;
        self.post.traffic().waiting += 1;
        place.send(letter);
        Ok(())
    }
}

impl Asked<'_> {
    async fn answer(mut self) -> Answer {
        let answer = (&mut self.answer).await;
        answer.unwrap_or(Err(StoreError::NotReachable))
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        lock(self.traffic).asked.remove(&self.number);
    }
}

impl Traffic {
    /// Whether more is under way than what a caller alone may have.
    fn is_busy(&self) -> bool {
        self.asked.len() > ALONE || self.answered > ALONE || self.together > ALONE
    }

    /// Whether a message has nobody to wait for and none that it would overtake, so that it goes at once.
    fn lets_go(&mut self) -> bool {
        let is_alone = self.waiting == 0 && !self.is_busy();
        if is_alone {
            (self.together, self.answered) = (1, 0);
        }
        is_alone
    }
}

impl Post {
    fn traffic(&self) -> MutexGuard<'_, Traffic> {
        lock(&self.traffic)
    }

    /// A place for the answer of a message that is about to be sent.
    fn expect(&self) -> Asked<'_> {
        let (tell, answer) = oneshot::channel();
        let mut traffic = self.traffic();
        traffic.last += 1;
        let number = traffic.last;
        traffic.asked.insert(number, tell);
        Asked {
            number,
            answer,
            traffic: &self.traffic,
        }
    }

    async fn run(self, letters: mpsc::Receiver<Letter>, answers: Subscriber) {
        self.carry(letters, answers).await;
        // Nobody is answered any more.
        self.traffic().asked.clear();
    }

    async fn carry(&self, mut letters: mpsc::Receiver<Letter>, mut answers: Subscriber) {
        let mut batch = Vec::with_capacity(TOGETHER);
        loop {
            tokio::select! {
                biased;
                answer = answers.next() => match answer {
                    Some(message) => self.hand_on(message),
                    None => return,
                },
                taken = letters.recv_many(&mut batch, TOGETHER) => {
                    if taken == 0 {
                        return;
                    }
                    if self.traffic().is_busy() {
                        tokio::task::yield_now().await;
                        while batch.len() < TOGETHER && let Ok(letter) = letters.try_recv() {
                            batch.push(letter);
                        }
                    }
                    let together = batch.len();
                    for letter in batch.drain(..) {
                        self.send(letter).await;
                    }
                    let mut traffic = self.traffic();
                    traffic.waiting -= together;
                    (traffic.together, traffic.answered) = (together, 0);
                }
            }
        }
    }

    async fn send(&self, letter: Letter) {
        match letter {
            Letter::Tell(subject, reply, payload) => {
                if let Err(error) = self.tell(subject, reply, payload).await {
                    tracing::warn!(%error, "a message could not be sent");
                }
            }
            Letter::Flush(done) => {
                let _ = done.send(());
            }
            Letter::Ask(ask) => {
                let number = ask.number;
                if !self.traffic().asked.contains_key(&number) {
                    return;
                }
                if let Err(error) = self.ask(*ask).await {
                    self.answer(number, Err(error));
                }
            }
        }
    }

    async fn tell(
        &self,
        subject: Subject,
        reply: Option<Subject>,
        payload: Bytes,
    ) -> Result<(), StoreError> {
        let client = &self.client;
        let sent = match reply {
            Some(reply) => client.publish_with_reply(subject, reply, payload).await,
            None => client.publish(subject, payload).await,
        };
        sent.map_err(StoreError::client)
    }

    async fn ask(&self, ask: Ask) -> Result<(), StoreError> {
        let Ask {
            number,
            subject,
            headers,
            payload,
        } = ask;
        let client = &self.client;
        let reply = Subject::from(format!("{}.{number}", self.inbox));
        let sent = if headers.is_empty() {
            client.publish_with_reply(subject, reply, payload).await
        } else {
            let sent = client.publish_with_reply_and_headers(subject, reply, headers, payload);
            sent.await
        };
        sent.map_err(StoreError::client)
    }

    fn hand_on(&self, message: Message) {
        let number = message.subject.rsplit('.').next();
        if let Some(number) = number.and_then(|number| number.parse().ok()) {
            self.answer(number, Ok(message));
        }
    }

    fn answer(&self, number: u64, answer: Answer) {
        let mut traffic = self.traffic();
        if let Some(asked) = traffic.asked.remove(&number) {
            traffic.answered += 1;
            drop(traffic);
            let _ = asked.send(answer);
        }
    }
}

fn lock(traffic: &Mutex<Traffic>) -> MutexGuard<'_, Traffic> {
    traffic.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads what a stream says (`PubAck`), or that there is none.
fn read(message: &Message) -> Result<Ack, StoreError> {
    #[derive(Deserialize)]
    struct Refusal {
        error: async_nats::jetstream::Error,
    }
    if message.status == Some(StatusCode::NO_RESPONDERS) {
        return Err(StoreError::NoResponders);
    }
    // A refusal has a sequence, too: 0.
    let payload = &message.payload;
    match serde_json::from_slice::<Ack>(payload) {
        Ok(ack) if ack.sequence > 0 => Ok(ack),
        read => match serde_json::from_slice::<Refusal>(payload) {
            Ok(refusal) => Err(refusal.error.into()),
            Err(source) => Err(StoreError::Corrupt {
                what: "answer of a stream",
                source: read.err().unwrap_or(source),
            }),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(payload: &str, status: Option<StatusCode>) -> Message {
        Message {
            subject: "_INBOX.a.1".into(),
            reply: None,
            payload: payload.to_owned().into(),
            headers: None,
            status,
            description: None,
            length: 0,
        }
    }

    #[test]
    fn a_lone_message_goes_at_once_and_overtakes_none() {
        let asked = |count| (0..count).map(|number| (number, oneshot::channel().0));
        let mut alone = Traffic {
            asked: asked(2).collect(),
            answered: 2,
            ..Traffic::default()
        };
        assert!(alone.lets_go());
        assert_eq!((alone.together, alone.answered), (1, 0));
        let busy = [
            Traffic {
                waiting: 1,
                ..Traffic::default()
            },
            Traffic {
                asked: asked(3).collect(),
                ..Traffic::default()
            },
            Traffic {
                answered: 3,
                ..Traffic::default()
            },
            Traffic {
                together: 3,
                ..Traffic::default()
            },
        ];
        for mut traffic in busy {
            assert!(!traffic.lets_go(), "{traffic:?}");
        }
    }

    #[test]
    fn a_stream_stores_refuses_or_is_not_there() {
        let stored = read(&answer(r#"{"stream":"S","seq":7}"#, None)).unwrap();
        assert_eq!((stored.sequence, stored.duplicate), (7, false));
        let known = r#"{"stream":"S","seq":7,"duplicate":true,"domain":"d"}"#;
        assert!(read(&answer(known, None)).unwrap().duplicate);
        let refused = |code, err_code, text| {
            let error = serde_json::json!({
                "error": {"code": code, "err_code": err_code, "description": text},
                "stream": "S", "seq": 0,
            });
            read(&answer(&error.to_string(), None)).unwrap_err()
        };
        let changed = refused(400, 10071, "wrong last sequence: 3");
        assert!(matches!(changed, StoreError::Conflict));
        let full = refused(503, 10077, "maximum messages exceeded");
        assert!(matches!(full, StoreError::Refused { code: 10077, .. }));
        let nobody = read(&answer("", Some(StatusCode::NO_RESPONDERS)));
        assert!(matches!(nobody, Err(StoreError::NoResponders)));
        for odd in ["", "{}", "+OK", r#"{"seq":0}"#] {
            let read = read(&answer(odd, None));
            assert!(matches!(read, Err(StoreError::Corrupt { .. })), "{odd}");
        }
    }
}
