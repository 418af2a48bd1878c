//! DAGs of any shape, by hand: the packer's own shapes are too regular for a gateway's tests.

use bytes::Bytes;
use cid::Cid;
use ipld_dagpb::{PbLink, PbNode};
use multihash::Multihash;
use sha2::{Digest, Sha256};

const RAW: u64 = 0x55;
const DAG_PB: u64 = 0x70;

/// A DAG: its root and its blocks.
#[derive(Clone, Debug)]
pub struct Dag {
    pub root: Cid,
    /// Bytes of the file, for a parent's block sizes.
    size: u64,
    pub blocks: Vec<(Cid, Bytes)>,
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

pub fn cid(codec: u64, bytes: &[u8]) -> Cid {
    Cid::new_v1(codec, Multihash::wrap(0x12, &Sha256::digest(bytes)).unwrap())
}

/// The CID in its old form.
pub fn version_0(cid: &Cid) -> Cid {
    Cid::new_v0(*cid.hash()).unwrap()
}

impl Dag {
    /// A raw leaf.
    pub fn leaf(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let root = cid(RAW, &bytes);
        Self { root, size: bytes.len() as u64, blocks: vec![(root, bytes)] }
    }

    /// A file of leaves of that size, under one node.
    pub fn chunked(bytes: &[u8], chunk: usize) -> Self {
        Self::file(bytes.chunks(chunk).map(|chunk| Self::leaf(chunk.to_vec())).collect())
    }

    /// A file's node over its parts.
    pub fn file(parts: Vec<Dag>) -> Self {
        let size = parts.iter().map(|part| part.size).sum();
        let mut data = vec![0x08, 2, 0x18];
        data.extend(varint(size));
        for part in &parts {
            data.push(0x20);
            data.extend(varint(part.size));
        }
        let mut file = Self::node(data, parts.into_iter().map(|part| (String::new(), part)).collect());
        file.size = size;
        file
    }

    pub fn folder(entries: Vec<(&str, Dag)>) -> Self {
        Self::node(vec![0x08, 1], entries.into_iter().map(|(name, dag)| (name.to_owned(), dag)).collect())
    }

    /// A node of a split folder; names start with their place.
    pub fn shard(entries: Vec<(&str, Dag)>) -> Self {
        // Hash function murmur3-x64-64, 256 places.
        let data = [vec![0x08, 5, 0x28, 0x22, 0x30], varint(256)].concat();
        Self::node(data, entries.into_iter().map(|(name, dag)| (name.to_owned(), dag)).collect())
    }

    fn node(data: Vec<u8>, entries: Vec<(String, Dag)>) -> Self {
        let links = entries
            .iter()
            .map(|(name, dag)| PbLink { cid: dag.root, name: Some(name.clone()), size: Some(dag.size) })
            .collect();
        let bytes: Bytes = PbNode { links, data: Some(data.into()) }.into_bytes().into();
        let root = cid(DAG_PB, &bytes);
        let mut blocks = vec![(root, bytes)];
        for (_, dag) in entries {
            for block in dag.blocks {
                if !blocks.contains(&block) {
                    blocks.push(block);
                }
            }
        }
        Self { root, size: 0, blocks }
    }

    /// The bytes of one of its blocks.
    pub fn block(&self, cid: &Cid) -> Bytes {
        self.blocks.iter().find(|(known, _)| known == cid).unwrap().1.clone()
    }

    /// The DAG as a CARv1.
    pub fn car(&self) -> Vec<u8> {
        car(&self.root, &self.blocks)
    }
}

/// A CARv1 of these blocks.
pub fn car(root: &Cid, blocks: &[(Cid, Bytes)]) -> Vec<u8> {
    #[derive(serde::Serialize)]
    struct Header<'a> {
        roots: [&'a Cid; 1],
        version: u64,
    }
    let header = serde_ipld_dagcbor::to_vec(&Header { roots: [root], version: 1 }).unwrap();
    let mut car = varint(header.len() as u64);
    car.extend(header);
    for (cid, bytes) in blocks {
        let cid = cid.to_bytes();
        car.extend(varint((cid.len() + bytes.len()) as u64));
        car.extend(cid);
        car.extend_from_slice(bytes);
    }
    car
}

/// What a CAR holds: its roots and its blocks in their order, each one's hash checked.
pub fn read_car(mut car: &[u8]) -> (Vec<Cid>, Vec<Cid>) {
    #[derive(serde::Deserialize)]
    struct Header {
        roots: Vec<Cid>,
        version: u64,
    }
    fn section<'a>(car: &mut &'a [u8]) -> &'a [u8] {
        let (size, rest) = unsigned_varint::decode::usize(car).unwrap();
        let (section, rest) = rest.split_at(size);
        *car = rest;
        section
    }
    let header: Header = serde_ipld_dagcbor::from_slice(section(&mut car)).unwrap();
    assert_eq!(header.version, 1);
    let mut blocks = Vec::new();
    while !car.is_empty() {
        let mut bytes = section(&mut car);
        let cid = Cid::read_bytes(&mut bytes).unwrap();
        assert_eq!(cid.hash().digest(), Sha256::digest(bytes).as_slice(), "{cid}");
        blocks.push(cid);
    }
    (header.roots, blocks)
}

/// A text of 1,026 bytes in chunks of 256, like the suite's `multiblock.txt`; no two chunks are the same.
pub fn multiblock() -> Dag {
    let bytes: Vec<u8> = (0..1026u32).map(|at| (at / 7 + at % 251) as u8).collect();
    Dag::chunked(&bytes, 256)
}

/// Bytes that don't repeat, the same on every run.
pub fn noise(seed: u64, size: usize) -> Vec<u8> {
    let mut bytes = vec![0; size];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}
