//! Calls on descriptors.

use super::{
    errno::{Answer, Errno},
    files::Facts,
    guest::{Guest, host, slice_mut},
    state::{APPEND, Handle},
};
use std::os::unix::fs::FileExt;

/// All rights of preview 1.
const RIGHTS: u64 = (1 << 30) - 1;
/// To seek and to tell, which a stream can't.
const SEEK_AND_TELL: u64 = 1 << 2 | 1 << 5;
/// To read.
pub(super) const READ: u64 = 1 << 1;
/// To write.
pub(super) const WRITE: u64 = 1 << 6;
const UNKNOWN: u8 = 0;
const FOLDER: u8 = 3;
const FILE: u8 = 4;
/// Flags that a descriptor can have. Data is always synchronous, and nothing blocks.
const FLAGS: u32 = 31;
/// What an entry of a folder takes in a listing beside its name.
const ENTRY: usize = 24;

/// `fd_advise`.
pub(super) fn advise(guest: &mut Guest<'_>, fd: u32, advice: u32) -> Answer<()> {
    guest.state.handle(fd)?;
    if advice < 6 { Ok(()) } else { Err(Errno::Invalid.into()) }
}

/// `fd_fdstat_get`.
pub(super) fn status(guest: &mut Guest<'_>, fd: u32, out: u32) -> Answer<()> {
    let (kind, flags, rights) = match guest.state.handle(fd)? {
        // Not a terminal, so that the program's library writes in large pieces.
        Handle::Stdin => (UNKNOWN, 0, RIGHTS & !SEEK_AND_TELL & !WRITE),
        Handle::Print(_) => (UNKNOWN, APPEND, RIGHTS & !SEEK_AND_TELL & !READ),
        Handle::Folder(_) => (FOLDER, 0, RIGHTS),
        Handle::File { read, write, flags, .. } => {
            let denied = if *read { 0 } else { READ } | if *write { 0 } else { WRITE };
            (FILE, *flags, RIGHTS & !denied)
        }
    };
    let mut bytes = [0; 24];
    bytes[0] = kind;
    bytes[2..4].copy_from_slice(&flags.to_le_bytes());
    bytes[8..16].copy_from_slice(&rights.to_le_bytes());
    bytes[16..24].copy_from_slice(&rights.to_le_bytes());
    guest.put(out, &bytes)
}

/// `fd_fdstat_set_flags`.
pub(super) fn set_flags(guest: &mut Guest<'_>, fd: u32, wanted: u32) -> Answer<()> {
    if wanted > FLAGS {
        return Err(Errno::Invalid.into());
    }
    if let Handle::File { flags, .. } = guest.state.handle(fd)? {
        *flags = u16::try_from(wanted).map_err(|_| Errno::Invalid)?;
    }
    Ok(())
}

/// Writes what is known of a file: no device, no times.
pub(super) fn put_facts(guest: &mut Guest<'_>, facts: Option<Facts>, out: u32) -> Answer<()> {
    let mut bytes = [0; 64];
    if let Some(facts) = facts {
        bytes[8..16].copy_from_slice(&(facts.inode as u64).to_le_bytes());
        bytes[16] = if facts.folder { FOLDER } else { FILE };
        bytes[32..40].copy_from_slice(&facts.size.to_le_bytes());
    }
    bytes[24..32].copy_from_slice(&1_u64.to_le_bytes());
    guest.put(out, &bytes)
}

/// `fd_filestat_get`.
pub(super) fn file_status(guest: &mut Guest<'_>, fd: u32, out: u32) -> Answer<()> {
    let facts = match guest.state.handle(fd)? {
        Handle::Stdin | Handle::Print(_) => None,
        Handle::File { inode, .. } | Handle::Folder(inode) => Some(*inode),
    };
    let facts = facts.map(|inode| guest.state.files.facts(inode)).transpose()?;
    put_facts(guest, facts, out)
}

/// `fd_filestat_set_size`.
pub(super) fn set_size(guest: &mut Guest<'_>, fd: u32, size: u64) -> Answer<()> {
    let (handle, _) = guest.state.handle_and_files(fd)?;
    let inode = match handle {
        Handle::File { inode, write: true, .. } => *inode,
        Handle::File { .. } => return Err(Errno::BadFd.into()),
        Handle::Folder(_) => return Err(Errno::IsFolder.into()),
        Handle::Stdin | Handle::Print(_) => return Err(Errno::Invalid.into()),
    };
    let before = guest.state.files.facts(inode)?.size;
    // Beyond the limit the run ends for that reason and not for want of fuel.
    let growth = size.saturating_sub(before);
    if growth <= guest.state.around.output {
        guest.charge(growth)?;
    }
    guest.state.files.resize(inode, size)
}

/// `fd_read` and `fd_pread`.
pub(super) fn read(
    guest: &mut Guest<'_>,
    fd: u32,
    list: u32,
    count: u32,
    offset: Option<u64>,
    out: u32,
) -> Answer<()> {
    let buffers = guest.buffers(list, count)?;
    let Guest { memory, state } = guest;
    let (handle, files) = state.handle_and_files(fd)?;
    let (inode, position, host) = match handle {
        Handle::Stdin if offset.is_none() => return guest.put_u32(out, 0),
        Handle::Stdin => return Err(Errno::NotSeekable.into()),
        Handle::Print(_) | Handle::File { read: false, .. } => return Err(Errno::BadFd.into()),
        Handle::Folder(_) => return Err(Errno::IsFolder.into()),
        Handle::File { inode, position, host, .. } => (*inode, position, host),
    };
    let mut place = offset.unwrap_or(*position);
    let mut total: u32 = 0;
    for (pointer, length) in buffers {
        let bytes = slice_mut(memory, pointer, length)?;
        let moved = match host {
            Some(file) => read_full(file, place, bytes)?,
            None => files.read(inode, place, bytes)?,
        };
        place = place.saturating_add(moved as u64);
        total = total.saturating_add(u32::try_from(moved).unwrap_or(u32::MAX));
        if moved < bytes.len() {
            break;
        }
    }
    if offset.is_none() {
        *position = place;
    }
    guest.put_u32(out, total)
}

