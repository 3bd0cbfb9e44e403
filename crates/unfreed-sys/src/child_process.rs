//! A copy of this process that works for us beside it and that the program does not meet: no signal tells of its end,
//! `wait` does not find it, it keeps no descriptor open and runs no handler of anybody's.
//!
//! Made by `clone` itself. The C library's `fork` would run what libraries registered with `pthread_atfork` (OpenBLAS
//! ends its threads there, gRPC waits for its own) and send SIGCHLD. Its price: nobody has unlocked malloc in the copy,
//! which therefore has small blocks of its own (`child_heap`) and must call no C code that allocates.

use crate::{child_heap, fork, signals};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// How often the child looks whether its time is up or its parent gone (of which the system tells it, too).
const LOOK_SECONDS: libc::time_t = 1;
/// `CLOSE_RANGE_UNSHARE` of `close_range(2)`: first a table of its own for this process.
const UNSHARE: libc::c_uint = 2;
const CLOSED_NOTHING: i32 = 70;
const TIME_IS_UP: i32 = 71;
const PANICKED: i32 = 72;

/// In the child: whom it works for, and until when.
static PARENT: AtomicI32 = AtomicI32::new(0);
static DEADLINE_NS: AtomicU64 = AtomicU64::new(u64::MAX);

/// A copy of this process that has begun.
#[derive(Debug)]
pub struct Child {
    pid: libc::pid_t,
}

/// How a child ended; displays as the end of a sentence that it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With this exit code.
    Exited(i32),
    /// By this signal.
    Killed(i32),
    /// Somebody else waited for it.
    Unknown,
}

impl std::fmt::Display for Ending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exited(CLOSED_NOTHING) => write!(f, "could not close its descriptors"),
            Self::Exited(TIME_IS_UP) => write!(f, "took too long"),
            Self::Exited(0) => write!(f, "ended before it had sent all"),
            Self::Exited(code) => write!(f, "ended with exit code {code}"),
            Self::Killed(signal) => write!(f, "was killed by signal {signal}"),
            Self::Unknown => write!(f, "is gone"),
        }
    }
}

/// Runs `work` in a copy of this process, which ends when that returns, after `limit`, or when this process ends.
///
/// `work` has the memory of this moment and is alone in it. It must not wait for a lock that another thread may hold,
/// nor call C code that allocates.
///
/// # Errors
/// When the system makes no process (too many, too little memory), or is older than Linux 5.9.
pub fn start(limit: Duration, work: impl FnOnce()) -> io::Result<Child> {
    can_close_all()?;
    // SAFETY: asks for a number; cannot fail.
    let parent = unsafe { libc::getpid() };
    let deadline_ns = now_ns().saturating_add(limit.as_nanos() as u64);
    // Signals of the program must not run the program's handlers in the copy.
    let made = signals::with_all_blocked(|| {
        // The table of descriptors is shared until the child has one of its own, so that at no time a file or socket
        // is open twice. No signal in the low byte: none is sent at its end, and only `__WCLONE` waits for it.
        let flags = libc::CLONE_FILES as libc::c_long;
        // SAFETY: without a stack of its own and without CLONE_VM the child goes on here, as after `fork`, with a copy
        // of all memory. It calls `live` only, and never returns.
        let pid =
            unsafe { libc::syscall(libc::SYS_clone, flags, 0_usize, 0_usize, 0_usize, 0_usize) };
        if pid == 0 {
            PARENT.store(parent, Relaxed);
            DEADLINE_NS.store(deadline_ns, Relaxed);
            live(work);
        }
        if pid < 0 {
            Err(io::Error::last_os_error())
        } else {
            Ok(pid)
        }
    });
    let pid = made? as libc::pid_t;
    Ok(Child { pid })
}

impl Child {
    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid as u32
    }

    /// How it ended, once; `None` while it runs.
    pub fn ended(&self) -> Option<Ending> {
        let mut status = 0;
        // SAFETY: `status` is valid for writes.
        match unsafe { libc::waitpid(self.pid, &raw mut status, libc::WNOHANG | libc::__WCLONE) } {
            0 => None,
            pid if pid == self.pid && libc::WIFSIGNALED(status) => {
                Some(Ending::Killed(libc::WTERMSIG(status)))
            }
            pid if pid == self.pid => Some(Ending::Exited(libc::WEXITSTATUS(status))),
            _ => Some(Ending::Unknown),
        }
    }

    /// Ends it now. Only before [`Child::ended`] has told of its end.
    pub fn kill(&self) {
        // SAFETY: our own child, and not waited for yet, so that the number is still its own.
        unsafe { libc::kill(self.pid, libc::SIGKILL) };
    }
}

/// Whether the system can close all descriptors at once.
fn can_close_all() -> io::Result<()> {
    // SAFETY: there is no descriptor of this number: closes nothing.
    let done = unsafe { libc::syscall(libc::SYS_close_range, u32::MAX, u32::MAX, 0) };
    if done == 0 {
        return Ok(());
    }
    let why = io::Error::last_os_error();
    Err(io::Error::new(why.kind(), format!("close_range(2): {why}")))
}

