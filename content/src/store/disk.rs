//! Writing a large file once, from start to end.
//!
//! Whole steps go to the disk past the page cache, in a thread of their own: copying them into pages that the system
//! has to find first takes longer than hashing them, and a piece would push out what is being served. Where a file
//! system can't do that, and for what is left at the end, the page cache is used.

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::Path,
    sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
    thread::{self, JoinHandle},
};

/// Bytes in a step.
const STEP: usize = 4 << 20;
/// Addresses, positions and lengths of direct writes are multiples of this; no disk asks for more.
const ALIGN: usize = 4096;
/// Steps waiting for the disk.
const QUEUE: usize = 2;

/// A step's bytes at an aligned address.
struct Step {
    bytes: Vec<u8>,
    start: usize,
    len: usize,
}

impl Step {
    fn new() -> Self {
        let bytes = vec![0; STEP + ALIGN];
        let start = bytes.as_ptr().align_offset(ALIGN).min(ALIGN);
        Self { bytes, start, len: 0 }
    }

    /// Takes as many of the bytes as there is room for, and gives the others.
    fn fill<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let (head, rest) = bytes.split_at(bytes.len().min(STEP - self.len));
        let from = self.start + self.len;
        if let Some(room) = self.bytes.get_mut(from..from + head.len()) {
            room.copy_from_slice(head);
        }
        self.len += head.len();
        rest
    }

    fn filled(&self) -> &[u8] {
        self.bytes.get(self.start..self.start + self.len).unwrap_or_default()
    }
}

pub(super) struct DiskWriter {
    file: File,
    step: Step,
    /// Bytes handed to the thread.
    sent: u64,
    thread: Option<Thread>,
}

struct Thread {
    steps: SyncSender<Step>,
    spare: Receiver<Step>,
    handle: JoinHandle<io::Result<()>>,
}

impl DiskWriter {
    /// Writes to an empty file.
    pub(super) fn new(file: File) -> Self {
        Self { file, step: Step::new(), sent: 0, thread: None }
    }

    /// Takes the next bytes; a failure of the disk shows in this or a later call.
    pub(super) fn write(&mut self, mut bytes: &[u8], path: &Path) -> io::Result<()> {
        while !bytes.is_empty() {
            if self.step.len == STEP {
                self.send(path)?;
            }
            bytes = self.step.fill(bytes);
        }
        Ok(())
    }

    /// Writes what is left, puts `head` over the first bytes, and waits until all of it is on the disk.
    pub(super) fn finish(mut self, head: &[u8]) -> io::Result<()> {
        if let Some(thread) = self.thread.take() {
            thread.finish()?;
        }
        self.file.write_all_at(self.step.filled(), self.sent)?;
        self.file.write_all_at(head, 0)?;
        self.file.sync_all()
    }

    fn send(&mut self, path: &Path) -> io::Result<()> {
        let thread = match self.thread.take() {
            Some(thread) => thread,
            None => Thread::start(&self.file, path)?,
        };
        // The disk's thread gives steps back; as many are made as it doesn't.
        let mut next = thread.spare.try_recv().unwrap_or_else(|_| Step::new());
        next.len = 0;
        let full = std::mem::replace(&mut self.step, next);
        if thread.steps.send(full).is_err() {
            // It hangs up only after a failure.
            return thread.finish().and(Err(io::ErrorKind::BrokenPipe.into()));
        }
        self.sent += STEP as u64;
        self.thread = Some(thread);
        Ok(())
    }
}

impl Thread {
    fn start(file: &File, path: &Path) -> io::Result<Self> {
        let direct = direct(path);
        let buffered = file.try_clone()?;
        let (steps, incoming) = sync_channel(QUEUE);
        let (back, spare) = channel();
        let handle = thread::Builder::new()
            .name("stoa-disk".into())
            .spawn(move || write_steps(incoming, back, direct, buffered))?;
        Ok(Self { steps, spare, handle })
    }

    fn finish(self) -> io::Result<()> {
        drop(self.steps);
        self.handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

fn write_steps(
    steps: Receiver<Step>,
    back: Sender<Step>,
    mut direct: Option<File>,
    buffered: File,
) -> io::Result<()> {
    let mut position = 0;
    for step in steps {
        let bytes = step.filled();
        let written = match &direct {
            Some(file) => file.write_all_at(bytes, position),
            None => buffered.write_all_at(bytes, position),
        };
        match written {
            // The file system took the flag and doesn't keep its word.
            Err(error) if direct.is_some() && error.kind() == io::ErrorKind::InvalidInput => {
                direct = None;
                buffered.write_all_at(bytes, position)?;
            }
            written => written?,
        }
        position += bytes.len() as u64;
        // Whoever is gone needs no more steps.
        back.send(step).ok();
    }
    Ok(())
}

/// The file for writes past the page cache, where that is possible.
#[cfg(target_os = "linux")]
fn direct(path: &Path) -> Option<File> {
    use std::{fs::OpenOptions, os::unix::fs::OpenOptionsExt};

    let flag = i32::try_from(rustix::fs::OFlags::DIRECT.bits()).ok()?;
    OpenOptions::new().write(true).custom_flags(flag).open(path).ok()
}

#[cfg(not(target_os = "linux"))]
fn direct(_: &Path) -> Option<File> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_all_bytes_and_the_head_whatever_the_steps() {
        let data: Vec<u8> = (0..3 * STEP as u64 + 5000).map(|at| (at * 31 + (at >> 9)) as u8).collect();
        for len in [0, 1, ALIGN, STEP - 1, STEP, STEP + 1, 3 * STEP, data.len()] {
            for part in [1000, STEP / 2 + 7, 2 * STEP] {
                let (file, path) = tempfile::NamedTempFile::new().unwrap().into_parts();
                let mut writer = DiskWriter::new(file);
                for bytes in data[..len].chunks(part) {
                    writer.write(bytes, &path).unwrap();
                }
                let head = &[0xaa; 59][..len.min(59)];
                writer.finish(head).unwrap();
                let found = std::fs::read(&path).unwrap();
                assert_eq!(found.len(), len);
                assert!(found[..head.len()] == *head && found[head.len()..] == data[head.len()..len]);
            }
        }
    }
}
