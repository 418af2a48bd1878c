//! What a running program has: its arguments, its files and descriptors, and the few things that a machine would
//! otherwise decide, which come from the job.

use super::{
    errno::{Answer, Errno, Stop},
    files::{Files, Inode, ROOT},
};
use std::{fs::File, io, path::PathBuf};
use wasmtime::{Memory, ResourceLimiter};

/// Most descriptors that are open at once.
const MAX_DESCRIPTORS: usize = 256;
/// Most entries of all tables together.
const MAX_TABLE: usize = 1_000_000;
/// Most tables.
pub(super) const MAX_TABLES: usize = 64;
/// What 32 bits can address.
const MAX_MEMORY: u64 = 1 << 32;
/// The domain of the random bytes.
const RANDOM_CONTEXT: &str = "stoa-worker 2026 a job's random bytes";

/// Flags of a descriptor.
pub(crate) const APPEND: u16 = 1;

/// What a descriptor is of.
#[derive(Debug)]
pub(crate) enum Handle {
    /// Always at its end.
    Stdin,
    /// A file of the output tree that is only added to.
    Print(Inode),
    /// A file.
    File {
        /// Which one.
        inode: Inode,
        /// The file on disk, of an input.
        host: Option<File>,
        /// Where the next byte is read or written.
        position: u64,
        /// It may be read.
        read: bool,
        /// It may be written.
        write: bool,
        /// See [`APPEND`].
        flags: u16,
    },
    /// A folder.
    Folder(Inode),
}

impl Handle {
    fn inode(&self) -> Option<Inode> {
        match self {
            Self::File { inode, .. } | Self::Folder(inode) => Some(*inode),
            Self::Stdin | Self::Print(_) => None,
        }
    }
}

/// What a program gets to know and may take.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// Its arguments, its own name first.
    pub arguments: Vec<Vec<u8>>,
    /// Its environment, as `NAME=value`, in order.
    pub environment: Vec<Vec<u8>>,
    /// The folders of its inputs.
    pub inputs: Vec<PathBuf>,
    /// The job that its random bytes come from.
    pub job: u64,
    /// The block that its clock shows.
    pub block: u64,
    /// Fuel.
    pub fuel: u64,
    /// Bytes of its memories together.
    pub memory: u64,
    /// Bytes that it may write.
    pub output: u64,
}

/// The state of a run.
pub(crate) struct State {
    /// What it gets to know and may take.
    pub around: Surroundings,
    /// Its files.
    pub files: Files,
    /// Its exported memory, once it is instantiated.
    pub memory: Option<Memory>,
    /// What is left of its fuel; kept while a call runs.
    pub fuel: u64,
    descriptors: Vec<Option<Handle>>,
    random: blake3::OutputReader,
    slept: u64,
    memory_used: usize,
    table_used: usize,
}

impl State {
    /// A state before the first instruction.
    pub(crate) fn new(around: Surroundings) -> io::Result<Self> {
        let files = Files::new(&around.inputs, around.output)?;
        let random =
            blake3::Hasher::new_derive_key(RANDOM_CONTEXT).update(&around.job.to_le_bytes()).finalize_xof();
        let descriptors = vec![
            Some(Handle::Stdin),
            Some(Handle::Print(files.stdout())),
            Some(Handle::Print(files.stderr())),
            Some(Handle::Folder(ROOT)),
        ];
        Ok(Self {
            around,
            files,
            memory: None,
            fuel: 0,
            descriptors,
            random,
            slept: 0,
            memory_used: 0,
            table_used: 0,
        })
    }

    /// Takes fuel for work that a call does.
    pub(crate) fn charge(&mut self, fuel: u64) -> Answer<()> {
        match self.fuel.checked_sub(fuel) {
            Some(left) => {
                self.fuel = left;
                Ok(())
            }
            None => {
                self.fuel = 0;
                Err(Stop::OutOfFuel.into())
            }
        }
    }

    /// Nanoseconds since 1970: a second for each block up to the job's, then a nanosecond for each unit of fuel, and
    /// what was slept.
    pub(crate) fn now(&self) -> u64 {
        let used = self.around.fuel.saturating_sub(self.fuel);
        self.around.block.saturating_mul(1_000_000_000).saturating_add(used).saturating_add(self.slept)
    }

