//! Bytes from strangers: whatever they are, reading them ends with a value or an error.

mod support;

use proptest::prelude::*;
use stoa_content::{
    Codec, Piece,
    car::{Decoder, Reader},
    parse_cid, slice, text,
    unixfs::{Kind, Node},
};
use support::{car, folder};

/// A CAR with a folder and a file of several blocks.
fn sample() -> Vec<u8> {
    car(folder(&[(1 << 20) + 5, 100], 1).path()).1
}

/// The nodes of the sample.
fn nodes() -> Vec<Vec<u8>> {
    Reader::new(sample().as_slice())
        .map(Result::unwrap)
        .filter(|block| block.content.codec == Codec::DagPb)
        .map(|block| block.data.to_vec())
        .collect()
}

#[test]
fn nodes_tell_kind_sizes_and_names() {
    let nodes: Vec<_> = nodes().iter().map(|node| Node::decode(node).unwrap()).collect();
    let [file, root] = nodes.as_slice() else { panic!("{nodes:?}") };
    assert_eq!((file.kind, file.file_size()), (Kind::File, (1 << 20) + 5));
    assert_eq!(file.block_sizes, [1 << 20, 5]);
    assert!(file.links.iter().all(|link| link.name.is_empty()));
    assert_eq!((root.kind, root.file_size()), (Kind::Directory, 0));
    assert_eq!(
        root.links.iter().map(|link| link.name.as_str()).collect::<Vec<_>>(),
        ["file-0.bin", "file-1.bin"]
    );
    assert_eq!(root.link("file-1.bin").unwrap().content.codec, Codec::Raw);
    assert_eq!(root.link("absent"), None);
}

#[test]
fn cids_are_read_in_any_base_and_other_kinds_refused() {
    let (packed, _) = car(folder(&[1], 1).path());
    assert_eq!(parse_cid(&text(&packed.content)), Some(packed.content));
    let base58 =
        stoa_content::cid(&packed.content).to_string_of_base(cid::multibase::Base::Base58Btc).unwrap();
    assert_eq!(parse_cid(&base58), Some(packed.content));
    for other in ["", "bafy", "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn", "bafkqaaa"] {
        assert_eq!(parse_cid(other), None, "{other}");
    }
}

proptest! {
    #[test]
    fn arbitrary_nodes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        Node::decode(&bytes).ok();
    }

    #[test]
    fn changed_nodes_are_read_or_refused(
        which in 0usize..2,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut node = nodes_once()[which].clone();
        for (at, byte) in changes {
            let at = at.index(node.len());
            node[at] = byte;
        }
        Node::decode(&node).ok();
        node.truncate(cut.index(node.len()));
        Node::decode(&node).ok();
    }

    #[test]
    fn arbitrary_cars_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut decoder = Decoder::new();
        decoder.push(&bytes);
        let ended = loop {
            match decoder.next_block() {
                Ok(Some(_)) => {},
                Ok(None) => break decoder.finish().is_err(),
                Err(_) => break true,
            }
        };
        prop_assert!(ended);
    }

    #[test]
    fn arbitrary_slices_are_refused(
        size in any::<u64>(),
        start in any::<u64>(),
        groups in 0u64..2000,
        bytes in prop::collection::vec(any::<u8>(), 0..5000),
    ) {
        let piece = Piece { root: [3; 32], size };
        let start = start / 16384 * 16384;
        let end = start.saturating_add(groups * 16384).min(size);
        prop_assert!(slice::decode(&piece, start..end, &bytes, &mut |_, _| ()).is_err());
        slice::encoded_size(&piece, start..end).ok();
        let small = Piece { root: [3; 32], size: size % 100_000 };
        prop_assert!(slice::decode(&small, 0..small.size, &bytes, &mut |_, _| ()).is_err());
    }
}

/// The nodes, packed once for all cases.
fn nodes_once() -> &'static [Vec<u8>] {
    static NODES: std::sync::OnceLock<Vec<Vec<u8>>> = std::sync::OnceLock::new();
    NODES.get_or_init(nodes)
}
