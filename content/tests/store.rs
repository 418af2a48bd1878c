//! The store: what goes in comes out, checked, and nothing else does.

mod support;

use std::{
    fs::{self, OpenOptions},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use stoa_content::{
    Access, CarError, Codec, ContentId, GROUP_SIZE, Piece, PieceInfo, SliceError, Store, StoreError,
    StoreOptions,
    car::{Reader, header, section_head},
    possession, slice, text,
};
use support::{ROOMY, car, folder, import, listing, put, store};

fn file(dir: &Path, piece: &Piece, ending: &str) -> PathBuf {
    let root: String = piece.root.iter().map(|byte| format!("{byte:02x}")).collect();
    dir.join("pieces").join(root).with_extension(ending)
}

fn flip(path: &Path, offset: u64) {
    let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, offset).unwrap();
    file.write_all_at(&[byte[0] ^ 1], offset).unwrap();
}

fn upload(store: &Store, car: &[u8], step: usize) -> Result<PieceInfo, StoreError> {
    let mut import = store.import_car()?;
    for part in car.chunks(step) {
        import.write(part)?;
    }
    import.finish(None)
}

/// Sends a piece from one store to another in slices of `step` bytes.
fn send(from: &Store, to: &Store, piece: Piece, step: u64) -> PieceInfo {
    let receive = to.receive(piece).unwrap();
    for range in receive.missing() {
        for part in slice::split(range, step) {
            let encoded = from.read_slice(&piece.root, part.clone()).unwrap().unwrap();
            assert_eq!(encoded.len() as u64, slice::encoded_size(&piece, part.clone()).unwrap());
            receive.accept(part, &encoded).unwrap();
        }
    }
    receive.finish().unwrap()
}

#[test]
fn an_imported_folder_is_its_car() {
    let (dir, store) = store();
    let source = folder(&[0, 1, 5000, 3 << 20, (2 << 20) + 1], 1);
    let packed = store.import_dir(source.path(), &mut |_| ()).unwrap();
    let (expected, bytes) = car(source.path());
    assert_eq!(packed, expected);
    assert_eq!(fs::read(file(dir.path(), &packed.piece, "car")).unwrap(), bytes);

    let info = store.piece(&packed.piece.root).unwrap().unwrap();
    assert_eq!((info.piece, info.content), (packed.piece, packed.content));
    assert_eq!((info.access, info.pinned), (Access::Restricted, false));
    assert_eq!(store.piece_by_content(&packed.content).unwrap(), [info]);
    assert_eq!(store.pieces(None, 10).unwrap(), [info]);
    assert_eq!(store.pieces(Some(info.piece.root), 10).unwrap(), []);
    let mut blocks = 0;
    for block in Reader::new(bytes.as_slice()).map(Result::unwrap) {
        blocks += 1;
        assert_eq!(store.block_of_any(&block.content.digest).unwrap().unwrap(), block.data);
        assert_eq!(store.block_of(&info.piece.root, &block.content.digest).unwrap().unwrap(), block.data);
    }
    assert_eq!(info.blocks, blocks);
    assert_eq!(store.stats().blocks, blocks);
    assert!(listing(&dir.path().join("temporary")).is_empty());
}

#[test]
fn a_car_arrives_in_steps_of_any_size() {
    let source = folder(&[100, 70_000, 1 << 20], 1);
    let (packed, bytes) = car(source.path());
    for step in [977, 4096, 1 << 20, bytes.len()] {
        let (_dir, store) = store();
        let info = upload(&store, &bytes, step).unwrap();
        assert_eq!((info.piece, info.content), (packed.piece, packed.content));
        assert!(store.read_slice(&info.piece.root, 0..GROUP_SIZE).unwrap().is_some());
    }
}

#[test]
fn blocks_are_handed_out_by_access() {
    let (_dir, store) = store();
    let packed = import(&store, &[10], 1);
    let digest = packed.content.digest;
    assert_eq!(store.block(&digest).unwrap(), None);
    assert!(!store.has_block(&digest).unwrap());
    assert!(store.block_of_any(&digest).unwrap().is_some());
    assert!(store.set_access(&packed.piece.root, Access::Public).unwrap());
    assert!(store.block(&digest).unwrap().is_some());
    assert!(store.has_block(&digest).unwrap());
    assert!(store.set_access(&packed.piece.root, Access::Restricted).unwrap());
    assert_eq!(store.block(&digest).unwrap(), None);
}

