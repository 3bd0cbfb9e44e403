//! How small and how fast a snapshot packs. Sizes are asserted, times only printed:
//! `cargo test --release -p unfreed-recording --test packing_size -- --nocapture`.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod samples;

use std::time::Instant;
use unfreed_recording::block::Block;
use unfreed_recording::{reader, writer};

#[test]
fn a_realistic_heap_packs_to_ten_bytes_an_object() {
    let heap = samples::realistic(300_000);
    let objects = heap.node_types.len() as f64;
    let edges = heap.edge_targets.len() as f64 / objects;
    let started = Instant::now();
    let block = writer::encode(&heap).unwrap();
    let encoding = started.elapsed().as_nanos() as f64 / objects;
    let mut file = writer::header();
    let offset = file.len();
    file.extend_from_slice(&block);
    let started = Instant::now();
    let back = reader::decode_at(&file, offset).unwrap();
    let decoding = started.elapsed().as_nanos() as f64 / objects;
    assert!(
        back == Some(Block::Snapshot(heap)),
        "it reads back as it was"
    );

    let index = reader::index(&file).unwrap();
    let plain = index.entries[0].raw_len as f64 / objects;
    let stored = block.len() as f64 / objects;
    println!(
        "{objects} objects, {edges:.2} edges an object: {stored:.2} bytes an object ({plain:.1} \
         before zstd), encoding {encoding:.0} ns, decoding {decoding:.0} ns an object"
    );
    assert!(stored <= 10.0, "{stored} bytes an object");
}
