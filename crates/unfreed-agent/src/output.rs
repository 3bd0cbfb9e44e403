//! The recording file: appended block by block, made smaller from time to time by a rewrite beside
//! it and a rename, so that at every moment the path names a readable recording.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::{AsRawFd, IntoRawFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use unfreed_recording::block::{BlockRef, Kind};
use unfreed_recording::ids::{EpochId, RunTime};
use unfreed_recording::retention::{self, Piece};
use unfreed_recording::{EncodeError, writer};

/// Snapshots kept by a rewrite.
const KEEP: usize = 9;
/// Snapshots in the file before it is rewritten: each is copied about once.
const MOST: usize = 2 * KEEP;
/// Blocks of any kind before the same, for runs that take few snapshots.
const MOST_BLOCKS: usize = 20_000;

/// An open recording, or one that is yet to be made.
#[derive(Debug)]
pub(crate) struct Output {
    path: PathBuf,
    /// `None` until [`Output::open`]: what is appended waits in memory.
    file: Option<File>,
    waiting: Vec<u8>,
    identity: Identity,
    len: usize,
    pieces: Vec<Piece>,
    /// Set after a failed write: nothing more is written.
    broken: bool,
}

/// Descriptors of ours start here, where the limit allows it.
const HIGH_FD: i32 = 700;

/// What could not be written; displays as a sentence for the program's standard error.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The file takes no more.
    #[error("cannot write {0}: {1}; the recording ends here, the program runs on")]
    Ended(String, io::Error),
    /// One block breaks a rule of the format.
    #[error("a part of the recording is left out: {0}")]
    LeftOut(#[from] EncodeError),
    /// The file could not be made smaller; it goes on as it is.
    #[error("cannot shorten {0}: {1}; it goes on growing")]
    NotShortened(String, io::Error),
}

/// When and for which epoch a block speaks.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stamp {
    pub at: RunTime,
    pub epoch: Option<EpochId>,
}

impl Output {
    /// A recording at `path`, whose file is made by [`Output::open`].
    pub(crate) fn new(path: &Path) -> Self {
        let waiting = writer::header();
        let len = waiting.len();
        Output {
            path: path.to_owned(),
            file: None,
            waiting,
            identity: Identity::default(),
            len,
            pieces: Vec::new(),
            broken: false,
        }
    }

    /// Makes the file, if it is not there yet, and writes what waits.
    pub(crate) fn open(&mut self) -> io::Result<()> {
        if self.file.is_none() && !self.broken {
            let made = create(&self.path).and_then(|mut file| {
                file.write_all(&std::mem::take(&mut self.waiting))?;
                self.identity = Identity::of(&file)?;
                Ok(file)
            });
            self.broken = made.is_err();
            self.file = Some(made?);
        }
        Ok(())
    }

    /// The file's descriptor; -1 while there is none.
    pub(crate) fn fd(&self) -> i32 {
        self.file.as_ref().map_or(-1, AsRawFd::as_raw_fd)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Appends one block.
    ///
    /// # Errors
    /// Once, when the file can no longer be written; after that it does nothing.
    pub(crate) fn append<'a>(
        &mut self,
        block: impl Into<BlockRef<'a>>,
        stamp: Stamp,
    ) -> Result<(), Failure> {
        if self.broken {
            return Ok(());
        }
        let block = block.into();
        self.append_block(block.kind(), &writer::encode(block)?, stamp)
    }

    /// Appends one block that is encoded already.
    ///
    /// # Errors
    /// As [`Output::append`].
    pub(crate) fn append_block(
        &mut self,
        kind: Kind,
        bytes: &[u8],
        stamp: Stamp,
    ) -> Result<(), Failure> {
        if self.broken {
            return Ok(());
        }
        self.find_again();
        let Some(file) = &mut self.file else {
            self.waiting.extend_from_slice(bytes);
            self.note_piece(kind, bytes.len(), stamp);
            return Ok(());
        };
        if let Err(why) = file.write_all(bytes) {
            self.broken = true;
            // A part of the block may be there; readers stop before it, and cutting it off keeps
            // the file tidy.
            let _ = file.set_len(self.len as u64);
            return Err(Failure::Ended(self.path.display().to_string(), why));
        }
        self.note_piece(kind, bytes.len(), stamp);
        Ok(())
    }

