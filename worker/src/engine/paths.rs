//! Calls on paths. Every path is taken from a folder and can't lead out of it.

use super::{
    descriptors::{READ, WRITE, put_facts},
    errno::{Answer, Errno},
    files::Place,
    guest::Guest,
    state::Handle,
};

const CREATE: u32 = 1;
const MUST_BE_FOLDER: u32 = 2;
const EXCLUSIVE: u32 = 4;
const TRUNCATE: u32 = 8;
const FLAGS: u32 = 31;

fn place(guest: &mut Guest<'_>, fd: u32, path: u32, length: u32) -> Answer<Place> {
    let folder = guest.state.folder(fd)?;
    let path = guest.path(path, length)?;
    guest.state.files.resolve(folder, &path)
}

/// Whether something is there; nothing more is done.
pub(super) fn exists(guest: &mut Guest<'_>, fd: u32, path: u32, length: u32) -> Answer<()> {
    place(guest, fd, path, length)?.found.map(drop).ok_or_else(|| Errno::NoEntry.into())
}

/// `path_filestat_get`. There are no links to be followed or not.
pub(super) fn status(
    guest: &mut Guest<'_>,
    fd: u32,
    _flags: u32,
    path: u32,
    length: u32,
    out: u32,
) -> Answer<()> {
    let place = place(guest, fd, path, length)?;
    let facts = guest.state.files.facts(place.found.ok_or(Errno::NoEntry)?)?;
    if place.must_be_folder && !facts.folder {
        return Err(Errno::NotFolder.into());
    }
    put_facts(guest, Some(facts), out)
}

/// `path_create_directory`.
pub(super) fn create_folder(guest: &mut Guest<'_>, fd: u32, path: u32, length: u32) -> Answer<()> {
    let place = place(guest, fd, path, length)?;
    guest.state.files.create_folder(&place)
}

/// `path_remove_directory`.
pub(super) fn remove_folder(guest: &mut Guest<'_>, fd: u32, path: u32, length: u32) -> Answer<()> {
    let place = place(guest, fd, path, length)?;
    guest.state.files.remove_folder(&place)
}

/// `path_unlink_file`.
pub(super) fn unlink(guest: &mut Guest<'_>, fd: u32, path: u32, length: u32) -> Answer<()> {
    let place = place(guest, fd, path, length)?;
    guest.state.files.unlink(&place)
}

/// `path_rename`.
pub(super) fn rename(
    guest: &mut Guest<'_>,
    fd: u32,
    from: u32,
    length: u32,
    to_fd: u32,
    to: u32,
    to_length: u32,
) -> Answer<()> {
    let from = place(guest, fd, from, length)?;
    let to = place(guest, to_fd, to, to_length)?;
    // All that a moved folder has is looked at.
    let made = guest.state.files.made();
    guest.charge(made)?;
    guest.state.files.rename(&from, &to)
}

/// `path_open`.
#[expect(clippy::too_many_arguments, reason = "the interface has them")]
pub(super) fn open(
    guest: &mut Guest<'_>,
    fd: u32,
    path: u32,
    length: u32,
    how: u32,
    rights: u64,
    flags: u32,
    out: u32,
) -> Answer<()> {
    if flags > FLAGS {
        return Err(Errno::Invalid.into());
    }
    let place = place(guest, fd, path, length)?;
    if !guest.state.has_room() {
        return Err(Errno::TooManyOpen.into());
    }
    let (read, write) = (rights & READ != 0, rights & WRITE != 0);
    let files = &mut guest.state.files;
    let inode = match place.found {
        Some(_) if how & CREATE != 0 && how & EXCLUSIVE != 0 => return Err(Errno::Exists.into()),
        Some(inode) => inode,
        None if how & CREATE != 0 && how & MUST_BE_FOLDER != 0 => return Err(Errno::Invalid.into()),
        None if how & CREATE != 0 && !place.must_be_folder => files.create(&place)?,
        None => return Err(Errno::NoEntry.into()),
    };
    let facts = files.facts(inode)?;
    let handle = if facts.folder {
        if how & TRUNCATE != 0 || (write && how & MUST_BE_FOLDER == 0) {
            return Err(Errno::IsFolder.into());
        }
        files.open(inode)?;
        Handle::Folder(inode)
    } else {
        if how & MUST_BE_FOLDER != 0 || place.must_be_folder {
            return Err(Errno::NotFolder.into());
        }
        if (write || how & TRUNCATE != 0) && !files.is_writable(inode) {
            return Err(Errno::ReadOnly.into());
        }
        if how & TRUNCATE != 0 {
            files.resize(inode, 0)?;
        }
        let host = files.open(inode)?;
        let flags = u16::try_from(flags).map_err(|_| Errno::Invalid)?;
        Handle::File { inode, host, position: 0, read, write, flags }
    };
    let fd = guest.state.insert(handle)?;
    guest.put_u32(out, fd)
}
