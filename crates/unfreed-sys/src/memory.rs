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

/// Words that are read at each address by [`read_each`].
pub const WORDS: usize = 6;
/// Places that the kernel copies in one call.
const PLACES: usize = 1024;

/// Reads [`WORDS`] words at each of `addresses`, which need not be mapped, and passes them on with the
/// position of their address. What is not mapped, or where the kernel forbids this, is left out.
pub fn read_each(addresses: &[usize], mut each: impl FnMut(usize, &[usize; WORDS])) {
    let mut words = vec![[0usize; WORDS]; PLACES.min(addresses.len())];
    let mut from = 0;
    while from < addresses.len() {
        let wanted = &addresses[from..addresses.len().min(from + PLACES)];
        let read = copy(wanted, &mut words);
        for (index, words) in words[..read].iter().enumerate() {
            each(from + index, words);
        }
        // The one after those that were read is not mapped.
        from += read + usize::from(read < wanted.len());
    }
}

/// Reads the whole words of a range that need not be mapped, as far as it is.
pub fn read_range(start: usize, bytes: usize, mut each: impl FnMut(usize)) {
    let first = start.next_multiple_of(size_of::<usize>());
    let step = WORDS * size_of::<usize>();
    let end = start + bytes;
    let places: Vec<usize> = (first..end.saturating_sub(step - 1))
        .step_by(step)
        .collect();
    let rest = first + places.len() * step;
    read_each(&places, |_, words| {
        words.iter().copied().for_each(&mut each)
    });
    let mut tail = [0usize; WORDS];
    let left = end.saturating_sub(rest) / size_of::<usize>();
    if left > 0 && copy_words(rest, &mut tail[..left]) {
        tail[..left].iter().copied().for_each(each);
    }
}

/// The words at an address that need not be mapped; `None` where it is not, or the kernel forbids this.
#[must_use]
pub fn words<const N: usize>(address: usize) -> Option<[usize; N]> {
    let mut words = [0; N];
    copy_words(address, &mut words).then_some(words)
}

/// The C string at an address that need not be mapped; `None` where it is not, or where it has no end within `LONGEST`
/// bytes.
#[must_use]
pub fn text(address: usize) -> Option<String> {
    const LONGEST: usize = 256;
    let start = address - address % size_of::<usize>();
    let mut bytes = Vec::with_capacity(LONGEST);
    // In small steps, since the page behind the text may not be mapped.
    while bytes.len() < LONGEST {
        let [word] = words::<1>(start.checked_add(bytes.len())?)?;
        bytes.extend_from_slice(&word.to_ne_bytes());
        let text = bytes.get(address - start..)?;
        if let Some(end) = text.iter().position(|&byte| byte == 0) {
            return String::from_utf8(text.get(..end)?.to_vec()).ok();
        }
    }
    None
}

/// Whether all words at an address could be copied.
fn copy_words(from: usize, into: &mut [usize]) -> bool {
    let bytes = size_of_val(into);
    let source = libc::iovec {
        iov_base: from as *mut libc::c_void,
        iov_len: bytes,
    };
    copied(&[source], into) == bytes
}

/// Copies from as many places as can be read, in order; returns how many.
fn copy(addresses: &[usize], into: &mut [[usize; WORDS]]) -> usize {
    let places: Vec<libc::iovec> = addresses
        .iter()
        .map(|&address| libc::iovec {
            iov_base: address as *mut libc::c_void,
            iov_len: size_of::<[usize; WORDS]>(),
        })
        .collect();
    copied(&places, into.as_flattened_mut()) / size_of::<[usize; WORDS]>()
}

/// Copies from places in order until one cannot be read; returns the bytes.
fn copied(places: &[libc::iovec], into: &mut [usize]) -> usize {
    let target = libc::iovec {
        iov_base: into.as_mut_ptr().cast(),
        iov_len: size_of_val(into),
    };
    // SAFETY: the kernel checks every address that it reads, and writes at most the length of
    // `into`, for whose elements any bytes are valid.
    let copied = unsafe {
        libc::process_vm_readv(
            libc::getpid(),
            &raw const target,
            1,
            places.as_ptr(),
            places.len() as libc::c_ulong,
            0,
        )
    };
    usize::try_from(copied).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_places_are_read_and_those_that_are_not_mapped_left_out() {
        let places: Vec<[usize; WORDS]> = (0..3000).map(|n| [n; WORDS]).collect();
        let mut addresses: Vec<usize> =
            places.iter().map(|place| place.as_ptr() as usize).collect();
        addresses[1] = 16;
        addresses[2500] = 32;
        let mut seen = Vec::new();
        read_each(&addresses, |index, words| {
            assert_eq!(*words, [index; WORDS]);
            seen.push(index);
        });
        let all_but = (0..3000).filter(|index| ![1, 2500].contains(index));
        assert_eq!(seen, all_but.collect::<Vec<_>>());
    }

    #[test]
    fn words_and_texts_are_read_where_they_are_mapped() {
        let text = c"  a text that ends";
        assert_eq!(
            super::text(text.as_ptr() as usize + 2).as_deref(),
            Some("a text that ends")
        );
        assert_eq!(super::text(16), None);
        assert_eq!(super::text([b'x'; 1000].as_ptr() as usize), None);
        let pair = [7_usize, 8];
        assert_eq!(words(pair.as_ptr() as usize), Some([7, 8]));
        assert_eq!(words::<2>(16), None);
    }

    #[test]
    fn reads_what_is_mapped_and_refuses_what_is_not() {
        let memory = OwnMemory::open().expect("proc");
        let word = 0x1234_5678_usize;
        assert_eq!(memory.word(&raw const word as usize), Some(word));
        assert_eq!(memory.word(16), None);
    }
}