    /// A program may close descriptors that it does not know (`os.closerange`) and get our number
    /// for a file of its own: before anything is written, the file is looked at, and opened again
    /// by its path when it is not ours any more.
    fn find_again(&mut self) {
        let Some(file) = self.file.take() else { return };
        if Identity::of(&file).is_ok_and(|now| now == self.identity) {
            self.file = Some(file);
            return;
        }
        // The number belongs to the program now, which must not find it closed.
        let _ = file.into_raw_fd();
        let again = OpenOptions::new().read(true).write(true).open(&self.path);
        self.file = again.ok().and_then(|mut file| {
            let ours = Identity::of(&file).is_ok_and(|now| now == self.identity);
            (ours && file.seek(SeekFrom::End(0)).is_ok()).then(|| out_of_the_way(file))
        });
        self.broken |= self.file.is_none();
    }

    fn note_piece(&mut self, kind: Kind, len: usize, stamp: Stamp) {
        let range = self.len..self.len + len;
        self.len = range.end;
        self.pieces.push(Piece {
            kind,
            range,
            at: stamp.at,
            epoch: stamp.epoch,
        });
    }

    /// Rewrites the file when it holds more than a run of any length needs.
    pub(crate) fn tidy(&mut self) -> Result<(), Failure> {
        let snapshots: Vec<RunTime> = self
            .pieces
            .iter()
            .filter(|p| p.kind == Kind::Snapshot)
            .map(|p| p.at)
            .collect();
        let may_replace = self.identity.is_regular && !self.broken && self.file.is_some();
        if !may_replace || (snapshots.len() < MOST && self.pieces.len() < MOST_BLOCKS) {
            return Ok(());
        }
        let dropped = retention::thin(&snapshots, KEEP);
        let path = self.path.display().to_string();
        self.rewrite(&dropped)
            .map_err(|why| Failure::NotShortened(path, why))
    }

    fn rewrite(&mut self, dropped: &[usize]) -> io::Result<()> {
        let plan = retention::plan(&self.pieces, dropped);
        let beside = self.path.with_extension("unfreed-part");
        let Some(old) = &mut self.file else {
            return Ok(());
        };
        let result = copy(old, &plan.pieces, &beside);
        let Ok(mut file) = result else {
            let _ = std::fs::remove_file(&beside);
            return result.map(drop);
        };
        std::fs::rename(&beside, &self.path)?;
        file.seek(SeekFrom::End(0))?;
        self.identity = Identity::of(&file)?;
        self.file = Some(file);
        self.keep_pieces(&plan.pieces);
        Ok(())
    }

    /// Follows the blocks to their new places.
    fn keep_pieces(&mut self, ranges: &[std::ops::Range<usize>]) {
        let mut moved = Vec::with_capacity(self.pieces.len());
        let mut start = 0;
        for range in ranges {
            let inside = |p: &&Piece| range.start <= p.range.start && p.range.end <= range.end;
            for piece in self.pieces.iter().filter(inside) {
                let begin = start + piece.range.start - range.start;
                moved.push(Piece {
                    range: begin..begin + piece.range.len(),
                    ..piece.clone()
                });
            }
            start += range.len();
        }
        self.pieces = moved;
        self.len = start;
    }
}

/// Which file a descriptor names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
    is_regular: bool,
}

impl Identity {
    fn of(file: &File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        Ok(Identity {
            device: metadata.dev(),
            inode: metadata.ino(),
            is_regular: metadata.is_file(),
        })
    }
}

fn create(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)?;
    Ok(out_of_the_way(file))
}

