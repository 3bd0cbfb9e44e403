//! Turns blocks into bytes. Every block comes back whole, header and all, so that a single
//! `write(2)` appends it and a killed program leaves at most one torn block.

use crate::block::{BlockRef, Kind};
use crate::error::EncodeError;
use crate::frame::{self, BLOCK_HEADER_LEN, BlockHeader, COMPRESSED, MAX_BLOCK};
use crate::packing;
use crate::snapshot::Snapshot;
use crate::validate;
use serde::Serialize;
use std::io::Write;

/// zstd level: 1 is twice as fast as 3 on packed snapshots, for 3 to 5 % more bytes.
const LEVEL: i32 = 1;
/// Payloads shorter than this are stored as they are: a compressor costs some 100 µs to set up and
/// saves next to nothing on a reading of counters.
const SMALL: usize = 512;

/// The file's header: what every recording starts with, once.
#[must_use]
pub fn header() -> Vec<u8> {
    frame::file_header().to_vec()
}

/// Encodes one block, framed, ready to append. Takes `&Block` or a reference to any content:
/// `encode(&snapshot)`, `encode(&counters)`.
///
/// A snapshot streams through the compressor, so encoding it takes its compressed size of memory
/// and about 2 MiB; other blocks take their plain size as well.
/// Snapshot texts longer than 200 bytes are cut there.
///
/// # Errors
/// When the content breaks a rule of the format, is longer than [`MAX_BLOCK`], or memory lacks.
pub fn encode<'a>(block: impl Into<BlockRef<'a>>) -> Result<Vec<u8>, EncodeError> {
    let block = block.into();
    let kind = block.kind();
    validate::block(block).map_err(|fault| EncodeError::Invalid { kind, fault })?;
    match block {
        BlockRef::Process(content) => model(kind, content),
        BlockRef::Counters(content) => model(kind, content),
        BlockRef::Resources(content) => model(kind, content),
        BlockRef::Stacks(content) => model(kind, content),
        BlockRef::Epoch(content) => model(kind, content),
        BlockRef::Snapshot(content) => snapshot(content),
        BlockRef::Note(content) => model(kind, content),
        BlockRef::Child(content) => model(kind, content),
        BlockRef::End(content) => model(kind, content),
        BlockRef::Round(content) => model(kind, content),
        BlockRef::Sources(content) => model(kind, content),
        BlockRef::Natives(content) => model(kind, content),
        BlockRef::Processes(content) => model(kind, content),
        BlockRef::Mark(content) => model(kind, content),
        BlockRef::Watched(content) => model(kind, content),
        BlockRef::Opened(content) => model(kind, content),
        BlockRef::Started(content) => model(kind, content),
        BlockRef::Uncertainty(content) => model(kind, content),
        BlockRef::Peak(content) => model(kind, content),
    }
}

fn compressor(kind: Kind, error: impl std::fmt::Display) -> EncodeError {
    EncodeError::Compressor {
        kind,
        why: error.to_string(),
    }
}

/// A block whose payload is its content in postcard, compressed when that pays.
fn model<T: Serialize>(kind: Kind, content: &T) -> Result<Vec<u8>, EncodeError> {
    let plain = postcard::to_extend(content, vec![0; BLOCK_HEADER_LEN])
        .map_err(|error| compressor(kind, error))?;
    let raw_len = plain.len() - BLOCK_HEADER_LEN;
    if raw_len > MAX_BLOCK as usize {
        return Err(EncodeError::TooBig { kind });
    }
    if raw_len >= SMALL {
        let packed = compressed(kind, &plain[BLOCK_HEADER_LEN..])?;
        if packed.len() < plain.len() {
            return framed(packed, kind, COMPRESSED, raw_len);
        }
    }
    framed(plain, kind, 0, raw_len)
}

