//! A bound on open connections.

use std::future::{Ready, ready};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The most connections at a time; one more is closed at once, because memory is not for whoever
/// opens the most sockets.
const MAX_CONNECTIONS: usize = 8192;

/// Accepts up to [`MAX_CONNECTIONS`]; small answers go out at once (`TCP_NODELAY`) instead of
/// waiting for the client's ack.
#[derive(Clone)]
pub(crate) struct Bounded(Arc<Semaphore>);

/// A connection that gives its place back when it ends.
pub(crate) struct Counted {
    stream: TcpStream,
    _place: OwnedSemaphorePermit,
}

impl Bounded {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(MAX_CONNECTIONS)))
    }
}

impl<S> Accept<TcpStream, S> for Bounded {
    type Stream = Counted;
    type Service = S;
    type Future = Ready<io::Result<(Counted, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let Ok(place) = Arc::clone(&self.0).try_acquire_owned() else {
            tracing::warn!("too many connections: one is closed");
            return ready(Err(io::ErrorKind::ConnectionRefused.into()));
        };
        let small_answers = stream.set_nodelay(true);
        let counted = Counted {
            stream,
            _place: place,
        };
        ready(small_answers.map(|()| (counted, service)))
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
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
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
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn one_connection_too_many_is_closed_until_another_ends() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let bounded = Bounded(Arc::new(Semaphore::new(1)));
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
}
