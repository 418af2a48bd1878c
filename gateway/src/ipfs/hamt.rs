//! Folders that are split over several nodes (HAMT). They are never made here and may come in by upload.
//!
//! A link's name starts with two hex digits, its place in the node: alone, it leads to a further node; followed by a
//! name, to an entry. The place is one byte of the name's murmur3 hash for each level.

use stoa_content::unixfs::{Link, Node};

/// Hex digits of a place in a node of 256 places, the only kind in use.
const PLACE_DIGITS: usize = 2;

/// Where the search for a name leads next.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Step<'a> {
    Entry(&'a Link),
    Node(&'a Link),
}

/// Whether the link leads to a further node of the same folder.
pub(crate) fn leads_to_node(link: &Link) -> bool {
    link.name.len() == PLACE_DIGITS
}

/// The name of the folder's entry that the link leads to, whatever its place.
pub(crate) fn entry_name(link: &Link) -> Option<&str> {
    link.name.get(PLACE_DIGITS..)
}

/// One step of the search for a name in the node on that level, the root's being zero.
pub(super) fn find<'a>(node: &'a Node, level: usize, name: &str) -> Option<Step<'a>> {
    let hash = murmur3_x64_64(name.as_bytes()).to_be_bytes();
    let place = format!("{:02X}", hash.get(level)?);
    node.links.iter().find_map(|link| match link.name.strip_prefix(&place)? {
        "" => Some(Step::Node(link)),
        entry if entry == name => Some(Step::Entry(link)),
        _ => None,
    })
}

/// The first half of MurmurHash3_x64_128 with seed 0; no crate of it is kept up.
fn murmur3_x64_64(bytes: &[u8]) -> u64 {
    const C1: u64 = 0x87c3_7b91_1142_53d5;
    const C2: u64 = 0x4cf5_ad43_2745_937f;
    let mix1 = |word: u64| word.wrapping_mul(C1).rotate_left(31).wrapping_mul(C2);
    let mix2 = |word: u64| word.wrapping_mul(C2).rotate_left(33).wrapping_mul(C1);
    let word = |part: &[u8]| {
        let mut word = [0; 8];
        word.iter_mut().zip(part).for_each(|(to, from)| *to = *from);
        u64::from_le_bytes(word)
    };
    let (mut h1, mut h2) = (0u64, 0u64);
    let blocks = bytes.chunks_exact(16);
    let tail = blocks.remainder();
    for block in blocks {
        let (low, high) = block.split_at(8);
        h1 = (h1 ^ mix1(word(low))).rotate_left(27).wrapping_add(h2);
        h1 = h1.wrapping_mul(5).wrapping_add(0x52dc_e729);
        h2 = (h2 ^ mix2(word(high))).rotate_left(31).wrapping_add(h1);
        h2 = h2.wrapping_mul(5).wrapping_add(0x3849_5ab5);
    }
    let (low, high) = tail.split_at(tail.len().min(8));
    h2 ^= mix2(word(high));
    h1 ^= mix1(word(low));
    h1 ^= bytes.len() as u64;
    h2 ^= bytes.len() as u64;
    h1 = h1.wrapping_add(h2);
    h2 = h2.wrapping_add(h1);
    h1 = finish(h1);
    h2 = finish(h2);
    h1.wrapping_add(h2)
}

fn finish(mut word: u64) -> u64 {
    word = (word ^ (word >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    word = (word ^ (word >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    word ^ (word >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_murmur3() {
        assert_eq!(murmur3_x64_64(b""), 0);
        assert_eq!(murmur3_x64_64(b"hello"), 0xcbd8_a7b3_41bd_9b02);
        assert_eq!(murmur3_x64_64(b"hello, world"), 0x342f_ac62_3a5e_bc8e);
        assert_eq!(murmur3_x64_64(b"The quick brown fox jumps over the lazy dog."), 0xcd99_481f_9ee9_02c9);
    }
}
