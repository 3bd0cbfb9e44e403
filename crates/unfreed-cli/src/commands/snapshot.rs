//! `unfreed snapshot PID`: has a running process look at its own heap, keeps what it saw, and shows its suspects. One
//! that is recorded is asked by a file beside its recording; any other by `sys.remote_exec`, which the Python side does
//! (`python/unfreed/_other_process.py`).

use crate::Interpreter;
use crate::arguments::heap::Heap;
use crate::arguments::snapshot::Snapshot;
use crate::commands::heap;
use crate::exit::ExitCode;
use crate::handover::VARIABLE;
use crate::messages::{self, reason};
use crate::{family, progress};
use serde::Serialize;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use unfreed_recording::ids::RunTime;
use unfreed_recording::{REQUEST_SUFFIX, Recording, writer};

/// How often it is looked whether the answer is there.
const MOMENT: Duration = Duration::from_millis(50);
/// Bytes by which recordings are known.
const MAGIC: usize = 8;
/// Rows of the answer that is shown.
const ROWS: usize = 20;

/// Has the process take it, and shows what it is.
pub fn snapshot(typed: &Snapshot, interpreter: Option<&Interpreter>) -> ExitCode {
    let what = format!("Waiting for process {}", typed.pid);
    match progress::during(&what, || taken(typed, interpreter)) {
        Ok(Taken::Kept(path)) => {
            messages::notice(format_args!("the snapshot is kept in {}", path.display()));
            heap::heap(&Heap {
                path,
                question: None,
                snapshot: -1,
                limit: ROWS,
                json: None,
            })
        }
        Ok(Taken::Not) => ExitCode::FAILED,
        Err(why) => {
            messages::error(why);
            ExitCode::FAILED
        }
    }
}

enum Taken {
    Kept(PathBuf),
    /// The Python side has said why.
    Not,
}

fn taken(typed: &Snapshot, interpreter: Option<&Interpreter>) -> Result<Taken, String> {
    let process = PathBuf::from(format!("/proc/{}", typed.pid));
    if !process.exists() {
        return Err(format!("there is no process {}", typed.pid));
    }
    let patience = Duration::from_secs_f64(typed.patience);
    match recording_of(typed.pid, &process)? {
        Some(recording) => by_request(typed, &process, &recording, patience),
        None => by_python(typed, interpreter),
    }
}

/// The recording among the files that a process has open, that of the process itself and not of another: where it is, as
/// this process sees the other's files.
fn recording_of(pid: u32, process: &Path) -> Result<Option<PathBuf>, String> {
    let open = fs::read_dir(process.join("fd")).map_err(|error| {
        format!(
            "cannot look at process {pid}: {} (ask as its user, or as root)",
            reason(&error)
        )
    })?;
    let own = own_number(pid, process);
    let links = open.flatten().map(|entry| entry.path());
    let mut recordings = links.filter(|link| is_recording(link));
    let found = recordings.find(|link| writer_of(link) == Some(own));
    Ok(found.and_then(|link| {
        let file = fs::read_link(link).ok()?;
        // In a container of its own it has other files under the same names.
        let seen = process
            .join("root")
            .join(file.strip_prefix("/").unwrap_or(&file));
        Some(if is_same(&seen, &file) { file } else { seen })
    }))
}

/// Whether an open file begins as recordings do. Only of regular files: others may have nothing to read for a while.
fn is_recording(link: &Path) -> bool {
    let magic = &writer::header()[..MAGIC];
    let mut start = [0; MAGIC];
    fs::metadata(link).is_ok_and(|there| there.is_file())
        && File::open(link)
            .and_then(|mut file| file.read_exact(&mut start))
            .is_ok()
        && start == *magic
}

fn is_same(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let number = |path: &Path| {
        fs::metadata(path)
            .ok()
            .map(|there| (there.dev(), there.ino()))
    };
    number(one).is_some_and(|one| number(other) == Some(one))
}

/// What the process takes for its own number: in a container of its own another than we see.
fn own_number(pid: u32, process: &Path) -> u32 {
    let status = fs::read_to_string(process.join("status")).unwrap_or_default();
    let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    let innermost = numbers.and_then(|numbers| numbers.split_whitespace().last());
    innermost
        .and_then(|number| number.parse().ok())
        .unwrap_or(pid)
}