#[test]
fn what_is_absent_is_none_and_not_an_error() {
    let (_dir, store) = store();
    assert_eq!(store.block(&[1; 32]).unwrap(), None);
    assert_eq!(store.block_of_any(&[1; 32]).unwrap(), None);
    assert_eq!(store.block_of(&[1; 32], &[1; 32]).unwrap(), None);
    assert_eq!(store.piece(&[1; 32]).unwrap(), None);
    assert_eq!(store.read_slice(&[1; 32], 0..1).unwrap(), None);
    assert_eq!(store.prove_leaf(&[1; 32], 0).unwrap(), None);
    assert!(!store.set_access(&[1; 32], Access::Public).unwrap());
    assert!(!store.pin(&[1; 32], true).unwrap());
    assert!(!store.remove(&[1; 32]).unwrap());
}

#[test]
fn a_shared_block_outlives_one_of_its_pieces() {
    let (_dir, store) = store();
    let (one, two) = (folder(&[50_000], 1), folder(&[50_000], 1));
    put(two.path(), "more", 10, 9);
    let one = store.import_dir(one.path(), &mut |_| ()).unwrap();
    let two = store.import_dir(two.path(), &mut |_| ()).unwrap();
    let shared = one.files[0].content.digest;
    assert_eq!(shared, two.files[0].content.digest);
    assert_ne!(one.piece, two.piece);

    // A public piece makes the block public, whatever the other is.
    store.set_access(&two.piece.root, Access::Public).unwrap();
    assert!(store.block(&shared).unwrap().is_some());

    assert!(store.remove(&one.piece.root).unwrap());
    assert!(store.block(&shared).unwrap().is_some());
    assert_eq!(store.block_of_any(&one.content.digest).unwrap(), None);
    assert!(store.remove(&two.piece.root).unwrap());
    assert_eq!(store.block_of_any(&shared).unwrap(), None);
    assert_eq!(store.stats().bytes, 0);
}

#[test]
fn everything_is_there_after_reopening() {
    let (dir, store) = store();
    let packed = import(&store, &[10, 2 << 20], 1);
    store.pin(&packed.piece.root, true).unwrap();
    store.set_access(&packed.piece.root, Access::Public).unwrap();
    let before = store.pieces(None, 10).unwrap();
    let stats = store.stats();
    drop(store);
    let store = Store::open(dir.path(), ROOMY).unwrap();
    assert_eq!(store.pieces(None, 10).unwrap(), before);
    assert_eq!(store.stats(), stats);
    assert!(before[0].pinned);
    assert!(store.block(&packed.content.digest).unwrap().is_some());
}

#[test]
fn a_store_is_opened_once() {
    let (dir, store) = store();
    assert!(matches!(Store::open(dir.path(), ROOMY), Err(StoreError::InUse(_))));
    drop(store);
    Store::open(dir.path(), ROOMY).unwrap();
}

// Damage

#[test]
fn a_flipped_byte_is_never_served() {
    let (dir, store) = store();
    let packed = import(&store, &[100_000, 40], 1);
    store.set_access(&packed.piece.root, Access::Public).unwrap();
    let path = file(dir.path(), &packed.piece, "car");
    let bytes = fs::read(&path).unwrap();
    for block in Reader::new(bytes.as_slice()).map(Result::unwrap) {
        let digest = block.content.digest;
        let offset = block.offset + block.data.len() as u64 / 2;
        flip(&path, offset);
        assert!(matches!(store.block(&digest), Err(StoreError::Damaged { .. })));
        assert!(matches!(store.block_of_any(&digest), Err(StoreError::Damaged { .. })));
        let group = offset / GROUP_SIZE * GROUP_SIZE;
        let range = group..(group + GROUP_SIZE).min(packed.piece.size);
        assert!(matches!(store.read_slice(&packed.piece.root, range), Err(StoreError::Damaged { .. })));
        assert!(matches!(
            store.prove_leaf(&packed.piece.root, offset / 1024),
            Err(StoreError::Damaged { .. })
        ));
        flip(&path, offset);
        assert_eq!(store.block(&digest).unwrap().unwrap(), block.data);
    }
}

#[test]
fn a_flipped_outboard_is_never_served() {
    let (dir, store) = store();
    let packed = import(&store, &[100_000], 1);
    let path = file(dir.path(), &packed.piece, "obao");
    let root = &packed.piece.root;
    for offset in (0..fs::metadata(&path).unwrap().len()).step_by(32) {
        flip(&path, offset);
        assert!(matches!(store.read_slice(root, 0..packed.piece.size), Err(StoreError::Damaged { .. })));
        flip(&path, offset);
    }
    assert!(store.read_slice(root, 0..packed.piece.size).unwrap().is_some());
}