/// The same file at a high number, so that the program's own descriptors keep theirs.
fn out_of_the_way(file: File) -> File {
    rustix::io::fcntl_dupfd_cloexec(&file, HIGH_FD).map_or(file, File::from)
}

/// Copies parts of a recording to a new file, and leaves the old one at its end.
fn copy(from: &mut File, ranges: &[std::ops::Range<usize>], to: &Path) -> io::Result<File> {
    let mut out = create(to)?;
    for range in ranges {
        from.seek(SeekFrom::Start(range.start as u64))?;
        io::copy(&mut Read::by_ref(from).take(range.len() as u64), &mut out)?;
    }
    from.seek(SeekFrom::End(0))?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use unfreed_recording::process::{Note, ProcessInfo};
    use unfreed_recording::snapshot::Snapshot;
    use unfreed_recording::{Recording, counters::Counters};

    fn temporary(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("unfreed-{}-{name}", std::process::id()))
    }

    fn empty_heap(at: u64) -> Snapshot {
        Snapshot {
            edge_starts: vec![0],
            at: RunTime(at),
            epoch: EpochId(at as u32),
            ..Snapshot::default()
        }
    }

    #[test]
    fn a_file_that_is_never_opened_leaves_nothing_behind() {
        let path = temporary("never.unfreed");
        let mut output = Output::new(&path);
        output
            .append(&ProcessInfo::default(), Stamp::default())
            .expect("append");
        drop(output);
        assert!(!path.exists());
    }

    #[test]
    fn a_descriptor_that_the_program_took_over_is_not_written_to() {
        let (path, other) = (temporary("taken.unfreed"), temporary("program.txt"));
        let mut output = Output::new(&path);
        output
            .append(&ProcessInfo::default(), Stamp::default())
            .expect("append");
        output.open().expect("open");
        // What `os.closerange` and an `open` do to us.
        let theirs = File::create(&other).expect("create");
        output.file = Some(theirs.try_clone().expect("clone"));
        let counters = Counters {
            at: RunTime(1),
            ..Counters::default()
        };
        output.append(&counters, Stamp::default()).expect("append");
        assert_eq!(std::fs::read(&other).expect("read"), b"");
        let bytes = std::fs::read(&path).expect("read");
        assert_eq!(Recording::parse(&bytes).expect("parse").counters.len(), 1);
        for path in [path, other] {
            std::fs::remove_file(path).expect("remove");
        }
    }

    #[test]
    fn a_long_run_is_shortened_and_stays_a_whole_recording() {
        let path = temporary("long.unfreed");
        let mut output = Output::new(&path);
        output
            .append(&ProcessInfo::default(), Stamp::default())
            .expect("append");
        output.open().expect("open");
        for second in 1..=(MOST as u64 + 3) {
            let stamp = Stamp {
                at: RunTime(second),
                epoch: Some(EpochId(second as u32)),
            };
            output.append(&empty_heap(second), stamp).expect("append");
            let counters = Counters {
                at: RunTime(second),
                ..Counters::default()
            };
            output
                .append(
                    &counters,
                    Stamp {
                        at: RunTime(second),
                        epoch: None,
                    },
                )
                .expect("append");
            output.tidy().expect("tidy");
        }
        let note = Note {
            at: RunTime(99),
            text: "the end".to_owned(),
        };
        output
            .append(
                &note,
                Stamp {
                    at: RunTime(99),
                    epoch: None,
                },
            )
            .expect("append");
        let bytes = std::fs::read(&path).expect("read");
        let recording = Recording::parse(&bytes).expect("parse");
        assert!(recording.damage.is_none());
        assert_eq!(bytes.len(), output.len);
        assert!(
            (KEEP..MOST).contains(&recording.snapshot_count()),
            "{}",
            recording.snapshot_count()
        );
        assert_eq!(recording.counters.len(), MOST + 3);
        assert_eq!(recording.notes.len(), 1);
        std::fs::remove_file(&path).expect("remove");
    }
}