fn writer_of(recording: &Path) -> Option<u32> {
    let bytes = fs::read(recording).ok()?;
    Some(Recording::parse(&bytes).ok()?.process.pid)
}

fn by_request(
    typed: &Snapshot,
    process: &Path,
    recording: &Path,
    patience: Duration,
) -> Result<Taken, String> {
    let before = newest(&fs::read(recording).unwrap_or_default());
    let mut request = recording.as_os_str().to_owned();
    request.push(REQUEST_SUFFIX);
    let request = PathBuf::from(request);
    File::create(&request).map_err(|error| {
        format!(
            "cannot ask process {}: {}: {}",
            typed.pid,
            request.display(),
            reason(&error)
        )
    })?;
    let asked = Instant::now();
    while request.exists() {
        if !process.exists() || asked.elapsed() > patience {
            // Should it look after all, nobody waits for it.
            let _ = fs::remove_file(&request);
            return Err(unanswered(typed, process));
        }
        std::thread::sleep(MOMENT);
    }
    let bytes = fs::read(recording)
        .map_err(|error| format!("cannot read {}: {}", recording.display(), reason(&error)))?;
    if newest(&bytes) <= before {
        let why = Recording::parse(&bytes)
            .ok()
            .and_then(|mut recording| recording.notes.pop());
        return Err(match why {
            Some(note) => format!("process {}: {}", typed.pid, note.text),
            None => format!("process {} ended before it looked", typed.pid),
        });
    }
    let path = destination(typed)?;
    fs::write(&path, bytes).map_err(|error| not_written(&path, &error))?;
    Ok(Taken::Kept(path))
}

/// When the newest snapshot was taken.
fn newest(bytes: &[u8]) -> Option<RunTime> {
    let recording = Recording::parse(bytes).ok()?;
    let last = recording.snapshot_count().checked_sub(1)?;
    recording.snapshot_header(last).ok().map(|head| head.at)
}

fn unanswered(typed: &Snapshot, process: &Path) -> String {
    if !process.exists() {
        return format!("process {} ended before it looked", typed.pid);
    }
    format!(
        "process {} did not look within {} seconds: it is stopped, or C code holds the GIL all the time (--patience \
         waits longer)",
        typed.pid, typed.patience
    )
}

/// The file that was asked for, or a free name.
fn destination(typed: &Snapshot) -> Result<PathBuf, String> {
    if let Some(path) = &typed.output {
        return Ok(path.clone());
    }
    let stem = format!("heap-{}", typed.pid);
    let names = family::numbered(Path::new(""), OsStr::new(&stem));
    for path in names {
        match File::create_new(&path) {
            Ok(_) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(not_written(&path, &error)),
        }
    }
    Err(format!("every name like {stem}.unfreed is taken"))
}

fn not_written(path: &Path, error: &io::Error) -> String {
    format!("cannot write {}: {}", path.display(), reason(error))
}

/// What the Python side is told.
#[derive(Serialize)]
struct Task<'a> {
    pid: u32,
    patience: f64,
    file: &'a str,
}

fn by_python(typed: &Snapshot, interpreter: Option<&Interpreter>) -> Result<Taken, String> {
    let Some(interpreter) = interpreter else {
        return Err(format!(
            "process {} is not recorded, and this unfreed has no Python that could ask it",
            typed.pid
        ));
    };
    let path = destination(typed)?;
    let task = Task {
        pid: typed.pid,
        patience: typed.patience,
        file: &path.to_string_lossy(),
    };
    let task = serde_json::to_string(&task).map_err(|error| error.to_string())?;
    let mut command = Command::new(&interpreter.executable);
    command.env_remove(VARIABLE);
    let status = command
        .args(["-m", "unfreed._other_process", &task])
        .status();
    let status = status.map_err(|error| {
        let executable = interpreter.executable.display();
        format!("cannot start {executable}: {}", reason(&error))
    })?;
    if status.success() {
        return Ok(Taken::Kept(path));
    }
    if typed.output.is_none() {
        family::remove_if_empty(&path);
    }
    Ok(Taken::Not)
}