#[test]
fn a_block_is_served_whatever_became_of_its_neighbours_and_of_the_outboard() {
    let (dir, store) = store();
    let packed = import(&store, &[(1 << 20) + 100_000], 1);
    let (car, outboard) = (file(dir.path(), &packed.piece, "car"), file(dir.path(), &packed.piece, "obao"));
    let bytes = fs::read(&car).unwrap();
    let blocks: Vec<_> = Reader::new(bytes.as_slice()).map(Result::unwrap).collect();
    let served = |index: usize| store.block_of_any(&blocks[index].content.digest);
    // The first bytes of the second leaf share a group with the last ones of the first.
    assert_eq!(blocks[0].data.len(), 1 << 20);
    flip(&car, blocks[1].offset);
    assert_eq!(served(0).unwrap().unwrap(), blocks[0].data);
    assert!(matches!(served(1), Err(StoreError::Damaged { .. })));
    flip(&car, blocks[1].offset);
    for offset in (0..fs::metadata(&outboard).unwrap().len()).step_by(64) {
        flip(&outboard, offset);
        assert_eq!(served(0).unwrap().unwrap(), blocks[0].data);
        flip(&outboard, offset);
    }
    fs::remove_file(&outboard).unwrap();
    for (index, block) in blocks.iter().enumerate() {
        assert_eq!(served(index).unwrap().unwrap(), block.data);
    }
}

#[test]
fn an_index_that_mixes_blocks_up_serves_none_of_them() {
    type Blocks = redb::TableDefinition<'static, (&'static [u8; 32], &'static [u8; 32]), (u64, u32)>;
    const BLOCKS: Blocks = redb::TableDefinition::new("blocks");

    let (dir, store) = store();
    let packed = import(&store, &[100_000, 100_000], 1);
    let [one, two] = [0, 1].map(|index| packed.files[index].content.digest);
    drop(store);
    let index = redb::Database::open(dir.path().join("index.redb")).unwrap();
    let transaction = index.begin_write().unwrap();
    {
        let mut blocks = transaction.open_table(BLOCKS).unwrap();
        let root = &packed.piece.root;
        let place = |blocks: &redb::Table<_, _>, digest| {
            redb::ReadableTable::get(blocks, (digest, root)).unwrap().unwrap().value()
        };
        let (first, second) = (place(&blocks, &one), place(&blocks, &two));
        blocks.insert((&one, root), second).unwrap();
        blocks.insert((&two, root), (first.0, first.1 - 1)).unwrap();
    }
    transaction.commit().unwrap();
    drop(index);
    let store = Store::open(dir.path(), ROOMY).unwrap();
    for digest in [one, two] {
        assert!(matches!(store.block_of_any(&digest), Err(StoreError::Damaged { .. })));
    }
}

#[test]
fn a_damaged_piece_is_healed_by_importing_it_again() {
    let (dir, store) = store();
    let source = folder(&[100_000], 1);
    let packed = store.import_dir(source.path(), &mut |_| ()).unwrap();
    store.pin(&packed.piece.root, true).unwrap();
    flip(&file(dir.path(), &packed.piece, "car"), 50_000);
    assert!(store.block_of_any(&packed.files[0].content.digest).is_err());
    store.import_dir(source.path(), &mut |_| ()).unwrap();
    assert!(store.block_of_any(&packed.files[0].content.digest).unwrap().is_some());
    assert!(store.piece(&packed.piece.root).unwrap().unwrap().pinned);
    assert_eq!(store.stats().pieces, 1);
}

#[test]
fn a_good_copy_in_another_piece_serves_for_a_damaged_one() {
    let (dir, store) = store();
    let one = folder(&[50_000], 1);
    let a = store.import_dir(one.path(), &mut |_| ()).unwrap();
    put(one.path(), "more", 10, 9);
    let b = store.import_dir(one.path(), &mut |_| ()).unwrap();
    let shared = a.files[0].content.digest;
    flip(&file(dir.path(), &a.piece, "car"), 20_000);
    assert!(store.block_of_any(&shared).unwrap().is_some());
    flip(&file(dir.path(), &b.piece, "car"), 20_000);
    assert!(store.block_of_any(&shared).is_err());
}

#[test]
fn opening_drops_pieces_that_are_not_whole() {
    let (dir, store) = store();
    let gone = import(&store, &[10], 1);
    let short = import(&store, &[10], 2);
    let kept = import(&store, &[40_000], 3);
    drop(store);
    fs::remove_file(file(dir.path(), &gone.piece, "car")).unwrap();
    let short_file = OpenOptions::new().write(true).open(file(dir.path(), &short.piece, "car")).unwrap();
    short_file.set_len(20).unwrap();
    let store = Store::open(dir.path(), ROOMY).unwrap();
    assert_eq!(store.pieces(None, 10).unwrap().len(), 1);
    assert_eq!(store.block_of_any(&gone.content.digest).unwrap(), None);
    assert_eq!(store.block_of_any(&short.content.digest).unwrap(), None);
    assert!(store.block_of_any(&kept.content.digest).unwrap().is_some());
    assert_eq!(listing(&dir.path().join("pieces")).len(), 2);
}