    /// Lets time pass.
    pub(crate) fn sleep(&mut self, nanoseconds: u64) {
        self.slept = self.slept.saturating_add(nanoseconds);
    }

    /// The next random bytes.
    pub(crate) fn random(&mut self, into: &mut [u8]) {
        self.random.fill(into);
    }

    /// The lowest free descriptor for a handle.
    pub(crate) fn insert(&mut self, handle: Handle) -> Answer<u32> {
        let free = self.descriptors.iter().position(Option::is_none).unwrap_or(self.descriptors.len());
        if free >= MAX_DESCRIPTORS {
            return Err(Errno::TooManyOpen.into());
        }
        if free == self.descriptors.len() {
            self.descriptors.push(None);
        }
        if let Some(place) = self.descriptors.get_mut(free) {
            *place = Some(handle);
        }
        u32::try_from(free).map_err(|_| Errno::TooManyOpen.into())
    }

    /// Whether another descriptor can be had.
    pub(crate) fn has_room(&self) -> bool {
        self.descriptors.iter().flatten().count() < MAX_DESCRIPTORS
    }

    /// The handle of a descriptor.
    pub(crate) fn handle(&mut self, fd: u32) -> Answer<&mut Handle> {
        let place = usize::try_from(fd).ok().and_then(|fd| self.descriptors.get_mut(fd));
        place.and_then(Option::as_mut).ok_or_else(|| Errno::BadFd.into())
    }

    /// The handle of a descriptor, and the files.
    pub(crate) fn handle_and_files(&mut self, fd: u32) -> Answer<(&mut Handle, &mut Files)> {
        let place = usize::try_from(fd).ok().and_then(|fd| self.descriptors.get_mut(fd));
        let handle = place.and_then(Option::as_mut).ok_or(Errno::BadFd)?;
        Ok((handle, &mut self.files))
    }

    /// The folder of a descriptor.
    pub(crate) fn folder(&mut self, fd: u32) -> Answer<Inode> {
        match self.handle(fd)? {
            Handle::Folder(inode) => Ok(*inode),
            _ => Err(Errno::NotFolder.into()),
        }
    }

    /// Closes a descriptor.
    pub(crate) fn close(&mut self, fd: u32) -> Answer<()> {
        let place = usize::try_from(fd).ok().and_then(|fd| self.descriptors.get_mut(fd));
        let handle = place.and_then(Option::take).ok_or(Errno::BadFd)?;
        // The root is open from the start and was never counted.
        if let Some(inode) = handle.inode().filter(|inode| *inode != ROOT) {
            self.files.close(inode);
        }
        Ok(())
    }

    /// Moves a descriptor over another one, which is closed.
    pub(crate) fn renumber(&mut self, from: u32, to: u32) -> Answer<()> {
        self.handle(from)?;
        self.handle(to)?;
        if from == to {
            return Ok(());
        }
        self.close(to)?;
        let place = |fd: u32| usize::try_from(fd).map_err(|_| Errno::BadFd);
        let handle = self.descriptors.get_mut(place(from)?).and_then(Option::take);
        if let Some(target) = self.descriptors.get_mut(place(to)?) {
            *target = handle;
        }
        Ok(())
    }
}

impl ResourceLimiter for State {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // More than the program's own maximum is refused as the standard says, and nothing else is.
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let wanted = self.memory_used.saturating_sub(current).saturating_add(desired);
        let limit = self.around.memory.min(MAX_MEMORY);
        if wanted as u64 > limit {
            return Err(Stop::OutOfMemory { what: "bytes of memory", wanted: wanted as u64, limit }.into());
        }
        self.memory_used = wanted;
        Ok(true)
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        Err(Stop::Host(io::Error::other(error.to_string())).into())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let wanted = self.table_used.saturating_sub(current).saturating_add(desired);
        if wanted > MAX_TABLE {
            let limit = MAX_TABLE as u64;
            return Err(Stop::OutOfMemory { what: "table entries", wanted: wanted as u64, limit }.into());
        }
        self.table_used = wanted;
        Ok(true)
    }

    fn memories(&self) -> usize {
        1
    }

    fn instances(&self) -> usize {
        1
    }

    fn tables(&self) -> usize {
        MAX_TABLES
    }
}
