//! One sealed file: its header, and frames that open alone.

use std::{
    io::{Read, Seek, SeekFrom, Write},
    ops::Range,
};

use chacha20poly1305::{
    Key, Tag, XChaCha20Poly1305, XNonce,
    aead::{AeadInPlace, KeyInit},
};
use zeroize::Zeroizing;

use super::{ContentKey, OpenError};

/// Plain bytes in a frame, but for a file's last one.
pub const FRAME_SIZE: usize = 64 << 10;
/// Bytes of a sealed frame beyond its plain ones.
const TAG_SIZE: usize = 16;
/// Bytes in a sealed frame, but for a file's last one.
pub const SEALED_FRAME_SIZE: usize = FRAME_SIZE + TAG_SIZE;
/// Bytes before the first frame.
pub const HEADER_SIZE: usize = LEAD_SIZE + CHECK_SIZE;
const LEAD_SIZE: usize = 32;
const CHECK_SIZE: usize = 32;
const MAGIC: &[u8; 8] = b"StoaSeal";
const SCHEME: u8 = 1;
const ID_SIZE: usize = LEAD_SIZE - MAGIC.len() - 2;

const FOR_ID: &str = "Stoa seal 1: id";
const FOR_CHECK: &str = "Stoa seal 1: check";
const FOR_FRAMES: &str = "Stoa seal 1: frames";

/// What a sealed file is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Role {
    File = 0,
    Manifest = 1,
}

/// Names one sealed file among all.
pub(super) type Id = [u8; ID_SIZE];

/// The id of a file of a folder.
pub(super) fn id(key: &ContentKey, role: Role, path: &str, sha256: &[u8; 32]) -> Id {
    let length = u32::try_from(path.len()).unwrap_or(u32::MAX);
    let derived =
        derive(FOR_ID, key, &[&[role as u8], &length.to_le_bytes(), path.as_bytes(), sha256.as_slice()]);
    let mut id = Id::default();
    id.copy_from_slice(&derived[..ID_SIZE]);
    id
}

fn derive(context: &str, key: &ContentKey, parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let mut hasher = blake3::Hasher::new_derive_key(context);
    hasher.update(key.bytes());
    for part in parts {
        hasher.update(part);
    }
    Zeroizing::new(*hasher.finalize().as_bytes())
}

/// How many bytes a file has when it is sealed; `None` when it would have more than can be counted.
pub fn sealed_size(size: u64) -> Option<u64> {
    frames(size).checked_mul(TAG_SIZE as u64)?.checked_add(HEADER_SIZE as u64)?.checked_add(size)
}

/// How many frames a file of so many bytes has.
fn frames(size: u64) -> u64 {
    size.div_ceil(FRAME_SIZE as u64).max(1)
}

fn lead(role: Role, id: &Id) -> [u8; LEAD_SIZE] {
    let mut lead = [0; LEAD_SIZE];
    lead[..MAGIC.len()].copy_from_slice(MAGIC);
    lead[MAGIC.len()] = SCHEME;
    lead[MAGIC.len() + 1] = role as u8;
    lead[MAGIC.len() + 2..].copy_from_slice(id);
    lead
}

/// The cipher of one file's frames.
struct Cipher(XChaCha20Poly1305);

impl Cipher {
    fn new(key: &ContentKey, lead: &[u8; LEAD_SIZE]) -> Self {
        Self(XChaCha20Poly1305::new(Key::from_slice(derive(FOR_FRAMES, key, &[lead]).as_slice())))
    }

    fn nonce(frame: u64, last: bool) -> XNonce {
        let mut nonce = XNonce::default();
        nonce[..8].copy_from_slice(&frame.to_le_bytes());
        nonce[8] = last.into();
        nonce
    }

    /// Puts a sealed frame in the place of a plain one.
    fn seal(&self, frame: u64, last: bool, bytes: &mut Vec<u8>) {
        let tag = self
            .0
            .encrypt_in_place_detached(&Self::nonce(frame, last), &[], bytes)
            .expect("a frame is far below the cipher's limit of 256 GiB; qed");
        bytes.extend_from_slice(&tag);
    }

