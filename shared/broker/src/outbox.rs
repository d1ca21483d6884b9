//! What goes to the hub in bulk: messages that a stream is to store, and acks.
//!
//! The client writes to its socket as soon as one message is there, and on a busy runtime that is one system
//! call for each of them, and one more for the hub. So while others are under way, messages go through one task: it
//! lets everybody who can run put in what they have, and then hands over all of it at once. A lone message goes
//! at once, without the task: it waits for nobody, and each task that it passes through costs microseconds.
//!
//! An ack that nothing depends on waits a little for a message to go along with. It costs no system call then, and
//! the hub no wake-up; and where commands come one by one, their queue is not empty each time the next one comes: a
//! queue that becomes empty costs the hub a new file, which is a quarter of what such a command costs it.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_nats::{Client, HeaderMap, Message, Subject, Subscriber};
use bytes::Bytes;
use futures::StreamExt as _;
use tokio::sync::{Notify, Semaphore, mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use crate::error::StoreError;

mod ack;
mod traffic;

pub(crate) use self::ack::Ack;
pub(crate) use self::traffic::Note;
use self::traffic::{Answer, PATIENCE, Traffic, Way};

/// Messages that wait for their answer at a time; one more waits.
const UNANSWERED: usize = 4096;
/// Messages that wait for the task; one more waits.
const WAITING: usize = 1024;
/// Messages that are handed over at once.
const TOGETHER: usize = 128;

/// The way to the hub.
#[derive(Debug)]
pub(crate) struct Outbox {
    post: Post,
    letters: mpsc::Sender<Letter>,
    unanswered: Semaphore,
}

#[derive(Debug)]
enum Letter {
    Tell(Note),
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
    /// Tells the task that notes wait.
    waits: Arc<Notify>,
}

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
            waits: Arc::default(),
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
        let (asked, goes_at_once) = self.post.expect();
        let ask = Ask {
            number: asked.number,
            subject: subject.into(),
            headers,
            payload,
        };
        if goes_at_once {
            self.post.ask(ask).await?;
            self.post.send_notes().await;
        } else {
            self.put(Letter::Ask(Box::new(ask))).await?;
        }
        Ack::read(&asked.answer().await?)
    }

    /// Sends a message soon.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) async fn tell(&self, note: Note) -> Result<(), StoreError> {
        if self.post.traffic().lets_go() {
            return self.post.tell(note).await;
        }
        self.put(Letter::Tell(note)).await
    }

    /// The same, along with the next message or 5 ms later, for what nobody waits for.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) async fn tell_along(&self, note: Note) -> Result<(), StoreError> {
        let way = self.post.traffic().wait(note);
        match way {
            Way::Waits => {}
            Way::WaitsUnheard => self.post.waits.notify_one(),
            Way::Goes(note) => self.put(Letter::Tell(note)).await?,
        }
        Ok(())
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

impl Post {
    fn traffic(&self) -> MutexGuard<'_, Traffic> {
        lock(&self.traffic)
    }

    /// A place for the answer of a message that is about to be sent, and whether it goes at once.
    fn expect(&self) -> (Asked<'_>, bool) {
        let (tell, answer) = oneshot::channel();
        let (number, goes_at_once) = self.traffic().expect(tell);
        let asked = Asked {
            number,
            answer,
            traffic: &self.traffic,
        };
        (asked, goes_at_once)
    }

    async fn run(self, letters: mpsc::Receiver<Letter>, answers: Subscriber) {
        self.carry(letters, answers).await;
        // Nobody is answered any more.
        self.traffic().asked.clear();
    }

    async fn carry(&self, mut letters: mpsc::Receiver<Letter>, mut answers: Subscriber) {
        let mut batch = Vec::with_capacity(TOGETHER);
        let mut look = pin!(sleep_until(Instant::now()));
        let mut looks = false;
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
                    self.send_notes().await;
                    self.traffic().handed_over(together);
                }
                () = self.waits.notified(), if !looks => {
                    look.as_mut().reset(Instant::now() + PATIENCE);
                    looks = true;
                }
                () = &mut look, if looks => {
                    let again = self.traffic().look_again(Instant::now());
                    looks = again.is_some();
                    match again {
                        Some(at) => look.as_mut().reset(at),
                        None => self.send_notes().await,
                    }
                }
            }
        }
    }

    /// Sends the notes that wait.
    async fn send_notes(&self) {
        loop {
            let Some(note) = self.traffic().note() else {
                return;
            };
            self.try_tell(note).await;
        }
    }

    async fn try_tell(&self, note: Note) {
        if let Err(error) = self.tell(note).await {
            tracing::warn!(%error, "a message could not be sent");
        }
    }

    async fn send(&self, letter: Letter) {
        match letter {
            Letter::Tell(note) => self.try_tell(note).await,
            Letter::Flush(done) => {
                self.send_notes().await;
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

    async fn tell(&self, note: Note) -> Result<(), StoreError> {
        let Note {
            subject,
            reply,
            payload,
        } = note;
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
        let asked = self.traffic().answered(number);
        if let Some(asked) = asked {
            let _ = asked.send(answer);
        }
    }
}

fn lock(traffic: &Mutex<Traffic>) -> MutexGuard<'_, Traffic> {
    traffic.lock().unwrap_or_else(PoisonError::into_inner)
}
