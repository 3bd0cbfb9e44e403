//! What is written reads back as it was, for every kind of block.
#![allow(clippy::unwrap_used)]

mod any_snapshot;
mod samples;

use any_snapshot::snapshot;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use unfreed_recording::block::{Block, Kind};
use unfreed_recording::counters::{
    Counters, FdCounts, Opened, OpenedAt, Resources, Started, StartedAt, StartedFrame,
};
use unfreed_recording::error::EncodeError;
use unfreed_recording::ids::{CodeId, EpochId, RunTime, StackId};
use unfreed_recording::process::{Child, End, Mark, Note, Origin, ProcessInfo, Watched};
use unfreed_recording::reader::{self, Blocks};
use unfreed_recording::sites::{
    Code, Deviation, Epoch, LiveSite, Peak, Site, SiteDeviation, StackNode, Stacks, Survivors,
    Uncertainty,
};
use unfreed_recording::snapshot::{Label, RootKind, Snapshot};
use unfreed_recording::{Recording, writer};

fn reads_back(block: &Block) {
    let mut bytes = writer::header();
    bytes.extend(writer::encode(block).unwrap());
    let back: Result<Vec<Block>, _> = Blocks::new(&bytes).unwrap().collect();
    assert_eq!(back.unwrap(), std::slice::from_ref(block));
}

fn process() -> impl Strategy<Value = ProcessInfo> {
    let origin = prop::sample::select(vec![Origin::Run, Origin::Fork, Origin::Spawn]);
    (
        vec(".*", 5),
        vec(".*", 0..5),
        any::<[u32; 3]>(),
        any::<[u64; 3]>(),
        origin,
        0.0_f32..100.0,
    )
        .prop_map(|(texts, list, small, large, origin, percent)| ProcessInfo {
            unfreed_version: texts[0].clone(),
            python_version: texts[1].clone(),
            executable: texts[2].clone(),
            argv: list.clone(),
            cwd: texts[3].clone(),
            stdlib_paths: list.clone(),
            site_paths: list,
            pid: small[0],
            parent_pid: small[1],
            origin,
            started_unix_ns: large[0],
            host: texts[4].clone(),
            page_size: small[2],
            sample_bytes: large[1],
            epoch_ns: large[2],
            snapshot_budget_percent: percent,
        })
}

fn counters() -> impl Strategy<Value = Counters> {
    let optional = vec(option::of(any::<u64>()), 9);
    (
        any::<[u64; 3]>(),
        optional,
        option::of(any::<bool>()),
        vec(any::<u64>(), 0..4),
        any::<[u32; 6]>(),
    )
        .prop_map(|(own, some, gc_enabled, gc_collections, counts)| Counters {
            at: RunTime(own[0]),
            rss: own[1],
            rss_anon: some[0],
            pymalloc_held: some[1],
            pymalloc_used: some[2],
            allocated_blocks: some[3],
            malloc_used: some[4],
            malloc_free: some[5],
            own: own[2],
            gc_enabled,
            gc_frozen: some[6],
            gc_collections,
            gc_collected: some[7],
            gc_uncollectable: some[8],
            fds: FdCounts {
                files: counts[0],
                sockets: counts[1],
                pipes: counts[2],
                other: counts[3],
            },
            threads: counts[4],
            zombies: counts[5],
        })
}

fn resources() -> impl Strategy<Value = Resources> {
    let list = || vec((".*", any::<u32>()), 0..40);
    (any::<u64>(), list(), list()).prop_map(|(at, fds, threads)| Resources {
        at: RunTime(at),
        fds,
        threads,
    })
}

fn opened() -> impl Strategy<Value = Opened> {
    let place = (".*", any::<u32>(), any::<u32>());
    (any::<u64>(), vec(place, 0..40)).prop_map(|(at, places)| Opened {
        at: RunTime(at),
        descriptors: places
            .into_iter()
            .map(|(target, stack, count)| OpenedAt {
                target,
                stack: StackId(stack),
                count,
            })
            .collect(),
    })
}

fn started() -> impl Strategy<Value = Started> {
    let frame =
        (".*", ".*", any::<u32>(), ".*").prop_map(|(file, function, line, source)| StartedFrame {
            file,
            function,
            line,
            source,
        });
    let place =
        (".*", any::<u32>(), vec(frame, 0..9)).prop_map(|(name, count, frames)| StartedAt {
            name,
            count,
            frames,
        });
    (any::<u64>(), ".*", any::<u64>(), vec(place, 0..20)).prop_map(|(at, what, calls, places)| {
        Started {
            at: RunTime(at),
            what,
            calls,
            places,
        }
    })
}

