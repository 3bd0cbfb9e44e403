//! Cut, flipped, forged and absurd recordings: never a panic, never a wrong block taken for right.
#![allow(clippy::unwrap_used)]

mod samples;

use proptest::prelude::*;
use std::io::Read as _;
use unfreed_recording::block::Block;
use unfreed_recording::error::ReadError;
use unfreed_recording::ids::StackId;
use unfreed_recording::reader::{self, Blocks};
use unfreed_recording::snapshot::{CollectorState, Snapshot};
use unfreed_recording::{BLOCK_HEADER_LEN, FILE_HEADER_LEN, Recording, retention, writer};

/// Reads with every way in; returns the blocks that came before an error.
fn read(bytes: &[u8]) -> (Vec<Block>, Option<ReadError>) {
    let index = reader::index(bytes);
    if let Ok(index) = &index {
        for entry in &index.entries {
            let _ = reader::decode_at(bytes, entry.offset);
        }
    }
    let _ = retention::rewrite(bytes, &[0]);
    if let Ok(recording) = Recording::parse(bytes) {
        let _ = recording.damage.as_ref().map(ToString::to_string);
        for snapshot in 0..recording.snapshot_count() {
            let _ = recording.snapshot_header(snapshot);
            let _ = recording.snapshot(snapshot);
        }
        for stack in 0..5 {
            assert!(recording.stack(StackId(stack)).count() < 100, "stacks end");
        }
    }
    let mut blocks = Vec::new();
    match Blocks::new(bytes) {
        Err(error) => (blocks, Some(error)),
        Ok(found) => {
            for block in found {
                match block {
                    Ok(block) => blocks.push(block),
                    Err(error) => return (blocks, Some(error)),
                }
            }
            (blocks, None)
        }
    }
}

/// A framed block with right checksums around any payload.
fn forged(kind: u8, flags: u8, raw_len: u32, payload: &[u8]) -> Vec<u8> {
    let mut block = vec![kind, flags, 0, 0];
    block.extend(raw_len.to_le_bytes());
    block.extend((payload.len() as u32).to_le_bytes());
    block.extend(crc32fast::hash(payload).to_le_bytes());
    block.extend(crc32fast::hash(&block).to_le_bytes());
    block.extend(payload);
    block
}

fn with_header(block: &[u8]) -> Vec<u8> {
    [writer::header().as_slice(), block].concat()
}

#[test]
fn a_cut_at_any_byte_leaves_exactly_the_whole_blocks() {
    let blocks = samples::small();
    let (bytes, ends) = samples::file(&blocks);
    for cut in 1..=bytes.len() {
        let whole = ends
            .iter()
            .filter(|end| **end <= cut)
            .count()
            .saturating_sub(1);
        let (found, error) = read(&bytes[..cut]);
        assert_eq!(found, blocks[..whole], "cut at {cut}");
        let last = ends
            .iter()
            .rev()
            .find(|end| **end <= cut)
            .copied()
            .unwrap_or(0);
        let expected = (last != cut).then_some(ReadError::Truncated { at_byte: last });
        assert_eq!(error, expected, "cut at {cut}");
    }
}

#[test]
fn a_cut_recording_is_used_up_to_the_cut() {
    let (bytes, ends) = samples::file(&samples::small());
    let cut = ends[6] - 3;
    let recording = Recording::parse(&bytes[..cut]).unwrap();
    assert_eq!(recording.snapshot_count(), 1);
    let damage = recording.damage.unwrap();
    assert_eq!(damage.error, ReadError::Truncated { at_byte: ends[5] });
    assert_eq!(
        (damage.used_bytes, damage.lost_bytes),
        (ends[5], cut - ends[5])
    );
    assert!(damage.to_string().contains("cut off at byte"), "{damage}");
}

#[test]
fn zeros_at_the_end_are_a_cut_and_not_damage() {
    let (mut bytes, _) = samples::file(&samples::small());
    let end = bytes.len();
    bytes.resize(end + 4096, 0);
    assert_eq!(read(&bytes).1, Some(ReadError::Truncated { at_byte: end }));
}

#[test]
fn a_flipped_bit_anywhere_is_noticed() {
    let blocks = samples::small();
    let (bytes, ends) = samples::file(&blocks);
    let mut flipped = bytes.clone();
    for at in 0..bytes.len() {
        for change in [1 << (at % 8), 0xff] {
            flipped[at] ^= change;
            let (found, error) = read(&flipped);
            let whole = ends
                .iter()
                .filter(|end| **end <= at)
                .count()
                .saturating_sub(1);
            assert_eq!(found, blocks[..whole], "byte {at} changed by {change}");
            assert!(
                error.is_some(),
                "byte {at} changed by {change} goes unnoticed"
            );
            flipped[at] = bytes[at];
        }
    }
}