#[test]
fn opening_rebuilds_a_lost_outboard() {
    let (dir, store) = store();
    let packed = import(&store, &[400_000], 3);
    let root = &packed.piece.root;
    let slice = store.read_slice(root, 0..GROUP_SIZE).unwrap();
    drop(store);
    fs::remove_file(file(dir.path(), &packed.piece, "obao")).unwrap();
    let store = Store::open(dir.path(), ROOMY).unwrap();
    assert_eq!(store.read_slice(root, 0..GROUP_SIZE).unwrap(), slice);
}

#[test]
fn opening_makes_a_lost_or_damaged_index_anew() {
    for damage in [
        |path: &Path| fs::remove_file(path).unwrap(),
        |path: &Path| fs::write(path, b"this is not an index").unwrap(),
    ] {
        let (dir, store) = store();
        let good = import(&store, &[2 << 20, 5], 1);
        let bad = import(&store, &[30_000], 2);
        drop(store);
        flip(&file(dir.path(), &bad.piece, "car"), 10_000);
        damage(&dir.path().join("index.redb"));
        let store = Store::open(dir.path(), ROOMY).unwrap();
        let info = store.piece(&good.piece.root).unwrap().unwrap();
        assert_eq!((info.piece, info.content, info.access), (good.piece, good.content, Access::Restricted));
        assert!(store.block_of_any(&good.content.digest).unwrap().is_some());
        assert_eq!(store.piece(&bad.piece.root).unwrap(), None);
        assert_eq!(store.stats().pieces, 1);
    }
}

#[test]
fn opening_leaves_strange_files_alone_and_clears_temporary_ones() {
    let (dir, store) = store();
    drop(store);
    fs::write(dir.path().join("pieces/notes.txt"), b"mine").unwrap();
    fs::write(dir.path().join("temporary/half"), b"...").unwrap();
    Store::open(dir.path(), ROOMY).unwrap();
    assert_eq!(listing(&dir.path().join("pieces")), ["notes.txt"]);
    assert!(listing(&dir.path().join("temporary")).is_empty());
}

// Limits

#[test]
fn the_least_recently_used_piece_goes_first_and_pinned_ones_never() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), StoreOptions { byte_limit: 350_000 }).unwrap();
    let pieces: Vec<_> = (0..3).map(|seed| import(&store, &[100_000], 1 + 10 * seed)).collect();
    store.pin(&pieces[0].piece.root, true).unwrap();
    // Piece 1 was used after piece 2.
    store.block_of_any(&pieces[1].content.digest).unwrap().unwrap();
    let next = import(&store, &[100_000], 51);
    let here = |packed: &stoa_content::Packed| store.piece(&packed.piece.root).unwrap().is_some();
    assert!(here(&pieces[0]) && here(&pieces[1]) && !here(&pieces[2]) && here(&next));
    assert!(store.stats().bytes <= 350_000);
    assert_eq!(listing(&dir.path().join("pieces")).len(), 6);
    assert_eq!(store.block_of_any(&pieces[2].content.digest).unwrap(), None);
}

#[test]
fn the_order_of_use_survives_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let options = StoreOptions { byte_limit: 350_000 };
    let store = Store::open(dir.path(), options).unwrap();
    let pieces: Vec<_> = (0..3).map(|seed| import(&store, &[100_000], 1 + 10 * seed)).collect();
    store.block_of_any(&pieces[0].content.digest).unwrap().unwrap();
    drop(store);
    let store = Store::open(dir.path(), options).unwrap();
    import(&store, &[100_000], 51);
    assert!(store.piece(&pieces[0].piece.root).unwrap().is_some());
    assert!(store.piece(&pieces[1].piece.root).unwrap().is_none());
}

#[test]
fn an_import_beside_pinned_pieces_that_leave_no_room_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), StoreOptions { byte_limit: 350_000 }).unwrap();
    let pinned = import(&store, &[200_000], 1);
    store.pin(&pinned.piece.root, true).unwrap();
    let loose = import(&store, &[1000], 11);
    let before = store.stats();
    let source = folder(&[300_000], 21);
    let error = store.import_dir(source.path(), &mut |_| ()).unwrap_err();
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
    assert!(matches!(upload(&store, &car(source.path()).1, 5000), Err(StoreError::Full { .. })));
    assert!(matches!(store.receive(car(source.path()).0.piece), Err(StoreError::Full { .. })));
    assert!(store.piece(&pinned.piece.root).unwrap().is_some());
    assert!(listing(&dir.path().join("temporary")).is_empty());
    assert!(listing(&dir.path().join("partial")).is_empty());
    // Less room is needed than the whole: what was collected on the way may be gone, nothing else.
    assert!(store.stats().bytes <= before.bytes);
    let again = import(&store, &[1000], 11);
    assert_eq!(again.piece, loose.piece);
}

