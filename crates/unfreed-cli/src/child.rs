//! The program as a child process: started as typed, waited for, stopped and continued with us,
//! and its end passed on as our own.

use crate::Interpreter;
use crate::exit::ExitCode;
use crate::forwarding::Forwarding;
use crate::handover::{Handover, VARIABLE};
use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::signal::{Signal, kill, raise};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

/// How the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It exited with this code.
    Exited(u8),
    /// It died of this signal.
    Killed(i32),
}

/// Runs Python with `words` and waits for its end. With a handover, the agent starts in it.
pub fn run(
    interpreter: &Interpreter,
    words: &[OsString],
    handover: Option<&Handover>,
    forwarding: &Forwarding,
) -> io::Result<Ending> {
    let mut command = Command::new(&interpreter.executable);
    command.args(words);
    match handover {
        Some(handover) => {
            command.env(VARIABLE, handover.to_value());
            inject(&mut command, interpreter)?;
        }
        None => {
            command.env_remove(VARIABLE);
        }
    }
    let child = command.spawn()?;
    let program = Pid::from_raw(child.id() as i32);
    forwarding.program_runs(program);
    let status = wait(child, program, forwarding)?;
    Ok(Ending::from(status))
}

/// Puts the folder with our `sitecustomize` first on `PYTHONPATH`, if no `.pth` file does its work.
fn inject(command: &mut Command, interpreter: &Interpreter) -> io::Result<()> {
    let Some(folder) = &interpreter.inject else {
        return Ok(());
    };
    let paths = std::env::var_os("PYTHONPATH");
    let inherited = paths.iter().flat_map(std::env::split_paths);
    let joined = std::env::join_paths(std::iter::once(folder.clone()).chain(inherited))
        .map_err(io::Error::other)?;
    command.env("PYTHONPATH", joined);
    Ok(())
}

/// Waits without reaping, so that no signal is sent to a process id that is free again.
fn wait(mut child: Child, program: Pid, forwarding: &Forwarding) -> io::Result<ExitStatus> {
    let ended = WaitPidFlag::WEXITED | WaitPidFlag::WSTOPPED | WaitPidFlag::WNOWAIT;
    loop {
        match waitid(Id::Pid(program), ended) {
            Err(Errno::EINTR) => {}
            Ok(WaitStatus::Stopped(..)) => stop_with(program),
            // Ended; or ended by a real-time signal, which nix cannot name.
            Ok(_) | Err(_) => break,
        }
    }
    forwarding.program_ended();
    child.wait()
}

/// The program stopped. Unless a signal to the whole group did it, which stops us by itself, stop
/// as well, so that a shell sees it; and let the program go on when we do.
fn stop_with(program: Pid) {
    let _ = waitid(
        Id::Pid(program),
        WaitPidFlag::WSTOPPED | WaitPidFlag::WNOHANG,
    );
    std::thread::sleep(Duration::from_millis(20));
    if is_stopped(program) {
        let _ = raise(Signal::SIGSTOP);
        let _ = kill(program, Signal::SIGCONT);
    }
}

fn is_stopped(program: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{program}/stat")).unwrap_or_default();
    // The state follows the name, which stands in brackets and may hold anything.
    stat.rsplit(')')
        .next()
        .is_some_and(|rest| rest.trim_start().starts_with('T'))
}

impl From<ExitStatus> for Ending {
    fn from(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (_, Some(signal)) => Self::Killed(signal),
            (code, None) => Self::Exited(code.unwrap_or(0) as u8),
        }
    }
}

impl Ending {
    /// Whether the program succeeded.
    pub fn is_success(self) -> bool {
        self == Self::Exited(0)
    }

    /// Ends as the program did. Does not return if that was a signal, but for one that cannot be
    /// raised again.
    pub fn pass_on(self) -> ExitCode {
        match self {
            Self::Exited(code) => ExitCode(code),
            Self::Killed(signal) => {
                // One core file is enough, and it is the program's.
                let _ = prctl::set_dumpable(false);
                let _ = signal_hook::low_level::emulate_default_handler(signal);
                ExitCode::of_signal(signal)
            }
        }
    }
}