fn stacks() -> impl Strategy<Value = Stacks> {
    let codes = vec((any::<u32>(), ".*", ".*", any::<u32>()), 0..20);
    let nodes = vec(
        (1..=u32::MAX, any::<u32>(), any::<u32>(), any::<u32>()),
        0..60,
    );
    (codes, nodes).prop_map(|(codes, nodes)| Stacks {
        codes: codes
            .into_iter()
            .map(|(id, file, function, first_line)| Code {
                id: CodeId(id),
                file,
                function,
                first_line,
            })
            .collect(),
        nodes: nodes
            .into_iter()
            .map(|(id, parent, code, line)| StackNode {
                id: StackId(id),
                parent: StackId(parent % id),
                code: CodeId(code),
                line,
            })
            .collect(),
    })
}

fn epoch() -> impl Strategy<Value = Epoch> {
    let figure = 0_u64..1 << 50;
    let survivors = vec(
        (0_u32..3, [figure.clone(), figure.clone()], any::<u32>()),
        0..5,
    );
    let site = (
        any::<u32>(),
        [figure.clone(), figure.clone(), figure.clone()],
        survivors,
    );
    (0_u32..1000, any::<[u64; 2]>(), vec(site, 0..30)).prop_map(|(id, large, sites)| Epoch {
        id: EpochId(id + 20),
        at: RunTime(large[0]),
        sample_bytes: large[1],
        sites: sites
            .into_iter()
            .map(|(stack, figures, survivors)| {
                let mut born = 0;
                Site {
                    stack: StackId(stack),
                    allocated_bytes: figures[0],
                    allocated_blocks: figures[1],
                    freed_bytes: figures[2],
                    survivors: survivors
                        .into_iter()
                        .map(|(gap, figures, samples)| {
                            born += gap + 1;
                            Survivors {
                                born: EpochId(born),
                                bytes: figures[0],
                                blocks: figures[1],
                                samples,
                            }
                        })
                        .collect(),
                }
            })
            .collect(),
    })
}

fn uncertainty() -> impl Strategy<Value = Uncertainty> {
    let figure = 0_u64..1 << 50;
    let survivors = vec((any::<u32>(), [figure.clone(), figure.clone()]), 0..5);
    let site = (any::<u32>(), [figure.clone(), figure], survivors);
    (any::<u32>(), any::<u64>(), vec(site, 0..30)).prop_map(|(epoch, at, sites)| Uncertainty {
        epoch: EpochId(epoch),
        at: RunTime(at),
        sites: sites
            .into_iter()
            .map(|(stack, freed, survivors)| SiteDeviation {
                stack: StackId(stack),
                freed_bytes: freed[0],
                freed_blocks: freed[1],
                survivors: survivors
                    .into_iter()
                    .map(|(born, of)| Deviation {
                        born: EpochId(born),
                        bytes: of[0],
                        blocks: of[1],
                    })
                    .collect(),
            })
            .collect(),
    })
}

