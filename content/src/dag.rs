//! Whether a set of blocks is one whole DAG.

use std::collections::HashMap;

use stoa_primitives::{Codec, ContentId};

use crate::{CarError, MAX_BLOCKS, unixfs::Node};

/// Where a block's bytes lie in a CAR.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Section {
    pub(crate) digest: [u8; 32],
    pub(crate) offset: u64,
    pub(crate) len: u32,
}

/// What a block links to: nothing, unless it is a node.
pub(crate) fn links(content: ContentId, data: &[u8]) -> Result<Vec<ContentId>, CarError> {
    if content.codec == Codec::Raw {
        return Ok(Vec::new());
    }
    let node = Node::decode(data).map_err(|source| CarError::Node { content, source })?;
    Ok(node.links.into_iter().map(|link| link.content).collect())
}

#[derive(Default)]
struct Seen {
    place: Option<(u64, u32)>,
    linked: bool,
}

/// Collects the blocks of a CAR in any order. A block graph has no cycles, because a hash can't be known before what
/// it covers; so it is one whole DAG exactly when every linked block is there and every block but the root is linked.
#[derive(Default)]
pub(crate) struct Dag {
    blocks: HashMap<ContentId, Seen>,
}

impl Dag {
    /// Takes a block whose hash was checked, with what [`links`] found in it. One that comes more than once counts once,
    /// at its first place.
    pub(crate) fn add(
        &mut self,
        content: ContentId,
        links: Vec<ContentId>,
        offset: u64,
        len: usize,
    ) -> Result<(), CarError> {
        let len = u32::try_from(len).map_err(|_| CarError::BlockTooLarge { offset, size: len as u64 })?;
        let seen = self.entry(content)?;
        if seen.place.is_none_or(|(first, _)| offset < first) {
            seen.place = Some((offset, len));
        }
        for link in links {
            self.entry(link)?.linked = true;
        }
        Ok(())
    }

    /// Checks that the blocks are the root's whole DAG and gives them.
    pub(crate) fn finish(self, root: ContentId) -> Result<Vec<Section>, CarError> {
        if !self.blocks.contains_key(&root) {
            return Err(CarError::Missing(root));
        }
        self.blocks
            .into_iter()
            .map(|(content, seen)| {
                let (offset, len) = seen.place.ok_or(CarError::Missing(content))?;
                if !seen.linked && content != root {
                    return Err(CarError::Leftover(content));
                }
                Ok(Section { digest: content.digest, offset, len })
            })
            .collect()
    }

    fn entry(&mut self, content: ContentId) -> Result<&mut Seen, CarError> {
        if self.blocks.len() >= MAX_BLOCKS && !self.blocks.contains_key(&content) {
            return Err(CarError::TooManyBlocks);
        }
        Ok(self.blocks.entry(content).or_default())
    }
}
