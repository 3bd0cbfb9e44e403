//! Varints (LEB128, as in postcard) written to a compressor and read back. No layout in here.

use crate::error::Fault;
use crate::frame::MAX_BLOCK;
use std::io::{self, Write};

/// Bytes gathered before the compressor gets them: fewer calls, and it stays in the L2 cache.
const CHUNK: usize = 64 << 10;

/// The difference of two numbers of 32 bits: it wraps, and small ones of either sign become small.
#[inline]
pub(crate) fn zigzag(now: u32, expected: u32) -> u64 {
    let step = now.wrapping_sub(expected) as i32;
    u64::from(((step << 1) ^ (step >> 31)) as u32)
}

/// Undoes [`zigzag`].
#[inline]
pub(crate) fn unzigzag(coded: u64, expected: u32) -> Result<u32, Fault> {
    let coded = u32::try_from(coded).map_err(|_| Fault::new(NUMBER, 0))?;
    let step = (coded >> 1) ^ (coded & 1).wrapping_neg();
    Ok(expected.wrapping_add(step))
}

/// Takes a snapshot's columns and passes them on in chunks, remembering the first error, so that
/// the loops over millions of edges carry no `Result`.
pub(crate) struct Columns<W> {
    chunk: Vec<u8>,
    out: W,
    passed: usize,
    failed: Option<io::Error>,
}

impl<W: Write> Columns<W> {
    pub(crate) fn new(out: W) -> Self {
        Self {
            chunk: Vec::with_capacity(CHUNK + 512),
            out,
            passed: 0,
            failed: None,
        }
    }

    /// One byte.
    #[inline]
    pub(crate) fn byte(&mut self, byte: u8) {
        self.chunk.push(byte);
        if self.chunk.len() >= CHUNK {
            self.pass_on();
        }
    }

    /// A number.
    #[inline]
    pub(crate) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.chunk.push((number as u8) | 0x80);
            number >>= 7;
        }
        self.byte(number as u8);
    }

    /// The difference of two numbers of 32 bits, see [`zigzag`].
    #[inline]
    pub(crate) fn step32(&mut self, now: u32, expected: u32) {
        self.number(zigzag(now, expected));
    }

    /// The same for numbers of 64 bits.
    #[inline]
    pub(crate) fn step64(&mut self, now: u64, expected: u64) {
        let step = now.wrapping_sub(expected) as i64;
        self.number(((step << 1) ^ (step >> 63)) as u64);
    }

    /// A text with its length.
    pub(crate) fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.chunk.extend_from_slice(text.as_bytes());
        if self.chunk.len() >= CHUNK {
            self.pass_on();
        }
    }

    fn pass_on(&mut self) {
        self.passed += self.chunk.len();
        if self.failed.is_none() && self.passed <= MAX_BLOCK as usize {
            self.failed = self.out.write_all(&self.chunk).err();
        }
        self.chunk.clear();
    }

    /// Passes the rest on; gives the compressor back and how many bytes it was due, which may be
    /// more than a block can hold and then was not all passed on.
    pub(crate) fn finish(mut self) -> io::Result<(W, usize)> {
        self.pass_on();
        match self.failed {
            Some(error) => Err(error),
            None => Ok((self.out, self.passed)),
        }
    }
}

const CUT: &str = "a block holds all that it announces";
const NUMBER: &str = "a number fits its field";

/// Reads columns back. Every method fails at the end of the bytes instead of going past it.
pub(crate) struct Bytes<'a> {
    rest: &'a [u8],
}

impl<'a> Bytes<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// How many bytes are left: a bound for any count of things that take a byte or more each.
    pub(crate) fn left(&self) -> usize {
        self.rest.len()
    }

    #[inline]
    pub(crate) fn byte(&mut self) -> Result<u8, Fault> {
        let (first, rest) = self.rest.split_first().ok_or(Fault::new(CUT, 0))?;
        self.rest = rest;
        Ok(*first)
    }

    #[inline]
    pub(crate) fn number64(&mut self) -> Result<u64, Fault> {
        if let Some((&first, rest)) = self.rest.split_first()
            && first < 0x80
        {
            self.rest = rest;
            return Ok(u64::from(first));
        }
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            if shift == 63 && byte > 1 {
                break;
            }
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Fault::new(NUMBER, 0))
    }

    #[inline]
    pub(crate) fn number32(&mut self) -> Result<u32, Fault> {
        u32::try_from(self.number64()?).map_err(|_| Fault::new(NUMBER, 0))
    }

    /// Undoes [`Columns::step32`].
    #[inline]
    pub(crate) fn step32(&mut self, expected: u32) -> Result<u32, Fault> {
        unzigzag(self.number64()?, expected)
    }

    /// Undoes [`Columns::step64`].
    #[inline]
    pub(crate) fn step64(&mut self, expected: u64) -> Result<u64, Fault> {
        let coded = self.number64()?;
        let step = (coded >> 1) ^ (coded & 1).wrapping_neg();
        Ok(expected.wrapping_add(step))
    }

    /// A text of at most `limit` bytes.
    pub(crate) fn text(&mut self, limit: usize) -> Result<String, Fault> {
        let len = self.number32()? as usize;
        if len > limit {
            return Err(Fault::new("a text is no longer than its limit", len));
        }
        let (text, rest) = self.rest.split_at_checked(len).ok_or(Fault::new(CUT, 0))?;
        self.rest = rest;
        let text = std::str::from_utf8(text).map_err(|_| Fault::new("a text is UTF-8", 0))?;
        Ok(text.to_owned())
    }

    /// Something that postcard wrote.
    pub(crate) fn model<T: serde::Deserialize<'a>>(&mut self) -> Result<T, Fault> {
        let (value, rest) = postcard::take_from_bytes(self.rest)
            .map_err(|_| Fault::new("a block's fields are whole and of their types", 0))?;
        self.rest = rest;
        Ok(value)
    }
}
