//! The native stack of the current thread, captured inside an allocation function: the functions of
//! C code between the allocation and the interpreter that called them.
//!
//! Unwinds by the tables that compilers leave in every object (`.eh_frame`), which are read where the
//! loader mapped them. Nothing is allocated; a thread that finds all caches in use gets no stack.

mod rules;

use crate::interpose::own_address;
use crate::loaded::{self, LoadedObject};
use framehop::{
    ExplicitModuleSectionInfo, FrameAddress, Module, MustNotAllocateDuringUnwind, Unwinder,
};
use rules::{At, Made, Rules};
use std::cell::Cell;
use std::ffi::CStr;
use std::ops::Range;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, OnceLock, TryLockError};

#[cfg(target_arch = "aarch64")]
use framehop::aarch64::{CacheAarch64 as Cache, UnwindRegsAarch64 as Registers, UnwinderAarch64};
#[cfg(target_arch = "x86_64")]
use framehop::x86_64::{CacheX86_64 as Cache, UnwindRegsX86_64 as Registers, UnwinderX86_64};

#[cfg(target_arch = "aarch64")]
type Tables = UnwinderAarch64<&'static [u8], MustNotAllocateDuringUnwind>;
#[cfg(target_arch = "x86_64")]
type Tables = UnwinderX86_64<&'static [u8], MustNotAllocateDuringUnwind>;

/// Frames of the interpreter before C code shows: between an allocation and the extension that
/// asked for an object there are a few.
const INTERPRETER_FRAMES: usize = 24;
/// Places on the stack that a step reads, of which something is learnt.
const MOST_PLACES: usize = 4;
/// Captures that can go on at the same time.
const CACHES: usize = 4;

/// What a capture needs to know, replaced as a whole when objects are loaded.
struct Knowledge {
    tables: Tables,
    /// Our own code, whose frames are left out.
    own: Range<u64>,
    /// The interpreter, whose frames are left out at the start and end the stack afterwards.
    interpreter: Range<u64>,
    /// All objects: none of them is ever unloaded.
    stays: Vec<Range<u64>>,
    /// Its functions that run interpreted code: what lies beyond belongs to another call from there.
    ends: Vec<Range<u64>>,
    /// Where the main thread's stack ends; 0 when the loader does not tell.
    main_stack_end: usize,
    generation: u64,
}

static KNOWLEDGE: AtomicPtr<Knowledge> = AtomicPtr::new(ptr::null_mut());
static READY: OnceLock<[Mutex<Known>; CACHES]> = OnceLock::new();

/// What captures leave to the ones after them.
struct Known {
    cache: Cache<MustNotAllocateDuringUnwind>,
    /// Of steps from places that are not: where one of these cannot be taken, the unwinder takes the frame pointer from
    /// then on.
    untrue: Cache<MustNotAllocateDuringUnwind>,
    rules: Rules,
}

impl Known {
    fn new() -> Self {
        Known {
            cache: Cache::new_in(),
            untrue: Cache::new_in(),
            rules: Rules::new(),
        }
    }
}

/// The interpreter that runs in this process.
#[derive(Clone, Copy, Debug)]
pub struct Interpreter {
    /// An address in its object.
    pub address: usize,
    /// Names of its exported functions that run interpreted code.
    pub runs_code: &'static [&'static CStr],
}

/// Learns the objects that are loaded now, if any are new. Not for hooks. The tables of earlier objects are kept, since a capture may be using them:
/// some kilobytes each time libraries are loaded between two calls.
pub fn learn_objects(interpreter: Interpreter) {
    let generation = loaded::generation();
    let known = KNOWLEDGE.load(Ordering::Acquire);
    // SAFETY: what is published is never freed.
    if !known.is_null() && unsafe { (*known).generation } == generation {
        return;
    }
    let Some(objects) = loaded::settled_objects() else {
        return;
    };
    let _ = READY.get_or_init(|| std::array::from_fn(|_| Mutex::new(Known::new())));
    let (mut tables, mut own, mut of_interpreter) = (Tables::new(), 0..0, 0..0);
    let mut stays = Vec::new();
    for object in objects {
        let range = object.range.start as u64..object.range.end as u64;
        if object.range.contains(&own_address()) {
            own = range.clone();
        } else if object.range.contains(&interpreter.address) {
            of_interpreter = range.clone();
        }
        if let Some(module) = module(&object, range.clone()) {
            tables.add_module(module);
            stays.push(range);
        }
    }
    let ends = interpreter
        .runs_code
        .iter()
        .filter_map(|name| loaded::exported_at(crate::symbols::find(name)?.get()))
        .map(|function| function.range.start as u64..function.range.end as u64)
        .collect();
    let knowledge = Knowledge {
        tables,
        own,
        interpreter: of_interpreter,
        stays,
        ends,
        main_stack_end: main_stack_end(),
        generation,
    };
    KNOWLEDGE.store(Box::into_raw(Box::new(knowledge)), Ordering::Release);
}

