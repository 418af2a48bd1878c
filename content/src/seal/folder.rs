//! A folder on disk into its sealed form.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Read, Write},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{
    ContentKey, Manifest, PlainFile, SealError,
    frames::{FRAME_SIZE, FileSealer, Role, id},
    manifest::{MANIFEST, MAX_ENTRIES},
};
use crate::{MAX_DEPTH, PackError, pack::entries};

/// Files in one folder of the sealed form.
const PER_FOLDER: usize = 1_000;
/// How much is read at once.
const CHUNK: usize = 16 * FRAME_SIZE;

/// The name in a sealed folder of the manifest's file of a number.
pub fn place(number: usize) -> String {
    format!("{:04}/{:03}", number / PER_FOLDER, number % PER_FOLDER)
}

/// Lists a folder and hashes its files; every byte is read once. `progress` is told how many have been.
pub fn survey(dir: &Path, progress: &mut dyn FnMut(u64)) -> Result<Manifest, SealError> {
    let mut found = Found::default();
    found.folder(dir, "", 0)?;
    let mut files = Vec::with_capacity(found.files.len());
    let mut done = 0;
    for path in found.files {
        let (size, sha256) = read(&dir.join(&path), &mut |bytes| {
            done += bytes.len() as u64;
            progress(done);
            Ok(())
        })?;
        files.push(PlainFile { path, size, sha256 });
    }
    let manifest = Manifest::new(files, found.folders);
    if manifest.fits() { Ok(manifest) } else { Err(SealError::TooLarge) }
}

/// Writes the sealed form of a folder that was [surveyed](survey) into an empty one. A file that changed since fails,
/// and what was written by then is worth nothing. `progress` is told how many plain bytes have been sealed.
pub fn seal_dir(
    dir: &Path,
    manifest: &Manifest,
    key: &ContentKey,
    out: &Path,
    progress: &mut dyn FnMut(u64),
) -> Result<(), SealError> {
    let mut done = 0;
    for (place, file) in manifest.places() {
        let target = out.join(place);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent).map_err(|source| SealError::Write { path: parent.into(), source })?;
        }
        let source = dir.join(&file.path);
        let failed = |source| SealError::Write { path: target.clone(), source };
        let id = id(key, Role::File, &file.path, &file.sha256);
        let output = BufWriter::with_capacity(CHUNK, File::create_new(&target).map_err(failed)?);
        let mut sealer = FileSealer::new(output, key, Role::File, &id).map_err(failed)?;
        let (size, sha256) = read(&source, &mut |bytes| {
            sealer.write(bytes).map_err(failed)?;
            done += bytes.len() as u64;
            progress(done);
            Ok(())
        })?;
        // Other bytes under the same frame keys must never leave this machine.
        if (size, sha256) != (file.size, file.sha256) {
            return Err(PackError::Changed(source).into());
        }
        sealer.finish().and_then(|mut output| output.flush()).map_err(failed)?;
    }
    let target = out.join(MANIFEST);
    fs::write(&target, manifest.seal(key)).map_err(|source| SealError::Write { path: target, source })
}

/// Reads a file to its end, and gives its length and hash.
fn read(
    path: &Path,
    each: &mut dyn FnMut(&[u8]) -> Result<(), SealError>,
) -> Result<(u64, [u8; 32]), SealError> {
    let failed = |source: io::Error| PackError::Read { path: path.into(), source };
    let mut file = File::open(path).map_err(failed)?;
    let mut buffer = Zeroizing::new(vec![0; CHUNK]);
    let (mut size, mut hasher) = (0_u64, Sha256::new());
    loop {
        let read = match file.read(&mut buffer) {
            Ok(0) => return Ok((size, hasher.finalize().into())),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(failed(error).into()),
        };
        let bytes = buffer.get(..read).unwrap_or_default();
        hasher.update(bytes);
        size += read as u64;
        each(bytes)?;
    }
}

#[derive(Default)]
struct Found {
    files: Vec<String>,
    folders: Vec<String>,
}

impl Found {
    fn folder(&mut self, dir: &Path, inside: &str, depth: usize) -> Result<(), SealError> {
        if depth > MAX_DEPTH {
            return Err(PackError::Depth(dir.into()).into());
        }
        let entries = entries(dir)?;
        if entries.is_empty() && !inside.is_empty() {
            self.folders.push(inside.to_owned());
        }
        for (name, is_dir) in entries {
            let path: PathBuf = dir.join(&name);
            let inside = if inside.is_empty() { name } else { format!("{inside}/{name}") };
            if is_dir {
                self.folder(&path, &inside, depth + 1)?;
            } else {
                self.files.push(inside);
            }
            if self.files.len() + self.folders.len() > MAX_ENTRIES {
                return Err(SealError::TooLarge);
            }
        }
        Ok(())
    }
}