/// The life of the child.
fn live(work: impl FnOnce()) -> ! {
    child_heap::use_from_now_on();
    fork::disown();
    let code = if isolate() {
        match catch_unwind(AssertUnwindSafe(work)) {
            Ok(()) => 0,
            Err(_) => PANICKED,
        }
    } else {
        CLOSED_NOTHING
    };
    // SAFETY: ends this process only, without handlers, and writes no buffer that the program has filled.
    unsafe { libc::_exit(code) }
}

/// Lets go of all that is the program's, and sees to the end.
fn isolate() -> bool {
    // SAFETY: system calls on this process alone, with arguments that live as long as the calls. The handler is
    // `look`, which makes system calls and reads atomics only.
    unsafe {
        if libc::syscall(libc::SYS_close_range, 0, u32::MAX, UNSHARE) != 0 {
            return false;
        }
        libc::prctl(libc::PR_SET_NAME, c"unfreed".as_ptr());
        let no_core = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        libc::setrlimit(libc::RLIMIT_CORE, &raw const no_core);
        // Where memory ends, the system takes the copy and not the program.
        let score = libc::open(c"/proc/self/oom_score_adj".as_ptr(), libc::O_WRONLY);
        if score >= 0 {
            libc::write(score, c"1000".as_ptr().cast(), 4);
            libc::close(score);
        }
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = look as extern "C" fn(libc::c_int) as usize;
        action.sa_flags = libc::SA_RESTART;
        libc::sigaction(libc::SIGALRM, &raw const action, std::ptr::null_mut());
        let mut alarm: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut alarm);
        libc::sigaddset(&raw mut alarm, libc::SIGALRM);
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const alarm, std::ptr::null_mut());
        // Sent when the thread that made us ends: ours does so while the program forks.
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGALRM);
        let often = libc::timeval {
            tv_sec: LOOK_SECONDS,
            tv_usec: 0,
        };
        let timer = libc::itimerval {
            it_interval: often,
            it_value: often,
        };
        libc::setitimer(libc::ITIMER_REAL, &raw const timer, std::ptr::null_mut());
    }
    look(libc::SIGALRM);
    true
}

/// Ends the child when its time is up or its parent is gone.
extern "C" fn look(_: libc::c_int) {
    // SAFETY: asks for a number; cannot fail.
    let is_alone = unsafe { libc::getppid() } != PARENT.load(Relaxed);
    if is_alone || now_ns() >= DEADLINE_NS.load(Relaxed) {
        // SAFETY: as in `live`.
        unsafe { libc::_exit(TIME_IS_UP) };
    }
}

fn now_ns() -> u64 {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `now` is valid for writes, and the clock exists everywhere.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ring::Ring;
    use std::fs;
    use std::io::Write;
    use std::sync::atomic::AtomicBool;
    use std::time::Instant;

    // As in the extension module: the child must not use malloc.
    #[global_allocator]
    static ALLOCATOR: crate::alloc::MappedAlloc = crate::alloc::MappedAlloc;

    fn wait_for(child: &Child) -> Ending {
        loop {
            if let Some(ending) = child.ended() {
                return ending;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn a_copy_works_while_other_threads_are_in_malloc() {
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !stop.load(Relaxed) {
                        let texts: Vec<String> = (0..200).map(|n| format!("{n:050}")).collect();
                        assert_eq!(texts.len(), 200);
                    }
                });
            }
            for round in 0..50 {
                let ring = Ring::new().expect("ring");
                let child = start(Duration::from_secs(20), || {
                    let mut texts: Vec<String> = Vec::new();
                    for n in 0..20_000 {
                        texts.push(format!("{n} {round}"));
                        if n % 3 == 0 {
                            texts.swap_remove(n / 5 % texts.len());
                        }
                    }
                    let open = fs::read_link("/proc/self/fd/0").is_ok();
                    (&ring)
                        .write_all(&[texts.len() as u8, u8::from(open)])
                        .expect("write");
                    ring.finish();
                });
                let child = child.expect("child");
                assert_eq!(wait_for(&child), Ending::Exited(0));
                let mut taken = Vec::new();
                ring.take(|bytes| taken.extend_from_slice(bytes));
                assert!(ring.is_whole());
                // None of the program's descriptors is open there.
                assert_eq!(taken, [(20_000 - 6_667) as u8, 0]);
            }
            stop.store(true, Relaxed);
        });
    }

    #[test]
    fn a_copy_has_a_time_limit_and_can_be_killed() {
        let sleep = || std::thread::sleep(Duration::from_secs(100));
        let began = Instant::now();
        let child = start(Duration::from_millis(10), sleep).expect("child");
        assert_eq!(wait_for(&child), Ending::Exited(TIME_IS_UP));
        let child = start(Duration::from_secs(100), sleep).expect("child");
        child.kill();
        assert_eq!(wait_for(&child), Ending::Killed(libc::SIGKILL));
        assert!(began.elapsed() < Duration::from_secs(60));
    }

    #[test]
    fn the_program_does_not_find_it_by_waiting() {
        let child = start(Duration::from_secs(20), || ()).expect("child");
        std::thread::sleep(Duration::from_millis(20));
        let mut status = 0;
        // SAFETY: `status` is valid for writes.
        let found = unsafe { libc::waitpid(child.pid, &raw mut status, libc::WNOHANG) };
        assert_eq!(found, -1);
        assert_eq!(wait_for(&child), Ending::Exited(0));
    }
}
