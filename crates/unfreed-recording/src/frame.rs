//! The framing: the file's header and the header of each block, as bytes. Knows lengths and
//! checksums, and nothing of what a block holds.

use crate::block::Kind;
use crate::error::ReadError;

/// First bytes of every recording.
pub(crate) const MAGIC: [u8; 8] = *b"UNFREED\0";
/// Major version: a reader refuses a higher one.
pub(crate) const MAJOR: u16 = 1;
/// Minor version: a reader takes any, and skips what it does not know.
pub(crate) const MINOR: u16 = 5;

/// Length of the file's header in bytes; the first block starts here.
pub const FILE_HEADER_LEN: usize = 16;
/// Length of a block's header in bytes; its payload follows.
pub const BLOCK_HEADER_LEN: usize = 20;
/// The most bytes that a block's payload may have, before compression and after.
pub const MAX_BLOCK: u32 = 1 << 30;

/// Flag: the payload is one zstd frame.
pub(crate) const COMPRESSED: u8 = 1;

/// The file's header. The checksum is there because a flipped bit in the version would otherwise
/// send a person off to update a program that is fine.
pub(crate) fn file_header() -> [u8; FILE_HEADER_LEN] {
    let [m0, m1, m2, m3, m4, m5, m6, m7] = MAGIC;
    let [a0, a1] = MAJOR.to_le_bytes();
    let [i0, i1] = MINOR.to_le_bytes();
    let fields = [m0, m1, m2, m3, m4, m5, m6, m7, a0, a1, i0, i1];
    let [c0, c1, c2, c3] = crc32fast::hash(&fields).to_le_bytes();
    [
        m0, m1, m2, m3, m4, m5, m6, m7, a0, a1, i0, i1, c0, c1, c2, c3,
    ]
}

/// Checks the file's header.
///
/// # Errors
/// When the file is empty, no recording, cut within the header, damaged there, or of a major
/// version that this reader does not know.
pub(crate) fn check_file_header(bytes: &[u8]) -> Result<(), ReadError> {
    if bytes.is_empty() {
        return Err(ReadError::Empty);
    }
    let magic = &bytes[..bytes.len().min(MAGIC.len())];
    if !MAGIC.starts_with(magic) {
        let start = &bytes[..bytes.len().min(16)];
        return Err(ReadError::NotARecording {
            found: format!("\"{}\"", start.escape_ascii()),
        });
    }
    let Some(header) = bytes.first_chunk::<FILE_HEADER_LEN>() else {
        return Err(ReadError::Truncated { at_byte: 0 });
    };
    let [.., a0, a1, i0, i1, c0, c1, c2, c3] = *header;
    if crc32fast::hash(&header[..12]) != u32::from_le_bytes([c0, c1, c2, c3]) {
        return Err(ReadError::HeaderDamaged);
    }
    let (major, minor) = (u16::from_le_bytes([a0, a1]), u16::from_le_bytes([i0, i1]));
    match major.cmp(&MAJOR) {
        std::cmp::Ordering::Greater => Err(ReadError::Newer { major, minor }),
        std::cmp::Ordering::Less => Err(ReadError::TooOld { major, minor }),
        std::cmp::Ordering::Equal => Ok(()),
    }
}

/// The header of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BlockHeader {
    pub kind: Kind,
    pub flags: u8,
    /// Payload bytes after decompression.
    pub raw_len: u32,
    /// Payload bytes in the file.
    pub stored_len: u32,
    /// CRC-32 of the payload as stored.
    pub payload_crc: u32,
}

impl BlockHeader {
    /// The header as bytes.
    pub(crate) fn to_bytes(self) -> [u8; BLOCK_HEADER_LEN] {
        let [r0, r1, r2, r3] = self.raw_len.to_le_bytes();
        let [s0, s1, s2, s3] = self.stored_len.to_le_bytes();
        let [p0, p1, p2, p3] = self.payload_crc.to_le_bytes();
        let kind = self.kind.byte();
        let fields = [
            kind, self.flags, 0, 0, r0, r1, r2, r3, s0, s1, s2, s3, p0, p1, p2, p3,
        ];
        let [h0, h1, h2, h3] = crc32fast::hash(&fields).to_le_bytes();
        [
            kind, self.flags, 0, 0, r0, r1, r2, r3, s0, s1, s2, s3, p0, p1, p2, p3, h0, h1, h2, h3,
        ]
    }

    /// Reads a header and checks its own checksum and lengths, not the payload's.
    ///
    /// # Errors
    /// A few words on what is wrong with it.
    pub(crate) fn from_bytes(bytes: &[u8; BLOCK_HEADER_LEN]) -> Result<Self, &'static str> {
        let [
            kind,
            flags,
            _,
            _,
            r0,
            r1,
            r2,
            r3,
            s0,
            s1,
            s2,
            s3,
            p0,
            p1,
            p2,
            p3,
            h0,
            h1,
            h2,
            h3,
        ] = *bytes;
        if crc32fast::hash(&bytes[..16]) != u32::from_le_bytes([h0, h1, h2, h3]) {
            return Err("the checksum of a block's header does not match");
        }
        let header = Self {
            kind: Kind::from_byte(kind),
            flags,
            raw_len: u32::from_le_bytes([r0, r1, r2, r3]),
            stored_len: u32::from_le_bytes([s0, s1, s2, s3]),
            payload_crc: u32::from_le_bytes([p0, p1, p2, p3]),
        };
        if header.raw_len > MAX_BLOCK || header.stored_len > MAX_BLOCK {
            return Err("a block claims to be longer than the format allows");
        }
        Ok(header)
    }

    /// Whether this version knows what the block holds and how it is stored. What it does not
    /// know, a later minor version added, and it is skipped.
    pub(crate) fn is_known(self) -> bool {
        self.flags & !COMPRESSED == 0 && !matches!(self.kind, Kind::Unknown(_))
    }
}
