//! Runs the routes on a listener. Every wait on a client has an end: for the header, for a read, for a write.

use std::{
    future::Future,
    io::{self, IoSlice},
    net::IpAddr,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, http::Request};
use hyper::{body::Incoming, server::conn::http1, service::Service};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
    time::{Instant, Sleep, sleep, timeout},
};

/// Limits of the connections.
#[derive(Clone, Debug)]
pub struct ConnectionLimits {
    /// Connections at once; further ones wait in the listener's queue.
    pub connections: usize,
    /// How long a client may take for a request's header, waiting for its first byte included.
    pub header_time: Duration,
    /// How long a client may go without reading `stall_bytes` of what is ready for it.
    pub stall_time: Duration,
    /// The progress that a slow reader must make in each `stall_time`.
    pub stall_bytes: usize,
    /// How long running requests may take after shutdown began.
    pub shutdown_time: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            connections: 1024,
            header_time: Duration::from_secs(15),
            stall_time: Duration::from_secs(30),
            stall_bytes: 64 << 10,
            shutdown_time: Duration::from_secs(10),
        }
    }
}

/// Buffer of a connection, and so the longest header and about the longest chunk of an upload.
const BUFFER_SIZE: usize = 128 << 10;
/// Header fields in a request.
const MAX_HEADERS: usize = 64;
/// Pause when the system has no descriptors left; the next attempt would fail as fast.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// Serves until `shutdown` is ready, then lets running requests end within the limit.
pub async fn serve(listener: TcpListener, router: Router, shutdown: impl Future<Output = ()>) {
    serve_with(listener, router, ConnectionLimits::default(), shutdown).await
}

/// As [`serve`], with other limits.
pub async fn serve_with(
    listener: TcpListener,
    router: Router,
    limits: ConnectionLimits,
    shutdown: impl Future<Output = ()>,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.header_time)
        .max_headers(MAX_HEADERS)
        .max_buf_size(BUFFER_SIZE);
    let (stop, _) = watch::channel(false);
    let places = Arc::new(Semaphore::new(limits.connections));
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
            accepted = accept(&listener, &places) => accepted,
        };
        let (stream, peer, place) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if is_of_one_connection(&error) => continue,
            Err(error) => {
                tracing::warn!(target: "gateway", "no connection can be taken: {error}");
                tokio::select! {
                    () = &mut shutdown => break,
                    () = sleep(ACCEPT_PAUSE) => continue,
                }
            }
        };
        let stream = TokioIo::new(Impatient::new(stream, &limits));
        let service = WithPeer { inner: TowerToHyperService::new(router.clone()), peer };
        let connection = http.serve_connection(stream, service);
        let mut stopping = stop.subscribe();
        connections.spawn(async move {
            let mut connection = pin!(connection);
            let early = tokio::select! {
                ended = connection.as_mut() => Some(ended),
                () = async { drop(stopping.wait_for(|stopping| *stopping).await) } => None,
            };
            let ended = match early {
                Some(ended) => ended,
                None => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = ended {
                tracing::debug!(target: "gateway", "a connection ended early: {error}");
            }
            drop(place);
        });
    }
    drop(listener);
    stop.send_replace(true);
    if timeout(limits.shutdown_time, async { while connections.join_next().await.is_some() {} })
        .await
        .is_err()
    {
        tracing::debug!(target: "gateway", "{} connections are cut by the shutdown", connections.len());
    }
}

/// Waits for a free place before it takes a connection, so that the rest waits outside.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, Peer, tokio::sync::OwnedSemaphorePermit)> {
    let place = places.clone().acquire_owned().await.map_err(io::Error::other)?;
    let (stream, address) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, Peer(address.ip()), place))
}

/// The other end of a request's connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// Tells each request who is at the other end.
struct WithPeer {
    inner: TowerToHyperService<Router>,
    peer: Peer,
}

