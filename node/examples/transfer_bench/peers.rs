//! Peers that ask and never read.
//!
//! Their connection is alive and yamux takes what its windows allow; what lies beyond stays with the server.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use codec::Encode;
use litep2p::{PeerId, codec::ProtocolCodec, types::multiaddr::Multiaddr};
use stoa_content::Cid;
use stoa_node::network::slice::config::{MAX_REQUEST_SIZE, MAX_SLICE, PROTOCOL_NAME, SliceRequest};

use crate::{sample::Sample, stream::Substreams};

/// What such a peer asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Mute {
    Slices,
    Bitswap,
}

const BITSWAP: &str = "/ipfs/bitswap/1.2.0";
const LONGEST_WANTLIST: usize = 4 << 10;
/// Blocks in one Bitswap message, as many as the server looks up at once.
const WANTS: usize = 16;
/// Asked for before anybody else gets a turn.
const AT_FIRST: usize = 64;
/// Asked for every second after that.
const EACH_SECOND: usize = 16;
/// Substreams that it holds at most; yamux allows 512.
const MAX_HELD: usize = 400;

/// Asks for ever; calls `ready` when the server has had a second to run into it.
pub(crate) async fn ask(
    mute: Mute,
    server: Multiaddr,
    sample: &Sample,
    ready: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let peer = PeerId::try_from_multiaddr(&server).context("an address without a peer")?;
    let mut asker = match mute {
        Mute::Slices => Asker::Slices { held: Vec::new() },
        Mute::Bitswap => Asker::Bitswap { outbound: None },
    };
    let (name, longest) = match mute {
        Mute::Slices => (PROTOCOL_NAME, MAX_REQUEST_SIZE as usize),
        Mute::Bitswap => (BITSWAP, LONGEST_WANTLIST),
    };
    let mut substreams = Substreams::start(name, ProtocolCodec::UnsignedVarint(Some(longest)), Some(server))?;
    asker.ask(&mut substreams, peer, sample, AT_FIRST).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    ready()?;
    let mut unread = Vec::new();
    loop {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => {},
            Some(substream) = substreams.inbound.recv() => {
                unread.push(substream);
                continue;
            },
        }
        asker.ask(&mut substreams, peer, sample, EACH_SECOND).await?;
    }
}

enum Asker {
    Slices { held: Vec<litep2p::substream::Substream> },
    Bitswap { outbound: Option<litep2p::substream::Substream> },
}

impl Asker {
    async fn ask(
        &mut self,
        substreams: &mut Substreams,
        peer: PeerId,
        sample: &Sample,
        count: usize,
    ) -> Result<()> {
        match self {
            Self::Slices { held } => {
                let ranges = (0..sample.piece.size.div_euclid(MAX_SLICE)).map(|index| {
                    let start = index * MAX_SLICE;
                    start..start + MAX_SLICE
                });
                for range in ranges.cycle().skip(held.len()).take(count.min(MAX_HELD - held.len())) {
                    let request = SliceRequest::new(&sample.piece, &range).context("too long a range")?;
                    let mut substream = substreams.open(peer).await?;
                    substream.send_framed(request.encode().into()).await?;
                    held.push(substream);
                }
            }
            Self::Bitswap { outbound } => {
                if outbound.is_none() {
                    *outbound = Some(substreams.open(peer).await?);
                }
                let Some(substream) = outbound else { bail!("no substream") };
                let wanted: Vec<_> = sample.leaves.iter().cycle().take(count).collect();
                for wants in wanted.chunks(WANTS) {
                    substream.send_framed(wantlist(wants).into()).await?;
                }
            }
        }
        Ok(())
    }
}

/// A Bitswap message that wants blocks, in protobuf by hand: `Message.wantlist`, its `entries`, their `block`.
fn wantlist(cids: &[&Cid]) -> Vec<u8> {
    let field = |bytes: Vec<u8>| {
        let mut field = vec![0x0a];
        let mut len = bytes.len();
        while len > 0x7f {
            field.push((len & 0x7f) as u8 | 0x80);
            len >>= 7;
        }
        field.push(len as u8);
        field.extend(bytes);
        field
    };
    field(cids.iter().flat_map(|cid| field(field(cid.to_bytes()))).collect())
}
