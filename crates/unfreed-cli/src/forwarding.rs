//! Signals that reach the launcher instead of the program. What the terminal sends (Ctrl-C) and
//! what is sent to the whole process group reaches both, and is left alone; what is sent to the
//! launcher alone (an init system, a container runtime, `kill`) is meant for the program, and is
//! passed on.

use crate::sentinel::Sentinel;
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::iterator::exfiltrator::origin::WithOrigin;
use signal_hook::iterator::{Handle, SignalsInfo};
use signal_hook::low_level::emulate_default_handler;
use signal_hook::low_level::siginfo::Origin;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

const FORWARDED: [i32; 6] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2];

/// A signal to the whole group is with every process of it within this time.
const SETTLING: Duration = Duration::from_millis(30);

/// Passes signals on for as long as the program runs.
pub struct Forwarding {
    target: Arc<Mutex<Target>>,
    handle: Handle,
    thread: Option<JoinHandle<()>>,
}

/// Whom signals are meant for.
enum Target {
    /// The program is about to start; these wait for it.
    Starting(Vec<i32>),
    /// The program.
    Running(Pid),
    /// The program has ended: signals mean us.
    Ended,
}

impl Forwarding {
    /// Starts to take signals. Those that this process ignores stay ignored, as the program
    /// inherits that (`nohup`).
    pub fn start() -> io::Result<Self> {
        let ignored = ignored_signals();
        let taken = FORWARDED
            .into_iter()
            .filter(|signal| ignored >> (signal - 1) & 1 == 0);
        let mut signals = SignalsInfo::<WithOrigin>::new(taken)?;
        let handle = signals.handle();
        let target = Arc::new(Mutex::new(Target::Starting(Vec::new())));
        let for_thread = Arc::clone(&target);
        let mut sentinel = Sentinel::post();
        let thread = std::thread::Builder::new()
            .name("unfreed-signals".into())
            .spawn(move || {
                for origin in &mut signals {
                    deliver(&for_thread, &origin, &mut sentinel);
                }
            })?;
        Ok(Self {
            target,
            handle,
            thread: Some(thread),
        })
    }

    /// The program runs: it gets what has waited, and what comes.
    pub fn program_runs(&self, program: Pid) {
        let mut target = lock(&self.target);
        if let Target::Starting(waiting) = &*target {
            waiting.iter().for_each(|&signal| send(program, signal));
        }
        *target = Target::Running(program);
    }

    /// The program has ended, and its process id may soon be another's. What ended it may still be
    /// on its way to us, and does not mean us.
    pub fn program_ended(&self) {
        std::thread::sleep(SETTLING);
        *lock(&self.target) = Target::Ended;
    }
}

impl Drop for Forwarding {
    fn drop(&mut self) {
        self.handle.close();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn lock(target: &Mutex<Target>) -> MutexGuard<'_, Target> {
    target.lock().unwrap_or_else(PoisonError::into_inner)
}

fn deliver(target: &Mutex<Target>, origin: &Origin, sentinel: &mut Sentinel) {
    let mut target = lock(target);
    match &mut *target {
        Target::Ended => {
            let _ = emulate_default_handler(origin.signal);
        }
        Target::Starting(waiting) => waiting.push(origin.signal),
        Target::Running(program) => {
            let to_all = sentinel.was_hit();
            let by_terminal = origin.process.is_none();
            if !(to_all || by_terminal) {
                send(*program, origin.signal);
            }
        }
    }
}

fn send(program: Pid, signal: i32) {
    let sent = Signal::try_from(signal).and_then(|signal| kill(program, signal));
    // It ended a moment ago: nobody is left to get the signal.
    debug_assert!(matches!(sent, Ok(()) | Err(Errno::ESRCH | Errno::EPERM)));
}

/// The `SigIgn` mask of this process: bit n-1 for signal n.
fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}