fn peak() -> impl Strategy<Value = Peak> {
    let figure = 0_u64..1 << 50;
    let site = (any::<u32>(), [figure.clone(), figure]);
    (any::<[u64; 2]>(), vec(site, 0..30)).prop_map(|(large, sites)| Peak {
        at: RunTime(large[0]),
        bytes: large[1],
        sites: sites
            .into_iter()
            .map(|(stack, of)| LiveSite {
                stack: StackId(stack),
                bytes: of[0],
                blocks: of[1],
            })
            .collect(),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn process_reads_back(content in process()) { reads_back(&content.into()); }
    #[test]
    fn counters_read_back(content in counters()) { reads_back(&content.into()); }
    #[test]
    fn resources_read_back(content in resources()) { reads_back(&content.into()); }
    #[test]
    fn opened_reads_back(content in opened()) { reads_back(&content.into()); }
    #[test]
    fn started_reads_back(content in started()) { reads_back(&content.into()); }

    #[test]
    fn stacks_read_back(content in stacks()) { reads_back(&content.into()); }
    #[test]
    fn epoch_reads_back(content in epoch()) { reads_back(&content.into()); }
    #[test]
    fn uncertainty_reads_back(content in uncertainty()) { reads_back(&content.into()); }
    #[test]
    fn peak_reads_back(content in peak()) { reads_back(&content.into()); }
    #[test]
    fn snapshot_reads_back(content in snapshot()) { reads_back(&content.into()); }
    #[test]
    fn note_child_and_end_read_back(at in any::<u64>(), text in ".*", pid in any::<u32>()) {
        let at = RunTime(at);
        reads_back(&Note { at, text: text.clone() }.into());
        reads_back(&Mark { at, name: text.clone() }.into());
        reads_back(&Watched { classes: vec![text] }.into());
        reads_back(&Child { at, pid }.into());
        reads_back(&End { at }.into());
    }

    /// The head of a snapshot tells what the whole tells.
    #[test]
    fn a_snapshot_header_reads_back(heap in snapshot()) {
        let (bytes, _) = samples::file(&[samples::process().into(), heap.clone().into()]);
        let header = Recording::parse(&bytes).unwrap().snapshot_header(0).unwrap();
        prop_assert_eq!((header.epoch, header.at, header.pause_ns), (heap.epoch, heap.at, heap.pause_ns));
        prop_assert_eq!(header.tracked, heap.tracked);
        prop_assert_eq!(header.nodes as usize, heap.node_types.len());
        prop_assert_eq!(header.edges as usize, heap.edge_targets.len());
    }
}

#[test]
fn a_recording_has_everything() {
    let blocks = samples::small();
    let (bytes, ends) = samples::file(&blocks);
    let recording = Recording::parse(&bytes).unwrap();
    assert_eq!(recording.process, samples::process());
    assert_eq!(
        recording.counters,
        [samples::counters(1), samples::counters(2)]
    );
    assert_eq!(
        recording.epochs,
        [samples::epoch(0, 1), samples::epoch(1, 2)]
    );
    assert_eq!((recording.notes.len(), recording.children.len()), (1, 1));
    assert_eq!((recording.resources.len(), recording.skipped), (1, 0));
    assert_eq!((recording.end.is_some(), &recording.damage), (true, &None));
    assert_eq!(recording.snapshot_count(), 2);
    assert_eq!(recording.snapshot(1).unwrap(), samples::snapshot(1, 2));
    let frames: Vec<_> = recording
        .stack(StackId(2))
        .map(|(code, line)| (code.function.as_str(), line))
        .collect();
    assert_eq!(frames, [("login.<locals>.keep", 42), ("handle", 88)]);
    assert_eq!(
        recording.stack(StackId(0)).count() + recording.stack(StackId(9)).count(),
        0
    );

    let index = reader::index(&bytes).unwrap();
    let kinds: Vec<Kind> = index.entries.iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, blocks.iter().map(Block::kind).collect::<Vec<_>>());
    let found: Vec<_> = index
        .entries
        .iter()
        .map(|entry| entry.range().end)
        .collect();
    assert_eq!(found, ends[1..]);
    for (entry, block) in index.entries.iter().zip(blocks) {
        assert_eq!(
            reader::decode_at(&bytes, entry.offset).unwrap(),
            Some(block)
        );
    }
}

/// Ids with gaps, blocks out of order, a stack whose caller is not in the recording.
#[test]
fn stacks_with_gaps_are_found() {
    let code = |id| Code {
        id: CodeId(id),
        file: String::new(),
        function: format!("f{id}"),
        first_line: 1,
    };
    let node = |id, parent, code| StackNode {
        id: StackId(id),
        parent: StackId(parent),
        code: CodeId(code),
        line: id,
    };
    let later = Stacks {
        codes: vec![code(7)],
        nodes: vec![node(900, 5, 7), node(901, 77, 7)],
    };
    let earlier = Stacks {
        codes: vec![code(0)],
        nodes: vec![node(5, 0, 0), node(6, 5, 3)],
    };
    let (bytes, _) = samples::file(&[samples::process().into(), later.into(), earlier.into()]);
    let recording = Recording::parse(&bytes).unwrap();
    let lines = |id| {
        recording
            .stack(StackId(id))
            .map(|frame| frame.1)
            .collect::<Vec<_>>()
    };
    assert_eq!(lines(900), [900, 5]);
    assert_eq!(lines(901), [901], "a missing caller ends the stack");
    assert_eq!(lines(6), [0_u32; 0], "a missing code object ends the stack");
    assert_eq!(recording.code(CodeId(7)).unwrap().function, "f7");
    assert_eq!(recording.code(CodeId(1)), None);
}

#[test]
fn long_texts_are_cut_at_a_character() {
    let mut heap = samples::snapshot(0, 1);
    heap.texts[0] = "ä".repeat(150) + "x";
    heap.texts[1] = "x".to_owned() + &"ä".repeat(150);
    let (bytes, _) = samples::file(&[samples::process().into(), heap.into()]);
    let back = Recording::parse(&bytes).unwrap().snapshot(0).unwrap();
    assert_eq!(back.texts[0], "ä".repeat(100));
    assert_eq!(back.texts[1], "x".to_owned() + &"ä".repeat(99));
}

/// A writer refuses what no reader would take. Each change breaks one rule.
#[test]
fn broken_rules_are_refused_by_the_writer() {
    let changes: &[fn(&mut Snapshot)] = &[
        |heap| heap.node_types[0] = 7,
        |heap| heap.edge_targets[0] = 8,
        |heap| heap.edge_labels[0] = Label::Attribute(6),
        |heap| heap.edge_labels[0] = Label::Key(8),
        |heap| heap.edge_starts[1] = 9,
        |heap| heap.edge_starts[0] = 1,
        |heap| heap.edge_starts.truncate(7),
        |heap| heap.edge_labels.truncate(7),
        |heap| heap.node_sizes.truncate(7),
        |heap| heap.node_refcounts.truncate(7),
        |heap| heap.node_sizes[0] = u64::MAX,
        |heap| heap.node_texts[0].0 = 8,
        |heap| heap.node_texts[0].1 = 6,
        |heap| heap.node_texts.reverse(),
        |heap| heap.roots[0].node = 8,
        |heap| heap.roots[4].kind = RootKind::Interpreter { what: 6 },
        |heap| heap.samples[0].node = 8,
        |heap| heap.types[0].node = Some(8),
    ];
    for (number, change) in changes.iter().enumerate() {
        let mut heap = samples::snapshot(0, 1);
        change(&mut heap);
        let error = writer::encode(&heap).unwrap_err();
        assert!(
            matches!(error, EncodeError::Invalid { .. }),
            "change {number}: {error}"
        );
    }
    assert!(
        writer::encode(&Snapshot::default()).is_err(),
        "even an empty heap has one edge start"
    );
    assert!(
        writer::encode(&Snapshot {
            edge_starts: vec![0],
            ..Default::default()
        })
        .is_ok()
    );

    let node = |id, parent| Stacks {
        codes: vec![],
        nodes: vec![StackNode {
            id: StackId(id),
            parent: StackId(parent),
            code: CodeId(0),
            line: 1,
        }],
    };
    assert!(writer::encode(&node(1, 1)).is_err() && writer::encode(&node(0, 0)).is_err());
    let mut epoch = samples::epoch(0, 1);
    epoch.sites[0].survivors[0].born = EpochId(1);
    assert!(
        writer::encode(&epoch).is_err(),
        "born after the epoch's end"
    );
    let process = ProcessInfo {
        snapshot_budget_percent: f32::NAN,
        ..samples::process()
    };
    assert!(writer::encode(&process).is_err());
}

#[test]
fn a_big_block_is_compressed() {
    let mut epoch = samples::epoch(0, 1);
    epoch.sites = vec![epoch.sites[0].clone(); 5000];
    let block = writer::encode(&epoch).unwrap();
    assert!(block.len() < 5000, "{} bytes", block.len());
    reads_back(&epoch.into());
}

#[test]
fn a_snapshot_in_two_halves_is_the_same_block() {
    let heap = samples::realistic(5000);
    let mut packed = Vec::new();
    writer::pack_snapshot(&heap, &mut packed).unwrap();
    let mut block = writer::SnapshotBlock::new().unwrap();
    for part in packed.chunks(1000) {
        std::io::Write::write_all(&mut block, part).unwrap();
    }
    let bytes = [writer::header(), block.finish().unwrap()].concat();
    let back: Result<Vec<Block>, _> = Blocks::new(&bytes).unwrap().collect();
    assert_eq!(back.unwrap(), [Block::Snapshot(heap)]);
}
