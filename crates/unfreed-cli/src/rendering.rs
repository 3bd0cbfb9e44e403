//! Where reports go: pages for people on a stream, JSON to a file or to stdout.

use crate::judgement::Judged;
use rustix::termios::tcgetwinsize;
use serde::Serialize;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::path::Path;
use unfreed_analysis::findings::{Report, SCHEMA_VERSION, Severity, Status};
use unfreed_analysis::questions::{Answer, HeapFacts};
use unfreed_recording::process::Origin;
use unfreed_report::breakdown::Measure;
use unfreed_report::terminal::{Saved, TerminalOptions};
use unfreed_report::{breakdown, json, terminal};

/// Columns where the stream is no terminal, and the most where it is a wide one.
const WIDTH: u16 = 100;
/// Processes without findings that are listed after a run.
const MOST_QUIET: usize = 20;

/// What of a family is shown.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    /// Whether the recording was just written, and stays.
    pub saved: bool,
    /// Whether pages are shown with everything.
    pub verbose: bool,
    /// Whether processes without findings get a page, not just a line.
    pub every_page: bool,
}

/// Prints the reports of a family after its run; stdout belongs to the program.
pub fn family_to_stderr(judged: &[Judged], shown: Shown) {
    let width = columns(io::stderr());
    // Nobody is left to read it when stderr is closed.
    let _ = family(judged, shown, width, &mut anstream::stderr().lock());
}

/// Prints the reports as what was asked for: the data.
pub fn family_to_stdout(judged: &[Judged], shown: Shown) -> io::Result<()> {
    let width = columns(io::stdout());
    match family(judged, shown, width, &mut anstream::stdout().lock()) {
        // `| head` has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Prints the tables of allocations that the reports have.
pub fn tables_to_stdout(judged: &[Judged], measure: Measure, most: usize) -> io::Result<()> {
    let width = columns(io::stdout());
    let mut out = anstream::stdout().lock();
    let mut tables = || {
        for (index, one) in judged.iter().enumerate() {
            if index > 0 {
                writeln!(out)?;
            }
            if judged.len() > 1 {
                writeln!(out, "{}", heading(one))?;
            }
            let options = breakdown::Options {
                width,
                directory: one.folder.clone(),
                measure,
                most,
            };
            breakdown::render(&one.report, &options, &mut out)?;
        }
        out.flush()
    };
    match tables() {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

fn columns(stream: impl AsFd + IsTerminal) -> u16 {
    if !stream.is_terminal() {
        return WIDTH;
    }
    tcgetwinsize(stream)
        .map_or(WIDTH, |size| size.ws_col)
        .clamp(40, WIDTH)
}

fn family(judged: &[Judged], shown: Shown, width: u16, out: &mut impl Write) -> io::Result<()> {
    let (pages, lines) = divide(judged, shown);
    for (index, one) in pages.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        if judged.len() > 1 {
            writeln!(out, "{}", heading(one))?;
        }
        terminal::render(&one.report, &options(one, shown, width), out)?;
    }
    for one in lines.iter().take(MOST_QUIET) {
        writeln!(out, "{}", heading(one))?;
    }
    if let Some(more) = lines.len().checked_sub(MOST_QUIET + 1) {
        writeln!(out, "… and {} more processes without findings", more + 1)?;
    }
    out.flush()
}

/// Those that get a page, and those that get a line. The first is the root.
fn divide(judged: &[Judged], shown: Shown) -> (Vec<&Judged>, Vec<&Judged>) {
    let (mut pages, mut lines) = (Vec::new(), Vec::new());
    for (index, one) in judged.iter().enumerate() {
        let speaks = shown.every_page || index == 0 || one.has(Severity::Warning);
        if speaks {
            pages.push(one)
        } else {
            lines.push(one)
        }
    }
    (pages, lines)
}

/// `process 1234 (forked from 1200): leak · app.1234.unfreed`.
fn heading(judged: &Judged) -> String {
    let pid = judged.report.program.pid;
    let parent = judged.parent_pid;
    let origin = match judged.origin {
        Origin::Run => "started by unfreed run".to_owned(),
        Origin::Fork => format!("forked from {parent}"),
        Origin::Spawn => format!("started by {parent}"),
    };
    let verdict = match judged.report.verdict.status {
        Status::Leak => "leak",
        Status::Warning => "warning",
        Status::Clean => "no leak",
        Status::NotEnoughEvidence => "not enough evidence",
    };
    format!(
        "process {pid} ({origin}): {verdict} · {}",
        shortened(&judged.path)
    )
}

fn options(judged: &Judged, shown: Shown, width: u16) -> TerminalOptions {
    let saved = Saved {
        path: shortened(&judged.path),
        bytes: judged.bytes,
    };
    TerminalOptions {
        width,
        directory: judged.folder.clone(),
        saved_as: shown.saved.then_some(saved),
        verbose: shown.verbose,
        ..TerminalOptions::default()
    }
}

/// The path as one types it in the current folder.
fn shortened(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here)
        .unwrap_or(path)
        .to_string_lossy()
        .into_owned()
}

/// Writes the report of one recording as JSON to `place`; `-` is stdout.
pub fn write_json(judged: &Judged, place: &Path) -> io::Result<()> {
    let mut document = Vec::new();
    json::render(&judged.report, &mut document)?;
    write(&document, place)
}

/// The reports of a folder. `docs/cli.md` describes it.
#[derive(Serialize)]
struct Folder<'a> {
    schema_version: &'a str,
    recordings: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    recording: String,
    report: &'a Report,
}

impl<'a> From<&'a Judged> for Entry<'a> {
    fn from(judged: &'a Judged) -> Self {
        Self {
            recording: judged.path.to_string_lossy().into_owned(),
            report: &judged.report,
        }
    }
}

/// Writes the reports of a folder as JSON to `place`; `-` is stdout.
pub fn write_folder_json(judged: &[Judged], place: &Path) -> io::Result<()> {
    let recordings = judged.iter().map(Entry::from).collect();
    let folder = Folder {
        schema_version: SCHEMA_VERSION,
        recordings,
    };
    let mut document = serde_json::to_vec_pretty(&folder)?;
    document.push(b'\n');
    write(&document, place)
}

/// Prints an answer about a heap, or writes it as JSON to `json`; `-` is stdout.
pub fn answer(
    answer: &Answer,
    facts: &HeapFacts,
    file: &str,
    json: Option<&Path>,
) -> io::Result<()> {
    let Some(place) = json else {
        let width = usize::from(columns(io::stdout()));
        let mut out = anstream::stdout().lock();
        unfreed_report::answer::render_table(answer, facts, file, width, &mut out)?;
        return out.flush();
    };
    let mut document = Vec::new();
    unfreed_report::answer::render_json(answer, facts, &mut document)?;
    write(&document, place)
}

/// Writes a document to a file; `-` is stdout.
pub fn write(document: &[u8], place: &Path) -> io::Result<()> {
    if place != Path::new("-") {
        return std::fs::write(place, document);
    }
    let mut stdout = io::stdout().lock();
    stdout.write_all(document)?;
    stdout.flush()
}