#[test]
fn a_lowered_limit_is_met_on_opening() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), ROOMY).unwrap();
    let pieces: Vec<_> = (0..3).map(|seed| import(&store, &[100_000], 1 + 10 * seed)).collect();
    drop(store);
    let store = Store::open(dir.path(), StoreOptions { byte_limit: 150_000 }).unwrap();
    assert_eq!(store.stats().pieces, 1);
    assert!(store.piece(&pieces[2].piece.root).unwrap().is_some());
}

// CARs from elsewhere

fn block(codec: Codec, data: &[u8]) -> (ContentId, Vec<u8>) {
    let content = ContentId { codec, digest: Sha256::digest(data).into() };
    let mut section = section_head(&content, data.len());
    section.extend_from_slice(data);
    (content, section)
}

/// Takes bytes, whatever they are, as a piece that comes in one slice.
fn receive(store: &Store, bytes: &[u8]) -> Result<PieceInfo, StoreError> {
    let tree = bao_tree::BaoTree::new(bytes.len() as u64, bao_tree::BlockSize::from_chunk_log(4));
    let mut outboard = Vec::new();
    let root = bao_tree::io::sync::outboard_post_order(bytes, tree, &mut outboard).unwrap();
    let data = bao_tree::io::outboard::PostOrderOutboard { root, tree, data: outboard };
    let mut encoded = Vec::new();
    let ranges = bao_tree::ChunkRanges::all();
    bao_tree::io::sync::encode_ranges_validated(bytes, data, &ranges, &mut encoded).unwrap();

    let piece = Piece { root: *root.as_bytes(), size: bytes.len() as u64 };
    let receive = store.receive(piece).unwrap();
    if piece.size > 0 {
        receive.accept(0..piece.size, &encoded).unwrap();
    }
    receive.finish()
}

/// Why a CAR is refused: the same whether it is uploaded or comes from a peer.
fn refused(car: &[u8]) -> CarError {
    let (dir, store) = store();
    let [uploaded, received] = [upload(&store, car, 1000), receive(&store, car)].map(|result| match result {
        Err(StoreError::Car(error)) => error,
        other => panic!("{other:?}"),
    });
    assert_eq!(uploaded.to_string(), received.to_string());
    assert_eq!(listing(dir.path()), ["index.redb"]);
    assert_eq!(store.stats().bytes, 0);
    import(&store, &[10], 1);
    received
}

#[test]
fn a_single_raw_block_is_a_car() {
    let (root, section) = block(Codec::Raw, b"hello");
    let (_dir, store) = store();
    let info = upload(&store, &[header(&root), section].concat(), 7).unwrap();
    assert_eq!((info.content, info.blocks), (root, 1));
    assert_eq!(store.block_of_any(&root.digest).unwrap().unwrap(), "hello");
}

#[test]
fn a_car_in_another_order_or_with_a_block_twice_is_taken() {
    let (packed, bytes) = car(folder(&[2 << 20, 10], 1).path());
    let mut sections: Vec<_> = Reader::new(bytes.as_slice())
        .map(|block| {
            let block = block.unwrap();
            [section_head(&block.content, block.data.len()), block.data.to_vec()].concat()
        })
        .collect();
    let count = sections.len() as u64;
    sections.reverse();
    sections.push(sections[1].clone());
    let other = [vec![header(&packed.content)], sections].concat().concat();
    let (_dir, store) = store();
    let info = upload(&store, &other, 100_000).unwrap();
    assert_eq!((info.content, info.blocks), (packed.content, count));
    assert_ne!(info.piece, packed.piece);
    let (_dir, received) = support::store();
    assert_eq!(receive(&received, &other).unwrap(), info);
    assert_eq!(
        received.block_of_any(&packed.files[1].content.digest).unwrap(),
        store.block_of_any(&packed.files[1].content.digest).unwrap()
    );
    upload(&store, &bytes, 100_000).unwrap();
    assert_eq!(store.piece_by_content(&packed.content).unwrap().len(), 2);
}

