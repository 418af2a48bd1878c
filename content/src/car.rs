//! CARv1: a header that names the root, then one section a block.

use std::io::{self, BufReader, Read, Seek};

use bytes::{Buf, Bytes, BytesMut};
use cid::Cid;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use stoa_primitives::ContentId;
use unsigned_varint::{
    decode, encode,
    io::{ReadError, read_u64},
};

use crate::{CarError, MAX_BLOCK_SIZE};

/// Bytes of a header with one root; the same for every root that is supported.
pub const HEADER_SIZE: usize = 59;
/// Bytes of a CID.
const CID_SIZE: usize = 36;
/// Longest length prefix of a block, and its CID.
pub(crate) const MAX_SECTION_HEAD: u64 = 4 + CID_SIZE as u64;
/// Longest header that is read; one with a root takes [`HEADER_SIZE`].
const MAX_HEADER_SIZE: u64 = 1024;

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Header {
    roots: Vec<Cid>,
    version: u64,
}

/// The header of a CAR with that root.
pub fn header(root: &ContentId) -> Vec<u8> {
    let header = Header { roots: vec![crate::cid(root)], version: 1 };
    let body = serde_ipld_dagcbor::to_vec(&header).expect("a CID and a number always encode; qed");
    let mut bytes = Vec::with_capacity(HEADER_SIZE);
    bytes.extend_from_slice(encode::usize(body.len(), &mut encode::usize_buffer()));
    bytes.extend_from_slice(&body);
    bytes
}

/// What comes before a block's bytes: the section's length and the CID.
pub fn section_head(content: &ContentId, block_len: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(CID_SIZE + 4);
    bytes.extend_from_slice(encode::usize(CID_SIZE + block_len, &mut encode::usize_buffer()));
    bytes.extend_from_slice(&content.to_bytes());
    bytes
}

/// A block of a CAR, its hash checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Block {
    /// Its name.
    pub content: ContentId,
    /// Its bytes.
    pub data: Bytes,
    /// Where its bytes start in the CAR.
    pub offset: u64,
}

/// Reads a CAR from bytes as they come: `push`, then `next_block` until it gives `None`, and `finish` at the end.
/// Holds at most one block beside what was pushed.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: BytesMut,
    /// Position in the CAR of the buffer's first byte.
    offset: u64,
    root: Option<ContentId>,
}

impl Decoder {
    /// A decoder at the start of a CAR.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The root, once the header has been read by `next_block`.
    pub fn root(&self) -> Option<ContentId> {
        self.root
    }

    /// The next block, or `None` when it hasn't come whole.
    pub fn next_block(&mut self) -> Result<Option<Block>, CarError> {
        if self.root.is_none() {
            let Some((head, body)) = self.section(MAX_HEADER_SIZE)? else { return Ok(None) };
            self.advance(head);
            let header = self.take(body);
            self.root = Some(parse_header(&header)?);
        }
        let limit = (CID_SIZE + MAX_BLOCK_SIZE) as u64;
        let start = self.offset;
        let Some((head, body)) = self.section(limit)? else { return Ok(None) };
        self.advance(head);
        let mut data = self.take(body);
        let content = data.get(..CID_SIZE).and_then(ContentId::from_bytes).ok_or(CarError::Cid(start))?;
        data.advance(CID_SIZE);
        if Sha256::digest(&data).as_slice() != content.digest {
            return Err(CarError::Hash { offset: start, content });
        }
        Ok(Some(Block { content, offset: self.offset - data.len() as u64, data }))
    }

    /// Says that no more bytes come, and gives the root.
    pub fn finish(self) -> Result<ContentId, CarError> {
        match self.root {
            Some(root) if self.buffer.is_empty() => Ok(root),
            _ => Err(CarError::Truncated(self.offset + self.buffer.len() as u64)),
        }
    }

    /// Lengths of the next section's prefix and body, once both are in the buffer.
    fn section(&self, limit: u64) -> Result<Option<(usize, usize)>, CarError> {
        let (size, rest) = match decode::u64(&self.buffer) {
            Ok(found) => found,
            Err(decode::Error::Insufficient) => return Ok(None),
            Err(_) => return Err(CarError::Length(self.offset)),
        };
        if size > limit {
            return Err(too_long(self.root.is_none(), self.offset, size));
        }
        let head = self.buffer.len() - rest.len();
        let body = usize::try_from(size).map_err(|_| CarError::Length(self.offset))?;
        Ok((rest.len() >= body).then_some((head, body)))
    }

    fn advance(&mut self, count: usize) {
        self.buffer.advance(count);
        self.offset += count as u64;
    }

    fn take(&mut self, count: usize) -> Bytes {
        self.offset += count as u64;
        self.buffer.split_to(count).freeze()
    }
}

fn too_long(header: bool, offset: u64, size: u64) -> CarError {
    match header {
        true => CarError::Header("its header is too long"),
        false => CarError::BlockTooLarge { offset, size },
    }
}