/// The unwind tables of an object.
fn module(object: &LoadedObject, range: Range<u64>) -> Option<Module<&'static [u8]>> {
    let header = object.unwind_header.clone();
    let frames = frames_of(object, &header)?;
    // SAFETY: both ranges lie in segments that the loader mapped readable and keeps, since the
    // object is one of those that stay loaded; nobody writes to unwind tables.
    let (header_bytes, frame_bytes): (&'static [u8], &'static [u8]) = unsafe {
        (
            std::slice::from_raw_parts(header.start as *const u8, header.len()),
            std::slice::from_raw_parts(frames.start as *const u8, frames.len()),
        )
    };
    let stated = |range: &Range<usize>| {
        let start = range.start.wrapping_sub(object.base) as u64;
        Some(start..start + range.len() as u64)
    };
    let sections = ExplicitModuleSectionInfo {
        eh_frame_hdr_svma: stated(&header),
        eh_frame_hdr: Some(header_bytes),
        eh_frame_svma: stated(&frames),
        eh_frame: Some(frame_bytes),
        ..ExplicitModuleSectionInfo::default()
    };
    Some(Module::new(
        String::new(),
        range,
        object.base as u64,
        sections,
    ))
}

/// Where the frames' descriptions are: the header points to their start; they end with their segment
/// at the latest.
fn frames_of(object: &LoadedObject, header: &Range<usize>) -> Option<Range<usize>> {
    /// Version 1, and a signed 32-bit offset from where it is stored.
    const KNOWN: [u8; 2] = [1, 0x1b];
    let read = |at| object.read::<u8>(at);
    if header.is_empty() || !object.holds(header.start, header.len()) {
        return None;
    }
    if [read(header.start)?, read(header.start + 1)?] != KNOWN {
        return None;
    }
    let offset = object.read::<u32>(header.start + 4)?.cast_signed();
    let start = (header.start + 4).wrapping_add_signed(offset as isize);
    let segment = object
        .segments
        .iter()
        .find(|segment| segment.range.contains(&start))?;
    Some(start..segment.range.end)
}

/// Captures the addresses of calls, innermost first, from C code that the interpreter called; returns
/// how many of `out` were written. Empty when the interpreter itself allocates.
#[must_use]
#[inline(never)]
pub fn capture(out: &mut [u64]) -> usize {
    let known = KNOWLEDGE.load(Ordering::Acquire);
    // SAFETY: what is published is never freed nor changed.
    let Some(known) = (unsafe { known.as_ref() }) else {
        return 0;
    };
    let Some(mut ours) = READY.get().and_then(free_cache) else {
        return 0;
    };
    let (pc, registers) = registers();
    let start = place(pc, &registers);
    let stack = stack_above(start.sp, known.main_stack_end);
    let read = |address: u64| {
        let inside =
            stack.contains(&address) && stack.end - address >= 8 && address.is_multiple_of(8);
        // SAFETY: inside this thread's stack, above the stack pointer, so mapped and in use by
        // frames that do not change while this function runs.
        inside.then(|| unsafe { ptr::read_volatile(address as *const u64) })
    };
    let mut calls = Calls {
        known,
        out,
        count: 0,
        of_interpreter: 0,
    };
    let mut at = start;
    let mut goes_on = calls.meet(pc);
    while goes_on {
        let next = match ours.rules.step(at, read) {
            Some(next) => next,
            None => known.step_by_tables(at, at == start, &mut ours, read),
        };
        let Some(next) = next else {
            break;
        };
        at = next;
        goes_on = calls.meet(at.ip - 1);
    }
    calls.count
}

impl Knowledge {
    /// The caller of the function at a place, for which there is no rule yet; `None` where the stack ends.
    #[cold]
    fn step_by_tables(
        &self,
        at: At,
        is_first: bool,
        ours: &mut Known,
        read: impl Fn(u64) -> Option<u64>,
    ) -> Option<At> {
        let mut places = [0; MOST_PLACES];
        let mut count = 0;
        let next = self.unwind(at, is_first, &mut ours.cache, |address| {
            if let Some(place) = places.get_mut(count) {
                *place = address;
            }
            count += 1;
            read(address)
        })?;
        let elsewhere = At { bp: !at.bp, ..at };
        let other = self.unwind(elsewhere, is_first, &mut ours.untrue, &read);
        // Code that was made at run time may make room for other code: of it nothing is learnt.
        if let Some(read) = places.get(..count)
            && self.stays.iter().any(|range| range.contains(&at.ip))
        {
            ours.rules.learn(Made {
                from: at,
                to: next,
                read,
                needs_frame_pointer: other
                    .is_none_or(|other| (other.ip, other.sp) != (next.ip, next.sp)),
            });
        }
        Some(next)
    }

