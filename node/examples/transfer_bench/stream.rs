//! litep2p without anything above it: substreams of one protocol over TCP, noise and yamux, set up as sc-network does.

use anyhow::{Context, Result};
use futures::StreamExt;
use litep2p::{
    Litep2p, PeerId, ProtocolName,
    codec::ProtocolCodec,
    config::ConfigBuilder,
    protocol::{Direction, TransportEvent, TransportService, UserProtocol},
    substream::Substream,
    transport::tcp::config::Config as TcpConfig,
    types::multiaddr::Multiaddr,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::mpsc,
};

const PROTOCOL: &str = "/transfer-bench/stream/1";
const CHUNK: usize = 1 << 20;
const CHANNEL: usize = 64;

/// Opens substreams when asked to, and hands out all that are open.
struct Opener {
    name: &'static str,
    codec: ProtocolCodec,
    asked: mpsc::Receiver<PeerId>,
    outbound: mpsc::Sender<Substream>,
    inbound: mpsc::Sender<Substream>,
}

#[async_trait::async_trait]
impl UserProtocol for Opener {
    fn protocol(&self) -> ProtocolName {
        self.name.into()
    }

    fn codec(&self) -> ProtocolCodec {
        self.codec
    }

    async fn run(mut self: Box<Self>, mut service: TransportService) -> litep2p::Result<()> {
        let mut waits_for_dial = None;
        loop {
            tokio::select! {
                Some(peer) = self.asked.recv() => if service.open_substream(peer).is_err() {
                    if let Err(error) = service.dial(&peer) {
                        eprintln!("can't dial {peer}: {error}");
                    }
                    waits_for_dial = Some(peer);
                },
                event = service.next() => match event {
                    Some(TransportEvent::ConnectionEstablished { peer, .. }) => {
                        if waits_for_dial.take_if(|waiting| *waiting == peer).is_some() {
                            service.open_substream(peer)?;
                        }
                    },
                    Some(TransportEvent::SubstreamOpened { substream, direction, .. }) => {
                        let channel = match direction {
                            Direction::Inbound => &self.inbound,
                            Direction::Outbound(_) => &self.outbound,
                        };
                        if channel.send(substream).await.is_err() {
                            return Ok(());
                        }
                    },
                    Some(TransportEvent::SubstreamOpenFailure { error, .. }) => {
                        eprintln!("no substream: {error}");
                    },
                    Some(_) => {},
                    None => return Ok(()),
                },
            }
        }
    }
}

/// A running litep2p with one protocol.
pub(crate) struct Substreams {
    ask: mpsc::Sender<PeerId>,
    outbound: mpsc::Receiver<Substream>,
    pub(crate) inbound: mpsc::Receiver<Substream>,
    pub(crate) address: Multiaddr,
}

impl Substreams {
    /// Listens on a free port of loopback.
    pub(crate) fn start(name: &'static str, codec: ProtocolCodec, known: Option<Multiaddr>) -> Result<Self> {
        let (ask, asked) = mpsc::channel(CHANNEL);
        let (outbound_tx, outbound) = mpsc::channel(CHANNEL);
        let (inbound_tx, inbound) = mpsc::channel(CHANNEL);
        let opener = Opener { name, codec, asked, outbound: outbound_tx, inbound: inbound_tx };
        let tcp = TcpConfig {
            listen_addresses: vec!["/ip4/127.0.0.1/tcp/0".parse()?],
            nodelay: true,
            ..Default::default()
        };
        let known = known.and_then(|address| Some((PeerId::try_from_multiaddr(&address)?, vec![address])));
        let config = ConfigBuilder::new()
            .with_tcp(tcp)
            .with_user_protocol(Box::new(opener))
            .with_known_addresses(known.into_iter())
            .build();
        let mut litep2p = Litep2p::new(config)?;
        let address = litep2p.listen_addresses().next().context("it doesn't listen")?.clone();
        tokio::spawn(async move { while litep2p.next_event().await.is_some() {} });
        Ok(Self { ask, outbound, inbound, address })
    }

    /// A new substream to a peer.
    pub(crate) async fn open(&mut self, peer: PeerId) -> Result<Substream> {
        self.ask.send(peer).await?;
        self.outbound.recv().await.context("litep2p ended")
    }
}

/// Sends as much of `bytes` as a peer asks for, on each substream that it opens.
pub(crate) fn serve(bytes: Vec<u8>) -> Result<Multiaddr> {
    let mut substreams = Substreams::start(PROTOCOL, ProtocolCodec::Unspecified, None)?;
    let address = substreams.address.clone();
    tokio::spawn(async move {
        while let Some(substream) = substreams.inbound.recv().await {
            if let Err(error) = send(substream, &bytes).await {
                eprintln!("the stream failed: {error}");
            }
        }
    });
    Ok(address)
}

async fn send(mut substream: Substream, bytes: &[u8]) -> std::io::Result<()> {
    let count = substream.read_u64().await?;
    let bytes = bytes.get(..usize::try_from(count).unwrap_or(usize::MAX)).unwrap_or(bytes);
    for chunk in bytes.chunks(CHUNK) {
        substream.write_all(chunk).await?;
    }
    substream.shutdown().await?;
    // Until the other side is done as well: dropped earlier, it might be reset.
    substream.read(&mut [0]).await.map(|_| ())
}

/// The receiving end.
pub(crate) struct Stream {
    substreams: Substreams,
    peer: PeerId,
}

impl Stream {
    /// Connects to who called [`serve`].
    pub(crate) async fn connect(address: Multiaddr) -> Result<Self> {
        let peer = PeerId::try_from_multiaddr(&address).context("an address without a peer")?;
        let substreams = Substreams::start(PROTOCOL, ProtocolCodec::Unspecified, Some(address))?;
        let mut stream = Self { substreams, peer };
        stream.receive(1, |_| Ok(())).await?;
        Ok(stream)
    }

    /// Receives so many bytes over a new substream.
    pub(crate) async fn receive(
        &mut self,
        count: u64,
        mut take: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        let mut substream = self.substreams.open(self.peer).await?;
        substream.write_u64(count).await?;
        substream.flush().await?;
        let mut buffer = vec![0; CHUNK];
        let mut left = count;
        while left > 0 {
            let read = substream.read(&mut buffer).await?;
            anyhow::ensure!(read > 0, "the stream ended {left} bytes early");
            take(buffer.get(..read).unwrap_or_default())?;
            left = left.saturating_sub(read as u64);
        }
        Ok(())
    }
}
