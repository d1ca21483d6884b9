//! What goes to the hub in bulk: messages that a stream is to store, and acks.
//!
//! The client writes to its socket as soon as one message is there, and on a busy runtime that is one system
//! call for each of them, and one more for the hub. So they go through one task: while others are under way it
//! lets everybody who can run put in what they have, and then hands over all of it at once. A lone message
//! waits for nobody.

use std::collections::HashMap;

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

/// The way to that task.
#[derive(Debug)]
pub(crate) struct Outbox {
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

enum Letter {
    /// Nobody answers it here.
    Tell(Subject, Option<Subject>, Bytes),
    /// A stream answers it.
    Ask(Box<Ask>),
    /// All that was put in before has been handed over.
    Flush(oneshot::Sender<()>),
}

struct Ask {
    subject: Subject,
    headers: HeaderMap,
    payload: Bytes,
    answer: oneshot::Sender<Result<Message, StoreError>>,
}

/// The task's side.
struct Post {
    client: Client,
    /// Where answers come: one subject for each message, below this.
    inbox: String,
    last: u64,
    /// How many were handed over together the last time, and answered since.
    together: usize,
    answered: usize,
    asked: HashMap<u64, oneshot::Sender<Result<Message, StoreError>>>,
}

impl Outbox {
    /// Starts the task, which ends with this.
    pub(crate) async fn start(client: Client) -> Result<Self, async_nats::SubscribeError> {
        let inbox = client.new_inbox();
        let answers = client.subscribe(format!("{inbox}.*")).await?;
        let (letters, waiting) = mpsc::channel(WAITING);
        let post = Post {
            client,
            inbox,
            last: 0,
            together: 0,
            answered: 0,
            asked: HashMap::new(),
        };
        tokio::spawn(post.run(waiting, answers));
        Ok(Self {
            letters,
            unanswered: Semaphore::new(UNANSWERED),
        })
    }

    /// Sends a message that a stream is to store, and awaits its word. Given up before it is handed over, it
    /// is not sent.
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
        let (answer, answered) = oneshot::channel();
        let ask = Ask {
            subject: subject.into(),
            headers,
            payload,
            answer,
        };
        self.put(Letter::Ask(Box::new(ask))).await?;
        let message = answered.await.map_err(|_| StoreError::NotReachable)??;
        read(&message)
    }

    /// Sends a message soon, which is answered elsewhere (`reply`) or not at all.
    ///
    /// # Errors
    /// [`StoreError::NotReachable`]
    pub(crate) async fn tell(
        &self,
        subject: Subject,
        reply: Option<Subject>,
        payload: Bytes,
    ) -> Result<(), StoreError> {
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
        let put = self.letters.send(letter).await;
        put.map_err(|_| StoreError::NotReachable)
    }
}

impl Post {
    async fn run(mut self, mut letters: mpsc::Receiver<Letter>, mut answers: Subscriber) {
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
                    if self.is_busy() {
                        tokio::task::yield_now().await;
                        while batch.len() < TOGETHER && let Ok(letter) = letters.try_recv() {
                            batch.push(letter);
                        }
                    }
                    (self.together, self.answered) = (batch.len(), 0);
                    for letter in batch.drain(..) {
                        self.send(letter).await;
                    }
                }
            }
        }
    }

    /// Whether others than whoever has put something in are under way, and may do so, too.
    fn is_busy(&self) -> bool {
        !self.asked.is_empty() || self.answered > ALONE || self.together > ALONE
    }

    async fn send(&mut self, letter: Letter) {
        match letter {
            Letter::Tell(subject, reply, payload) => {
                let sent = match reply {
                    Some(reply) => {
                        self.client
                            .publish_with_reply(subject, reply, payload)
                            .await
                    }
                    None => self.client.publish(subject, payload).await,
                };
                if let Err(error) = sent {
                    tracing::warn!(%error, "a message could not be sent");
                }
            }
            Letter::Flush(done) => {
                let _ = done.send(());
            }
            Letter::Ask(ask) if ask.answer.is_closed() => {}
            Letter::Ask(ask) => {
                let Ask {
                    subject,
                    headers,
                    payload,
                    answer,
                } = *ask;
                self.last += 1;
                let reply = format!("{}.{}", self.inbox, self.last);
                let client = &self.client;
                let reply = Subject::from(reply);
                let sent = if headers.is_empty() {
                    client.publish_with_reply(subject, reply, payload).await
                } else {
                    let sent =
                        client.publish_with_reply_and_headers(subject, reply, headers, payload);
                    sent.await
                };
                match sent {
                    Ok(()) => self.remember(answer),
                    Err(error) => {
                        let _ = answer.send(Err(StoreError::client(error)));
                    }
                }
            }
        }
    }

    fn remember(&mut self, answer: oneshot::Sender<Result<Message, StoreError>>) {
        // Who gave up leaves its place: twice as many as may wait are looked through once in so many.
        if self.asked.len() >= 2 * UNANSWERED {
            self.asked.retain(|_, answer| !answer.is_closed());
        }
        self.asked.insert(self.last, answer);
    }

    fn hand_on(&mut self, message: Message) {
        let number = message.subject.rsplit('.').next();
        let number = number.and_then(|number| number.parse().ok());
        if let Some(answer) = number.and_then(|number: u64| self.asked.remove(&number)) {
            self.answered += 1;
            let _ = answer.send(Ok(message));
        }
    }
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
