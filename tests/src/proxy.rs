//! A TCP proxy before a server of the harness. It can freeze, as a link does that is cut without a word:
//! connections stay open and nothing comes through. And it can freeze at a text that passes, so that a part
//! can be killed between any two steps that it takes over the wire.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What is read at a time, in bytes.
const CHUNK: usize = 16 * 1024;

/// A proxy on a port of 127.0.0.1. It belongs to the runtime that it is made on; dropped, it ends with its
/// connections.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

/// A way through the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// What clients send.
    ToServer,
    /// What they are answered.
    ToClient,
}

/// A text on its way to the server at which the proxy freezes by itself, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trap {
    /// The line that holds it, and everything after it, does not arrive; answers do not, either.
    Before(&'static str),
    /// It arrives, and no answer comes back from then on.
    After(&'static str),
}

#[derive(Debug)]
struct Shared {
    state: watch::Sender<State>,
    trap: Mutex<Option<Trap>>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct State {
    /// Whether the way to the server is frozen, and the way back.
    frozen: (bool, bool),
    /// Connections of an earlier generation are dropped.
    generation: u64,
    /// Whether the trap has sprung since it was set.
    sprung: bool,
}

impl State {
    const fn is_frozen(&self, way: Way) -> bool {
        match way {
            Way::ToServer => self.frozen.0,
            Way::ToClient => self.frozen.1,
        }
    }
}

impl Proxy {
    /// A proxy before the server at a URL such as `nats://127.0.0.1:4222`.
    ///
    /// # Errors
    /// When no port can be had, or the URL has no address.
    pub async fn before(server: &str) -> Result<Self> {
        let (_, address) = server.split_once("://").context("no address")?;
        let address = address.to_owned();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared {
            state: watch::Sender::default(),
            trap: Mutex::new(None),
        });
        let own = Arc::clone(&shared);
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, address.clone(), Arc::clone(&own)));
            }
        });
        Ok(Self {
            port,
            shared,
            accepting,
        })
    }

    /// Where clients connect, as a NATS URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Lets nothing through any more; who connects is taken, and hears nothing.
    pub fn freeze(&self) {
        self.freeze_way(Way::ToServer);
        self.freeze_way(Way::ToClient);
    }

    /// The same one way.
    pub fn freeze_way(&self, way: Way) {
        self.shared.freeze(way);
    }

    /// Freezes by itself when this passes. Set before the client sends it.
    pub fn set(&self, trap: Trap) {
        self.shared.state.send_modify(|state| state.sprung = false);
        *self.shared.trap() = Some(trap);
    }

    /// Ready once the trap has sprung.
    pub async fn sprung(&self) {
        let mut state = self.shared.state.subscribe();
        // The sender is ours: it does not go away.
        let _ = state.wait_for(|state| state.sprung).await;
    }

    /// Lets everything through again, what was held back first.
    pub fn go_on(&self) {
        self.shared
            .state
            .send_modify(|state| state.frozen = (false, false));
    }

    /// Ends every connection; what was held back is lost.
    pub fn drop_connections(&self) {
        self.shared.state.send_modify(|state| state.generation += 1);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.drop_connections();
    }
}

impl Shared {
    fn trap(&self) -> std::sync::MutexGuard<'_, Option<Trap>> {
        self.trap.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn freeze(&self, way: Way) {
        self.state.send_modify(|state| match way {
            Way::ToServer => state.frozen.0 = true,
            Way::ToClient => state.frozen.1 = true,
        });
    }

    /// How much of these bytes passes before a trap springs; all where none does.
    fn spring(&self, bytes: &[u8]) -> usize {
        let mut trap = self.trap();
        let Some(set) = trap.clone() else {
            return bytes.len();
        };
        let (Trap::Before(text) | Trap::After(text)) = &set;
        let Some(at) = position(bytes, text.as_bytes()) else {
            return bytes.len();
        };
        let passes = match set {
            Trap::Before(_) => {
                self.freeze(Way::ToServer);
                let before = bytes.get(..at).unwrap_or_default();
                before
                    .iter()
                    .rposition(|byte| *byte == b'\n')
                    .map_or(0, |end| end + 1)
            }
            Trap::After(_) => bytes.len(),
        };
        self.freeze(Way::ToClient);
        *trap = None;
        self.state.send_modify(|state| state.sprung = true);
        passes
    }
}

fn position(bytes: &[u8], text: &[u8]) -> Option<usize> {
    bytes.windows(text.len()).position(|window| window == text)
}

/// One connection and the one behind it, until either ends or both are dropped.
async fn serve(client: TcpStream, address: String, shared: Arc<Shared>) {
    let mut state = shared.state.subscribe();
    let generation = state.borrow().generation;
    // A link that is cut takes nobody to the server.
    let reached =
        state.wait_for(|state| !state.is_frozen(Way::ToServer) || state.generation != generation);
    if reached.await.is_err() {
        return;
    }
    let Ok(server) = TcpStream::connect(&address).await else {
        return;
    };
    let nodelay = [client.set_nodelay(true), server.set_nodelay(true)];
    if nodelay.iter().any(Result::is_err) {
        return;
    }
    let ((from_client, to_client), (from_server, to_server)) =
        (client.into_split(), server.into_split());
    let dropped = state.wait_for(|state| state.generation != generation);
    tokio::select! {
        _ = dropped => {}
        () = pass(from_client, to_server, &shared, Way::ToServer, generation) => {}
        () = pass(from_server, to_client, &shared, Way::ToClient, generation) => {}
    }
}

async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    shared: &Shared,
    way: Way,
    generation: u64,
) {
    let mut state = shared.state.subscribe();
    let mut bytes = vec![0; CHUNK];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        let Some(read) = bytes.get(..count) else {
            return;
        };
        let mut rest = read;
        if way == Way::ToServer && !state.borrow().is_frozen(way) {
            let (passes, held) = rest.split_at(shared.spring(rest));
            if to.write_all(passes).await.is_err() {
                return;
            }
            rest = held;
        }
        let goes_on =
            state.wait_for(|state| !state.is_frozen(way) || state.generation != generation);
        // What was held back when the connection was dropped stays back, also where all goes on right after that.
        let is_dropped = goes_on
            .await
            .map_or(true, |state| state.generation != generation);
        if is_dropped || to.write_all(rest).await.is_err() {
            return;
        }
    }
}