    /// Puts the plain frame in the place of a sealed one.
    fn open(&self, frame: u64, last: bool, bytes: &mut Vec<u8>) -> Option<()> {
        let body = bytes.len().checked_sub(TAG_SIZE)?;
        let tag = *Tag::from_slice(bytes.get(body..)?);
        bytes.truncate(body);
        self.0.decrypt_in_place_detached(&Self::nonce(frame, last), &[], bytes, &tag).ok()
    }
}

/// Writes one sealed file: the header first, then frames as plain bytes come.
pub(super) struct FileSealer<W> {
    out: W,
    cipher: Cipher,
    frame: u64,
    /// Plain bytes of a frame that isn't written yet, because it may be the last.
    held: Zeroizing<Vec<u8>>,
}

impl<W: Write> FileSealer<W> {
    pub(super) fn new(mut out: W, key: &ContentKey, role: Role, id: &Id) -> std::io::Result<Self> {
        let lead = lead(role, id);
        out.write_all(&lead)?;
        out.write_all(derive(FOR_CHECK, key, &[&lead]).as_slice())?;
        let held = Zeroizing::new(Vec::with_capacity(SEALED_FRAME_SIZE));
        Ok(Self { out, cipher: Cipher::new(key, &lead), frame: 0, held })
    }

    pub(super) fn write(&mut self, mut bytes: &[u8]) -> std::io::Result<()> {
        while !bytes.is_empty() {
            if self.held.len() == FRAME_SIZE {
                self.flush_frame(false)?;
            }
            let (taken, rest) = bytes.split_at(bytes.len().min(FRAME_SIZE - self.held.len()));
            self.held.extend_from_slice(taken);
            bytes = rest;
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> std::io::Result<W> {
        self.flush_frame(true)?;
        Ok(self.out)
    }

    fn flush_frame(&mut self, last: bool) -> std::io::Result<()> {
        self.cipher.seal(self.frame, last, &mut self.held);
        self.out.write_all(&self.held)?;
        self.held.clear();
        self.frame += 1;
        Ok(())
    }
}

/// Opens one sealed file whose length is known.
pub struct FileOpener {
    path: String,
    id: Id,
    size: u64,
    cipher: Cipher,
}

impl std::fmt::Debug for FileOpener {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("FileOpener").field("path", &self.path).field("size", &self.size).finish()
    }
}

impl FileOpener {
    /// Checks the header of a file which must have that role and, where it is known, that id. `sealed` is how many bytes
    /// the sealed file has.
    pub(super) fn new(
        key: &ContentKey,
        path: &str,
        role: Role,
        expected: Option<&Id>,
        header: &[u8],
        sealed: u64,
    ) -> Result<Self, OpenError> {
        let not_sealed = || OpenError::NotSealed(path.to_owned());
        let (lead, check) = header
            .split_first_chunk::<LEAD_SIZE>()
            .filter(|(lead, _)| lead.starts_with(MAGIC))
            .ok_or_else(not_sealed)?;
        let scheme = lead[MAGIC.len()];
        if scheme != SCHEME {
            return Err(OpenError::Scheme { path: path.to_owned(), scheme });
        }
        let check: &[u8; CHECK_SIZE] = check.first_chunk().ok_or_else(not_sealed)?;
        // Whoever could learn from the time that this takes has the key already.
        if derive(FOR_CHECK, key, &[lead]).as_slice() != check {
            return Err(OpenError::WrongKey(path.to_owned()));
        }
        let mut id = Id::default();
        id.copy_from_slice(&lead[MAGIC.len() + 2..]);
        if lead[MAGIC.len() + 1] != role as u8 || expected.is_some_and(|expected| *expected != id) {
            return Err(OpenError::WrongPlace(path.to_owned()));
        }
        let size = plain_size(sealed).ok_or_else(|| OpenError::Length {
            path: path.to_owned(),
            actual: sealed,
            expected: 0,
        })?;
        Ok(Self { path: path.to_owned(), id, size, cipher: Cipher::new(key, lead) })
    }

    /// Opens a file that has this id and this plain size, or nothing.
    pub(super) fn of(key: &ContentKey, path: &str, role: Role, id: &Id, size: u64) -> Self {
        Self { path: path.to_owned(), id: *id, size, cipher: Cipher::new(key, &lead(role, id)) }
    }