    fn unwind(
        &self,
        at: At,
        is_first: bool,
        cache: &mut Cache<MustNotAllocateDuringUnwind>,
        mut read: impl FnMut(u64) -> Option<u64>,
    ) -> Option<At> {
        let address = if is_first {
            FrameAddress::InstructionPointer(at.ip)
        } else {
            FrameAddress::from_return_address(at.ip)?
        };
        let mut registers = registers_at(at);
        let mut on_stack = |address| read(address).ok_or(());
        let unwound = self
            .tables
            .unwind_frame(address, &mut registers, cache, &mut on_stack);
        let ip = unwound.ok().flatten().filter(|ip| *ip != 0)?;
        Some(place(ip, &registers))
    }
}

/// The calls of a capture.
struct Calls<'a> {
    known: &'static Knowledge,
    out: &'a mut [u64],
    count: usize,
    of_interpreter: usize,
}

impl Calls<'_> {
    /// Takes the address of the next call; `false` when it is the last one of interest.
    #[inline]
    fn meet(&mut self, address: u64) -> bool {
        let known = self.known;
        if known.own.contains(&address) {
            return true;
        }
        if known.interpreter.contains(&address) {
            self.of_interpreter += 1;
            let ends = known.ends.iter().any(|end| end.contains(&address));
            return !(ends || self.count > 0 || self.of_interpreter > INTERPRETER_FRAMES);
        }
        if let Some(slot) = self.out.get_mut(self.count) {
            *slot = address;
            self.count += 1;
        }
        self.count < self.out.len()
    }
}

fn free_cache(caches: &[Mutex<Known>; CACHES]) -> Option<std::sync::MutexGuard<'_, Known>> {
    caches.iter().find_map(|cache| match cache.try_lock() {
        Ok(cache) => Some(cache),
        Err(TryLockError::Poisoned(cache)) => Some(cache.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    })
}

#[cfg(target_arch = "x86_64")]
fn place(ip: u64, registers: &Registers) -> At {
    At {
        ip,
        sp: registers.sp(),
        bp: registers.bp(),
    }
}

#[cfg(target_arch = "x86_64")]
fn registers_at(at: At) -> Registers {
    Registers::new(at.ip, at.sp, at.bp)
}

#[cfg(target_arch = "aarch64")]
fn place(ip: u64, registers: &Registers) -> At {
    At {
        ip,
        sp: registers.sp(),
        bp: registers.fp(),
    }
}

#[cfg(target_arch = "aarch64")]
fn registers_at(at: At) -> Registers {
    Registers::new(at.ip, at.sp, at.bp)
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn registers() -> (u64, Registers) {
    let (pc, sp, bp): (u64, u64, u64);
    // SAFETY: reads registers only.
    unsafe {
        std::arch::asm!(
            "lea {pc}, [rip]", "mov {sp}, rsp", "mov {bp}, rbp",
            pc = out(reg) pc, sp = out(reg) sp, bp = out(reg) bp,
            options(nomem, nostack, preserves_flags),
        );
    }
    (pc, Registers::new(pc, sp, bp))
}

#[cfg(target_arch = "aarch64")]
#[inline(always)]
fn registers() -> (u64, Registers) {
    let (pc, lr, sp, fp): (u64, u64, u64, u64);
    // SAFETY: reads registers only.
    unsafe {
        std::arch::asm!(
            "adr {pc}, .", "mov {lr}, x30", "mov {sp}, sp", "mov {fp}, x29",
            pc = out(reg) pc, lr = out(reg) lr, sp = out(reg) sp, fp = out(reg) fp,
            options(nomem, nostack, preserves_flags),
        );
    }
    (pc, Registers::new(lr, sp, fp))
}

thread_local! {
    // Const-initialised and without a destructor: usable while a thread starts or ends.
    static STACK: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

/// This thread's stack from `sp` up; empty when `sp` is not in it (a coroutine with a stack of its
/// own).
fn stack_above(sp: u64, main_end: usize) -> Range<u64> {
    let (low, high) = STACK.with(|stack| {
        if stack.get().1 == 0 {
            stack.set(own_stack(main_end).unwrap_or((0, 1)));
        }
        stack.get()
    });
    if (low as u64..high as u64).contains(&sp) {
        sp..high as u64
    } else {
        0..0
    }
}

/// Bounds of this thread's stack, without a call into the C library: that would take locks of the
/// thread, and allocate. How far down a stack reaches does not matter. The end of the main thread's is
/// known; any other's lies below the thread's own data, which the library puts on top of it.
fn own_stack(main_end: usize) -> Option<(usize, usize)> {
    const LOWEST: usize = 0x1000;
    const LARGEST: usize = 1 << 30;
    // SAFETY: all three always succeed.
    let (is_main, own) = unsafe {
        let own = libc::pthread_self() as usize;
        (libc::getpid() == libc::gettid(), own)
    };
    if is_main {
        return (main_end != 0).then_some((LOWEST, main_end));
    }
    let here = (&raw const own) as usize;
    (here < own && own - here < LARGEST).then_some((own.saturating_sub(LARGEST), own))
}

fn main_stack_end() -> usize {
    crate::symbols::find(c"__libc_stack_end").map_or(0, |end| {
        // SAFETY: a variable of the loader, of the size of a pointer.
        unsafe { *(end.get() as *const usize) }
    })
}
