//! The recording file: appended block by block, made smaller from time to time by a rewrite beside
//! it and a rename, so that at every moment the path names a readable recording.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::AsRawFd;
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

/// An open recording.
#[derive(Debug)]
pub(crate) struct Output {
    path: PathBuf,
    file: File,
    len: usize,
    pieces: Vec<Piece>,
    /// Set after a failed write: nothing more is written.
    broken: bool,
}

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
    /// Creates the file and writes its header.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?;
        let header = writer::header();
        file.write_all(&header)?;
        let len = header.len();
        Ok(Output { path: path.to_owned(), file, len, pieces: Vec::new(), broken: false })
    }

    pub(crate) fn fd(&self) -> i32 {
        self.file.as_raw_fd()
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
        let kind = block.kind();
        let bytes = writer::encode(block)?;
        if let Err(why) = self.file.write_all(&bytes) {
            self.broken = true;
            // A part of the block may be there; readers stop before it, and cutting it off keeps
            // the file tidy.
            let _ = self.file.set_len(self.len as u64);
            return Err(Failure::Ended(self.path.display().to_string(), why));
        }
        let range = self.len..self.len + bytes.len();
        self.len = range.end;
        self.pieces.push(Piece { kind, range, at: stamp.at, epoch: stamp.epoch });
        Ok(())
    }

    /// Rewrites the file when it holds more than a run of any length needs.
    pub(crate) fn tidy(&mut self) -> Result<(), Failure> {
        let snapshots: Vec<RunTime> =
            self.pieces.iter().filter(|p| p.kind == Kind::Snapshot).map(|p| p.at).collect();
        if self.broken || (snapshots.len() < MOST && self.pieces.len() < MOST_BLOCKS) {
            return Ok(());
        }
        let dropped = retention::thin(&snapshots, KEEP);
        let path = self.path.display().to_string();
        self.rewrite(&dropped).map_err(|why| Failure::NotShortened(path, why))
    }

    fn rewrite(&mut self, dropped: &[usize]) -> io::Result<()> {
        let plan = retention::plan(&self.pieces, dropped);
        let beside = self.path.with_extension("unfreed-part");
        let result = self.copy(&plan.pieces, &beside);
        let Ok(mut file) = result else {
            let _ = std::fs::remove_file(&beside);
            return result.map(drop);
        };
        std::fs::rename(&beside, &self.path)?;
        file.seek(SeekFrom::End(0))?;
        self.file = file;
        self.keep_pieces(&plan.pieces);
        Ok(())
    }

    fn copy(&mut self, ranges: &[std::ops::Range<usize>], to: &Path) -> io::Result<File> {
        let mut out =
            OpenOptions::new().read(true).write(true).create(true).truncate(true).open(to)?;
        for range in ranges {
            self.file.seek(SeekFrom::Start(range.start as u64))?;
            io::copy(&mut Read::by_ref(&mut self.file).take(range.len() as u64), &mut out)?;
        }
        self.file.seek(SeekFrom::End(0))?;
        Ok(out)
    }

    /// Follows the blocks to their new places.
    fn keep_pieces(&mut self, ranges: &[std::ops::Range<usize>]) {
        let mut moved = Vec::with_capacity(self.pieces.len());
        let mut start = 0;
        for range in ranges {
            let inside = |p: &&Piece| range.start <= p.range.start && p.range.end <= range.end;
            for piece in self.pieces.iter().filter(inside) {
                let begin = start + piece.range.start - range.start;
                moved.push(Piece { range: begin..begin + piece.range.len(), ..piece.clone() });
            }
            start += range.len();
        }
        self.pieces = moved;
        self.len = start;
    }
}
