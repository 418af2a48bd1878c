//! Fetching and verifying against a gateway that may misbehave.

mod support;

use sha2::{Digest, Sha256};
use std::{fs, path::Path, sync::Arc};
use stoa_content::{BLOCK_SIZE, Packed};
use stoa_sdk::{
    Error, ErrorKind, Gateway,
    dag::list,
    fetch::{FetchError, FetchOptions, Fetched, Outcome, fetch},
    primitives::{Codec, ContentId},
    verify::{Proof, VerifyError, verify},
};
use support::{Faults, Fixture, noise};
use tempfile::{TempDir, tempdir};

const LARGE: usize = 5 * BLOCK_SIZE / 2;

/// A folder with what may be difficult in it.
fn folder() -> TempDir {
    let dir = tempdir().unwrap();
    let write = |path: &str, bytes: &[u8]| {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    write("README.md", b"# Title\n");
    write("empty", b"");
    write("model.bin", &noise(LARGE, 1));
    write("exact.bin", &noise(2 * BLOCK_SIZE, 2));
    write("zeros.bin", &vec![0; 3 * BLOCK_SIZE]);
    write("sub/deeper/ünïcode 100% #1?.txt", b"text");
    write("sub/one", &noise(BLOCK_SIZE, 3));
    fs::create_dir_all(dir.path().join("nothing/in here")).unwrap();
    dir
}

async fn served() -> (TempDir, Fixture, Gateway, Packed) {
    let source = folder();
    let fixture = Fixture::default();
    let packed = fixture.pack(source.path());
    let gateway = fixture.serve().await;
    (source, fixture, gateway, packed)
}

async fn get(
    gateway: &Gateway,
    packed: &Packed,
    to: &Path,
    options: FetchOptions,
) -> Result<Fetched, FetchError> {
    fetch(gateway, &packed.content, Some(&packed.piece), to, &options, Arc::new(())).await
}

fn only(file: &str) -> FetchOptions {
    FetchOptions { files: vec![file.into()], force: false }
}

fn kind(error: impl Into<Error>) -> ErrorKind {
    error.into().kind()
}

fn assert_same(left: &Path, right: &Path, packed: &Packed) {
    for file in &packed.files {
        let (left, right) =
            (fs::read(left.join(&file.path)).unwrap(), fs::read(right.join(&file.path)).unwrap());
        assert!(left == right, "{} differs", file.path);
    }
}

async fn requests_of_listing(fixture: &Fixture, gateway: &Gateway, packed: &Packed) -> usize {
    list(gateway, &packed.content).await.unwrap();
    fixture.requests().len()
}

/// Files in a folder and below, by name.
fn names(dir: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            names.extend(self::names(&entry.path()));
        } else {
            names.push(entry.file_name().into_string().unwrap());
        }
    }
    names
}

#[tokio::test]
async fn a_whole_folder_comes_and_its_root_is_proven() {
    let (source, _fixture, gateway, packed) = served().await;
    let target = tempdir().unwrap();
    let fetched = get(&gateway, &packed, target.path(), FetchOptions::default()).await.unwrap();
    assert_eq!(fetched.proof, Some(Proof::Root));
    assert_eq!(fetched.files.len(), packed.files.len());
    assert!(fetched.files.iter().all(|file| file.outcome == Outcome::Fetched));
    assert_same(source.path(), target.path(), &packed);
    assert_eq!(names(target.path()).len(), packed.files.len());
}

#[tokio::test]
async fn listing_a_folder_takes_no_byte_of_its_files() {
    let (_source, fixture, gateway, packed) = served().await;
    let listed = list(&gateway, &packed.content).await.unwrap();
    assert_eq!(fixture.leaf_bytes(), 0);
    let mut expected: Vec<_> =
        packed.files.iter().map(|file| (file.path.clone(), file.size, file.content)).collect();
    expected.sort();
    assert_eq!(listed.empty_folders, ["nothing/in here"]);
    assert_eq!(
        listed.files.into_iter().map(|file| (file.path, file.size, file.content)).collect::<Vec<_>>(),
        expected
    );
}

#[tokio::test]
async fn what_is_there_already_is_checked_and_not_fetched_again() {
    let (_source, fixture, gateway, packed) = served().await;
    let target = tempdir().unwrap();
    get(&gateway, &packed, target.path(), FetchOptions::default()).await.unwrap();
    let before = fixture.leaf_bytes();
    let again = get(&gateway, &packed, target.path(), FetchOptions::default()).await.unwrap();
    assert!(again.files.iter().all(|file| file.outcome == Outcome::Kept));
    assert_eq!(fixture.leaf_bytes(), before);
}