fn parse_header(bytes: &[u8]) -> Result<ContentId, CarError> {
    let header: Header = serde_ipld_dagcbor::from_slice(bytes)
        .map_err(|_| CarError::Header("its header doesn't decode; only version 1 is supported"))?;
    if header.version != 1 {
        return Err(CarError::Header("its version isn't 1"));
    }
    let [root] = header.roots.as_slice() else {
        return Err(CarError::Header("it must name exactly one root"));
    };
    crate::content_id(root)
        .ok_or(CarError::Header("its root isn't a CIDv1 of a raw or dag-pb block under sha2-256"))
}

/// Reads a CAR from a reader, block by block; ends after the first error.
#[derive(Debug)]
pub struct Reader<R> {
    input: R,
    decoder: Decoder,
    chunk: Vec<u8>,
    done: bool,
}

impl<R: Read> Reader<R> {
    /// A reader at the start of a CAR.
    pub fn new(input: R) -> Self {
        Self { input, decoder: Decoder::new(), chunk: vec![0; 256 << 10], done: false }
    }

    /// The root, once the first block has been read.
    pub fn root(&self) -> Option<ContentId> {
        self.decoder.root()
    }

    fn step(&mut self) -> Result<Option<Block>, CarError> {
        loop {
            if let Some(block) = self.decoder.next_block()? {
                return Ok(Some(block));
            }
            let count = self.input.read(&mut self.chunk)?;
            if count == 0 {
                return std::mem::take(&mut self.decoder)
                    .finish_keeping_root(&mut self.decoder)
                    .map(|()| None);
            }
            self.decoder.push(self.chunk.get(..count).unwrap_or_default());
        }
    }
}

impl Decoder {
    /// As `finish`, and leaves the root readable in `kept`.
    fn finish_keeping_root(self, kept: &mut Self) -> Result<(), CarError> {
        kept.root = self.root;
        self.finish().map(|_| ())
    }
}

impl<R: Read> Iterator for Reader<R> {
    type Item = Result<Block, CarError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let item = self.step().transpose();
        self.done = !matches!(item, Some(Ok(_)));
        item
    }
}

/// A block of a CAR that wasn't read yet: nothing says so far that its bytes hash to its name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unread {
    pub(crate) content: ContentId,
    /// Where its section starts.
    pub(crate) section: u64,
    /// Where its bytes start.
    pub(crate) offset: u64,
    pub(crate) len: usize,
}

/// Finds the blocks of a CAR without reading them.
pub(crate) struct Scan<R> {
    input: BufReader<R>,
    offset: u64,
    size: u64,
}

impl<R: Read + Seek> Scan<R> {
    /// Reads the header of a CAR of `size` bytes, and gives the root that it names.
    pub(crate) fn start(input: R, size: u64) -> Result<(Self, ContentId), CarError> {
        let mut scan = Self { input: BufReader::new(input), offset: 0, size };
        let length = scan.length(MAX_HEADER_SIZE, true)?.ok_or(CarError::Truncated(size))?;
        let mut header = vec![0; length];
        scan.read(&mut header)?;
        Ok((scan, parse_header(&header)?))
    }

    /// The next block.
    pub(crate) fn next(&mut self) -> Result<Option<Unread>, CarError> {
        let section = self.offset;
        let Some(length) = self.length((CID_SIZE + MAX_BLOCK_SIZE) as u64, false)? else { return Ok(None) };
        let len = length.checked_sub(CID_SIZE).ok_or(CarError::Cid(section))?;
        let mut name = [0; CID_SIZE];
        self.read(&mut name)?;
        let content = ContentId::from_bytes(&name).ok_or(CarError::Cid(section))?;
        let offset = self.offset;
        self.input.seek_relative(len as i64)?;
        self.offset += len as u64;
        Ok(Some(Unread { content, section, offset, len }))
    }

    /// The next section's length, all of which lies inside the CAR; `None` at its end.
    fn length(&mut self, limit: u64, header: bool) -> Result<Option<usize>, CarError> {
        if self.offset == self.size {
            return Ok(None);
        }
        let length = read_u64(&mut self.input).map_err(|error| match error {
            ReadError::Io(error) => self.failed(error),
            _ => CarError::Length(self.offset),
        })?;
        if length > limit {
            return Err(too_long(header, self.offset, length));
        }
        // Only the shortest encoding is read, so its length is known.
        self.offset += encode::u64(length, &mut encode::u64_buffer()).len() as u64;
        if length > self.size.saturating_sub(self.offset) {
            return Err(CarError::Truncated(self.size));
        }
        usize::try_from(length).map(Some).map_err(|_| CarError::Length(self.offset))
    }

    fn read(&mut self, bytes: &mut [u8]) -> Result<(), CarError> {
        self.input.read_exact(bytes).map_err(|error| self.failed(error))?;
        self.offset += bytes.len() as u64;
        Ok(())
    }

    fn failed(&self, error: io::Error) -> CarError {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => CarError::Truncated(self.size),
            _ => error.into(),
        }
    }
}