#[test]
fn what_is_no_recording_is_told_apart() {
    assert_eq!(read(b"").1, Some(ReadError::Empty));
    for other in [
        b"hello".as_slice(),
        b"{\"json\": 1}",
        &[0; 64],
        b"UNFREEDOM!",
    ] {
        let error = read(other).1.unwrap();
        assert!(matches!(error, ReadError::NotARecording { .. }), "{error}");
        assert!(
            error.to_string().starts_with("not an unfreed recording: "),
            "{error}"
        );
    }
    assert_eq!(read(b"UNFR").1, Some(ReadError::Truncated { at_byte: 0 }));
    assert_eq!(
        Recording::parse(&writer::header()).unwrap_err(),
        ReadError::NoProcess
    );
}

#[test]
fn versions_are_told_apart() {
    let version = |major: u16, minor: u16| {
        let mut bytes = b"UNFREED\0".to_vec();
        bytes.extend(major.to_le_bytes());
        bytes.extend(minor.to_le_bytes());
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        assert_eq!(bytes.len(), FILE_HEADER_LEN);
        bytes.extend(writer::encode(&samples::process()).unwrap());
        read(&bytes)
    };
    assert_eq!(version(1, 0).1, None);
    let later_minor = version(1, 77);
    assert_eq!(
        (later_minor.0.len(), later_minor.1),
        (1, None),
        "a later minor is read"
    );
    let newer = version(2, 0).1.unwrap();
    assert_eq!(newer, ReadError::Newer { major: 2, minor: 0 });
    assert!(
        newer.to_string().contains("written by a newer unfreed"),
        "{newer}"
    );
    assert_eq!(
        version(0, 9).1,
        Some(ReadError::TooOld { major: 0, minor: 9 })
    );
}

#[test]
fn what_a_later_minor_adds_is_skipped() {
    let end = writer::encode(&samples::small()[11]).unwrap();
    let counters = writer::encode(&samples::counters(1)).unwrap();
    let mut longer = counters[BLOCK_HEADER_LEN..].to_vec();
    longer.extend([1, 2, 3]);
    let bytes = [
        writer::header(),
        writer::encode(&samples::process()).unwrap(),
        forged(200, 0, 3, b"new"),
        forged(2, 0x80, 3, b"new"),
        forged(2, 0, longer.len() as u32, &longer),
        end,
    ]
    .concat();
    let (blocks, error) = read(&bytes);
    assert_eq!(error, None);
    let expected = [samples::process().into(), samples::counters(1).into()];
    assert_eq!(
        blocks[..2],
        expected,
        "a field added at the end is passed over"
    );
    assert_eq!(Recording::parse(&bytes).unwrap().skipped, 2);
}

#[test]
fn absurd_lengths_are_refused_without_making_room() {
    let huge = u32::MAX.to_le_bytes();
    let mut header = vec![6, 0, 0, 0];
    header.extend(huge);
    header.extend(huge);
    header.extend([0; 4]);
    header.extend(crc32fast::hash(&header).to_le_bytes());
    let error = read(&with_header(&header)).1.unwrap();
    assert!(matches!(error, ReadError::Damaged { .. }), "{error}");

    // A frame of a gigabyte of zeros in a few kilobytes, under a header that claims a few bytes.
    let zeros = zstd::encode_all(std::io::repeat(0).take(64 << 20), 1).unwrap();
    for raw_len in [0, 10, 1 << 30] {
        for kind in 1..=9 {
            let bytes = with_header(&forged(kind, 1, raw_len, &zeros));
            assert!(
                read(&bytes).1.is_some(),
                "kind {kind} claiming {raw_len} bytes"
            );
        }
    }
    // Snapshots that announce four billion of everything and hold nothing.
    for count in 4..11 {
        let mut payload = vec![0; 11];
        payload.splice(count..=count, [0xff, 0xff, 0xff, 0xff, 0x0f]);
        let bytes = with_header(&forged(6, 0, payload.len() as u32, &payload));
        let error = read(&bytes).1.unwrap();
        assert!(
            matches!(error, ReadError::Invalid { .. }),
            "count {count}: {error}"
        );
    }
    // Vectors and strings of postcard that announce more than there is.
    for kind in 1..=9 {
        let payload = [0xff; 64];
        let bytes = with_header(&forged(kind, 0, 64, &payload));
        assert!(read(&bytes).1.is_some(), "kind {kind}");
    }
}

