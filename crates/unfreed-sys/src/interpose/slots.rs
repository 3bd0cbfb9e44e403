//! The slots through which a loaded object calls functions of others, and writing one: what a linker
//! would have written there had another function borne the name.

use crate::loaded::{LoadedObject, Segment};
use std::ffi::CStr;
use std::sync::atomic::{AtomicUsize, Ordering};

const PAGE: usize = 4096;

const DT_STRTAB: u64 = 5;
const DT_SYMTAB: u64 = 6;
const DT_RELA: u64 = 7;
const DT_RELASZ: u64 = 8;
const DT_PLTRELSZ: u64 = 2;
const DT_PLTREL: u64 = 20;
const DT_JMPREL: u64 = 23;
/// Entries of a dynamic section that are looked at: there are some thirty.
const MOST_ENTRIES: usize = 1000;
/// Bytes of a relocation with an addend, and of a symbol.
const RELA: usize = 24;
const SYMBOL: usize = 24;

/// Kinds of relocation that hold a function's address: slots of the procedure linkage table, the
/// global offset table, and pointers in data.
#[cfg(target_arch = "x86_64")]
const HOLDING: [u32; 3] = [7, 6, 1];
#[cfg(target_arch = "aarch64")]
const HOLDING: [u32; 3] = [1026, 1025, 257];

/// A function that takes the place of another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Replacement {
    /// The name that both bear.
    pub name: &'static CStr,
    /// Where the original is.
    pub original: usize,
    /// Where it seems to be for whoever takes its address: an executable that is not relocatable has a
    /// stub for it, which stands for the function everywhere.
    pub stub: usize,
    /// Where ours is.
    pub ours: usize,
}

#[derive(Default)]
struct Tables {
    names: usize,
    symbols: usize,
    /// Address and length of two tables of relocations.
    relocations: [(usize, usize); 2],
}

/// Writes the replacements into the slots of an object; returns how many were written. A slot that
/// leads to neither the original nor, being unbound, the object itself is somebody else's doing and
/// left alone.
pub(super) fn replace(object: &LoadedObject, replacements: &[Replacement]) -> usize {
    let Some(tables) = tables(object) else {
        return 0;
    };
    let mut written = 0;
    for (table, len) in tables.relocations {
        for at in (table..table.saturating_add(len)).step_by(RELA) {
            let Some([offset, info, _]) = object.read::<[u64; 3]>(at) else {
                break;
            };
            if !HOLDING.contains(&(info as u32)) {
                continue;
            }
            let Some(name) = symbol_name(object, &tables, (info >> 32) as usize) else {
                continue;
            };
            let wanted = replacements
                .iter()
                .find(|each| is_text(object, name, each.name));
            let slot = object.base.wrapping_add(offset as usize);
            if let Some(wanted) = wanted {
                written += usize::from(write(object, slot, *wanted));
            }
        }
    }
    written
}

/// The tables of the dynamic section.
fn tables(object: &LoadedObject) -> Option<Tables> {
    let mut tables = Tables::default();
    let mut with_addend = true;
    for index in 0..MOST_ENTRIES {
        let [tag, value] = object.read::<[u64; 2]>(object.dynamic + index * 16)?;
        // glibc has turned addresses into absolute ones, but for objects that it may not write.
        let absolute = match value as usize {
            small if small < object.base => small.wrapping_add(object.base),
            absolute => absolute,
        };
        match tag {
            0 => break,
            DT_STRTAB => tables.names = absolute,
            DT_SYMTAB => tables.symbols = absolute,
            DT_RELA => tables.relocations[0].0 = absolute,
            DT_RELASZ => tables.relocations[0].1 = value as usize,
            DT_JMPREL => tables.relocations[1].0 = absolute,
            DT_PLTRELSZ => tables.relocations[1].1 = value as usize,
            DT_PLTREL => with_addend = value == DT_RELA,
            _ => {}
        }
    }
    (with_addend && tables.names != 0 && tables.symbols != 0).then_some(tables)
}

/// Address of the name of a symbol.
fn symbol_name(object: &LoadedObject, tables: &Tables, index: usize) -> Option<usize> {
    let at = tables.symbols + index.checked_mul(SYMBOL)?;
    let [first, _, _] = object.read::<[u64; 3]>(at)?;
    (index != 0).then_some(tables.names + first as u32 as usize)
}

fn is_text(object: &LoadedObject, at: usize, text: &CStr) -> bool {
    let text = text.to_bytes_with_nul();
    object.holds(at, text.len())
        && text
            .iter()
            .enumerate()
            .all(|(index, &byte)| object.read::<u8>(at + index) == Some(byte))
}

fn write(object: &LoadedObject, slot: usize, replacement: Replacement) -> bool {
    let segment = object
        .segments
        .iter()
        .find(|segment| segment.range.contains(&slot));
    let Some(segment) = segment.filter(|_| slot.is_multiple_of(align_of::<usize>())) else {
        return false;
    };
    // SAFETY: aligned and inside a segment that stays mapped while the object is loaded; whoever
    // calls through the slot reads a whole word, as we do.
    let word = unsafe { AtomicUsize::from_ptr(slot as *mut usize) };
    let now = word.load(Ordering::Relaxed);
    // An object that has a function of this name may mean its own: the C library means its malloc.
    let is_unbound = object.range.contains(&now) && !object.range.contains(&replacement.original);
    let is_original = now == replacement.original || now == replacement.stub;
    if now == replacement.ours || !(is_original || is_unbound) {
        return false;
    }
    let unlocked = is_read_only(object, segment, slot);
    let page = slot & !(PAGE - 1);
    if unlocked && !protect(page, libc::PROT_READ | libc::PROT_WRITE) {
        return false;
    }
    word.store(replacement.ours, Ordering::Release);
    if unlocked {
        protect(page, libc::PROT_READ);
    }
    true
}

fn is_read_only(object: &LoadedObject, segment: &Segment, slot: usize) -> bool {
    let relro = &object.read_only_later;
    // The loader protects whole pages: down from the end, up from the start.
    let pages = relro.start & !(PAGE - 1)..relro.end & !(PAGE - 1);
    !segment.writable || pages.contains(&slot)
}

fn protect(page: usize, protection: i32) -> bool {
    // SAFETY: a page of an object's data, made as writable or as read-only as the loader had it;
    // its content stays.
    unsafe { libc::mprotect(page as *mut libc::c_void, PAGE, protection) == 0 }
}
