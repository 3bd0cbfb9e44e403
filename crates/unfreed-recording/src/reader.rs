//! Turns bytes into blocks. Takes every input for hostile: checks checksums, lengths and rules, and
//! never panics. Whatever is wrong, the blocks before it stay usable.

use crate::block::{Block, BlockRef, Kind};
use crate::error::{Fault, ReadError};
use crate::frame::{self, BLOCK_HEADER_LEN, BlockHeader, COMPRESSED, FILE_HEADER_LEN};
use crate::packing::{self, MAX_HEADER, SnapshotHeader};
use crate::validate;
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::io::Read;
use std::ops::Range;

/// The greatest zstd window taken, as a power of two: 8 MiB. The writer's level uses 512 KiB; a
/// hostile frame could ask for 128 MiB.
const WINDOW_LOG: u32 = 23;
/// Room made for a decompressed payload before any of it is seen; the rest as it arrives.
const FIRST_ROOM: usize = 4 << 20;

/// Where a block lies in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it holds.
    pub kind: Kind,
    /// Where its header begins, bytes from the start of the file.
    pub offset: usize,
    /// Payload bytes in the file.
    pub stored_len: usize,
    /// Payload bytes after decompression, as the header claims.
    pub raw_len: usize,
}

impl Entry {
    /// The block's bytes in the file, header included.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.offset..self.offset + BLOCK_HEADER_LEN + self.stored_len
    }
}

/// Where the blocks of a recording lie.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// The whole blocks, in order, unknown kinds included.
    pub entries: Vec<Entry>,
    /// Why it ends before the file does.
    pub damage: Option<ReadError>,
}

/// Lists the blocks without decoding any. Headers are checked by their checksums, payloads are not.
///
/// # Errors
/// When the file's header is not that of a recording that this version reads.
pub fn index(bytes: &[u8]) -> Result<Index, ReadError> {
    frame::check_file_header(bytes)?;
    let mut index = Index::default();
    let mut at = FILE_HEADER_LEN;
    while at < bytes.len() {
        match frame_at(bytes, at) {
            Ok(frame) => {
                let entry = frame.entry();
                at = entry.range().end;
                index.entries.push(entry);
            }
            Err(error) => {
                index.damage = Some(error);
                break;
            }
        }
    }
    Ok(index)
}

/// Decodes the block whose header begins at `offset`; `None` for a block that a later minor
/// version added.
///
/// # Errors
/// When there is no whole, undamaged, valid block.
pub fn decode_at(bytes: &[u8], offset: usize) -> Result<Option<Block>, ReadError> {
    let frame = frame_at(bytes, offset)?;
    frame.check_payload()?;
    frame.decode()
}

/// The blocks of a recording one after the other, decoded when asked for. Kinds that a later minor
/// version added are skipped. After an error it ends.
#[derive(Clone, Debug)]
pub struct Blocks<'a> {
    frames: RawFrames<'a>,
}

impl<'a> Blocks<'a> {
    /// Starts at the first block.
    ///
    /// # Errors
    /// When the file's header is not that of a recording that this version reads.
    pub fn new(bytes: &'a [u8]) -> Result<Self, ReadError> {
        Ok(Self {
            frames: RawFrames::new(bytes)?,
        })
    }
}

impl Iterator for Blocks<'_> {
    type Item = Result<Block, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.frames.next()?.and_then(|frame| frame.decode()) {
                Ok(None) => {}
                Ok(Some(block)) => return Some(Ok(block)),
                Err(error) => {
                    self.frames.stop();
                    return Some(Err(error));
                }
            }
        }
    }
}

/// The framed payloads of a recording, whole and with the right checksums, not decoded.
#[derive(Clone, Debug)]
pub(crate) struct RawFrames<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> RawFrames<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Self, ReadError> {
        frame::check_file_header(bytes)?;
        Ok(Self {
            bytes,
            at: FILE_HEADER_LEN,
        })
    }

    /// Makes this the end.
    pub(crate) fn stop(&mut self) {
        self.at = self.bytes.len();
    }
}

impl<'a> Iterator for RawFrames<'a> {
    type Item = Result<RawFrame<'a>, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.bytes.len() {
            return None;
        }
        let found =
            frame_at(self.bytes, self.at).and_then(|frame| frame.check_payload().map(|()| frame));
        match &found {
            Ok(frame) => self.at = frame.entry().range().end,
            Err(_) => self.stop(),
        }
        Some(found)
    }
}

/// One block as it lies in the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawFrame<'a> {
    header: BlockHeader,
    offset: usize,
    payload: &'a [u8],
}

/// The block at `at`, its header checked, its payload not.
fn frame_at(bytes: &[u8], at: usize) -> Result<RawFrame<'_>, ReadError> {
    let rest = bytes.get(at..).unwrap_or_default();
    let truncated = ReadError::Truncated { at_byte: at };
    let Some((header, rest)) = rest.split_first_chunk::<BLOCK_HEADER_LEN>() else {
        return Err(truncated);
    };
    let header = match BlockHeader::from_bytes(header) {
        Ok(header) => header,
        // A file whose length reached the disk and whose last bytes did not: cut, not damaged.
        Err(_) if header.iter().chain(rest).all(|byte| *byte == 0) => return Err(truncated),
        Err(what) => return Err(ReadError::Damaged { at_byte: at, what }),
    };
    match rest.get(..header.stored_len as usize) {
        Some(payload) => Ok(RawFrame {
            header,
            offset: at,
            payload,
        }),
        None => Err(truncated),
    }
}