/// Fills a buffer as far as the file goes: a short read of the system's must not be seen.
fn read_full(file: &std::fs::File, place: u64, bytes: &mut [u8]) -> Answer<usize> {
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, place.saturating_add(filled as u64)) {
            Ok(0) => break,
            Ok(moved) => filled += moved,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(host(error)),
        }
    }
    Ok(filled)
}

/// `fd_write` and `fd_pwrite`.
pub(super) fn write(
    guest: &mut Guest<'_>,
    fd: u32,
    list: u32,
    count: u32,
    offset: Option<u64>,
    out: u32,
) -> Answer<()> {
    let buffers = guest.buffers(list, count)?;
    let (inode, position, append) = match guest.state.handle(fd)? {
        Handle::Stdin | Handle::File { write: false, .. } => return Err(Errno::BadFd.into()),
        Handle::Folder(_) => return Err(Errno::IsFolder.into()),
        Handle::Print(_) if offset.is_some() => return Err(Errno::NotSeekable.into()),
        Handle::Print(inode) => (*inode, 0, true),
        Handle::File { inode, position, flags, .. } => {
            (*inode, offset.unwrap_or(*position), offset.is_none() && *flags & APPEND != 0)
        }
    };
    let size = guest.state.files.facts(inode)?.size;
    let mut place = if append { size } else { position };
    // A hole is filled with zeros, which takes time as bytes do.
    let hole = place.saturating_sub(size);
    if hole <= guest.state.around.output {
        guest.charge(hole)?;
    }
    let mut total: u32 = 0;
    for (pointer, length) in buffers {
        let (bytes, state) = guest.bytes_and_state(pointer, length)?;
        state.files.write(inode, place, bytes)?;
        place = place.saturating_add(length.into());
        total = total.saturating_add(length);
    }
    if let (None, Handle::File { position, .. }) = (offset, guest.state.handle(fd)?) {
        *position = place;
    }
    guest.put_u32(out, total)
}

/// `fd_seek` and `fd_tell`.
pub(super) fn seek(guest: &mut Guest<'_>, fd: u32, offset: i64, whence: u32, out: u32) -> Answer<()> {
    let (handle, files) = guest.state.handle_and_files(fd)?;
    let Handle::File { inode, position, .. } = handle else {
        let folder = matches!(handle, Handle::Folder(_));
        return Err(if folder { Errno::BadFd } else { Errno::NotSeekable }.into());
    };
    let from = match whence {
        0 => 0,
        1 => *position,
        2 => files.facts(*inode)?.size,
        _ => return Err(Errno::Invalid.into()),
    };
    let target = from.checked_add_signed(offset).ok_or(Errno::Invalid)?;
    if i64::try_from(target).is_err() {
        return Err(Errno::Invalid.into());
    }
    *position = target;
    guest.put_u64(out, target)
}

/// `fd_prestat_get`: the root is the only folder that is open from the start.
pub(super) fn prestat(guest: &mut Guest<'_>, fd: u32, out: u32) -> Answer<()> {
    if fd != 3 || guest.state.folder(fd).is_err() {
        return Err(Errno::BadFd.into());
    }
    guest.put(out, &[0, 0, 0, 0, 1, 0, 0, 0])
}

/// `fd_prestat_dir_name`.
pub(super) fn prestat_name(guest: &mut Guest<'_>, fd: u32, pointer: u32, length: u32) -> Answer<()> {
    if fd != 3 || guest.state.folder(fd).is_err() {
        return Err(Errno::BadFd.into());
    }
    if length == 0 {
        return Err(Errno::NameTooLong.into());
    }
    guest.put(pointer, b"/")
}

/// `fd_readdir`: entries in the order of their names, cut off where the buffer ends.
pub(super) fn read_folder(
    guest: &mut Guest<'_>,
    fd: u32,
    pointer: u32,
    length: u32,
    cookie: u64,
    out: u32,
) -> Answer<()> {
    let inode = guest.state.folder(fd)?;
    guest.bytes(pointer, length)?;
    // Entries that are skipped take time too.
    guest.charge(u64::from(length).saturating_add(cookie))?;
    let room = usize::try_from(length).map_err(|_| Errno::Fault)?;
    let mut listing: Vec<u8> = Vec::new();
    let from = usize::try_from(cookie).unwrap_or(usize::MAX);
    for (number, (name, entry)) in guest.state.files.list(inode, from)?.enumerate() {
        if listing.len() >= room {
            break;
        }
        let next = cookie.saturating_add(number as u64).saturating_add(1);
        let mut head = [0; ENTRY];
        head[..8].copy_from_slice(&next.to_le_bytes());
        head[8..16].copy_from_slice(&(entry as u64).to_le_bytes());
        head[16..20].copy_from_slice(&u32::try_from(name.len()).unwrap_or(u32::MAX).to_le_bytes());
        head[20] = if guest.state.files.facts(entry)?.folder { FOLDER } else { FILE };
        listing.extend_from_slice(&head);
        listing.extend_from_slice(name.as_bytes());
    }
    listing.truncate(room);
    let used = u32::try_from(listing.len()).map_err(|_| Errno::Overflow)?;
    guest.put(pointer, &listing)?;
    guest.put_u32(out, used)
}
