//! The golden recording of every version of the format stays readable, with the content it had.
//!
//! The file is never written by a test run. To make the file of a new version (not to "repair" an
//! old one: that a reader fails on it is the point), run
//! `cargo test -p unfreed-recording --test golden --  write_golden`
//! which refuses to overwrite, and commit it.
#![allow(clippy::unwrap_used)]

mod samples;

use std::path::PathBuf;
use unfreed_recording::reader::Blocks;
use unfreed_recording::{Recording, writer};

/// The version whose golden file is written.
const VERSION: &str = "v1";

fn path(version: &str) -> PathBuf {
    let recordings = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/recordings");
    recordings.join(version).join("small.unfreed")
}

#[test]
fn version_1_stays_readable() {
    let bytes = std::fs::read(path("v1")).unwrap();
    let blocks: Result<Vec<_>, _> = Blocks::new(&bytes).unwrap().collect();
    assert_eq!(blocks.unwrap(), samples::small());
    let recording = Recording::parse(&bytes).unwrap();
    assert_eq!(recording.damage, None);
    assert_eq!(recording.snapshot_count(), 2);
}

/// The bytes before compression are fixed by the format; zstd's output may change with its version.
#[test]
fn the_writer_still_writes_version_1() {
    let bytes = std::fs::read(path("v1")).unwrap();
    let old = plain_payloads(&bytes);
    let new = plain_payloads(&samples::file(&samples::small()).0);
    assert_eq!(old, new);
    // Magic and major version; the minor one moves on.
    assert_eq!(bytes[..10], writer::header()[..10]);
}

fn plain_payloads(bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let index = unfreed_recording::reader::index(bytes).unwrap();
    index
        .entries
        .iter()
        .map(|entry| {
            let block = &bytes[entry.range()];
            let payload = &block[unfreed_recording::BLOCK_HEADER_LEN..];
            let plain = match block[1] {
                0 => payload.to_vec(),
                _ => zstd::decode_all(payload).unwrap(),
            };
            (block[0], plain)
        })
        .collect()
}

/// Writes the file of this version, when asked to by `UNFREED_WRITE_GOLDEN=1` and only if there is
/// none.
#[test]
fn write_golden() {
    if std::env::var_os("UNFREED_WRITE_GOLDEN").is_none() {
        return;
    }
    let path = path(VERSION);
    assert!(
        !path.exists(),
        "{} exists and is never overwritten",
        path.display()
    );
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, samples::file(&samples::small()).0).unwrap();
}