impl RawFrame<'_> {
    pub(crate) fn entry(&self) -> Entry {
        Entry {
            kind: self.header.kind,
            offset: self.offset,
            stored_len: self.payload.len(),
            raw_len: self.header.raw_len as usize,
        }
    }

    /// Whether this version can read it.
    pub(crate) fn is_known(&self) -> bool {
        self.header.is_known()
    }

    fn check_payload(&self) -> Result<(), ReadError> {
        if crc32fast::hash(self.payload) == self.header.payload_crc {
            Ok(())
        } else {
            Err(self.damaged("the checksum of a block's content does not match"))
        }
    }

    fn damaged(&self, what: &'static str) -> ReadError {
        ReadError::Damaged {
            at_byte: self.offset,
            what,
        }
    }

    fn invalid(&self, fault: Fault) -> ReadError {
        ReadError::Invalid {
            at_byte: self.offset,
            kind: self.header.kind,
            fault,
        }
    }

    /// Decodes and validates the content.
    pub(crate) fn decode(&self) -> Result<Option<Block>, ReadError> {
        if !self.header.is_known() {
            return Ok(None);
        }
        let payload = self.plain()?;
        let block = decode(self.header.kind, &payload).map_err(|fault| self.invalid(fault))?;
        if let Some(block) = &block {
            let rules = validate::block(BlockRef::from(block));
            rules.map_err(|fault| self.invalid(fault))?;
        }
        Ok(block)
    }

    /// Reads the head of a snapshot; decompresses only the start.
    pub(crate) fn snapshot_header(&self) -> Result<SnapshotHeader, ReadError> {
        self.start()
    }

    /// Reads the first fields of the content, which take [`MAX_HEADER`] bytes at most.
    pub(crate) fn start<T: DeserializeOwned>(&self) -> Result<T, ReadError> {
        let mut start = Vec::new();
        if self.header.flags & COMPRESSED == 0 {
            start.extend_from_slice(&self.payload[..self.payload.len().min(MAX_HEADER)]);
        } else {
            self.decompress(MAX_HEADER, &mut start)?;
        }
        model(&start).map_err(|fault| self.invalid(fault))
    }

    /// The payload, decompressed.
    fn plain(&self) -> Result<Cow<'_, [u8]>, ReadError> {
        let raw_len = self.header.raw_len as usize;
        let plain = if self.header.flags & COMPRESSED == 0 {
            Cow::Borrowed(self.payload)
        } else {
            let mut plain = Vec::with_capacity(raw_len.min(FIRST_ROOM));
            // One byte more than announced, to notice when there is more.
            self.decompress(raw_len + 1, &mut plain)?;
            Cow::Owned(plain)
        };
        if plain.len() == raw_len {
            Ok(plain)
        } else {
            Err(self.damaged("a block's content is not as long as its header says"))
        }
    }

    /// Decompresses at most `limit` bytes of the payload.
    fn decompress(&self, limit: usize, into: &mut Vec<u8>) -> Result<(), ReadError> {
        let read = || {
            let mut zstd = zstd::stream::read::Decoder::with_buffer(self.payload)?;
            zstd.window_log_max(WINDOW_LOG)?;
            zstd.take(limit as u64).read_to_end(into)
        };
        match { read }() {
            Ok(_) => Ok(()),
            Err(_) => Err(self.damaged("a block's content does not decompress")),
        }
    }
}

fn decode(kind: Kind, payload: &[u8]) -> Result<Option<Block>, Fault> {
    Ok(Some(match kind {
        Kind::Process => Block::Process(model(payload)?),
        Kind::Counters => Block::Counters(model(payload)?),
        Kind::Resources => Block::Resources(model(payload)?),
        Kind::Stacks => Block::Stacks(model(payload)?),
        Kind::Epoch => Block::Epoch(model(payload)?),
        Kind::Snapshot => Block::Snapshot(packing::unpack(payload)?),
        Kind::Note => Block::Note(model(payload)?),
        Kind::Child => Block::Child(model(payload)?),
        Kind::Round => Block::Round(model(payload)?),
        Kind::Sources => Block::Sources(model(payload)?),
        Kind::Natives => Block::Natives(model(payload)?),
        Kind::Processes => Block::Processes(model(payload)?),
        Kind::Mark => Block::Mark(model(payload)?),
        Kind::Watched => Block::Watched(model(payload)?),
        Kind::Opened => Block::Opened(model(payload)?),
        Kind::Started => Block::Started(model(payload)?),
        Kind::Uncertainty => Block::Uncertainty(model(payload)?),
        Kind::Peak => Block::Peak(model(payload)?),
        Kind::End => Block::End(model(payload)?),
        Kind::Unknown(_) => return Ok(None),
    }))
}

/// Postcard. Bytes after the last known field are let be: a later minor version may add fields.
fn model<T: DeserializeOwned>(payload: &[u8]) -> Result<T, Fault> {
    match postcard::take_from_bytes(payload) {
        Ok((content, _)) => Ok(content),
        Err(_) => Err(Fault::new(
            "a block's fields are whole and of their types",
            0,
        )),
    }
}
