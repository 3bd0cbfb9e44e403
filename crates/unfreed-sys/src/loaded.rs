//! The objects that are loaded into this process: the executable and its libraries, where they are,
//! and which function an address belongs to. Not for hooks: it takes the loader's lock and the heap.

use std::ffi::{CStr, CString, OsStr, c_int, c_void};
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// An executable or a library in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadedObject {
    /// Its file, as the loader knows it.
    pub path: PathBuf,
    /// What to take from an address to get the address that its file states.
    pub base: usize,
    /// From its first to its last mapped byte.
    pub range: Range<usize>,
    /// The linker's identification of the build; empty when there is none.
    pub build_id: Vec<u8>,
    pub(crate) segments: Vec<Segment>,
    pub(crate) dynamic: usize,
    pub(crate) unwind_header: Range<usize>,
    /// What the loader makes read-only once it has linked.
    pub(crate) read_only_later: Range<usize>,
}

/// A part of a loaded object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub range: Range<usize>,
    pub writable: bool,
}

impl LoadedObject {
    /// Whether a readable part of it holds all of `len` bytes at `address`.
    pub(crate) fn holds(&self, address: usize, len: usize) -> bool {
        self.segments.iter().any(|segment| {
            segment.range.contains(&address) && len <= segment.range.end.saturating_sub(address)
        })
    }

    /// Reads a plain value inside the object; `None` outside it.
    pub(crate) fn read<T: Plain>(&self, address: usize) -> Option<T> {
        self.holds(address, size_of::<T>()).then(|| {
            // SAFETY: the bytes are in a segment that the loader mapped readable and keeps as long
            // as the object is loaded; any bytes are a valid `Plain`.
            unsafe { (address as *const T).read_unaligned() }
        })
    }
}

/// Types for which any bytes are valid.
pub(crate) trait Plain: Copy {}
impl Plain for u8 {}
impl Plain for u32 {}
impl Plain for [u64; 2] {}
impl Plain for [u64; 3] {}

const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
const PT_NOTE: u32 = 4;
const PT_GNU_EH_FRAME: u32 = 0x6474_e550;
const PT_GNU_RELRO: u32 = 0x6474_e552;
const WRITABLE: u32 = 2;
const READABLE: u32 = 4;
/// Type of the note that holds the build id.
const NT_GNU_BUILD_ID: u32 = 3;

/// Changes whenever an object is loaded or unloaded. Costs a look at the first object only.
#[must_use]
pub fn generation() -> u64 {
    extern "C" fn first(info: *mut libc::dl_phdr_info, _: usize, found: *mut c_void) -> c_int {
        // SAFETY: the loader passes a valid info, and `found` is the u64 below.
        unsafe {
            *found.cast::<u64>() = (*info).dlpi_adds.wrapping_add((*info).dlpi_subs << 32);
        }
        1
    }
    let mut found = 0u64;
    // SAFETY: the callback matches the declared type and `found` outlives the call.
    unsafe { libc::dl_iterate_phdr(Some(first), (&raw mut found).cast()) };
    found
}

/// All objects that are whole, each kept loaded from here on: what is read of them, and written to them,
/// must not go away. `None` while others are being loaded or unloaded; ask again later.
#[must_use]
pub fn settled_objects() -> Option<Vec<LoadedObject>> {
    let before = generation();
    // Waits for whoever loads now: the loader lists objects before it has linked them.
    keep(c"");
    let objects = objects();
    for object in &objects {
        if let Ok(path) = CString::new(object.path.as_os_str().as_bytes()) {
            keep(&path);
        }
    }
    (generation() == before).then_some(objects)
}

/// Marks a loaded object as not to be unloaded; the executable, whose name is empty, never is.
fn keep(path: &CStr) {
    let name = if path.is_empty() {
        std::ptr::null()
    } else {
        path.as_ptr()
    };
    let flags = libc::RTLD_LAZY | libc::RTLD_NOLOAD | libc::RTLD_NODELETE;
    // SAFETY: RTLD_NOLOAD loads nothing and runs no code; the handle is given back at once, and
    // RTLD_NODELETE outlasts it.
    unsafe {
        let handle = libc::dlopen(name, flags);
        if !handle.is_null() {
            libc::dlclose(handle);
        }
    }
}

/// All objects, in the loader's order: the executable first.
#[must_use]
pub fn objects() -> Vec<LoadedObject> {
    extern "C" fn each(info: *mut libc::dl_phdr_info, _: usize, found: *mut c_void) -> c_int {
        // SAFETY: the loader passes a valid info with `dlpi_phnum` headers, and `found` is the
        // vector below.
        unsafe {
            let info = &*info;
            let headers = std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into());
            let name = CStr::from_ptr(info.dlpi_name);
            let found = &mut *found.cast::<Vec<LoadedObject>>();
            found.push(describe(name, info.dlpi_addr as usize, headers));
        }
        0
    }
    let mut found: Vec<LoadedObject> = Vec::new();
    // SAFETY: the callback matches the declared type and `found` outlives the call.
    unsafe { libc::dl_iterate_phdr(Some(each), (&raw mut found).cast()) };
    if let Some(executable) = found.first_mut()
        && executable.path.as_os_str().is_empty()
    {
        executable.path = std::fs::read_link("/proc/self/exe").unwrap_or_default();
    }
    found.retain(|object| !object.range.is_empty());
    found
}

