//! Bounds on open connections: how many, and for how long one may take nothing.

use std::future::{Ready, ready};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Sleep;

use crate::metrics::Metrics;

/// The most connections at a time; one more is closed at once, because memory is not for whoever
/// opens the most sockets.
pub(crate) const MAX_CONNECTIONS: usize = 8192;

/// Files that are no callers' connections: those to the hub and of the admin port among them.
const OTHER_FILES: usize = 128;

/// Accepts up to its bound; small answers go out at once (`TCP_NODELAY`) instead of
/// waiting for the client's ack.
#[derive(Clone)]
pub(crate) struct Bounded {
    most: usize,
    places: Arc<Semaphore>,
    metrics: Metrics,
}

/// How long a caller may take nothing of its answer. An event stream is resumed with the last id
/// that arrived.
const STALLED: Duration = Duration::from_secs(30);

/// A connection that gives its place back when it ends, and ends where its caller stalls.
pub(crate) struct Counted {
    stream: TcpStream,
    /// Runs while the caller takes nothing.
    stalled: Option<Pin<Box<Sleep>>>,
    _place: OwnedSemaphorePermit,
}

impl Bounded {
    /// For a process that may have so many open files: [`MAX_CONNECTIONS`] where they suffice.
    pub(crate) fn new(files: usize, metrics: Metrics) -> Self {
        let most = files.saturating_sub(OTHER_FILES).clamp(1, MAX_CONNECTIONS);
        if most < MAX_CONNECTIONS {
            tracing::warn!(
                files,
                connections = most,
                "the system grants few open files: raise the limit (ulimit -Hn) for more connections"
            );
        }
        Self {
            most,
            places: Arc::new(Semaphore::new(most)),
            metrics,
        }
    }

    /// The most connections at a time.
    pub(crate) const fn most(&self) -> usize {
        self.most
    }

    /// How many connections are open.
    pub(crate) fn open(&self) -> usize {
        self.most.saturating_sub(self.places.available_permits())
    }
}

impl<S> Accept<TcpStream, S> for Bounded {
    type Stream = Counted;
    type Service = S;
    type Future = Ready<io::Result<(Counted, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            tracing::warn!("too many connections: one is closed");
            self.metrics.turned_away("connections");
            return ready(Err(io::ErrorKind::ConnectionRefused.into()));
        };
        let small_answers = stream.set_nodelay(true);
        let counted = Counted {
            stream,
            stalled: None,
            _place: place,
        };
        ready(small_answers.map(|()| (counted, service)))
    }
}

impl Counted {
    /// A write that cannot go on ends the connection after [`STALLED`].
    fn watch<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let stalled = self
            .stalled
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(STALLED)));
        match stalled.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.watch(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.watch(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn one_connection_too_many_is_closed_until_another_ends() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let bounded = Bounded::new(OTHER_FILES + 1, Metrics::default());
        assert_eq!((bounded.most(), bounded.open()), (1, 0));
        let accept = async || {
            let client = TcpStream::connect(address).await.unwrap();
            let (stream, _) = listener.accept().await.unwrap();
            (client, bounded.accept(stream, ()).await)
        };
        let (_client, first) = accept().await;
        let (counted, ()) = first.unwrap();
        assert!(counted.stream.nodelay().unwrap());
        assert!(accept().await.1.is_err());
        drop(counted);
        assert!(accept().await.1.is_ok());
    }

    #[tokio::test]
    async fn a_caller_that_takes_nothing_is_let_go() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).await;
        let (stream, _) = listener.accept().await.unwrap();
        let accepted = Bounded::new(usize::MAX, Metrics::default())
            .accept(stream, ())
            .await;
        let (mut counted, ()) = accepted.unwrap();
        let endless = async {
            while counted.write_all(&[0; 4096]).await.is_ok() {}
            counted.write_all(&[0]).await
        };
        tokio::time::pause();
        let error = endless.await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
