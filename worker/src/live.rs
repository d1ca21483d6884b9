//! Output on its way from a running command to the hub: bounded, and in few messages.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use kubently_core::event::OutputStream;
use kubently_kubectl::Sink;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Stretches of one command that wait for the hub. When there are so many the command waits, too.
pub const MOST_WAITING: usize = 4;
/// The longest stretch, and the size from which a batch waits for no more. Both together stay below
/// what one event may carry.
const STRETCH: usize = 64 * 1024;
/// How long a batch waits for more.
const GATHERED_FOR: Duration = Duration::from_millis(100);

/// How many stretches wait, over all commands. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Waiting(Arc<AtomicUsize>);

/// One of those that wait; dropped, it does no more.
#[derive(Debug)]
struct Place(Waiting);

#[derive(Debug)]
struct Stretch {
    stream: OutputStream,
    bytes: Bytes,
    _place: Place,
}

/// The command's end.
#[derive(Debug)]
pub struct LiveOutput {
    stretches: mpsc::Sender<Stretch>,
    waiting: Waiting,
}

/// The hub's end.
#[derive(Debug)]
pub struct Batches {
    stretches: mpsc::Receiver<Stretch>,
    /// Taken, and not part of the last batch.
    left: Option<(OutputStream, Bytes)>,
}

impl Waiting {
    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn place(&self) -> Place {
        self.0.fetch_add(1, Ordering::Relaxed);
        Place(self.clone())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A way for the output of one command, whose stretches are counted here.
#[must_use]
pub fn channel(waiting: &Waiting) -> (LiveOutput, Batches) {
    let (sender, stretches) = mpsc::channel(MOST_WAITING);
    let output = LiveOutput {
        stretches: sender,
        waiting: waiting.clone(),
    };
    let left = None;
    (output, Batches { stretches, left })
}

impl Stretch {
    /// It waits no more.
    fn taken(self) -> (OutputStream, Bytes) {
        (self.stream, self.bytes)
    }
}

impl Sink for LiveOutput {
    async fn write(&mut self, stream: OutputStream, mut bytes: Bytes) {
        while !bytes.is_empty() {
            let window = bytes.get(..STRETCH).unwrap_or(&bytes);
            let line_end = window.iter().rposition(|&byte| byte == b'\n');
            let end = match line_end {
                Some(end) if window.len() < bytes.len() => end + 1,
                _ => window.len(),
            };
            let Ok(room) = self.stretches.reserve().await else {
                // The hub's end is given up only together with the command.
                return;
            };
            room.send(Stretch {
                stream,
                bytes: bytes.split_to(end),
                _place: self.waiting.place(),
            });
        }
    }
}

impl Batches {
    /// The next batch: what one stream has had for a short time, or so much that it is sent at once.
    /// `None` once the command has ended and all of it was taken.
    pub async fn next(&mut self) -> Option<(OutputStream, Vec<u8>)> {
        let (stream, first) = match self.left.take() {
            Some(left) => left,
            None => self.stretches.recv().await?.taken(),
        };
        let until = Instant::now() + GATHERED_FOR;
        let mut batch = first.to_vec();
        while batch.len() < STRETCH {
            match tokio::time::timeout_at(until, self.stretches.recv()).await {
                Ok(Some(more)) if more.stream == stream => batch.extend_from_slice(&more.bytes),
                Ok(Some(other)) => {
                    self.left = Some(other.taken());
                    break;
                }
                Ok(None) | Err(_) => break,
            }
        }
        Some((stream, batch))
    }
}

#[cfg(test)]
mod tests {
    use kubently_core::payload::MAX_INLINE;

    use super::*;

    const OUT: OutputStream = OutputStream::Stdout;
    const ERR: OutputStream = OutputStream::Stderr;

    fn later(milliseconds: u64) -> impl Future<Output = ()> {
        tokio::time::sleep(Duration::from_millis(milliseconds))
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_within_a_moment_is_one_batch() {
        let (mut output, mut batches) = channel(&Waiting::default());
        let written = async move {
            output.write(OUT, Bytes::from_static(b"a\n")).await;
            output.write(OUT, Bytes::from_static(b"b\n")).await;
            later(150).await;
            output.write(OUT, Bytes::from_static(b"c\n")).await;
            output.write(ERR, Bytes::from_static(b"note\n")).await;
            output.write(OUT, Bytes::from_static(b"d\n")).await;
        };
        let read = async move {
            let mut all = Vec::new();
            while let Some((stream, bytes)) = batches.next().await {
                all.push((stream, String::from_utf8(bytes).unwrap()));
            }
            all
        };
        let ((), all) = tokio::join!(written, read);
        let expected = [(OUT, "a\nb\n"), (OUT, "c\n"), (ERR, "note\n"), (OUT, "d\n")];
        assert_eq!(
            all,
            expected.map(|(stream, text)| (stream, text.to_owned()))
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_is_cut_at_line_ends_and_waits_for_whoever_reads() {
        let places = Waiting::default();
        let (mut output, mut batches) = channel(&places);
        let flood = Bytes::from("a line of some length\n".repeat(50_000));
        let all = flood.clone();
        let writing = tokio::spawn(async move { output.write(OUT, flood).await });
        later(1000).await;
        assert!(!writing.is_finished());
        assert_eq!(places.count(), MOST_WAITING);
        let mut read = Vec::new();
        while let Some((_, bytes)) = batches.next().await {
            assert!(bytes.len() <= MAX_INLINE && bytes.ends_with(b"\n"));
            read.extend(bytes);
        }
        assert_eq!(read, all);
        assert_eq!(places.count(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_longer_than_a_stretch_still_passes() {
        let (mut output, mut batches) = channel(&Waiting::default());
        let line = Bytes::from(vec![b'x'; 3 * STRETCH + 5]);
        let all = line.clone();
        tokio::spawn(async move { output.write(OUT, line).await });
        let mut read = Vec::new();
        while let Some((_, bytes)) = batches.next().await {
            assert!(bytes.len() <= MAX_INLINE);
            read.extend(bytes);
        }
        assert_eq!(read, all);
    }
}