#[test]
fn malformed_cars_are_refused_with_the_reason() {
    let (_, good) = car(folder(&[5000, 10], 1).path());
    let (root, hello) = block(Codec::Raw, b"hello");
    let head = header(&root);
    let with = |parts: &[&[u8]]| parts.concat();

    assert!(matches!(refused(b""), CarError::Truncated(0)));
    assert!(matches!(refused(&good[..30]), CarError::Truncated(30)));
    assert!(matches!(refused(&good[..good.len() - 1]), CarError::Truncated(_)));
    assert!(matches!(refused(b"not a car, really"), CarError::Header(_) | CarError::Truncated(_)));
    assert!(matches!(refused(&[0xff; 100]), CarError::Length(0)));
    assert!(matches!(refused(&[0xff, 0x7f, 1, 2, 3]), CarError::Header(_)));
    // Version 2 of the format has its own first bytes.
    let car_v2 = [0x0a, 0xa1, 0x67, b'v', b'e', b'r', b's', b'i', b'o', b'n', 0x02];
    assert!(matches!(refused(&car_v2), CarError::Header(_)));
    // A section without a CID, and one whose CID names another hash.
    assert!(matches!(refused(&with(&[&head, &[0]])), CarError::Cid(59)));
    let mut other_hash = hello.clone();
    other_hash[3] = 0x1e;
    assert!(matches!(refused(&with(&[&head, &other_hash])), CarError::Cid(59)));
    let mut wrong = hello.clone();
    *wrong.last_mut().unwrap() ^= 1;
    assert!(matches!(refused(&with(&[&head, &wrong])), CarError::Hash { offset: 59, .. }));
    // A length over the limit is refused before its bytes come.
    let too_large = section_head(&root, (2 << 20) + 1);
    assert!(matches!(refused(&with(&[&head, &too_large])), CarError::BlockTooLarge { offset: 59, .. }));
    // A DAG with a hole, and one with a block too many.
    assert!(matches!(refused(&head), CarError::Missing(missing) if missing == root));
    let sections: Vec<_> = Reader::new(good.as_slice()).map(Result::unwrap).collect();
    let first = sections[0].content;
    let hole = with(&[&good[..59], &good[sections[1].offset as usize - 37..]]);
    assert!(matches!(refused(&hole), CarError::Missing(missing) if missing == first));
    assert!(matches!(refused(&with(&[&good, &hello])), CarError::Leftover(extra) if extra == root));
    // dag-pb that isn't UnixFS.
    let (odd, odd_section) = block(Codec::DagPb, b"\x0a\x02zz");
    assert!(matches!(refused(&with(&[&header(&odd), &odd_section])), CarError::Node { .. }));
}

#[test]
fn a_failed_import_stays_failed() {
    let (_dir, store) = store();
    let mut import = store.import_car().unwrap();
    assert!(import.write(&[0xff; 100]).is_err());
    assert!(matches!(import.write(b"x"), Err(StoreError::Car(CarError::Failed))));
    assert!(matches!(import.finish(None), Err(StoreError::Car(CarError::Failed))));
}

#[test]
fn a_car_that_makes_another_piece_than_announced_is_refused() {
    let (packed, bytes) = car(folder(&[5000], 1).path());
    let (dir, store) = store();
    for expected in [
        Piece { root: [1; 32], size: packed.piece.size },
        Piece { root: packed.piece.root, size: packed.piece.size + 1 },
    ] {
        let mut import = store.import_car().unwrap();
        import.write(&bytes).unwrap();
        assert!(matches!(import.finish(Some(expected)), Err(StoreError::OtherPiece { .. })));
    }
    assert!(listing(&dir.path().join("pieces")).is_empty());
    let mut import = store.import_car().unwrap();
    import.write(&bytes).unwrap();
    import.finish(Some(packed.piece)).unwrap();
}

#[test]
fn a_dropped_import_leaves_nothing() {
    let (dir, store) = store();
    let mut import = store.import_car().unwrap();
    import.write(&car(folder(&[500_000], 1).path()).1[..300_000]).unwrap();
    assert!(store.stats().bytes > 0);
    drop(import);
    assert_eq!(store.stats().bytes, 0);
    assert_eq!(listing(dir.path()), ["index.redb"]);
}

#[test]
fn an_unreadable_folder_leaves_nothing() {
    let (dir, store) = store();
    let source = folder(&[2 << 20], 1);
    std::os::unix::fs::symlink("file-0.bin", source.path().join("link")).unwrap();
    assert!(matches!(store.import_dir(source.path(), &mut |_| ()), Err(StoreError::Pack(_))));
    assert_eq!(store.stats().bytes, 0);
    assert_eq!(listing(dir.path()), ["index.redb"]);
}

// Slices