    pub(super) fn id(&self) -> &Id {
        &self.id
    }

    /// How many plain bytes the file has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// How many frames it has.
    pub fn frames(&self) -> u64 {
        frames(self.size)
    }

    /// The frame that holds a plain byte.
    pub fn frame_of(byte: u64) -> u64 {
        byte / FRAME_SIZE as u64
    }

    /// Where a frame's sealed bytes stand in the sealed file; empty beyond its end.
    pub fn sealed_range(&self, frame: u64) -> Range<u64> {
        let end =
            HEADER_SIZE as u64 + self.size.saturating_add(self.frames().saturating_mul(TAG_SIZE as u64));
        let at = |frame: u64| {
            frame.saturating_mul(SEALED_FRAME_SIZE as u64).saturating_add(HEADER_SIZE as u64).min(end)
        };
        at(frame)..at(frame.saturating_add(1))
    }

    /// Puts the plain bytes of a frame in the place of its sealed ones.
    pub fn open(&self, frame: u64, bytes: &mut Vec<u8>) -> Result<(), OpenError> {
        let wrong = || OpenError::Frame { path: self.path.clone(), frame };
        let range = self.sealed_range(frame);
        if bytes.len() as u64 != range.end - range.start || range.is_empty() {
            return Err(wrong());
        }
        self.cipher.open(frame, frame + 1 == self.frames(), bytes).ok_or_else(wrong)
    }

    fn check_range(&self, range: &Range<u64>) -> Result<(), OpenError> {
        if range.start > range.end || range.end > self.size {
            let (start, end) = (range.start, range.end);
            return Err(OpenError::Range { path: self.path.clone(), start, end, size: self.size });
        }
        Ok(())
    }
}

/// The plain size of a sealed file; `None` where no file has that sealed size.
fn plain_size(sealed: u64) -> Option<u64> {
    let body = sealed.checked_sub(HEADER_SIZE as u64)?;
    let size =
        body.checked_sub(body.div_ceil(SEALED_FRAME_SIZE as u64).max(1).checked_mul(TAG_SIZE as u64)?)?;
    (sealed_size(size) == Some(sealed)).then_some(size)
}

/// Opens frames as sealed bytes come, in order, from some frame on.
pub struct Frames {
    opener: FileOpener,
    next: u64,
    held: Vec<u8>,
}

impl Frames {
    /// Opens a file's frames from frame `first` on; bytes begin where that frame's sealed bytes do.
    pub fn from(opener: FileOpener, first: u64) -> Self {
        Self { opener, next: first, held: Vec::with_capacity(SEALED_FRAME_SIZE) }
    }

    /// Takes sealed bytes and hands every frame that is whole to `each`.
    pub fn push(
        &mut self,
        mut bytes: &[u8],
        each: &mut dyn FnMut(&[u8]) -> std::io::Result<()>,
    ) -> Result<(), OpenError> {
        while !bytes.is_empty() {
            let range = self.opener.sealed_range(self.next);
            // No frame is larger than a buffer.
            let length = usize::try_from(range.end - range.start).unwrap_or(SEALED_FRAME_SIZE);
            if length == 0 {
                return Err(self.too_long());
            }
            let (taken, rest) = bytes.split_at(bytes.len().min(length.saturating_sub(self.held.len())));
            self.held.extend_from_slice(taken);
            bytes = rest;
            if self.held.len() == length {
                self.opener.open(self.next, &mut self.held)?;
                each(&self.held)?;
                self.held.clear();
                self.next += 1;
            }
        }
        Ok(())
    }

    /// Ends: every frame must have come.
    pub fn finish(self) -> Result<(), OpenError> {
        if self.next == self.opener.frames() && self.held.is_empty() {
            return Ok(());
        }
        let actual = self.opener.sealed_range(self.next).start.saturating_add(self.held.len() as u64);
        Err(self.length(actual))
    }

    fn too_long(&self) -> OpenError {
        self.length(self.opener.sealed_range(u64::MAX).end.saturating_add(1))
    }

