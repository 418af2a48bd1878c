//! Fetching encrypted folders from a gateway, and from publishers, that may misbehave.

mod support;

use std::{fs, path::Path, sync::Arc};
use stoa_content::{
    Packed,
    seal::{ContentKey, FRAME_SIZE, HEADER_SIZE, MANIFEST, OpenError, place, seal_dir, survey},
};
use stoa_sdk::{
    Error, ErrorKind, Gateway,
    fetch::{FetchError, FetchOptions, FetchedFile, Outcome},
    primitives::ContentId,
    private::{PrivateError, fetch_private, manifest_of, verify_private},
};
use support::{Faults, Fixture, noise};
use tempfile::{TempDir, tempdir};

const LARGE: usize = 40 * FRAME_SIZE + 17;

fn key() -> ContentKey {
    ContentKey::new([5; 32])
}

fn folder() -> TempDir {
    let dir = tempdir().unwrap();
    let write = |path: &str, bytes: &[u8]| {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    write("README.md", b"# Secret\n");
    write("empty", b"");
    write("weights/model.bin", &noise(LARGE, 1));
    write("weights/exact.bin", &noise(2 * FRAME_SIZE, 2));
    fs::create_dir_all(dir.path().join("nothing/here")).unwrap();
    dir
}

fn sealed(dir: &Path) -> TempDir {
    let out = tempdir().unwrap();
    let manifest = survey(dir, &mut |_| ()).unwrap();
    seal_dir(dir, &manifest, &key(), out.path(), &mut |_| ()).unwrap();
    out
}

struct Served {
    plain: TempDir,
    fixture: Fixture,
    gateway: Gateway,
    packed: Packed,
}

/// A sealed folder on a gateway, after something was done to it.
async fn served_after(change: impl FnOnce(&Path)) -> Served {
    let plain = folder();
    let out = sealed(plain.path());
    change(out.path());
    let fixture = Fixture::default();
    let packed = fixture.pack(out.path());
    let gateway = fixture.serve().await;
    Served { plain, fixture, gateway, packed }
}

async fn served() -> Served {
    served_after(|_| ()).await
}

async fn get_with(
    gateway: &Gateway,
    content: &ContentId,
    key: &ContentKey,
    to: &Path,
    options: FetchOptions,
) -> Result<Vec<FetchedFile>, PrivateError> {
    let sealed = manifest_of(gateway, content).await?.expect("it is sealed");
    fetch_private(gateway, content, sealed, key, to, &options, Arc::new(())).await
}

async fn get(served: &Served, to: &Path) -> Result<Vec<FetchedFile>, PrivateError> {
    get_with(&served.gateway, &served.packed.content, &key(), to, FetchOptions::default()).await
}

fn kind(error: PrivateError) -> ErrorKind {
    Error::from(error).kind()
}

fn assert_same(plain: &Path, copy: &Path) {
    let look = |dir: &Path| survey(dir, &mut |_| ()).unwrap();
    assert_eq!(look(plain), look(copy));
}

#[tokio::test]
async fn a_folder_comes_decrypted_byte_for_byte() {
    let served = served().await;
    let target = tempdir().unwrap();
    let files = get(&served, target.path()).await.unwrap();
    assert_eq!(files.len(), 4);
    assert!(files.iter().all(|file| file.outcome == Outcome::Fetched));
    assert_same(served.plain.path(), target.path());
    let again = get(&served, target.path()).await.unwrap();
    assert!(again.iter().all(|file| file.outcome == Outcome::Kept));
}

#[tokio::test]
async fn files_are_asked_for_by_their_plain_names() {
    let served = served().await;
    let target = tempdir().unwrap();
    let only = |name: &str| FetchOptions { files: vec![name.into()], force: false };
    let content = &served.packed.content;
    let one =
        get_with(&served.gateway, content, &key(), target.path(), only("weights/exact.bin")).await.unwrap();
    assert_eq!(one.len(), 1);
    assert_eq!(
        fs::read(target.path().join("weights/exact.bin")).unwrap(),
        fs::read(served.plain.path().join("weights/exact.bin")).unwrap()
    );
    assert!(!target.path().join("weights/model.bin").exists());
    let missing = get_with(&served.gateway, content, &key(), target.path(), only("other")).await.unwrap_err();
    assert_eq!(kind(missing), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_folder_that_is_not_sealed_is_told_apart() {
    let plain = folder();
    let fixture = Fixture::default();
    let packed = fixture.pack(plain.path());
    let gateway = fixture.serve().await;
    assert!(manifest_of(&gateway, &packed.content).await.unwrap().is_none());
}

#[tokio::test]
async fn a_wrong_key_opens_nothing_and_leaves_nothing() {
    let served = served().await;
    let target = tempdir().unwrap();
    let wrong = ContentKey::new([6; 32]);
    let options = FetchOptions::default();
    let error = get_with(&served.gateway, &served.packed.content, &wrong, target.path(), options).await;
    let error = error.unwrap_err();
    assert!(matches!(error, PrivateError::Open(OpenError::WrongKey(_))), "{error}");
    assert_eq!(kind(error), ErrorKind::Unverified);
    assert_eq!(fs::read_dir(target.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_transfer_that_breaks_goes_on_where_it_stopped() {
    let served = served().await;
    // A frame may lie in two blocks of the DAG, so two must come whole for it.
    served.fixture.misbehave(Faults { cut_after: Some(5 << 19), ..Faults::default() });
    let target = tempdir().unwrap();
    get(&served, target.path()).await.unwrap();
    assert_same(served.plain.path(), target.path());
}

#[tokio::test]
async fn a_fetch_that_was_broken_off_is_resumed_from_whole_frames() {
    let served = served().await;
    let manifest = survey(served.plain.path(), &mut |_| ()).unwrap();
    let number = manifest.files().iter().position(|file| file.path == "weights/model.bin").unwrap();
    let target = tempdir().unwrap();
    let only = || FetchOptions { files: vec!["weights/model.bin".into()], force: false };
    // The manifest and the folders come whole; the file breaks off, and nothing comes after.
    let content = &served.packed.content;
    let sealed = manifest_of(&served.gateway, content).await.unwrap().unwrap();
    served.fixture.misbehave(Faults { cut_after: Some(3 << 19), dies_after: Some(1), ..Faults::default() });
    let (held, options) = (key(), only());
    let broken =
        fetch_private(&served.gateway, content, sealed, &held, target.path(), &options, Arc::new(()));
    assert_eq!(kind(broken.await.unwrap_err()), ErrorKind::Network);

    served.fixture.misbehave(Faults::default());
    let files = get_with(&served.gateway, content, &key(), target.path(), only()).await.unwrap();
    assert_eq!(files[0].outcome, Outcome::Resumed);
    let resumed = format!("car {} ", place(number));
    let asked: Vec<_> =
        served.fixture.requests().into_iter().filter(|line| line.starts_with(&resumed)).collect();
    assert!(asked.iter().all(|line| !line.contains(" 0:")), "{asked:?}");
    assert_eq!(
        fs::read(target.path().join("weights/model.bin")).unwrap(),
        fs::read(served.plain.path().join("weights/model.bin")).unwrap()
    );
}

#[tokio::test]
async fn a_damaged_part_is_found_and_fetched_again() {
    let served = served().await;
    let target = tempdir().unwrap();
    get(&served, target.path()).await.unwrap();
    // As a run that was cut off would have left it, with a bit that fell over since.
    let path = target.path().join("weights/model.bin");
    let mut bytes = fs::read(&path).unwrap();
    bytes.truncate(7 * FRAME_SIZE + 3);
    bytes[2 * FRAME_SIZE] ^= 1;
    fs::remove_file(&path).unwrap();
    let sealed = manifest_of(&served.gateway, &served.packed.content).await.unwrap().unwrap();
    served.fixture.misbehave(Faults { cut_after: Some(3 << 19), dies_after: Some(1), ..Faults::default() });
    let content = &served.packed.content;
    let only = FetchOptions { files: vec!["weights/model.bin".into()], force: false };
    fetch_private(&served.gateway, content, sealed, &key(), target.path(), &only, Arc::new(()))
        .await
        .unwrap_err();
    let part = fs::read_dir(target.path().join("weights"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|extension| extension == "part"))
        .unwrap();
    fs::write(&part, bytes).unwrap();
    served.fixture.misbehave(Faults::default());
    get(&served, target.path()).await.unwrap();
    assert_same(served.plain.path(), target.path());
}

#[tokio::test]
async fn a_file_that_is_in_the_way_is_kept() {
    let served = served().await;
    let target = tempdir().unwrap();
    fs::write(target.path().join("README.md"), "mine").unwrap();
    let error = get(&served, target.path()).await.unwrap_err();
    assert!(matches!(error, PrivateError::Fetch(FetchError::Exists(_))), "{error}");
    assert_eq!(fs::read_to_string(target.path().join("README.md")).unwrap(), "mine");
    let forced = FetchOptions { force: true, ..FetchOptions::default() };
    get_with(&served.gateway, &served.packed.content, &key(), target.path(), forced).await.unwrap();
    assert_same(served.plain.path(), target.path());
}

fn model(sealed: &Path) -> std::path::PathBuf {
    // The largest one.
    let of = |number| sealed.join(place(number));
    (0..4).map(of).max_by_key(|path| fs::metadata(path).unwrap().len()).unwrap()
}

/// The range of a frame in a sealed file.
fn frame(number: usize) -> std::ops::Range<usize> {
    let at = |number: usize| HEADER_SIZE + number * (FRAME_SIZE + 16);
    at(number)..at(number + 1)
}

async fn refused(change: impl FnOnce(&Path)) -> PrivateError {
    let served = served_after(change).await;
    let target = tempdir().unwrap();
    let error = get(&served, target.path()).await.unwrap_err();
    assert!(!target.path().join("weights/model.bin").exists(), "nothing wrong gets a name");
    error
}

#[tokio::test]
async fn frames_that_were_changed_swapped_or_cut_before_they_were_published_are_refused() {
    let tampered = refused(|sealed| {
        let mut bytes = fs::read(model(sealed)).unwrap();
        bytes[frame(3).start] ^= 1;
        fs::write(model(sealed), bytes).unwrap();
    });
    assert!(matches!(tampered.await, PrivateError::Open(OpenError::Frame { frame: 3, .. })));
    let swapped = refused(|sealed| {
        let mut bytes = fs::read(model(sealed)).unwrap();
        let (one, other) = (bytes[frame(4)].to_vec(), bytes[frame(5)].to_vec());
        bytes[frame(4)].copy_from_slice(&other);
        bytes[frame(5)].copy_from_slice(&one);
        fs::write(model(sealed), bytes).unwrap();
    });
    assert!(matches!(swapped.await, PrivateError::Open(OpenError::Frame { frame: 4, .. })));
    let cut = refused(|sealed| {
        let mut bytes = fs::read(model(sealed)).unwrap();
        bytes.truncate(frame(10).end);
        fs::write(model(sealed), bytes).unwrap();
    });
    assert!(matches!(cut.await, PrivateError::Open(OpenError::Length { .. })));
    let gone = refused(|sealed| fs::remove_file(model(sealed)).unwrap());
    assert!(matches!(gone.await, PrivateError::Missing { path, .. } if path == "weights/model.bin"));
    let manifest = refused(|sealed| {
        let mut bytes = fs::read(sealed.join(MANIFEST)).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(sealed.join(MANIFEST), bytes).unwrap();
    });
    assert!(matches!(manifest.await, PrivateError::Open(OpenError::Frame { .. })));
}

#[tokio::test]
async fn a_gateway_that_changes_a_block_is_found_out() {
    let served = served().await;
    let sealed = manifest_of(&served.gateway, &served.packed.content).await.unwrap().unwrap();
    let block = served.packed.files.iter().max_by_key(|file| file.size).unwrap().content;
    served.fixture.misbehave(Faults { tampered: Some(block), ..Faults::default() });
    let target = tempdir().unwrap();
    let (gateway, content, options) = (&served.gateway, &served.packed.content, FetchOptions::default());
    let got = fetch_private(gateway, content, sealed, &key(), target.path(), &options, Arc::new(())).await;
    assert_eq!(kind(got.unwrap_err()), ErrorKind::Unverified);
}

#[tokio::test]
async fn a_decrypted_folder_is_checked_against_the_manifest() {
    let served = served().await;
    let (sealed, _) = manifest_of(&served.gateway, &served.packed.content).await.unwrap().unwrap();
    let check = |dir: &Path| {
        let dir = dir.to_owned();
        let sealed = sealed.clone();
        async move { verify_private(&dir, &sealed, &key(), Arc::new(())).await.unwrap().1 }
    };
    assert!(check(served.plain.path()).await.is_empty());
    fs::write(served.plain.path().join("README.md"), "other").unwrap();
    fs::write(served.plain.path().join("more"), "more").unwrap();
    let found = check(served.plain.path()).await;
    assert_eq!((found.changed, found.extra), (vec!["README.md".to_owned()], vec!["more".to_owned()]));
}
