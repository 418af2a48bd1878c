//! UnixFS nodes: the dag-pb blocks above the raw leaves.
//!
//! A file of at most one block is its raw leaf alone. A longer one is a balanced tree of nodes with up to
//! [`MAX_LINKS`] links. A folder is one node, its links sorted by name, never a HAMT. These are the settings of the
//! profile `unixfs-v1-2025` of npm's `ipfs-unixfs-importer` 17 and the defaults of Helia's `@helia/unixfs` 8.

use bytes::Bytes;
use ipld_dagpb::{PbLink, PbNode};
use prost::Message;
use stoa_primitives::ContentId;

use crate::{NodeError, cid, content_id};

/// Most links of a file's node.
pub const MAX_LINKS: usize = 1024;

/// What a node is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Bytes of a file, in the form that predates raw leaves.
    Raw,
    /// A folder.
    Directory,
    /// A file.
    File,
    /// Metadata of a file; nobody writes it.
    Metadata,
    /// A symbolic link.
    Symlink,
    /// Part of a folder that is split over several nodes. Never made here.
    HamtShard,
}

/// A link of a node.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Link {
    /// Name in the folder; empty in a file.
    pub name: String,
    /// What it points at.
    pub content: ContentId,
    /// Size of the DAG below as its maker states it. Nothing checks it: don't rely on it.
    pub tsize: u64,
}

/// A decoded node.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Bytes inside the node: of a file, or a symbolic link's target.
    pub data: Bytes,
    /// How many bytes of the file lie below each link; as many as there are links in a file, empty in a folder.
    pub block_sizes: Vec<u64>,
    /// The links, in their order.
    pub links: Vec<Link>,
}

impl Node {
    /// Decodes a dag-pb block. A file's block sizes are checked against its links and its stated size.
    pub fn decode(block: &[u8]) -> Result<Self, NodeError> {
        Self::decode_bytes(Bytes::copy_from_slice(block))
    }

    /// As [`Node::decode`], without a copy.
    pub fn decode_bytes(block: Bytes) -> Result<Self, NodeError> {
        let node = PbNode::from_bytes(block).map_err(|error| NodeError::DagPb(error.to_string()))?;
        let data = node.data.ok_or_else(|| NodeError::Data("there is none".into()))?;
        let data = Data::decode(data).map_err(|error| NodeError::Data(error.to_string()))?;
        let kind = match data.kind {
            0 => Kind::Raw,
            1 => Kind::Directory,
            2 => Kind::File,
            3 => Kind::Metadata,
            4 => Kind::Symlink,
            5 => Kind::HamtShard,
            other => return Err(NodeError::Data(format!("kind {other} is unknown"))),
        };
        let links = node
            .links
            .into_iter()
            .map(|link| {
                let content = content_id(&link.cid).ok_or_else(|| NodeError::Link(link.cid.to_string()))?;
                Ok(Link {
                    name: link.name.unwrap_or_default(),
                    content,
                    tsize: link.size.unwrap_or_default(),
                })
            })
            .collect::<Result<Vec<_>, NodeError>>()?;
        let node = Self { kind, data: data.data.unwrap_or_default(), block_sizes: data.block_sizes, links };
        if matches!(kind, Kind::File | Kind::Raw) {
            if node.block_sizes.len() != node.links.len() {
                return Err(NodeError::BlockSizes { links: node.links.len(), sizes: node.block_sizes.len() });
            }
            let sum = node.file_size();
            if let Some(stated) = data.file_size.filter(|stated| *stated != sum) {
                return Err(NodeError::FileSize { stated, sum });
            }
        }
        Ok(node)
    }

    /// How many bytes of a file this node and all below it hold; zero for a folder.
    pub fn file_size(&self) -> u64 {
        match self.kind {
            Kind::File | Kind::Raw => {
                self.block_sizes.iter().fold(self.data.len() as u64, |sum, size| sum.saturating_add(*size))
            }
            _ => 0,
        }
    }

    /// The link of that name in a folder's node.
    pub fn link(&self, name: &str) -> Option<&Link> {
        self.links.iter().find(|link| link.name == name)
    }
}

/// The node over parts of a file: each part's link and how many bytes of the file it holds.
pub(crate) fn encode_file(parts: Vec<(Link, u64)>) -> Vec<u8> {
    let block_sizes: Vec<u64> = parts.iter().map(|(_, size)| *size).collect();
    let data = Data { kind: 2, file_size: Some(block_sizes.iter().sum()), block_sizes, ..Data::default() };
    encode(data, parts.into_iter().map(|(link, _)| link))
}

/// The node of a folder; its links are sorted here.
pub(crate) fn encode_directory(links: Vec<Link>) -> Vec<u8> {
    encode(Data { kind: 1, ..Data::default() }, links.into_iter())
}

fn encode(data: Data, links: impl Iterator<Item = Link>) -> Vec<u8> {
    let links = links
        .map(|link| PbLink { cid: cid(&link.content), name: Some(link.name), size: Some(link.tsize) })
        .collect();
    PbNode { links, data: Some(data.encode_to_vec().into()) }.into_bytes()
}

/// The protobuf message in a node's data field; mode and time are neither written nor kept.
#[derive(Clone, PartialEq, prost::Message)]
struct Data {
    #[prost(int32, required, tag = "1")]
    kind: i32,
    #[prost(bytes = "bytes", optional, tag = "2")]
    data: Option<Bytes>,
    #[prost(uint64, optional, tag = "3")]
    file_size: Option<u64>,
    #[prost(uint64, repeated, packed = "false", tag = "4")]
    block_sizes: Vec<u64>,
}
