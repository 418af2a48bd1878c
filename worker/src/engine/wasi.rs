//! WASI preview 1, all of it: calls that need a machine answer from the job, and those that need a network refuse.
//!
//! Each call takes fuel, for itself and for the bytes that it moves, so that fuel bounds the time of a run.

use super::{
    descriptors,
    errno::{Answer, Errno, Stop},
    guest::{Guest, call},
    paths,
    state::State,
};
use wasmtime::{Caller, Linker};

const MODULE: &str = "wasi_snapshot_preview1";
/// Most subscriptions of one `poll_oneoff`.
const MAX_SUBSCRIPTIONS: u32 = 1_024;
/// What the clocks count in, in nanoseconds.
const RESOLUTION: u64 = 1;

macro_rules! calls {
    ($linker:ident: $($name:ident($($argument:ident: $type:ty),*) => $work:expr;)*) => {
        $($linker.func_wrap(
            MODULE,
            stringify!($name),
            |mut caller: Caller<'_, State>, $($argument: $type),*| -> wasmtime::Result<i32> {
                call(&mut caller, |guest: &mut Guest<'_>| -> Answer<()> { ($work)(guest, $($argument),*) })
            },
        )?;)*
    };
}

/// Adds all calls to a linker.
pub(crate) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    calls! { linker:
        args_get(list: u32, texts: u32) => |guest: &mut Guest<'_>, list, texts| {
            let arguments = guest.state.around.arguments.clone();
            strings(guest, &arguments, list, texts)
        };
        args_sizes_get(count: u32, size: u32) => |guest: &mut Guest<'_>, count, size| {
            let sizes = sizes(&guest.state.around.arguments)?;
            put_sizes(guest, sizes, count, size)
        };
        environ_get(list: u32, texts: u32) => |guest: &mut Guest<'_>, list, texts| {
            let environment = guest.state.around.environment.clone();
            strings(guest, &environment, list, texts)
        };
        environ_sizes_get(count: u32, size: u32) => |guest: &mut Guest<'_>, count, size| {
            let sizes = sizes(&guest.state.around.environment)?;
            put_sizes(guest, sizes, count, size)
        };
        clock_res_get(clock: u32, out: u32) => |guest: &mut Guest<'_>, clock, out| {
            known_clock(clock)?;
            guest.put_u64(out, RESOLUTION)
        };
        clock_time_get(clock: u32, _precision: u64, out: u32) => |guest: &mut Guest<'_>, clock, _, out| {
            known_clock(clock)?;
            let now = guest.state.now();
            guest.put_u64(out, now)
        };
        random_get(pointer: u32, length: u32) => |guest: &mut Guest<'_>, pointer, length: u32| {
            guest.bytes(pointer, length)?;
            guest.charge(length.into())?;
            let (bytes, state) = guest.bytes_mut(pointer, length)?;
            state.random(bytes);
            Ok(())
        };
        poll_oneoff(asked: u32, events: u32, count: u32, out: u32) => poll;
        proc_raise(_signal: u32) => |_: &mut Guest<'_>, _| Err(Stop::Trap("it raised a signal").into());
        sched_yield() => |_: &mut Guest<'_>| Ok(());

        fd_advise(fd: u32, _offset: u64, _length: u64, advice: u32) => |guest: &mut Guest<'_>, fd, _, _, advice| {
            descriptors::advise(guest, fd, advice)
        };
        fd_allocate(_fd: u32, _offset: u64, _length: u64) => |_: &mut Guest<'_>, _, _, _| {
            Err(Errno::NotSupported.into())
        };
        fd_close(fd: u32) => |guest: &mut Guest<'_>, fd| guest.state.close(fd);
        fd_datasync(fd: u32) => |guest: &mut Guest<'_>, fd| guest.state.handle(fd).map(drop);
        fd_sync(fd: u32) => |guest: &mut Guest<'_>, fd| guest.state.handle(fd).map(drop);
        fd_fdstat_get(fd: u32, out: u32) => descriptors::status;
        fd_fdstat_set_flags(fd: u32, flags: u32) => descriptors::set_flags;
        fd_fdstat_set_rights(fd: u32, _base: u64, _inheriting: u64) => |guest: &mut Guest<'_>, fd, _, _| {
            guest.state.handle(fd).map(drop)
        };
        fd_filestat_get(fd: u32, out: u32) => descriptors::file_status;
        fd_filestat_set_size(fd: u32, size: u64) => descriptors::set_size;
        fd_filestat_set_times(fd: u32, _accessed: u64, _modified: u64, _flags: u32) => |guest: &mut Guest<'_>, fd, _, _, _| {
            guest.state.handle(fd).map(drop)
        };
        fd_pread(fd: u32, list: u32, count: u32, offset: u64, out: u32) => |guest: &mut Guest<'_>, fd, list, count, offset, out| {
            descriptors::read(guest, fd, list, count, Some(offset), out)
        };
        fd_pwrite(fd: u32, list: u32, count: u32, offset: u64, out: u32) => |guest: &mut Guest<'_>, fd, list, count, offset, out| {
            descriptors::write(guest, fd, list, count, Some(offset), out)
        };
        fd_read(fd: u32, list: u32, count: u32, out: u32) => |guest: &mut Guest<'_>, fd, list, count, out| {
            descriptors::read(guest, fd, list, count, None, out)
        };
        fd_write(fd: u32, list: u32, count: u32, out: u32) => |guest: &mut Guest<'_>, fd, list, count, out| {
            descriptors::write(guest, fd, list, count, None, out)
        };
        fd_prestat_get(fd: u32, out: u32) => descriptors::prestat;
        fd_prestat_dir_name(fd: u32, pointer: u32, length: u32) => descriptors::prestat_name;
        fd_readdir(fd: u32, pointer: u32, length: u32, cookie: u64, out: u32) => descriptors::read_folder;
        fd_renumber(from: u32, to: u32) => |guest: &mut Guest<'_>, from, to| guest.state.renumber(from, to);
        fd_seek(fd: u32, offset: i64, whence: u32, out: u32) => descriptors::seek;
        fd_tell(fd: u32, out: u32) => |guest: &mut Guest<'_>, fd, out| descriptors::seek(guest, fd, 0, 1, out);

        path_create_directory(fd: u32, path: u32, length: u32) => paths::create_folder;
        path_filestat_get(fd: u32, flags: u32, path: u32, length: u32, out: u32) => paths::status;
        path_filestat_set_times(
            fd: u32, flags: u32, path: u32, length: u32, _accessed: u64, _modified: u64, _times: u32
        ) => |guest: &mut Guest<'_>, fd, _, path, length, _, _, _| paths::exists(guest, fd, path, length);
        path_link(_old: u32, _flags: u32, _from: u32, _length: u32, _new: u32, _to: u32, _size: u32) =>
            |_: &mut Guest<'_>, _, _, _, _, _, _, _| Err(Errno::NotSupported.into());
        path_open(
            fd: u32, lookup: u32, path: u32, length: u32, how: u32, base: u64, inheriting: u64, flags: u32, out: u32
        ) => |guest: &mut Guest<'_>, fd, _, path, length, how, base, _, flags, out| {
            paths::open(guest, fd, path, length, how, base, flags, out)
        };
        path_readlink(fd: u32, path: u32, length: u32, _buffer: u32, _size: u32, _out: u32) =>
            |guest: &mut Guest<'_>, fd, path, length, _, _, _| {
                paths::exists(guest, fd, path, length)?;
                Err(Errno::Invalid.into())
            };
        path_remove_directory(fd: u32, path: u32, length: u32) => paths::remove_folder;
        path_rename(fd: u32, from: u32, length: u32, to_fd: u32, to: u32, to_length: u32) => paths::rename;
        path_symlink(_from: u32, _length: u32, _fd: u32, _to: u32, _size: u32) =>
            |_: &mut Guest<'_>, _, _, _, _, _| Err(Errno::NotSupported.into());
        path_unlink_file(fd: u32, path: u32, length: u32) => paths::unlink;

        sock_accept(fd: u32, _flags: u32, _out: u32) => |guest: &mut Guest<'_>, fd, _, _| no_socket(guest, fd);
        sock_recv(fd: u32, _list: u32, _count: u32, _flags: u32, _size: u32, _out: u32) =>
            |guest: &mut Guest<'_>, fd, _, _, _, _, _| no_socket(guest, fd);
        sock_send(fd: u32, _list: u32, _count: u32, _flags: u32, _size: u32) =>
            |guest: &mut Guest<'_>, fd, _, _, _, _| no_socket(guest, fd);
        sock_shutdown(fd: u32, _how: u32) => |guest: &mut Guest<'_>, fd, _| no_socket(guest, fd);
    }
    linker.func_wrap(MODULE, "proc_exit", |code: i32| -> wasmtime::Result<()> {
        Err(Stop::Exit(code).into())
    })?;
    Ok(())
}

