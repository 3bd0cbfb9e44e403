//! The runner of `unfreed check` asks whether its rounds are enough; the launcher, which sees only the
//! recording, judges it and answers. One socket, a line for each question, a letter for each answer.

use crate::judgement;
use std::io::{self, BufRead, BufReader, Write};
use std::net::Shutdown;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use unfreed_analysis::findings::{Finding, Kind, Report, Severity, Status, Trend};

/// Rounds after which there are no more: the recording keeps so many snapshots.
const MOST: u32 = 16;
/// A leak is believed after so many rounds: what merely fills up has mostly stopped by then.
pub const BELIEVED: u32 = 12;
/// The same for one of so many objects a call that more rounds take minutes.
pub const BELIEVED_OF_MUCH: u32 = 8;
/// Objects a call that are so many.
const MUCH: f64 = 15_000.0;
/// Confidence below which more rounds may change the verdict.
const SURE: f64 = 0.85;

/// The launcher's end of the conversation, answered by a thread of its own.
pub struct Dialogue {
    ours: UnixStream,
    theirs: OwnedFd,
    thread: JoinHandle<()>,
}

impl Dialogue {
    /// Opens the conversation about the recording at `path`. The other end stays open in programs
    /// that this process starts.
    pub fn open(path: &Path) -> io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        rustix::io::fcntl_setfd(&theirs, rustix::io::FdFlags::empty())?;
        let path = path.to_owned();
        let answering = ours.try_clone()?;
        let thread = std::thread::Builder::new()
            .name("unfreed-dialogue".into())
            .spawn(move || answer_all(&answering, path))?;
        Ok(Self {
            ours,
            theirs: theirs.into(),
            thread,
        })
    }

    /// The descriptor that the runner asks on.
    pub fn fd(&self) -> RawFd {
        self.theirs.as_raw_fd()
    }

    /// Ends the conversation, once the program has ended: whoever it started may still hold its end.
    pub fn close(self) {
        drop(self.theirs);
        let _ = self.ours.shutdown(Shutdown::Both);
        let _ = self.thread.join();
    }
}

fn answer_all(ours: &UnixStream, path: PathBuf) {
    let Ok(mut writer) = ours.try_clone() else {
        return;
    };
    for line in BufReader::new(ours).lines() {
        let Some(rounds) = line.ok().and_then(|line| line.trim().parse().ok()) else {
            return;
        };
        if writer.write_all(answer(&path, rounds).as_bytes()).is_err() {
            return;
        }
    }
}

/// A line: `more` when more rounds than `rounds` may change the verdict, else `references` when some are lost in C, and the
/// function that loses them is still to be found, with the full names of the types of what is lost, else `done`.
fn answer(path: &Path, rounds: u32) -> String {
    let Ok(judged) = judgement::judge(path) else {
        return "done\n".to_owned();
    };
    if rounds < MOST && !is_certain(&judged.report, rounds) {
        return "more\n".to_owned();
    }
    let findings = judged.report.findings.iter();
    let mut lost = findings
        .filter(|finding| finding.kind == Kind::Refcount)
        .peekable();
    if lost.peek().is_none() {
        return "done\n".to_owned();
    }
    let types = lost.flat_map(|finding| &finding.filled_with);
    let names: Vec<&str> = types
        .map(|filling| filling.type_name.as_str())
        .filter(|name| !name.contains(char::is_whitespace))
        .collect();
    format!("references {}\n", names.join(" "))
}

/// Objects that a call loses, with those that they keep alive.
fn objects_a_call(leak: &Finding) -> f64 {
    let filling: i64 = leak.filled_with.iter().map(|filling| filling.objects).sum();
    let each = filling as f64 / leak.growth.objects.max(1) as f64;
    leak.growth.objects_per_second * each.max(1.0)
}

/// Whether more rounds than `rounds` would say the same.
pub fn is_certain(report: &Report, rounds: u32) -> bool {
    let leaks = report
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Leak);
    let unsure = leaks.clone().any(|leak| leak.growth.confidence < SURE);
    let undecided = report.findings.iter().any(|finding| {
        finding.severity == Severity::Warning && finding.growth.trend != Trend::Steady
    });
    match report.verdict.status {
        Status::NotEnoughEvidence => false,
        Status::Leak => {
            let mut much = leaks.filter(|leak| objects_a_call(leak) >= MUCH);
            let enough = if much.next().is_some() {
                BELIEVED_OF_MUCH
            } else {
                BELIEVED
            };
            rounds >= enough && !unsure
        }
        Status::Warning | Status::Clean => !undecided,
    }
}