/// The executable or library that has code or variables at `address`.
#[must_use]
pub fn object_around(address: usize) -> Option<LoadedObject> {
    objects()
        .into_iter()
        .find(|object| object.holds(address, 1))
}

impl LoadedObject {
    /// Its variables that lie around the one at `address`.
    #[must_use]
    pub fn variables_around(&self, address: usize) -> Option<Range<usize>> {
        let mut writable = self.segments.iter().filter(|segment| segment.writable);
        let found = writable.find(|segment| segment.range.contains(&address));
        found.map(|segment| segment.range.clone())
    }
}

fn describe(name: &CStr, base: usize, headers: &[libc::Elf64_Phdr]) -> LoadedObject {
    let mut object = LoadedObject {
        path: PathBuf::from(OsStr::from_bytes(name.to_bytes())),
        base,
        ..LoadedObject::default()
    };
    let mut notes = Vec::new();
    for header in headers {
        let start = base.wrapping_add(header.p_vaddr as usize);
        let range = start..start.saturating_add(header.p_memsz as usize);
        match header.p_type {
            PT_LOAD if header.p_flags & READABLE != 0 => {
                object.segments.push(Segment {
                    range,
                    writable: header.p_flags & WRITABLE != 0,
                });
            }
            PT_DYNAMIC => object.dynamic = start,
            PT_GNU_EH_FRAME => object.unwind_header = range,
            PT_GNU_RELRO => object.read_only_later = range,
            PT_NOTE => notes.push(range),
            _ => {}
        }
    }
    let segments = || object.segments.iter().map(|segment| &segment.range);
    let start = segments().map(|range| range.start).min();
    let end = segments().map(|range| range.end).max();
    object.range = start.unwrap_or(0)..end.unwrap_or(0);
    object.build_id = notes
        .into_iter()
        .find_map(|notes| build_id(&object, notes))
        .unwrap_or_default();
    object
}

/// Walks notes: length of the name, length of the content, type, both padded to words.
fn build_id(object: &LoadedObject, notes: Range<usize>) -> Option<Vec<u8>> {
    let mut at = notes.start;
    while at + 12 <= notes.end {
        let name = object.read::<u32>(at)? as usize;
        let content = object.read::<u32>(at + 4)? as usize;
        let kind = object.read::<u32>(at + 8)?;
        let start = at + 12 + name.next_multiple_of(4);
        if kind == NT_GNU_BUILD_ID && name == 4 && content <= 64 {
            return (start..start + content)
                .map(|byte| object.read::<u8>(byte))
                .collect();
        }
        at = start + content.next_multiple_of(4);
    }
    None
}

/// A function that an object exports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Its name as linked.
    pub name: String,
    /// Where it is.
    pub range: Range<usize>,
}

/// The exported function at an address, and how far it reaches; `None` when no export covers it.
#[must_use]
pub fn exported_at(address: usize) -> Option<Exported> {
    /// `RTLD_DL_SYMENT` of `dlfcn.h`: the symbol table's entry as well.
    const WITH_ENTRY: c_int = 1;
    unsafe extern "C" {
        fn dladdr1(
            address: *const c_void,
            info: *mut libc::Dl_info,
            extra: *mut *mut c_void,
            flags: c_int,
        ) -> c_int;
    }
    let mut info = std::mem::MaybeUninit::<libc::Dl_info>::zeroed();
    let mut entry: *mut c_void = std::ptr::null_mut();
    // SAFETY: both results are ours to write; any address may be asked for.
    let found = unsafe {
        dladdr1(
            address as *const c_void,
            info.as_mut_ptr(),
            &raw mut entry,
            WITH_ENTRY,
        )
    };
    // SAFETY: zeroed, and all-zero is a valid Dl_info.
    let info = unsafe { info.assume_init() };
    if found == 0 || info.dli_sname.is_null() || entry.is_null() {
        return None;
    }
    // SAFETY: the loader answers with a NUL-terminated name and an entry of the symbol table, both
    // of an object that is loaded.
    let (name, size) = unsafe {
        let entry = &*entry.cast::<libc::Elf64_Sym>();
        (CStr::from_ptr(info.dli_sname), entry.st_size as usize)
    };
    let start = info.dli_saddr as usize;
    let range = start..start.saturating_add(size);
    range.contains(&address).then(|| Exported {
        name: name.to_string_lossy().into_owned(),
        range,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_c_library_is_among_them_and_exports_malloc() {
        let malloc = crate::symbols::find(c"malloc").expect("malloc").get();
        let objects = objects();
        let owner = objects
            .iter()
            .find(|object| object.range.contains(&malloc))
            .expect("an owner");
        assert!(owner.path.to_string_lossy().contains("libc"), "{owner:?}");
        assert!(!owner.build_id.is_empty() && owner.dynamic != 0);
        let exported = exported_at(malloc + 1).expect("an export");
        assert!(exported.name.contains("malloc"), "{}", exported.name);
        assert_eq!(generation(), generation());
    }

    #[test]
    fn what_is_no_code_belongs_to_nobody() {
        assert_eq!(exported_at(16), None);
        let object = LoadedObject::default();
        assert_eq!(object.read::<u32>(4096), None);
    }
}
