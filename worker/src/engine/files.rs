//! The file system that a program sees: inputs on disk, read-only, and an output tree in memory.
//!
//! ```text
//! /in/0, /in/1, …   the inputs, in the job's order
//! /out              what the program leaves
//! ```
//! There are no links, owners, modes or times; folders list in the order of their names' bytes; numbers of files are
//! given in the order in which the tree was made. All that is written counts against one limit, each name too, so that
//! memory is bounded by it.

use super::errno::{Answer, Errno, Stop};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

/// What an entry of a folder counts for, beside its name.
const ENTRY_COST: u64 = 256;
/// Most entries in the output.
const MAX_ENTRIES: u64 = 1_000_000;
/// Deepest folder below `/out`; a piece takes 128.
const MAX_DEPTH: usize = 100;
/// Longest name, in bytes.
const MAX_NAME: usize = 255;
/// What a folder's entries may take in its node, which stays below the 2 MiB of a block.
const MAX_FOLDER: usize = 1_900_000;
/// What an entry takes in a folder's node beside its name, at most.
const LINK_SIZE: usize = 64;

/// The number of a file or folder.
pub(crate) type Inode = usize;
/// The root folder.
pub(crate) const ROOT: Inode = 0;

#[derive(Debug)]
enum Node {
    Folder { entries: BTreeMap<String, Inode>, parent: Inode, size: usize },
    Input { path: PathBuf, size: u64 },
    Output { bytes: Vec<u8> },
}

#[derive(Debug)]
struct Slot {
    node: Node,
    writable: bool,
    linked: bool,
    open: u32,
}

/// What is known of a file or folder.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Facts {
    /// Its number.
    pub inode: Inode,
    /// It is a folder.
    pub folder: bool,
    /// Length in bytes; 0 of a folder.
    pub size: u64,
}

/// The tree.
#[derive(Debug)]
pub(crate) struct Files {
    slots: Vec<Option<Slot>>,
    /// Places in `slots` that are free.
    spare: Vec<Inode>,
    out: Inode,
    stdout: Inode,
    stderr: Inode,
    limit: u64,
    used: u64,
    entries: u64,
}

/// What a path leads to.
#[derive(Debug)]
pub(crate) struct Place {
    /// The folder that has it.
    pub folder: Inode,
    /// Its name there; empty for a folder that the path names through `.` or `..`.
    pub name: String,
    /// What is there.
    pub found: Option<Inode>,
    /// The path says that it is a folder.
    pub must_be_folder: bool,
}

impl Files {
    /// A tree over folders of inputs. `limit` is how much may be written.
    pub(crate) fn new(inputs: &[PathBuf], limit: u64) -> io::Result<Self> {
        let mut files = Self {
            slots: Vec::new(),
            spare: Vec::new(),
            out: ROOT,
            stdout: ROOT,
            stderr: ROOT,
            limit,
            used: 0,
            entries: 0,
        };
        files.add(Node::Folder { entries: BTreeMap::new(), parent: ROOT, size: 0 }, false);
        files.stdout = files.add(Node::Output { bytes: Vec::new() }, true);
        files.stderr = files.add(Node::Output { bytes: Vec::new() }, true);
        files.out = files.folder(ROOT, "out", true);
        let all = files.folder(ROOT, "in", false);
        for (number, input) in inputs.iter().enumerate() {
            let folder = files.folder(all, &number.to_string(), false);
            files.scan(input, folder)?;
        }
        Ok(files)
    }

    fn add(&mut self, node: Node, writable: bool) -> Inode {
        let slot = Some(Slot { node, writable, linked: true, open: 0 });
        if let Some(inode) = self.spare.pop()
            && let Some(place) = self.slots.get_mut(inode)
        {
            *place = slot;
            return inode;
        }
        self.slots.push(slot);
        self.slots.len() - 1
    }

    fn folder(&mut self, parent: Inode, name: &str, writable: bool) -> Inode {
        let made = self.add(Node::Folder { entries: BTreeMap::new(), parent, size: 0 }, writable);
        self.link(parent, name, made);
        made
    }