fn no_socket(guest: &mut Guest<'_>, fd: u32) -> Answer<()> {
    guest.state.handle(fd)?;
    Err(Errno::NotSocket.into())
}

/// Real, monotonic, and what process and thread used: all four show the same.
fn known_clock(clock: u32) -> Answer<()> {
    if clock < 4 { Ok(()) } else { Err(Errno::Invalid.into()) }
}

/// How many texts there are, and how many bytes they take with their ends.
fn sizes(texts: &[Vec<u8>]) -> Answer<(u32, u32)> {
    let count = u32::try_from(texts.len()).map_err(|_| Errno::Overflow)?;
    let size = texts.iter().fold(0_usize, |sum, text| sum.saturating_add(text.len()).saturating_add(1));
    Ok((count, u32::try_from(size).map_err(|_| Errno::Overflow)?))
}

fn put_sizes(guest: &mut Guest<'_>, sizes: (u32, u32), count: u32, size: u32) -> Answer<()> {
    guest.put_u32(count, sizes.0)?;
    guest.put_u32(size, sizes.1)
}

/// Writes texts with a zero byte at each one's end, and a list of where they stand.
fn strings(guest: &mut Guest<'_>, texts: &[Vec<u8>], mut list: u32, mut place: u32) -> Answer<()> {
    for text in texts {
        guest.charge(text.len() as u64)?;
        guest.put_u32(list, place)?;
        guest.put(place, text)?;
        let length = u32::try_from(text.len()).map_err(|_| Errno::Overflow)?;
        let end = place.checked_add(length).ok_or(Errno::Fault)?;
        guest.put(end, &[0])?;
        place = end.checked_add(1).ok_or(Errno::Fault)?;
        list = list.checked_add(4).ok_or(Errno::Fault)?;
    }
    Ok(())
}

