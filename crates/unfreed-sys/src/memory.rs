//! Reading our own memory at an address that may be wrong, without a crash.

use std::fs::File;
use std::os::unix::fs::FileExt;

/// Reads from addresses that need not be mapped: the kernel checks them.
#[derive(Debug)]
pub struct OwnMemory(File);

impl OwnMemory {
    /// Opens the process's own memory.
    ///
    /// # Errors
    /// When `/proc` is not mounted or not readable.
    pub fn open() -> std::io::Result<Self> {
        File::open("/proc/self/mem").map(OwnMemory)
    }

    /// The machine word at `address`; `None` when nothing is mapped there.
    #[must_use]
    pub fn word(&self, address: usize) -> Option<usize> {
        let mut bytes = [0; size_of::<usize>()];
        self.0.read_exact_at(&mut bytes, address as u64).ok()?;
        Some(usize::from_ne_bytes(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_is_mapped_and_refuses_what_is_not() {
        let memory = OwnMemory::open().expect("proc");
        let word = 0x1234_5678_usize;
        assert_eq!(memory.word(&raw const word as usize), Some(word));
        assert_eq!(memory.word(16), None);
    }
}