/// `plain` compressed, behind room for the block's header.
fn compressed(kind: Kind, plain: &[u8]) -> Result<Vec<u8>, EncodeError> {
    let mut zstd = zstd::stream::write::Encoder::new(vec![0; BLOCK_HEADER_LEN], LEVEL)
        .map_err(|error| compressor(kind, error))?;
    zstd.set_pledged_src_size(Some(plain.len() as u64))
        .and_then(|()| zstd.write_all(plain))
        .and_then(|()| zstd.finish())
        .map_err(|error| compressor(kind, error))
}

/// A snapshot's block: always compressed, streamed column by column.
fn snapshot(heap: &Snapshot) -> Result<Vec<u8>, EncodeError> {
    let mut block = SnapshotBlock::new()?;
    pack(heap, &mut block)?;
    block.finish()
}

/// The first half of encoding a snapshot, for a process that has its columns and no compressor: what is written to
/// `out` goes into a [`SnapshotBlock`].
///
/// # Errors
/// As [`encode`], or when `out` takes no more.
pub fn pack_snapshot(heap: &Snapshot, out: impl Write) -> Result<(), EncodeError> {
    let kind = Kind::Snapshot;
    validate::block(heap.into()).map_err(|fault| EncodeError::Invalid { kind, fault })?;
    pack(heap, out)
}

fn pack(heap: &Snapshot, out: impl Write) -> Result<(), EncodeError> {
    let mut columns = packing::Columns::new(out);
    packing::pack(heap, &mut columns);
    let kind = Kind::Snapshot;
    match columns.finish() {
        Ok((_, packed)) if packed > MAX_BLOCK as usize => Err(EncodeError::TooBig { kind }),
        Ok(_) => Ok(()),
        Err(error) => Err(compressor(kind, error)),
    }
}

/// The second half: a block that is made of what [`pack_snapshot`] wrote, as it comes.
pub struct SnapshotBlock {
    zstd: zstd::stream::write::Encoder<'static, Vec<u8>>,
    raw_len: usize,
}

impl SnapshotBlock {
    /// An empty one.
    ///
    /// # Errors
    /// When memory lacks.
    pub fn new() -> Result<Self, EncodeError> {
        let zstd = zstd::stream::write::Encoder::new(vec![0; BLOCK_HEADER_LEN], LEVEL)
            .map_err(|error| compressor(Kind::Snapshot, error))?;
        Ok(Self { zstd, raw_len: 0 })
    }

    /// The block, framed, ready to append, when all was written.
    ///
    /// # Errors
    /// When it is longer than [`MAX_BLOCK`], or memory lacks.
    pub fn finish(self) -> Result<Vec<u8>, EncodeError> {
        let kind = Kind::Snapshot;
        let block = self
            .zstd
            .finish()
            .map_err(|error| compressor(kind, error))?;
        framed(block, kind, COMPRESSED, self.raw_len)
    }
}

impl Write for SnapshotBlock {
    fn write(&mut self, packed: &[u8]) -> std::io::Result<usize> {
        let count = self.zstd.write(packed)?;
        self.raw_len += count;
        Ok(count)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.zstd.flush()
    }
}

/// Fills in the header in front of a payload.
fn framed(
    mut block: Vec<u8>,
    kind: Kind,
    flags: u8,
    raw_len: usize,
) -> Result<Vec<u8>, EncodeError> {
    let too_big = EncodeError::TooBig { kind };
    let Some((head, payload)) = block.split_first_chunk_mut::<BLOCK_HEADER_LEN>() else {
        return Err(too_big);
    };
    let lengths = (u32::try_from(raw_len), u32::try_from(payload.len()));
    let (Ok(raw_len), Ok(stored_len)) = lengths else {
        return Err(too_big);
    };
    if raw_len > MAX_BLOCK || stored_len > MAX_BLOCK {
        return Err(too_big);
    }
    let payload_crc = crc32fast::hash(payload);
    *head = BlockHeader {
        kind,
        flags,
        raw_len,
        stored_len,
        payload_crc,
    }
    .to_bytes();
    Ok(block)
}