struct Subscription {
    userdata: u64,
    kind: u8,
    /// When it is due; `None` of a descriptor, which is always ready.
    due: Option<u64>,
    errno: u16,
}

/// Nobody waits: descriptors are always ready, and a clock moves on to the first that is due.
fn poll(guest: &mut Guest<'_>, asked: u32, events: u32, count: u32, out: u32) -> Answer<()> {
    if count == 0 || count > MAX_SUBSCRIPTIONS {
        return Err(Errno::Invalid.into());
    }
    guest.charge(u64::from(count) * 48)?;
    let now = guest.state.now();
    let mut found = Vec::new();
    for number in 0..count {
        let place =
            number.checked_mul(48).and_then(|offset| asked.checked_add(offset)).ok_or(Errno::Fault)?;
        let at = |offset: u32| place.checked_add(offset).ok_or(Errno::Fault);
        let (userdata, kind) = (guest.u64(place)?, guest.u8(at(8)?)?);
        let mut errno = 0;
        let due = match kind {
            0 => {
                if known_clock(guest.u32(at(16)?)?).is_err() {
                    errno = Errno::Invalid as u16;
                }
                let timeout = guest.u64(at(24)?)?;
                let absolute = guest.u16(at(40)?)? & 1 == 1;
                Some(if absolute { timeout } else { now.saturating_add(timeout) })
            }
            1 | 2 => {
                let fd = guest.u32(at(16)?)?;
                if guest.state.handle(fd).is_err() {
                    errno = Errno::BadFd as u16;
                }
                None
            }
            _ => return Err(Errno::Invalid.into()),
        };
        let due = due.filter(|_| errno == 0);
        found.push(Subscription { userdata, kind, due, errno });
    }
    let ready = found.iter().any(|one| one.due.is_none());
    let first = found.iter().filter_map(|one| one.due).min().unwrap_or(now);
    let until = if ready { now } else { first.max(now) };
    guest.state.sleep(until.saturating_sub(now));
    let mut written: u32 = 0;
    for one in found.iter().filter(|one| one.due.is_none_or(|due| due <= until)) {
        let place =
            written.checked_mul(32).and_then(|offset| events.checked_add(offset)).ok_or(Errno::Fault)?;
        let mut event = [0; 32];
        event[..8].copy_from_slice(&one.userdata.to_le_bytes());
        event[8..10].copy_from_slice(&one.errno.to_le_bytes());
        event[10] = one.kind;
        guest.put(place, &event)?;
        written = written.saturating_add(1);
    }
    guest.put_u32(out, written)
}