#[test]
fn a_piece_travels_in_slices_of_any_size() {
    for sizes in [vec![], vec![10], vec![16_200], vec![16_384], vec![70_000, 3 << 20]] {
        let (_a, from) = store();
        let packed = import(&from, &sizes, 1);
        for step in [GROUP_SIZE, 3 * GROUP_SIZE, 1 << 20] {
            let (_b, to) = store();
            let info = send(&from, &to, packed.piece, step);
            assert_eq!((info.piece, info.content), (packed.piece, packed.content));
            let block = to.block_of_any(&packed.content.digest).unwrap();
            assert_eq!(block, from.block_of_any(&packed.content.digest).unwrap());
            assert_eq!(to.stats(), from.stats());
            // What was received can be sent on.
            let (_c, next) = store();
            send(&to, &next, packed.piece, 1 << 20);
        }
    }
}

#[test]
fn slices_decode_to_the_bytes_of_the_car() {
    let (_dir, store) = store();
    let source = folder(&[300_000], 1);
    let packed = store.import_dir(source.path(), &mut |_| ()).unwrap();
    let (_, bytes) = car(source.path());
    for range in [0..GROUP_SIZE, GROUP_SIZE..5 * GROUP_SIZE, 2 * GROUP_SIZE..packed.piece.size] {
        let encoded = store.read_slice(&packed.piece.root, range.clone()).unwrap().unwrap();
        let mut found = Vec::new();
        slice::decode(&packed.piece, range.clone(), &encoded, &mut |offset, bytes| {
            assert_eq!(offset, range.start + found.len() as u64);
            found.extend_from_slice(&bytes);
        })
        .unwrap();
        assert_eq!(found, bytes[range.start as usize..range.end as usize]);
    }
}

#[test]
fn a_corrupted_slice_is_refused() {
    let (_a, from) = store();
    let packed = import(&from, &[100_000], 1);
    let (_b, to) = store();
    let receive = to.receive(packed.piece).unwrap();
    let range = GROUP_SIZE..3 * GROUP_SIZE;
    let good = from.read_slice(&packed.piece.root, range.clone()).unwrap().unwrap();
    for at in (0..good.len()).step_by(61) {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        assert!(matches!(receive.accept(range.clone(), &bad), Err(SliceError::Mismatch(_))), "{at}");
    }
    let short = &good[..good.len() - 1];
    assert!(matches!(receive.accept(range.clone(), short), Err(SliceError::Truncated)));
    assert!(matches!(receive.accept(range.clone(), &[]), Err(SliceError::Truncated)));
    let long = [good.as_slice(), b"x"].concat();
    assert!(matches!(receive.accept(range.clone(), &long), Err(SliceError::Trailing)));
    // Another range's slice.
    let moved = 2 * GROUP_SIZE..4 * GROUP_SIZE;
    assert!(receive.accept(moved, &good).is_err());
    receive.accept(range, &good).unwrap();
}

#[test]
fn ranges_that_are_not_whole_groups_of_the_piece_are_refused() {
    let (_a, from) = store();
    let packed = import(&from, &[100_000], 1);
    let size = packed.piece.size;
    let (_b, to) = store();
    let receive = to.receive(packed.piece).unwrap();
    #[expect(clippy::reversed_empty_ranges, reason = "a peer may send any numbers")]
    for range in [0..0, 1..GROUP_SIZE, 0..100, 0..size + 1, GROUP_SIZE..0, u64::MAX - 1..u64::MAX] {
        assert!(matches!(receive.accept(range.clone(), &[]), Err(SliceError::Range { .. })), "{range:?}");
        assert!(matches!(from.read_slice(&packed.piece.root, range), Err(StoreError::BadSlice(_))));
    }
    let large = Piece { root: [1; 32], size: stoa_content::MAX_PIECE_SIZE };
    assert!(matches!(slice::encoded_size(&large, 0..1 << 30), Err(SliceError::TooLong(_))));
    assert!(slice::encoded_size(&large, large.size - GROUP_SIZE..large.size).is_ok());
    for size in [large.size + 1, u64::MAX] {
        let huge = Piece { size, ..large };
        assert!(matches!(slice::encoded_size(&huge, 0..GROUP_SIZE), Err(SliceError::PieceTooLarge(_))));
        assert!(matches!(to.receive(huge), Err(StoreError::PieceTooLarge(_))));
    }
    assert!(matches!(to.receive(large), Err(StoreError::Full { .. })));
}

