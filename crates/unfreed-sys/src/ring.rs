//! A stream of bytes from a snapshot's child to its parent in memory that both share: no descriptor that the program
//! could close or pass on. One writes, one reads; whoever has to wait looks again after a moment.

use std::io;
use std::ptr::NonNull;
use std::sync::atomic::{
    AtomicU32, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};
use std::time::Duration;

/// Bytes under way at most; a power of two.
const ROOM: usize = 4 << 20;
/// How long the writer waits when there is no room, or for the parent's word.
const MOMENT: Duration = Duration::from_micros(500);

#[repr(C)]
struct Shared {
    /// Bytes written so far.
    written: AtomicU64,
    /// Bytes read so far.
    read: AtomicU64,
    /// Whether all was written.
    is_whole: AtomicU32,
    /// What the parent told; 0 for nothing yet.
    told: AtomicU64,
    bytes: [u8; ROOM],
}

/// Both ends. The process that made it reads, its child writes.
#[derive(Debug)]
pub struct Ring(NonNull<Shared>);

// SAFETY: the mapping belongs to the ring, and all that several threads or processes touch at a time is atomic.
unsafe impl Send for Ring {}

impl Ring {
    /// An empty one.
    ///
    /// # Errors
    /// When the system gives no memory.
    pub fn new() -> io::Result<Self> {
        // SAFETY: an anonymous mapping at an address of the kernel's choice touches no memory that exists. It is
        // zeroed, which is an empty ring.
        let place = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                size_of::<Shared>(),
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if place == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        NonNull::new(place.cast())
            .map(Ring)
            .ok_or(io::Error::last_os_error())
    }

    /// Keeps the memory from children that the program forks. After our own child has begun.
    pub fn keep_from_forks(&self) {
        // SAFETY: advice about our own mapping; where it is refused children share memory that they do not use.
        unsafe {
            libc::madvise(
                self.0.as_ptr().cast(),
                size_of::<Shared>(),
                libc::MADV_DONTFORK,
            )
        };
    }

    /// Hands over what was written since the last call; returns how many bytes.
    pub fn take(&self, mut each: impl FnMut(&[u8])) -> usize {
        let shared = self.0.as_ptr();
        // SAFETY: the mapping is valid as long as the ring, and its counters are atomic.
        let (written, read) = unsafe { (&(*shared).written, &(*shared).read) };
        let (end, start) = (written.load(Acquire), read.load(Relaxed));
        // Never more than there is room for, whatever a dying child wrote.
        let count = usize::try_from(end.wrapping_sub(start))
            .unwrap_or(ROOM)
            .min(ROOM);
        let from = start as usize % ROOM;
        let first = count.min(ROOM - from);
        // SAFETY: both parts lie inside of `bytes`, and the writer leaves them alone until `read` moves on.
        unsafe {
            let bytes = (&raw const (*shared).bytes).cast::<u8>();
            each(std::slice::from_raw_parts(bytes.add(from), first));
            each(std::slice::from_raw_parts(bytes, count - first));
        }
        read.store(end, Release);
        count
    }

    /// Whether the child has written all. What it wrote before can be taken then.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        // SAFETY: as in `take`.
        unsafe { &(*self.0.as_ptr()).is_whole }.load(Acquire) != 0
    }

    /// Tells the child a number that is not zero.
    pub fn tell(&self, number: u64) {
        // SAFETY: as in `take`.
        unsafe { &(*self.0.as_ptr()).told }.store(number, Release);
    }

    /// In the child: waits for that number.
    #[must_use]
    pub fn told(&self) -> u64 {
        loop {
            // SAFETY: as in `take`.
            match unsafe { &(*self.0.as_ptr()).told }.load(Acquire) {
                0 => std::thread::sleep(MOMENT),
                number => return number,
            }
        }
    }

    /// In the child: says that all was written.
    pub fn finish(&self) {
        // SAFETY: as in `take`.
        unsafe { &(*self.0.as_ptr()).is_whole }.store(1, Release);
    }
}

impl io::Write for &Ring {
    /// In the child: writes as much as there is room for, and waits until there is some.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let shared = self.0.as_ptr();
        // SAFETY: as in `take`.
        let (written, read) = unsafe { (&(*shared).written, &(*shared).read) };
        let start = written.load(Relaxed);
        let room = loop {
            let used = start.wrapping_sub(read.load(Acquire)) as usize;
            match ROOM.saturating_sub(used) {
                0 => std::thread::sleep(MOMENT),
                room => break room,
            }
        };
        let to = start as usize % ROOM;
        let count = bytes.len().min(room).min(ROOM - to);
        // SAFETY: the part lies inside of `bytes`, and the reader leaves it alone until `written` moves on.
        unsafe {
            let place = (&raw mut (*shared).bytes).cast::<u8>().add(to);
            place.copy_from_nonoverlapping(bytes.as_ptr(), count);
        }
        written.store(start + count as u64, Release);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours alone and not used after this.
        unsafe { libc::munmap(self.0.as_ptr().cast(), size_of::<Shared>()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn what_is_written_comes_out_in_order_and_more_than_there_is_room_for() {
        let ring = Ring::new().expect("ring");
        let sent: Vec<u8> = (0..3 * ROOM + 17).map(|n| (n % 251) as u8).collect();
        let writer = Ring(ring.0);
        let expected = sent.clone();
        let thread = std::thread::spawn(move || {
            // Taken whole, so that it is the ring that moves here and not the pointer in it.
            let writer = writer;
            (&writer).write_all(&sent).expect("write");
            writer.finish();
            std::mem::forget(writer);
        });
        let mut taken = Vec::new();
        loop {
            let is_whole = ring.is_whole();
            if ring.take(|bytes| taken.extend_from_slice(bytes)) == 0 && is_whole {
                break;
            }
        }
        thread.join().expect("join");
        assert!(taken == expected);
    }
}