    fn link(&mut self, parent: Inode, name: &str, inode: Inode) {
        if let Some(Slot { node: Node::Folder { entries, size, .. }, .. }) = self.slot_mut(parent) {
            *size += name.len() + LINK_SIZE;
            entries.insert(name.to_owned(), inode);
        }
        if let Some(Slot { node: Node::Folder { parent: up, .. }, .. }) = self.slot_mut(inode) {
            *up = parent;
        }
    }

    fn unlink_from(&mut self, parent: Inode, name: &str) {
        if let Some(Slot { node: Node::Folder { entries, size, .. }, .. }) = self.slot_mut(parent)
            && entries.remove(name).is_some()
        {
            *size = size.saturating_sub(name.len() + LINK_SIZE);
        }
    }

    fn scan(&mut self, dir: &Path, into: Inode) -> io::Result<()> {
        let mut entries = fs::read_dir(dir)?.collect::<io::Result<Vec<_>>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let kind = entry.file_type()?;
            let name = entry.file_name().into_string().map_err(|_| io::ErrorKind::InvalidData)?;
            if kind.is_dir() {
                let made = self.folder(into, &name, false);
                self.scan(&entry.path(), made)?;
            } else if kind.is_file() {
                let size = entry.metadata()?.len();
                let made = self.add(Node::Input { path: entry.path(), size }, false);
                self.link(into, &name, made);
            } else {
                return Err(io::ErrorKind::InvalidData.into());
            }
        }
        Ok(())
    }

    fn slot(&self, inode: Inode) -> Option<&Slot> {
        self.slots.get(inode).and_then(Option::as_ref)
    }

    fn slot_mut(&mut self, inode: Inode) -> Option<&mut Slot> {
        self.slots.get_mut(inode).and_then(Option::as_mut)
    }

    /// The file that takes what the program prints.
    pub(crate) fn stdout(&self) -> Inode {
        self.stdout
    }

    /// The file that takes what the program complains.
    pub(crate) fn stderr(&self) -> Inode {
        self.stderr
    }

    /// What is known of a file or folder.
    pub(crate) fn facts(&self, inode: Inode) -> Answer<Facts> {
        let (folder, size) = match &self.slot(inode).ok_or(Errno::BadFd)?.node {
            Node::Folder { .. } => (true, 0),
            Node::Input { size, .. } => (false, *size),
            Node::Output { bytes } => (false, bytes.len() as u64),
        };
        Ok(Facts { inode, folder, size })
    }

    /// How many files and folders the program made.
    pub(crate) fn made(&self) -> u64 {
        self.entries
    }

    /// Whether something in the tree may be changed.
    pub(crate) fn is_writable(&self, inode: Inode) -> bool {
        self.slot(inode).is_some_and(|slot| slot.writable)
    }

    fn entries(&self, inode: Inode) -> Answer<&BTreeMap<String, Inode>> {
        match &self.slot(inode).ok_or(Errno::BadFd)?.node {
            Node::Folder { entries, .. } => Ok(entries),
            _ => Err(Errno::NotFolder.into()),
        }
    }

    fn parent(&self, inode: Inode) -> Inode {
        match self.slot(inode).map(|slot| &slot.node) {
            Some(Node::Folder { parent, .. }) => *parent,
            _ => ROOT,
        }
    }

    /// The entries of a folder from one on, in order, after `.` and `..`.
    pub(crate) fn list(&self, inode: Inode, from: usize) -> Answer<impl Iterator<Item = (&str, Inode)>> {
        let dots = [(".", inode), ("..", self.parent(inode))];
        let entries = self.entries(inode)?;
        Ok(dots.into_iter().chain(entries.iter().map(|(name, inode)| (name.as_str(), *inode))).skip(from))
    }

    /// Follows a path from a folder. It can't lead out of that folder.
    pub(crate) fn resolve(&self, from: Inode, path: &str) -> Answer<Place> {
        if path.is_empty() {
            return Err(Errno::NoEntry.into());
        }
        if path.starts_with('/') {
            return Err(Errno::NotCapable.into());
        }
        let must_be_folder = path.ends_with('/');
        let mut trail: Vec<Inode> = Vec::new();
        let mut here = from;
        let mut segments =
            path.split('/').filter(|segment| !segment.is_empty() && *segment != ".").peekable();
        while let Some(segment) = segments.next() {
            if segment == ".." {
                self.entries(here)?;
                here = trail.pop().ok_or(Errno::NotCapable)?;
                continue;
            }
            if segment.len() > MAX_NAME {
                return Err(Errno::NameTooLong.into());
            }
            let found = self.entries(here)?.get(segment).copied();
            if segments.peek().is_none() {
                return Ok(Place { folder: here, name: segment.to_owned(), found, must_be_folder });
            }
            trail.push(here);
            here = found.ok_or(Errno::NoEntry)?;
        }
        self.entries(here)?;
        Ok(Place { folder: self.parent(here), name: String::new(), found: Some(here), must_be_folder: true })
    }

    fn charge(&mut self, bytes: u64, what: &'static str) -> Answer<()> {
        let used = self.used.saturating_add(bytes);
        if used > self.limit {
            return Err(Stop::OutputTooLarge { what, limit: self.limit }.into());
        }
        self.used = used;
        Ok(())
    }

    fn free(&mut self, bytes: u64) {
        self.used = self.used.saturating_sub(bytes);
    }

    fn depth(&self, mut inode: Inode) -> usize {
        let mut depth = 0;
        while inode != ROOT {
            inode = self.parent(inode);
            depth += 1;
        }
        depth
    }

    fn height(&self, inode: Inode) -> usize {
        let Ok(entries) = self.entries(inode) else { return 0 };
        entries.values().map(|below| self.height(*below) + 1).max().unwrap_or(0)
    }

    /// Checks that a name can be made in a folder, and counts it.
    fn charge_name(&mut self, folder: Inode, name: &str) -> Answer<()> {
        if !self.is_writable(folder) {
            return Err(Errno::ReadOnly.into());
        }
        if self.slot(folder).is_some_and(|slot| !slot.linked) {
            return Err(Errno::NoEntry.into());
        }
        if name.contains(['\\', '\0']) {
            return Err(Errno::Invalid.into());
        }
        if self.depth(folder) > MAX_DEPTH {
            return Err(Errno::NameTooLong.into());
        }
        let limit = self.limit;
        if let Some(Slot { node: Node::Folder { size, .. }, .. }) = self.slot(folder)
            && size + name.len() + LINK_SIZE > MAX_FOLDER
        {
            return Err(Stop::OutputTooLarge { what: "a folder has too many entries", limit }.into());
        }
        if self.entries >= MAX_ENTRIES {
            return Err(Stop::OutputTooLarge { what: "there are too many files and folders", limit }.into());
        }
        self.charge(ENTRY_COST + name.len() as u64, "one more name doesn't fit")?;
        self.entries += 1;
        Ok(())
    }

    fn free_name(&mut self, name: &str) {
        self.free(ENTRY_COST + name.len() as u64);
        self.entries = self.entries.saturating_sub(1);
    }

    /// Makes a file where a path leads.
    pub(crate) fn create(&mut self, place: &Place) -> Answer<Inode> {
        self.charge_name(place.folder, &place.name)?;
        let made = self.add(Node::Output { bytes: Vec::new() }, true);
        self.link(place.folder, &place.name, made);
        Ok(made)
    }

    /// Makes a folder where a path leads.
    pub(crate) fn create_folder(&mut self, place: &Place) -> Answer<()> {
        if place.found.is_some() {
            return Err(Errno::Exists.into());
        }
        self.charge_name(place.folder, &place.name)?;
        self.folder(place.folder, &place.name, true);
        Ok(())
    }

    /// Removes a file.
    pub(crate) fn unlink(&mut self, place: &Place) -> Answer<()> {
        let inode = place.found.ok_or(Errno::NoEntry)?;
        let folder = self.facts(inode)?.folder;
        if !self.is_writable(place.folder) {
            return Err(Errno::ReadOnly.into());
        }
        if folder {
            return Err(Errno::IsFolder.into());
        }
        if place.must_be_folder {
            return Err(Errno::NotFolder.into());
        }
        self.detach(place, inode);
        Ok(())
    }

    /// Removes an empty folder.
    pub(crate) fn remove_folder(&mut self, place: &Place) -> Answer<()> {
        let inode = place.found.ok_or(Errno::NoEntry)?;
        let empty = self.entries(inode)?.is_empty();
        if place.name.is_empty() {
            return Err(Errno::Invalid.into());
        }
        if !self.is_writable(place.folder) {
            return Err(Errno::ReadOnly.into());
        }
        if !empty {
            return Err(Errno::NotEmpty.into());
        }
        self.detach(place, inode);
        Ok(())
    }

    fn detach(&mut self, place: &Place, inode: Inode) {
        self.unlink_from(place.folder, &place.name);
        self.free_name(&place.name);
        if let Some(slot) = self.slot_mut(inode) {
            slot.linked = false;
        }
        self.forget(inode);
    }

    /// Frees what neither a name nor a descriptor has any more.
    fn forget(&mut self, inode: Inode) {
        let Some(slot) = self.slot(inode) else { return };
        if slot.linked || slot.open > 0 {
            return;
        }
        if let Node::Output { bytes } = &slot.node {
            let size = bytes.len() as u64;
            self.free(size);
        }
        if let Some(slot) = self.slots.get_mut(inode) {
            *slot = None;
            self.spare.push(inode);
        }
    }

    /// Moves a file or folder, over a file or an empty folder that may be there.
    pub(crate) fn rename(&mut self, from: &Place, to: &Place) -> Answer<()> {
        let inode = from.found.ok_or(Errno::NoEntry)?;
        if from.name.is_empty() || to.name.is_empty() {
            return Err(Errno::Invalid.into());
        }
        if !self.is_writable(from.folder) || !self.is_writable(to.folder) {
            return Err(Errno::ReadOnly.into());
        }
        let folder = self.facts(inode)?.folder;
        if (from.must_be_folder || to.must_be_folder) && !folder {
            return Err(Errno::NotFolder.into());
        }
        if to.found == Some(inode) {
            return Ok(());
        }
        let mut above = to.folder;
        while above != ROOT {
            if above == inode {
                return Err(Errno::Invalid.into());
            }
            above = self.parent(above);
        }
        if self.depth(to.folder) + self.height(inode) > MAX_DEPTH {
            return Err(Errno::NameTooLong.into());
        }
        if let Some(there) = to.found {
            match (folder, self.facts(there)?.folder) {
                (true, false) => return Err(Errno::NotFolder.into()),
                (false, true) => return Err(Errno::IsFolder.into()),
                (true, true) if !self.entries(there)?.is_empty() => return Err(Errno::NotEmpty.into()),
                _ => self.detach(to, there),
            }
        }
        // The old name is freed first: a rename needs no room of its own when the new one isn't longer.
        self.unlink_from(from.folder, &from.name);
        self.free_name(&from.name);
        if let Err(failure) = self.charge_name(to.folder, &to.name) {
            self.link(from.folder, &from.name, inode);
            self.used = self.used.saturating_add(ENTRY_COST + from.name.len() as u64);
            self.entries += 1;
            return Err(failure);
        }
        self.link(to.folder, &to.name, inode);
        Ok(())
    }

    /// Counts a descriptor of a file or folder. Gives the file on disk of an input.
    pub(crate) fn open(&mut self, inode: Inode) -> Answer<Option<File>> {
        let slot = self.slot_mut(inode).ok_or(Errno::BadFd)?;
        let host = match &slot.node {
            Node::Input { path, .. } => Some(File::open(path).map_err(Stop::Host)?),
            _ => None,
        };
        slot.open = slot.open.saturating_add(1);
        Ok(host)
    }

    /// Counts a descriptor less.
    pub(crate) fn close(&mut self, inode: Inode) {
        if let Some(slot) = self.slot_mut(inode) {
            slot.open = slot.open.saturating_sub(1);
        }
        self.forget(inode);
    }

    /// Reads from a file of the output tree into a buffer, and says how much.
    pub(crate) fn read(&self, inode: Inode, position: u64, into: &mut [u8]) -> Answer<usize> {
        let Node::Output { bytes } = &self.slot(inode).ok_or(Errno::BadFd)?.node else {
            return Err(Errno::IsFolder.into());
        };
        let start = usize::try_from(position).unwrap_or(usize::MAX).min(bytes.len());
        let rest = bytes.get(start..).unwrap_or_default();
        let count = rest.len().min(into.len());
        if let (Some(into), Some(from)) = (into.get_mut(..count), rest.get(..count)) {
            into.copy_from_slice(from);
        }
        Ok(count)
    }

    /// Writes into a file of the output tree; what lies between its end and `position` becomes zeros.
    pub(crate) fn write(&mut self, inode: Inode, position: u64, from: &[u8]) -> Answer<()> {
        if from.is_empty() {
            return Ok(());
        }
        let end = position.checked_add(from.len() as u64).ok_or(Errno::TooBig)?;
        if end > self.facts(inode)?.size {
            self.resize(inode, end)?;
        }
        let Some(Slot { node: Node::Output { bytes }, .. }) = self.slot_mut(inode) else {
            return Err(Errno::BadFd.into());
        };
        let range = usize::try_from(position).ok().zip(usize::try_from(end).ok());
        let into = range.and_then(|(start, end)| bytes.get_mut(start..end)).ok_or(Errno::TooBig)?;
        into.copy_from_slice(from);
        Ok(())
    }

    /// Sets the length of a file of the output tree.
    pub(crate) fn resize(&mut self, inode: Inode, size: u64) -> Answer<()> {
        let before = self.facts(inode)?.size;
        if let Some(more) = size.checked_sub(before) {
            self.charge(more, "a file grew too long")?;
        } else {
            self.free(before.saturating_sub(size));
        }
        let Some(Slot { node: Node::Output { bytes }, .. }) = self.slot_mut(inode) else {
            return Err(Errno::ReadOnly.into());
        };
        let size = usize::try_from(size).map_err(|_| Errno::TooBig)?;
        bytes.resize(size, 0);
        Ok(())
    }

    /// Writes what the program left into a folder on disk: `output`, `stdout` and `stderr`.
    pub(crate) fn export(&self, dir: &Path) -> io::Result<()> {
        fs::create_dir(dir.join("output"))?;
        self.export_folder(self.out, &dir.join("output"))?;
        for (inode, name) in [(self.stdout, "stdout"), (self.stderr, "stderr")] {
            if let Some(Slot { node: Node::Output { bytes }, .. }) = self.slot(inode) {
                fs::write(dir.join(name), bytes)?;
            }
        }
        Ok(())
    }

    fn export_folder(&self, inode: Inode, dir: &Path) -> io::Result<()> {
        let Some(Slot { node: Node::Folder { entries, .. }, .. }) = self.slot(inode) else { return Ok(()) };
        for (name, inode) in entries {
            let path = dir.join(name);
            match self.slot(*inode).map(|slot| &slot.node) {
                Some(Node::Folder { .. }) => {
                    fs::create_dir(&path)?;
                    self.export_folder(*inode, &path)?;
                }
                Some(Node::Output { bytes }) => fs::write(&path, bytes)?,
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::errno::Failure;
    use super::*;

    fn empty(limit: u64) -> Files {
        Files::new(&[], limit).unwrap()
    }

    fn place(files: &Files, path: &str) -> Place {
        files.resolve(ROOT, path).unwrap()
    }

    fn errno<T: std::fmt::Debug>(answer: Answer<T>) -> Errno {
        match answer {
            Err(Failure::Errno(errno)) => errno,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn paths_do_not_lead_out_of_their_folder() {
        let files = empty(1 << 20);
        for path in ["..", "out/../..", "/etc/passwd", "../../../etc/passwd"] {
            assert_eq!(errno(files.resolve(ROOT, path)), Errno::NotCapable, "{path}");
        }
        let out = place(&files, "out").found.unwrap();
        assert_eq!(errno(files.resolve(out, "../in")), Errno::NotCapable);
        assert_eq!(place(&files, "out/../in/.").found, place(&files, "in").found);
        assert_eq!(errno(files.resolve(ROOT, "")), Errno::NoEntry);
        assert_eq!(errno(files.resolve(ROOT, "nowhere/x")), Errno::NoEntry);
    }

    #[test]
    fn only_the_output_can_be_written() {
        let mut files = empty(1 << 20);
        for path in ["new", "in/new", "in/0"] {
            let there = place(&files, path);
            assert_eq!(errno(files.create(&there)), Errno::ReadOnly, "{path}");
        }
        let there = place(&files, "out");
        assert_eq!(errno(files.remove_folder(&there)), Errno::ReadOnly);
        let there = place(&files, "out/new");
        files.create(&there).unwrap();
    }

    #[test]
    fn a_removed_file_stays_for_those_who_have_it_open_and_frees_its_room_after() {
        let mut files = empty(10_000);
        for _ in 0..100 {
            let inode = files.create(&place(&files, "out/file")).unwrap();
            files.open(inode).unwrap();
            files.write(inode, 0, &[7; 5_000]).unwrap();
            let there = place(&files, "out/file");
            files.unlink(&there).unwrap();
            let mut byte = [0];
            assert_eq!(files.read(inode, 4_999, &mut byte).unwrap(), 1);
            assert_eq!(byte, [7]);
            files.close(inode);
        }
        assert_eq!((files.used, files.entries), (0, 0));
    }

    #[test]
    fn holes_and_names_count_against_the_limit() {
        let mut files = empty(10_000);
        let inode = files.create(&place(&files, "out/file")).unwrap();
        let stop = files.write(inode, 1 << 40, &[1]);
        assert!(matches!(stop, Err(Failure::Stop(Stop::OutputTooLarge { .. }))), "{stop:?}");
        let names = (0..100).try_for_each(|number| {
            let there = place(&files, &format!("out/{number}"));
            files.create_folder(&there)
        });
        assert!(matches!(names, Err(Failure::Stop(Stop::OutputTooLarge { .. }))), "{names:?}");
    }

    #[test]
    fn a_folder_cannot_move_into_itself_nor_too_deep() {
        let mut files = empty(1 << 20);
        files.create_folder(&place(&files, "out/a")).unwrap();
        files.create_folder(&place(&files, "out/a/b")).unwrap();
        let (from, to) = (place(&files, "out/a"), place(&files, "out/a/b/c"));
        assert_eq!(errno(files.rename(&from, &to)), Errno::Invalid);
        let mut path = "out".to_owned();
        let failed = (0..200).find_map(|_| {
            path.push_str("/d");
            files.create_folder(&place(&files, &path)).err()
        });
        assert!(matches!(failed, Some(Failure::Errno(Errno::NameTooLong))));
        let (from, to) = (place(&files, "out/a"), place(&files, path.strip_suffix("/d").unwrap()));
        assert_eq!(errno(files.rename(&from, &to)), Errno::NameTooLong);
    }

    #[test]
    fn a_rename_replaces_a_file_and_keeps_the_count() {
        let mut files = empty(2_000);
        for name in ["out/a", "out/b"] {
            let inode = files.create(&place(&files, name)).unwrap();
            files.write(inode, 0, name.as_bytes()).unwrap();
        }
        let used = files.used;
        let (from, to) = (place(&files, "out/a"), place(&files, "out/b"));
        files.rename(&from, &to).unwrap();
        assert_eq!(files.used, used - ENTRY_COST - 1 - 5);
        let inode = place(&files, "out/b").found.unwrap();
        let mut bytes = [0; 5];
        files.read(inode, 0, &mut bytes).unwrap();
        assert_eq!(&bytes, b"out/a");
        assert!(place(&files, "out/a").found.is_none());
    }

    #[test]
    fn folders_list_in_the_order_of_their_names_wherever_the_names_came_from() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["b", "a", "B", "ä", "10", "9"] {
            std::fs::write(dir.path().join(name), name).unwrap();
        }
        let files = Files::new(&[dir.path().to_owned()], 1 << 20).unwrap();
        let inode = place(&files, "in/0").found.unwrap();
        let names: Vec<_> = files.list(inode, 0).unwrap().map(|(name, _)| name.to_owned()).collect();
        assert_eq!(names, [".", "..", "10", "9", "B", "a", "b", "ä"]);
    }

    #[test]
    fn what_is_exported_is_what_was_written() {
        let mut files = empty(1 << 20);
        files.create_folder(&place(&files, "out/empty")).unwrap();
        let inode = files.create(&place(&files, "out/file")).unwrap();
        files.write(inode, 3, b"abc").unwrap();
        files.write(files.stdout(), 0, b"hello").unwrap();
        let dir = tempfile::tempdir().unwrap();
        files.export(dir.path()).unwrap();
        assert_eq!(std::fs::read(dir.path().join("output/file")).unwrap(), b"\0\0\0abc");
        assert!(dir.path().join("output/empty").is_dir());
        assert_eq!(std::fs::read(dir.path().join("stdout")).unwrap(), b"hello");
        assert_eq!(std::fs::read(dir.path().join("stderr")).unwrap(), b"");
    }
}