#[tokio::test]
async fn single_files_and_folders_can_be_fetched() {
    let (source, _fixture, gateway, packed) = served().await;
    let target = tempdir().unwrap();
    let fetched = get(&gateway, &packed, target.path(), only("sub")).await.unwrap();
    assert_eq!(fetched.files.len(), 2);
    assert_eq!(fetched.proof, None);
    assert_eq!(
        fs::read(target.path().join("sub/one")).unwrap(),
        fs::read(source.path().join("sub/one")).unwrap()
    );
    let missing = get(&gateway, &packed, target.path(), only("not here")).await.unwrap_err();
    assert_eq!(kind(missing), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_transfer_that_breaks_goes_on_where_it_stopped() {
    let (source, fixture, gateway, packed) = served().await;
    // Each answer holds one more leaf than the folders and nodes before it, and a part of the next.
    fixture.misbehave(Faults { cut_after: Some(BLOCK_SIZE + BLOCK_SIZE / 2), ..Faults::default() });
    let target = tempdir().unwrap();
    let fetched = get(&gateway, &packed, target.path(), only("model.bin")).await.unwrap();
    assert_eq!(fetched.files[0].outcome, Outcome::Fetched);
    assert_eq!(
        fs::read(target.path().join("model.bin")).unwrap(),
        fs::read(source.path().join("model.bin")).unwrap()
    );
    let asked: Vec<_> =
        fixture.requests().into_iter().filter(|line| line.starts_with("car model.bin 1048576")).collect();
    assert_eq!(asked.len(), 1);
}

#[tokio::test]
async fn a_broken_off_fetch_is_resumed_later_from_verified_bytes() {
    let (source, fixture, gateway, packed) = served().await;
    let target = tempdir().unwrap();
    let needed = requests_of_listing(&fixture, &gateway, &packed).await;
    fixture.misbehave(Faults {
        cut_after: Some(BLOCK_SIZE + BLOCK_SIZE / 2),
        dies_after: Some(needed + 1),
        ..Faults::default()
    });
    let error = get(&gateway, &packed, target.path(), only("model.bin")).await.unwrap_err();
    assert_eq!(kind(error), ErrorKind::Network);
    let parts = names(target.path());
    assert_eq!(parts.len(), 1);
    assert!(parts[0].ends_with(".part"), "{parts:?}");

    fixture.misbehave(Faults::default());
    let fetched = get(&gateway, &packed, target.path(), only("model.bin")).await.unwrap();
    assert_eq!(fetched.files[0].outcome, Outcome::Resumed);
    assert!(fixture.requests().contains(&"car model.bin 1048576:*".to_owned()), "{:?}", fixture.requests());
    assert_eq!(
        fs::read(target.path().join("model.bin")).unwrap(),
        fs::read(source.path().join("model.bin")).unwrap()
    );
    assert_eq!(names(target.path()), ["model.bin"]);
}

#[tokio::test]
async fn a_damaged_part_is_not_built_upon() {
    let (source, fixture, gateway, packed) = served().await;
    let target = tempdir().unwrap();
    let needed = requests_of_listing(&fixture, &gateway, &packed).await;
    fixture.misbehave(Faults {
        cut_after: Some(BLOCK_SIZE + BLOCK_SIZE / 2),
        dies_after: Some(needed + 1),
        ..Faults::default()
    });
    get(&gateway, &packed, target.path(), only("model.bin")).await.unwrap_err();
    let part = target.path().join(&names(target.path())[0]);
    let mut bytes = fs::read(&part).unwrap();
    bytes[17] ^= 1;
    fs::write(&part, bytes).unwrap();

    fixture.misbehave(Faults::default());
    let fetched = get(&gateway, &packed, target.path(), only("model.bin")).await.unwrap();
    assert_eq!(fetched.files[0].outcome, Outcome::Fetched);
    assert_eq!(
        fs::read(target.path().join("model.bin")).unwrap(),
        fs::read(source.path().join("model.bin")).unwrap()
    );
}

#[tokio::test]
async fn a_tampered_block_is_rejected_and_no_file_appears() {
    let (source, fixture, gateway, packed) = served().await;
    let bytes = fs::read(source.path().join("model.bin")).unwrap();
    let digest = Sha256::digest(&bytes[BLOCK_SIZE..2 * BLOCK_SIZE]).into();
    let leaf = ContentId { codec: Codec::Raw, digest };
    let file = packed.files.iter().find(|file| file.path == "model.bin").unwrap().content;
    for block in [leaf, file, packed.content] {
        fixture.misbehave(Faults { tampered: Some(block), ..Faults::default() });
        let target = tempdir().unwrap();
        let error = get(&gateway, &packed, target.path(), only("model.bin")).await.unwrap_err();
        assert_eq!(kind(error), ErrorKind::Unverified);
        assert!(!target.path().join("model.bin").exists());
    }
}

#[tokio::test]
async fn gateways_that_leave_repeated_blocks_out_serve_too() {
    let (source, fixture, gateway, packed) = served().await;
    fixture.misbehave(Faults { leaves_repetitions_out: true, ..Faults::default() });
    let target = tempdir().unwrap();
    get(&gateway, &packed, target.path(), FetchOptions::default()).await.unwrap();
    assert_same(source.path(), target.path(), &packed);
}

#[tokio::test]
async fn a_file_that_differs_is_replaced_only_by_force() {
    let (source, _fixture, gateway, packed) = served().await;
    let target = tempdir().unwrap();
    let mine = target.path().join("model.bin");
    fs::write(&mine, "mine").unwrap();
    let error = get(&gateway, &packed, target.path(), only("model.bin")).await.unwrap_err();
    assert!(matches!(error, FetchError::Exists(_)), "{error}");
    assert_eq!(fs::read(&mine).unwrap(), b"mine");
    let options = FetchOptions { force: true, ..only("model.bin") };
    get(&gateway, &packed, target.path(), options).await.unwrap();
    assert_eq!(fs::read(&mine).unwrap(), fs::read(source.path().join("model.bin")).unwrap());
}

#[cfg(unix)]
#[tokio::test]
async fn no_symbolic_link_is_followed() {
    let (_source, _fixture, gateway, packed) = served().await;
    let (target, outside) = (tempdir().unwrap(), tempdir().unwrap());
    std::os::unix::fs::symlink(outside.path(), target.path().join("sub")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("file"), target.path().join("model.bin")).unwrap();
    for file in ["sub/one", "model.bin"] {
        let error = get(&gateway, &packed, target.path(), only(file)).await.unwrap_err();
        assert!(matches!(error, FetchError::Obstacle { .. }), "{error}");
    }
    assert!(names(outside.path()).is_empty());
}

#[tokio::test]
async fn names_that_lead_out_of_the_folder_are_refused() {
    let fixture = Fixture::default();
    let gateway = fixture.serve().await;
    let leaf = ContentId { codec: Codec::Raw, digest: Sha256::digest(b"evil").into() };
    fixture.add(leaf, b"evil".to_vec());
    for links in [&["../evil"][..], &["/evil"], &[".."], &["."], &[""], &["a\0b"], &["twice", "twice"]] {
        let block = directory(links, &leaf);
        let root = ContentId { codec: Codec::DagPb, digest: Sha256::digest(&block).into() };
        fixture.add(root, block);
        let parent = tempdir().unwrap();
        let target = parent.path().join("target");
        let error =
            fetch(&gateway, &root, None, &target, &FetchOptions::default(), Arc::new(())).await.unwrap_err();
        assert_eq!(kind(error), ErrorKind::Unverified, "{links:?}");
        assert!(!target.exists() || names(&target).is_empty());
        assert!(!parent.path().join("evil").exists());
    }
}

/// A dag-pb folder with these names, all of the same small file.
fn directory(names: &[&str], content: &ContentId) -> Vec<u8> {
    let field = |number: u8, bytes: &[u8]| [&[number << 3 | 2, bytes.len() as u8], bytes].concat();
    let links = names.iter().map(|name| {
        let link = [field(1, &content.to_bytes()), field(2, name.as_bytes()), vec![3 << 3, 4]].concat();
        field(2, &link)
    });
    let mut block = links.collect::<Vec<_>>().concat();
    block.extend(field(1, &[1 << 3, 1]));
    block
}

#[tokio::test]
async fn a_gateway_without_the_content_is_told_from_one_that_is_broken() {
    let (_source, fixture, gateway, packed) = served().await;
    let target = tempdir().unwrap();
    let elsewhere = Fixture::default().serve().await;
    let error = get(&elsewhere, &packed, target.path(), FetchOptions::default()).await.unwrap_err();
    assert_eq!(kind(error), ErrorKind::NotFound);
    fixture.misbehave(Faults { dies_after: Some(0), ..Faults::default() });
    let error = get(&gateway, &packed, target.path(), FetchOptions::default()).await.unwrap_err();
    assert!(error.to_string().contains("answered 500"), "{error}");
    assert_eq!(kind(error), ErrorKind::Network);
    let nobody = Gateway::new("http://127.0.0.1:1").unwrap();
    let error = get(&nobody, &packed, target.path(), FetchOptions::default()).await.unwrap_err();
    assert!(error.to_string().contains("can't be reached"), "{error}");
}

#[tokio::test]
async fn a_folder_that_is_not_the_revision_is_told_file_by_file() {
    let (source, _fixture, gateway, packed) = served().await;
    let check = async || {
        verify(source.path(), &packed.content, Some(&packed.piece), Some(&gateway), Arc::new(())).await
    };
    assert_eq!(check().await.unwrap().proof, Proof::Root);

    fs::write(source.path().join("README.md"), "# Other\n").unwrap();
    fs::remove_file(source.path().join("sub/one")).unwrap();
    fs::write(source.path().join("more"), "more").unwrap();
    let error = check().await.unwrap_err();
    let VerifyError::Differs { differences, .. } = &error else { panic!("{error}") };
    assert_eq!(differences.changed, ["README.md"]);
    assert_eq!(differences.missing, ["sub/one"]);
    assert_eq!(differences.extra, ["more"]);
    assert_eq!(kind(error), ErrorKind::Unverified);
}

#[tokio::test]
async fn a_wrong_piece_is_found_though_the_files_are_right() {
    let (source, _fixture, gateway, packed) = served().await;
    let mut piece = packed.piece;
    piece.root[0] ^= 1;
    let error =
        verify(source.path(), &packed.content, Some(&piece), Some(&gateway), Arc::new(())).await.unwrap_err();
    assert!(matches!(error, VerifyError::OtherPiece), "{error}");
}