/// The plain payload of a snapshot.
fn payload_of(heap: &Snapshot) -> Vec<u8> {
    let encoded = writer::encode(heap).unwrap();
    let stored = &encoded[BLOCK_HEADER_LEN..];
    match encoded[1] {
        0 => stored.to_vec(),
        _ => zstd::decode_all(stored).unwrap(),
    }
}

#[test]
fn the_parts_that_were_added_are_checked() {
    let plain = samples::snapshot(0, 1);
    let nodes = plain.node_types.len() as u32;
    let with = |equal_contents: Vec<(u32, u32)>, spare_bytes: Vec<(u32, u32)>| Snapshot {
        equal_contents,
        spare_bytes,
        ..plain.clone()
    };
    // Without them a snapshot is what it was before there were any, and with them it begins so.
    let old = payload_of(&plain);
    let new = payload_of(&with(vec![(0, 0), (1, 0)], vec![(1, 9000)]));
    assert_eq!(new[..old.len()], old);
    assert!(writer::encode(&with(vec![(nodes, 0)], vec![])).is_err());
    assert!(writer::encode(&with(vec![(1, 0), (1, 1)], vec![])).is_err());
    assert!(writer::encode(&with(vec![], vec![(nodes, 1)])).is_err());
    let addressed = |node_addresses: Vec<u64>| Snapshot {
        node_addresses,
        ..plain.clone()
    };
    let addresses = vec![0x7f00_0000_1000; nodes as usize];
    let new_too = payload_of(&addressed(addresses.clone()));
    assert_eq!(new_too[..old.len()], old);
    assert!(writer::encode(&addressed(addresses[1..].to_vec())).is_err());
    let collected = |state: CollectorState| Snapshot {
        collector: Some(Box::new(state)),
        ..plain.clone()
    };
    assert!(writer::encode(&collected(CollectorState::default())).is_err());
    // Four billion addresses, and more addresses than nodes.
    let mut many = old.clone();
    many.extend([0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f]);
    let mut more = old.clone();
    more.extend([0, 0, 0, 0, nodes as u8 + 1]);
    more.extend(vec![0; nodes as usize + 1]);
    // A collector that knows of no node.
    let mut listless = old.clone();
    listless.extend([0, 0, 0, 0, 0, 1, 0, 0]);
    // No states, nothing reused, and four billion contents.
    let mut absurd = old.clone();
    absurd.extend([0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f]);
    // One content, of a node that does not exist.
    let mut astray = old.clone();
    astray.extend([0, 0, 1, 0xfe, 0xff, 0x03, 0]);
    // It ends in the middle.
    let cut = new[..new.len() - 1].to_vec();
    for payload in [absurd, astray, cut, many, more, listless] {
        let bytes = with_header(&forged(6, 0, payload.len() as u32, &payload));
        let error = read(&bytes).1.unwrap();
        assert!(matches!(error, ReadError::Invalid { .. }), "{error}");
    }
}

#[test]
fn no_snapshot_there_is_an_error() {
    let (bytes, _) = samples::file(&samples::small());
    let recording = Recording::parse(&bytes).unwrap();
    let expected = ReadError::NoSuchSnapshot { index: 2, count: 2 };
    assert_eq!(recording.snapshot(2), Err(expected.clone()));
    assert_eq!(recording.snapshot_header(2), Err(expected));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Any payload behind right checksums: errors or blocks that keep the rules, no panic.
    #[test]
    fn any_payload_is_survived(kind in 0_u8..12, payload in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&with_header(&forged(kind, 0, payload.len() as u32, &payload)));
        let _ = read(&with_header(&forged(kind, 1, 300, &payload)));
    }

    /// A right payload with a few wrong bytes, and right checksums.
    #[test]
    fn a_forged_payload_is_survived(
        block in 0_usize..12,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let encoded = writer::encode(&samples::small()[block]).unwrap();
        let (kind, flags) = (encoded[0], encoded[1]);
        let stored = &encoded[BLOCK_HEADER_LEN..];
        let mut payload =
            if flags == 1 { zstd::decode_all(stored).unwrap() } else { stored.to_vec() };
        for (at, byte) in changes {
            let at = at.index(payload.len());
            payload[at] = byte;
        }
        let bytes = with_header(&forged(kind, 0, payload.len() as u32, &payload));
        for found in read(&bytes).0 {
            writer::encode(&found).expect("what is read keeps the rules of the writer");
        }
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&bytes);
        let _ = read(&with_header(&bytes));
    }
}