    fn length(&self, actual: u64) -> OpenError {
        let expected = self.opener.sealed_range(u64::MAX).end;
        OpenError::Length { path: self.opener.path.clone(), actual, expected }
    }
}

/// Reads any range of one sealed file.
#[derive(Debug)]
pub struct Reader<R> {
    source: R,
    opener: FileOpener,
}

impl<R: Read + Seek> Reader<R> {
    /// Reads a sealed file from a source that holds it from its first byte on.
    pub fn new(source: R, opener: FileOpener) -> Self {
        Self { source, opener }
    }

    /// Writes the plain bytes of a range. Only the frames that it touches are read.
    pub fn read(&mut self, range: Range<u64>, out: &mut dyn Write) -> Result<(), OpenError> {
        self.opener.check_range(&range)?;
        if range.is_empty() && self.opener.size > 0 {
            return Ok(());
        }
        let mut bytes = Vec::with_capacity(SEALED_FRAME_SIZE);
        let last = FileOpener::frame_of(range.end.saturating_sub(1));
        for frame in FileOpener::frame_of(range.start)..=last {
            let place = self.opener.sealed_range(frame);
            self.source.seek(SeekFrom::Start(place.start))?;
            bytes.resize(usize::try_from(place.end - place.start).unwrap_or(SEALED_FRAME_SIZE), 0);
            self.source.read_exact(&mut bytes).map_err(|error| match error.kind() {
                std::io::ErrorKind::UnexpectedEof => {
                    OpenError::Frame { path: self.opener.path.clone(), frame }
                }
                _ => error.into(),
            })?;
            self.opener.open(frame, &mut bytes)?;
            let begin = frame * FRAME_SIZE as u64;
            let within = |byte: u64| {
                usize::try_from(byte.saturating_sub(begin)).unwrap_or(FRAME_SIZE).min(bytes.len())
            };
            out.write_all(&bytes[within(range.start)..within(range.end)])?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: [u8; 32] = [7; 32];

    fn key() -> ContentKey {
        ContentKey::new(KEY)
    }

    fn sealed(path: &str, plain: &[u8]) -> Vec<u8> {
        let id = id(&key(), Role::File, path, &[1; 32]);
        let mut sealer = FileSealer::new(Vec::new(), &key(), Role::File, &id).unwrap();
        for part in plain.chunks(10_007) {
            sealer.write(part).unwrap();
        }
        sealer.finish().unwrap()
    }

    fn opener(path: &str, sealed: &[u8]) -> Result<FileOpener, OpenError> {
        let id = id(&key(), Role::File, path, &[1; 32]);
        FileOpener::new(&key(), path, Role::File, Some(&id), sealed, sealed.len() as u64)
    }

    fn opened(path: &str, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
        let mut frames = Frames::from(opener(path, sealed)?, 0);
        let mut plain = Vec::new();
        for part in sealed[HEADER_SIZE..].chunks(9_001) {
            frames.push(part, &mut |bytes| {
                plain.extend_from_slice(bytes);
                Ok(())
            })?;
        }
        frames.finish()?;
        Ok(plain)
    }

    fn bytes(length: usize) -> Vec<u8> {
        (0..length).map(|at| (at * 31 + at / 251) as u8).collect()
    }

    /// Lengths around every edge of one and of several frames.
    const LENGTHS: [usize; 9] = [
        0,
        1,
        FRAME_SIZE - 1,
        FRAME_SIZE,
        FRAME_SIZE + 1,
        2 * FRAME_SIZE - 1,
        2 * FRAME_SIZE,
        2 * FRAME_SIZE + 1,
        5 * FRAME_SIZE + 7,
    ];

    #[test]
    fn what_is_sealed_opens_at_every_edge_of_a_frame() {
        for length in LENGTHS {
            let plain = bytes(length);
            let sealed = sealed("a", &plain);
            assert_eq!(sealed_size(length as u64), Some(sealed.len() as u64));
            assert_eq!(plain_size(sealed.len() as u64), Some(length as u64));
            assert_eq!(opened("a", &sealed).unwrap(), plain, "{length}");
        }
    }

    #[test]
    fn no_other_length_is_one_of_a_sealed_file() {
        for length in LENGTHS {
            let whole = sealed_size(length as u64).unwrap();
            for other in [whole - 1, whole + 1, whole + 15, whole + 16] {
                if let Some(size) = plain_size(other) {
                    assert_eq!(sealed_size(size), Some(other));
                }
            }
        }
        assert_eq!(plain_size(0), None);
        assert_eq!(plain_size(HEADER_SIZE as u64), None);
        assert_eq!(plain_size(HEADER_SIZE as u64 + 16), Some(0));
        // An empty frame after a whole one.
        assert_eq!(plain_size((HEADER_SIZE + SEALED_FRAME_SIZE + 16) as u64), None);
        assert_eq!(sealed_size(u64::MAX), None);
    }

    #[test]
    fn a_changed_byte_anywhere_is_found() {
        let whole = sealed("a", &bytes(2 * FRAME_SIZE + 5));
        for at in (0..whole.len()).step_by(4_099).chain(0..HEADER_SIZE).chain([whole.len() - 1]) {
            let mut changed = whole.clone();
            changed[at] ^= 0x40;
            assert!(opened("a", &changed).is_err(), "{at}");
        }
    }

    #[test]
    fn a_file_that_was_cut_or_added_to_does_not_open() {
        let whole = sealed("a", &bytes(3 * FRAME_SIZE));
        let end_of = |frames: usize| HEADER_SIZE + frames * SEALED_FRAME_SIZE;
        for cut in [end_of(2), end_of(1), end_of(1) + 16, end_of(3) - 1, HEADER_SIZE + 16] {
            let error = opened("a", &whole[..cut]).unwrap_err();
            assert!(matches!(error, OpenError::Frame { .. } | OpenError::Length { .. }), "{cut}: {error}");
        }
        let longer = [whole.as_slice(), &whole[end_of(2)..]].concat();
        assert!(matches!(opened("a", &longer), Err(OpenError::Frame { frame: 2, .. })));
    }

    #[test]
    fn frames_that_change_places_do_not_open() {
        let whole = sealed("a", &bytes(4 * FRAME_SIZE));
        let frame = |n: usize| HEADER_SIZE + n * SEALED_FRAME_SIZE..HEADER_SIZE + (n + 1) * SEALED_FRAME_SIZE;
        let mut swapped = whole.clone();
        swapped[frame(1)].copy_from_slice(&whole[frame(2)]);
        swapped[frame(2)].copy_from_slice(&whole[frame(1)]);
        assert!(matches!(opened("a", &swapped), Err(OpenError::Frame { frame: 1, .. })));
        let mut repeated = whole.clone();
        repeated[frame(2)].copy_from_slice(&whole[frame(1)]);
        assert!(matches!(opened("a", &repeated), Err(OpenError::Frame { frame: 2, .. })));
        let mut last_first = whole.clone();
        last_first[frame(0)].copy_from_slice(&whole[frame(3)]);
        assert!(matches!(opened("a", &last_first), Err(OpenError::Frame { frame: 0, .. })));
    }

    #[test]
    fn frames_and_files_do_not_open_in_the_place_of_others() {
        let (one, other) = (sealed("a", &bytes(2 * FRAME_SIZE)), sealed("b", &bytes(2 * FRAME_SIZE)));
        assert_ne!(one[HEADER_SIZE..], other[HEADER_SIZE..], "the same bytes at two paths look different");
        let first = HEADER_SIZE..HEADER_SIZE + SEALED_FRAME_SIZE;
        let mut mixed = one.clone();
        mixed[first.clone()].copy_from_slice(&other[first]);
        assert!(matches!(opened("a", &mixed), Err(OpenError::Frame { frame: 0, .. })));
        assert!(matches!(opened("a", &other), Err(OpenError::WrongPlace(_))));
        let as_manifest = FileOpener::new(&key(), "a", Role::Manifest, None, &one, one.len() as u64);
        assert!(matches!(as_manifest, Err(OpenError::WrongPlace(_))));
    }

    #[test]
    fn what_is_not_ours_is_told_apart_from_a_wrong_key() {
        let whole = sealed("a", b"words");
        let with = |key: [u8; 32], bytes: &[u8]| {
            FileOpener::new(&ContentKey::new(key), "a", Role::File, None, bytes, bytes.len() as u64)
        };
        assert!(matches!(with([8; 32], &whole), Err(OpenError::WrongKey(_))));
        assert!(matches!(
            with(KEY, b"plain text that is longer than a header has bytes, by some of them"),
            Err(OpenError::NotSealed(_))
        ));
        assert!(matches!(with(KEY, &whole[..40]), Err(OpenError::NotSealed(_))));
        assert!(matches!(with(KEY, b""), Err(OpenError::NotSealed(_))));
        let mut future = whole.clone();
        future[8] = 2;
        assert!(matches!(with(KEY, &future), Err(OpenError::Scheme { scheme: 2, .. })));
    }

    #[test]
    fn the_format_is_frozen() {
        let sealed = sealed("a", b"Stoa");
        let hash = blake3::hash(&sealed).to_hex();
        assert_eq!(sealed.len(), HEADER_SIZE + 4 + 16);
        assert_eq!(&sealed[..10], b"StoaSeal\x01\x00");
        assert_eq!(hash.as_str(), "1f8259e3b5433d960c06edf8ea6a9b65eb322b1b8fd1d215640ad54c0e2c49e8");
    }

    #[test]
    fn the_cipher_is_the_one_of_the_draft() {
        // draft-irtf-cfrg-xchacha-03, A.3.1, without its associated data: the key stream is what it prints.
        let key: [u8; 32] = std::array::from_fn(|at| 0x80 + at as u8);
        let nonce: [u8; 24] = std::array::from_fn(|at| 0x40 + at as u8);
        let mut text = *b"Ladies and Gentlemen of the class of '99: If I could offer you o";
        XChaCha20Poly1305::new(&key.into()).encrypt_in_place_detached(&nonce.into(), &[], &mut text).unwrap();
        assert_eq!(text[..8], [0xbd, 0x6d, 0x17, 0x9d, 0x3e, 0x83, 0xd4, 0x3b]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, fork: false, ..ProptestConfig::default() })]

        #[test]
        fn any_range_is_read_alone(
            length in 0..4 * FRAME_SIZE, start in 0..4 * FRAME_SIZE, more in 0..3 * FRAME_SIZE,
        ) {
            let plain = bytes(length);
            let sealed = sealed("a", &plain);
            let (start, end) = (start.min(length), (start + more).min(length));
            let mut reader = Reader::new(std::io::Cursor::new(&sealed), opener("a", &sealed).unwrap());
            let mut read = Vec::new();
            reader.read(start as u64..end.max(start) as u64, &mut read).unwrap();
            prop_assert_eq!(&read, &plain[start..end.max(start)]);
            let beyond = reader.read(0..length as u64 + 1, &mut read);
            prop_assert!(matches!(beyond, Err(OpenError::Range { .. })), "{:?}", beyond);
        }

        #[test]
        fn a_range_reads_its_own_frames_and_no_other(length in FRAME_SIZE..5 * FRAME_SIZE, at in any::<u32>()) {
            let plain = bytes(length);
            let mut sealed = sealed("a", &plain);
            let byte = at as usize % length;
            let frame = byte / FRAME_SIZE;
            // Everything but that frame is destroyed.
            let kept = HEADER_SIZE + frame * SEALED_FRAME_SIZE;
            let opener = opener("a", &sealed).unwrap();
            let end = (kept + SEALED_FRAME_SIZE).min(sealed.len());
            sealed[HEADER_SIZE..kept].fill(0);
            sealed[end..].fill(0);
            let mut read = Vec::new();
            let mut reader = Reader::new(std::io::Cursor::new(&sealed), opener);
            reader.read(byte as u64..byte as u64 + 1, &mut read).unwrap();
            prop_assert_eq!(read, &plain[byte..=byte]);
        }

        #[test]
        fn parts_of_any_size_make_the_same_file(parts in prop::collection::vec(0..90_000_usize, 0..6)) {
            let plain = bytes(parts.iter().sum());
            let id = id(&key(), Role::File, "a", &[1; 32]);
            let mut sealer = FileSealer::new(Vec::new(), &key(), Role::File, &id).unwrap();
            let mut rest = plain.as_slice();
            for part in parts {
                let (taken, left) = rest.split_at(part);
                sealer.write(taken).unwrap();
                rest = left;
            }
            prop_assert_eq!(sealer.finish().unwrap(), sealed("a", &plain));
        }

        #[test]
        fn bytes_from_strangers_never_open(sealed in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(opener("a", &sealed).is_err());
        }
    }
}