impl Service<Request<Incoming>> for WithPeer {
    type Response = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Response;
    type Error = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Error;
    type Future = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Future;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(self.peer);
        self.inner.call(request)
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, InvalidInput, NotConnected};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | InvalidInput | NotConnected
    )
}

/// A stream whose writes fail when the other side doesn't read.
struct Impatient<S> {
    stream: S,
    stall_time: Duration,
    stall_bytes: usize,
    /// Runs from the first write that had to wait until enough was written or all was flushed.
    clock: Pin<Box<Sleep>>,
    running: bool,
    written: usize,
}

impl<S> Impatient<S> {
    fn new(stream: S, limits: &ConnectionLimits) -> Self {
        Self {
            stream,
            stall_time: limits.stall_time,
            stall_bytes: limits.stall_bytes,
            clock: Box::pin(sleep(limits.stall_time)),
            running: false,
            written: 0,
        }
    }

    fn judge(
        &mut self,
        context: &mut Context<'_>,
        outcome: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match outcome {
            Poll::Ready(Ok(bytes)) => {
                self.written = self.written.saturating_add(bytes);
                if self.written >= self.stall_bytes {
                    self.running = false;
                }
                Poll::Ready(Ok(bytes))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                if !self.running {
                    self.running = true;
                    self.written = 0;
                    self.clock.as_mut().reset(Instant::now() + self.stall_time);
                }
                match self.clock.as_mut().poll(context) {
                    Poll::Ready(()) => Poll::Ready(Err(io::Error::new(
                        io::ErrorKind::TimedOut,
                        "the client doesn't read what it asked for",
                    ))),
                    Poll::Pending => Poll::Pending,
                }
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Impatient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Impatient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.judge(context, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.judge(context, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_flush(context);
        if outcome.is_ready() {
            self.running = false;
        }
        outcome
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    fn limits() -> ConnectionLimits {
        ConnectionLimits { stall_time: Duration::from_millis(400), stall_bytes: 1000, ..Default::default() }
    }

    #[tokio::test]
    async fn a_write_fails_when_nobody_reads() {
        let (near, _far) = duplex(64);
        let mut stream = Impatient::new(near, &limits());
        let started = Instant::now();
        let error = stream.write_all(&[0; 65]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(started.elapsed() >= Duration::from_millis(400));
    }

    #[tokio::test]
    async fn a_reader_that_trickles_is_dropped_too() {
        let (near, mut far) = duplex(64);
        let mut stream = Impatient::new(near, &limits());
        let reader = tokio::spawn(async move {
            while far.read_u8().await.is_ok() {
                sleep(Duration::from_millis(100)).await;
            }
        });
        let error = stream.write_all(&[0; 10_000]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(stream);
        reader.await.unwrap();
    }

    #[tokio::test]
    async fn a_reader_that_keeps_up_may_take_as_long_as_it_needs() {
        let (near, mut far) = duplex(64);
        let mut stream = Impatient::new(near, &limits());
        let reader = tokio::spawn(async move {
            let mut total = 0;
            let mut buffer = [0; 64];
            while let Ok(bytes @ 1..) = far.read(&mut buffer).await {
                total += bytes;
                sleep(Duration::from_millis(5)).await;
            }
            total
        });
        stream.write_all(&[0; 10_000]).await.unwrap();
        drop(stream);
        assert_eq!(reader.await.unwrap(), 10_000);
    }

    #[tokio::test]
    async fn idle_time_between_writes_does_not_count() {
        let (near, mut far) = duplex(64);
        let mut stream = Impatient::new(near, &limits());
        for _ in 0..3 {
            let mut buffer = [0; 65];
            let (written, read) = tokio::join!(stream.write_all(&[0; 65]), far.read_exact(&mut buffer));
            written.unwrap();
            read.unwrap();
            stream.flush().await.unwrap();
            sleep(Duration::from_millis(900)).await;
        }
    }
}