#[test]
fn receiving_resumes_where_it_stopped_also_after_reopening() {
    let (_a, from) = store();
    let packed = import(&from, &[3 << 20], 1);
    let piece = packed.piece;
    let (dir, to) = store();
    let get = |range| from.read_slice(&piece.root, range).unwrap().unwrap();

    let receive = to.receive(piece).unwrap();
    assert_eq!(receive.missing(), std::slice::from_ref(&(0..piece.size)));
    let part = 5 * GROUP_SIZE..80 * GROUP_SIZE;
    receive.accept(part.clone(), &get(part.clone())).unwrap();
    let missing = [0..part.start, part.end..piece.size];
    assert_eq!(receive.missing(), missing);
    assert!(matches!(to.receive(piece), Err(StoreError::Busy(_))));
    drop(receive);
    let receive = to.receive(piece).unwrap();
    assert_eq!(receive.missing(), missing);
    assert!(matches!(receive.finish(), Err(StoreError::Incomplete { .. })));
    drop(to);

    let to = Store::open(dir.path(), ROOMY).unwrap();
    // Bytes that were damaged meanwhile are asked for again.
    let root: String = piece.root.iter().map(|byte| format!("{byte:02x}")).collect();
    flip(&dir.path().join("partial").join(root).with_extension("car"), 10 * GROUP_SIZE + 7);
    let receive = to.receive(piece).unwrap();
    assert_eq!(
        receive.missing(),
        [0..5 * GROUP_SIZE, 10 * GROUP_SIZE..11 * GROUP_SIZE, 80 * GROUP_SIZE..piece.size]
    );
    for range in receive.missing() {
        receive.accept(range.clone(), &get(range)).unwrap();
    }
    receive.finish().unwrap();
    assert!(to.block_of_any(&packed.content.digest).unwrap().is_some());
    assert!(listing(&dir.path().join("partial")).is_empty());
    assert_eq!(to.stats(), from.stats());
}

#[test]
fn several_peers_feed_one_piece_at_once() {
    let (_a, from) = store();
    let packed = import(&from, &[4 << 20], 1);
    let (_b, to) = store();
    let receive = to.receive(packed.piece).unwrap();
    let parts: Vec<_> = slice::split(0..packed.piece.size, 100_000).collect();
    std::thread::scope(|scope| {
        for peer in 0..4 {
            let (parts, receive, from) = (&parts, &receive, &from);
            scope.spawn(move || {
                for part in parts.iter().skip(peer).step_by(4) {
                    let encoded = from.read_slice(&packed.piece.root, part.clone()).unwrap().unwrap();
                    receive.accept(part.clone(), &encoded).unwrap();
                }
            });
        }
    });
    assert_eq!(receive.missing(), []);
    receive.finish().unwrap();
}

#[test]
fn an_aborted_receive_leaves_nothing() {
    let (_a, from) = store();
    let packed = import(&from, &[100_000], 1);
    let (dir, to) = store();
    let receive = to.receive(packed.piece).unwrap();
    let part = 0..GROUP_SIZE;
    receive.accept(part.clone(), &from.read_slice(&packed.piece.root, part).unwrap().unwrap()).unwrap();
    receive.abort().unwrap();
    assert_eq!(to.stats().bytes, 0);
    assert_eq!(listing(dir.path()), ["index.redb"]);
}

#[test]
fn idle_parts_go_before_pieces() {
    let (_a, from) = store();
    let packed = import(&from, &[100_000], 1);
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), StoreOptions { byte_limit: 250_000 }).unwrap();
    let kept = import(&store, &[100_000], 31);
    let receive = store.receive(packed.piece).unwrap();
    // Parts that somebody receives are left alone.
    let other = import(&store, &[100_000], 41);
    assert!(store.piece(&kept.piece.root).unwrap().is_none());
    drop(receive);
    import(&store, &[100_000], 51);
    assert!(store.piece(&other.piece.root).unwrap().is_some());
    assert!(listing(&dir.path().join("partial")).is_empty());
}

// Possession

#[test]
fn every_leaf_can_be_proven() {
    for sizes in [vec![], vec![16_200], vec![16_384], vec![300_000]] {
        let (_dir, store) = store();
        let piece = import(&store, &sizes, 1).piece;
        for index in 0..piece.leaves() {
            let proof = store.prove_leaf(&piece.root, index).unwrap().unwrap();
            possession::verify(&piece, index, &proof).unwrap();
            let size = proof.leaf.len() + 32 * proof.path.len();
            assert!(size as u64 <= possession::max_proof_size(&piece));
        }
        assert_eq!(store.prove_leaf(&piece.root, piece.leaves()).unwrap(), None);
        assert_eq!(store.prove_leaf(&piece.root, u64::MAX).unwrap(), None);
    }
}

#[test]
fn errors_name_what_is_meant() {
    let (packed, _) = car(folder(&[10], 1).path());
    let message = CarError::Missing(packed.content).to_string();
    assert!(message.contains(&text(&packed.content)), "{message}");
}
