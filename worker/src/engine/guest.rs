//! The program's memory as a call sees it. Every address and length comes from the program.

use super::{
    errno::{Answer, Errno, Failure, Stop},
    state::State,
};
use std::{io, ops::Range};
use wasmtime::{Caller, Extern};

/// Fuel that every call takes.
const CALL: u64 = 250;
/// Most buffers of one call, as POSIX's `IOV_MAX`.
const MAX_BUFFERS: u32 = 1_024;
/// Longest path.
const MAX_PATH: u32 = 4_096;

/// The memory and the state of a program during a call.
pub(crate) struct Guest<'call> {
    /// All of its memory.
    pub memory: &'call mut [u8],
    /// The rest.
    pub state: &'call mut State,
}

/// Makes a call: gives the program its errno, or ends it.
pub(crate) fn call(
    caller: &mut Caller<'_, State>,
    work: impl FnOnce(&mut Guest<'_>) -> Answer<()>,
) -> wasmtime::Result<i32> {
    let memory = match caller.data().memory {
        Some(memory) => memory,
        // Calls from a start function come before the instance is known.
        None => match caller.get_export("memory") {
            Some(Extern::Memory(memory)) => memory,
            _ => return Err(Stop::Trap("it has no memory that calls could use").into()),
        },
    };
    // An engine that is only measured has no fuel to count.
    let fuel = caller.get_fuel().ok();
    let (memory, state) = memory.data_and_store_mut(&mut *caller);
    state.fuel = fuel.unwrap_or(u64::MAX);
    let mut guest = Guest { memory, state };
    let done = guest.state.charge(CALL).and_then(|()| work(&mut guest));
    let left = guest.state.fuel;
    if fuel.is_some() {
        caller.set_fuel(left)?;
    }
    match done {
        Ok(()) => Ok(0),
        Err(Failure::Errno(errno)) => Ok(i32::from(errno as u16)),
        Err(Failure::Stop(stop)) => Err(stop.into()),
    }
}

fn range(pointer: u32, length: u32) -> Answer<Range<usize>> {
    let start = usize::try_from(pointer).map_err(|_| Errno::Fault)?;
    let length = usize::try_from(length).map_err(|_| Errno::Fault)?;
    Ok(start..start.checked_add(length).ok_or(Errno::Fault)?)
}

/// Bytes of a memory to write.
pub(crate) fn slice_mut(memory: &mut [u8], pointer: u32, length: u32) -> Answer<&mut [u8]> {
    memory.get_mut(range(pointer, length)?).ok_or_else(|| Errno::Fault.into())
}

impl Guest<'_> {
    /// Takes fuel for bytes that are moved.
    pub(crate) fn charge(&mut self, bytes: u64) -> Answer<()> {
        self.state.charge(bytes)
    }

    /// Bytes to read.
    pub(crate) fn bytes(&self, pointer: u32, length: u32) -> Answer<&[u8]> {
        self.memory.get(range(pointer, length)?).ok_or_else(|| Errno::Fault.into())
    }

    /// Bytes to write, and the state.
    pub(crate) fn bytes_mut(&mut self, pointer: u32, length: u32) -> Answer<(&mut [u8], &mut State)> {
        Ok((slice_mut(self.memory, pointer, length)?, self.state))
    }

    /// Bytes to read, and the state.
    pub(crate) fn bytes_and_state(&mut self, pointer: u32, length: u32) -> Answer<(&[u8], &mut State)> {
        let bytes = self.memory.get(range(pointer, length)?).ok_or(Errno::Fault)?;
        Ok((bytes, self.state))
    }

    fn array<const N: usize>(&self, pointer: u32) -> Answer<[u8; N]> {
        let length = u32::try_from(N).map_err(|_| Errno::Fault)?;
        self.bytes(pointer, length)?.try_into().map_err(|_| Errno::Fault.into())
    }

    /// A number of 8 bits.
    pub(crate) fn u8(&self, pointer: u32) -> Answer<u8> {
        Ok(u8::from_le_bytes(self.array(pointer)?))
    }

    /// A number of 16 bits.
    pub(crate) fn u16(&self, pointer: u32) -> Answer<u16> {
        Ok(u16::from_le_bytes(self.array(pointer)?))
    }

    /// A number of 32 bits.
    pub(crate) fn u32(&self, pointer: u32) -> Answer<u32> {
        Ok(u32::from_le_bytes(self.array(pointer)?))
    }

    /// A number of 64 bits.
    pub(crate) fn u64(&self, pointer: u32) -> Answer<u64> {
        Ok(u64::from_le_bytes(self.array(pointer)?))
    }

    /// Writes bytes.
    pub(crate) fn put(&mut self, pointer: u32, bytes: &[u8]) -> Answer<()> {
        let length = u32::try_from(bytes.len()).map_err(|_| Errno::Fault)?;
        self.bytes_mut(pointer, length)?.0.copy_from_slice(bytes);
        Ok(())
    }

    /// Writes a number of 32 bits.
    pub(crate) fn put_u32(&mut self, pointer: u32, value: u32) -> Answer<()> {
        self.put(pointer, &value.to_le_bytes())
    }

    /// Writes a number of 64 bits.
    pub(crate) fn put_u64(&mut self, pointer: u32, value: u64) -> Answer<()> {
        self.put(pointer, &value.to_le_bytes())
    }

    /// A path.
    pub(crate) fn path(&mut self, pointer: u32, length: u32) -> Answer<String> {
        if length > MAX_PATH {
            return Err(Errno::NameTooLong.into());
        }
        self.charge(length.into())?;
        let text = std::str::from_utf8(self.bytes(pointer, length)?).map_err(|_| Errno::IllegalBytes)?;
        if text.contains('\0') {
            return Err(Errno::Invalid.into());
        }
        Ok(text.to_owned())
    }

    /// The buffers of a call, and takes fuel for as many bytes as they have.
    pub(crate) fn buffers(&mut self, list: u32, count: u32) -> Answer<Vec<(u32, u32)>> {
        if count > MAX_BUFFERS {
            return Err(Errno::Invalid.into());
        }
        let mut buffers = Vec::new();
        let mut total: u64 = 0;
        for number in 0..count {
            let place =
                number.checked_mul(8).and_then(|offset| list.checked_add(offset)).ok_or(Errno::Fault)?;
            let buffer = (self.u32(place)?, self.u32(place.checked_add(4).ok_or(Errno::Fault)?)?);
            self.bytes(buffer.0, buffer.1)?;
            total = total.saturating_add(buffer.1.into());
            buffers.push(buffer);
        }
        // What a call moves is told in 32 bits.
        u32::try_from(total).map_err(|_| Errno::Invalid)?;
        self.charge(total)?;
        Ok(buffers)
    }
}

/// A failure of the input's file on this machine.
pub(crate) fn host(error: io::Error) -> Failure {
    Failure::Stop(Stop::Host(error))
}
