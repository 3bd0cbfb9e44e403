//! Recordings and heaps for the tests: one small recording with every kind of block, and a heap
//! shaped like a real program's. Deterministic; no assertions in here.
#![allow(dead_code)]

use unfreed_recording::block::Block;
use unfreed_recording::counters::{Counters, FdCounts, Resources};
use unfreed_recording::ids::{CodeId, EpochId, RunTime, StackId};
use unfreed_recording::process::{Child, End, Note, Origin, ProcessInfo};
use unfreed_recording::sites::{Code, Epoch, Site, StackNode, Stacks, Survivors};
use unfreed_recording::snapshot::{
    IMMORTAL, Label, Root, RootKind, SYNTHETIC, SampledNode, Snapshot, TypeInfo,
};
use unfreed_recording::writer;

pub const SECOND: u64 = 1_000_000_000;

/// A whole file and where each block ends, the header's end first.
pub fn file(blocks: &[Block]) -> (Vec<u8>, Vec<usize>) {
    let mut bytes = writer::header();
    let mut ends = vec![bytes.len()];
    for block in blocks {
        bytes.extend(writer::encode(block).expect("a sample block encodes"));
        ends.push(bytes.len());
    }
    (bytes, ends)
}

/// Every kind of block, two snapshots; the content of the golden file. Never change it: a changed
/// sample no longer tests that old files stay readable. Add a new one beside it.
pub fn small() -> Vec<Block> {
    vec![
        process().into(),
        Stacks {
            codes: vec![
                Code {
                    id: CodeId(0),
                    file: "app/server.py".into(),
                    function: "handle".into(),
                    first_line: 80,
                },
                Code {
                    id: CodeId(1),
                    file: "app/login.py".into(),
                    function: "login.<locals>.keep".into(),
                    first_line: 40,
                },
            ],
            nodes: vec![
                StackNode {
                    id: StackId(1),
                    parent: StackId(0),
                    code: CodeId(0),
                    line: 88,
                },
                StackNode {
                    id: StackId(2),
                    parent: StackId(1),
                    code: CodeId(1),
                    line: 42,
                },
            ],
        }
        .into(),
        counters(1).into(),
        epoch(0, 1).into(),
        snapshot(0, 1).into(),
        Resources {
            at: RunTime(SECOND),
            fds: vec![("socket".into(), 3), ("/tmp/log-#".into(), 1)],
            threads: vec![("python3".into(), 1), ("worker-#".into(), 4)],
        }
        .into(),
        Note {
            at: RunTime(SECOND),
            text: "sampling every 512 KiB — wie verabredet".into(),
        }
        .into(),
        Child {
            at: RunTime(SECOND + 7),
            pid: 4243,
        }
        .into(),
        counters(2).into(),
        epoch(1, 2).into(),
        snapshot(1, 2).into(),
        End {
            at: RunTime(2 * SECOND + 5),
        }
        .into(),
    ]
}

pub fn process() -> ProcessInfo {
    ProcessInfo {
        unfreed_version: "0.1.0".into(),
        python_version: "3.12.1".into(),
        executable: "/usr/bin/python3.12".into(),
        argv: vec!["app.py".into(), "--port".into(), "8000".into()],
        cwd: "/srv/app".into(),
        stdlib_paths: vec!["/usr/lib/python3.12".into()],
        site_paths: vec!["/srv/app/.venv/lib/python3.12/site-packages".into()],
        pid: 4242,
        parent_pid: 1,
        origin: Origin::Run,
        started_unix_ns: 1_790_000_000_000_000_000,
        host: "web-1".into(),
        page_size: 4096,
        sample_bytes: 0,
        epoch_ns: 0,
        snapshot_budget_percent: 2.0,
    }
}

pub fn counters(second: u64) -> Counters {
    Counters {
        at: RunTime(second * SECOND),
        rss: 84 << 20,
        rss_anon: Some(60 << 20),
        pymalloc_held: Some(20 << 20),
        pymalloc_used: Some(18 << 20),
        allocated_blocks: Some(250_000 + second),
        malloc_used: Some(9 << 20),
        malloc_free: Some(1 << 20),
        own: 3 << 20,
        gc_enabled: Some(true),
        gc_frozen: Some(0),
        gc_collections: vec![120, 10, 1],
        gc_collected: Some(4711),
        gc_uncollectable: None,
        fds: FdCounts {
            files: 4,
            sockets: 3,
            pipes: 2,
            other: 1,
        },
        threads: 5,
        zombies: 0,
    }
}

pub fn epoch(id: u32, second: u64) -> Epoch {
    let survivors = |born| Survivors {
        born: EpochId(born),
        bytes: 524_288,
        blocks: 9,
        samples: 1,
    };
    Epoch {
        id: EpochId(id),
        at: RunTime(second * SECOND),
        sample_bytes: 512 << 10,
        sites: vec![Site {
            stack: StackId(2),
            allocated_bytes: 2 << 20,
            allocated_blocks: 40,
            freed_bytes: 1 << 20,
            survivors: (0..=id).map(survivors).collect(),
        }],
    }
}

/// Eight nodes: a module, its namespace, a list of two sessions and their class, a frame, a key.
pub fn snapshot(epoch: u32, second: u64) -> Snapshot {
    let names = ["module", "dict", "list", "Session", "type", "frame", "str"];
    let info = |name: &&str| TypeInfo {
        module: if *name == "Session" {
            "app.sessions"
        } else {
            "builtins"
        }
        .into(),
        name: (*name).into(),
        heap: *name == "Session",
        node: (*name == "Session").then_some(5),
    };
    let texts = [
        "app.sessions",
        "app/sessions.py",
        "STORE",
        "user",
        "MainThread",
        "handle",
    ];
    Snapshot {
        epoch: EpochId(epoch),
        at: RunTime(second * SECOND),
        pause_ns: 1500,
        types: names.iter().map(info).collect(),
        node_types: vec![0, 1, 2, 3, 3, 4, 5, 6],
        node_sizes: vec![72, 184, 88, 48, 48, 1064, 0, 54],
        node_refcounts: vec![3, 1, 1, 1, 1, 5, SYNTHETIC, IMMORTAL],
        edge_starts: vec![0, 1, 3, 5, 6, 8, 9, 11, 11],
        edge_targets: vec![1, 7, 2, 3, 4, 5, 5, 7, 1, 2, 3],
        edge_labels: vec![
            Label::Namespace,
            Label::KeyObject,
            Label::Key(7),
            Label::Index(0),
            Label::Index(1),
            Label::Class,
            Label::Class,
            Label::Attribute(3),
            Label::Internal(0),
            Label::Local(2),
            Label::Stack,
        ],
        texts: texts.iter().map(|text| (*text).into()).collect(),
        node_texts: vec![(0, 0), (7, 2)],
        // The golden file of version 1 is older than states and contents.
        node_states: Vec::new(),
        equal_contents: Vec::new(),
        spare_bytes: Vec::new(),
        node_addresses: Vec::new(),
        collector: None,
        roots: vec![
            Root {
                node: 0,
                kind: RootKind::Module {
                    name: 0,
                    file: Some(1),
                },
            },
            Root {
                node: 5,
                kind: RootKind::Type,
            },
            Root {
                node: 6,
                kind: RootKind::Frame {
                    thread: 4,
                    function: 5,
                    file: 1,
                    line: 88,
                    depth: 0,
                },
            },
            Root {
                node: 1,
                kind: RootKind::Thread { thread: 4, what: 3 },
            },
            Root {
                node: 1,
                kind: RootKind::Interpreter { what: 3 },
            },
        ],
        samples: vec![SampledNode {
            node: 4,
            stack: StackId(2),
            born: EpochId(epoch),
            bytes: 524_288,
            reused: false,
        }],
        tracked: 6,
    }
}

/// A small generator of numbers, so that heaps are the same on every machine.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: u32) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % u64::from(sides)) as u32
    }
}

/// Builds heaps node by node.
#[derive(Default)]
pub struct Heap(pub Snapshot);

impl Heap {
    pub fn node(&mut self, of_type: u32, size: u64, refs: u32, edges: &[(u32, Label)]) -> u32 {
        let heap = &mut self.0;
        if heap.edge_starts.is_empty() {
            heap.edge_starts.push(0);
        }
        heap.node_types.push(of_type);
        heap.node_sizes.push(size);
        heap.node_refcounts.push(refs);
        heap.edge_targets.extend(edges.iter().map(|edge| edge.0));
        heap.edge_labels.extend(edges.iter().map(|edge| edge.1));
        heap.edge_starts.push(heap.edge_targets.len() as u32);
        heap.node_types.len() as u32 - 1
    }
}

/// A heap as a service has it: 40 classes with 3 to 8 attributes, sessions with dicts, lists,
/// tuples, strings and ints of all lengths, many of them shared; children anywhere in the last
/// thousand nodes, so that targets are no straight line.
pub fn realistic(objects: u32) -> Snapshot {
    let mut dice = Dice(42);
    let mut heap = Heap::default();
    for name in 0..400 {
        heap.0.texts.push(format!("attribute_{name}"));
    }
    for name in 0..300_u32 {
        let module = format!("app.module_{}", name % 30);
        heap.0.types.push(TypeInfo {
            module,
            name: format!("Class{name}"),
            heap: true,
            node: None,
        });
    }
    // 300 classes, then 2000 interned strings.
    for class in 0..300 {
        heap.node(0, 1064, 3 + class, &[]);
    }
    for _ in 0..2000 {
        let len = u64::from(dice.roll(20));
        heap.node(1, 49 + len, IMMORTAL, &[]);
    }
    let mut edges = Vec::new();
    while heap.0.node_types.len() < objects as usize {
        let count = heap.0.node_types.len() as u32;
        edges.clear();
        let recent = |dice: &mut Dice| count - 1 - dice.roll(1000);
        match dice.roll(20) {
            0..=6 => {
                let size = 49 + u64::from(dice.roll(60));
                heap.node(1, size, 1, &[]);
            }
            7..=9 => {
                heap.node(2, 28, 1 + dice.roll(3) / 2, &[]);
            }
            10..=13 => {
                let class = 10 + dice.roll(40);
                edges.push((class, Label::Class));
                for attribute in 0..3 + class % 6 {
                    edges.push((recent(&mut dice), Label::Attribute(class * 8 + attribute)));
                }
                heap.node(class, 48, 1, &edges);
            }
            14..=15 => {
                let shape = dice.roll(50);
                for key in 0..2 + shape % 5 {
                    let key = 300 + shape * 5 + key;
                    edges.push((key, Label::KeyObject));
                    edges.push((recent(&mut dice), Label::Key(key)));
                }
                heap.node(3, 184 + 48 * u64::from(shape % 3), 1, &edges);
            }
            16..=17 => {
                let items = dice.roll(6);
                for item in 0..items {
                    edges.push((recent(&mut dice), Label::Index(item)));
                }
                heap.node(4, 56 + 8 * u64::from(items), 1, &edges);
            }
            _ => {
                let items = 2 + dice.roll(2);
                for item in 0..items {
                    edges.push((recent(&mut dice), Label::Index(item)));
                }
                heap.node(5, 40 + 8 * u64::from(items), 1, &edges);
            }
        }
        if dice.roll(200) == 0 {
            let node = heap.0.node_types.len() as u32 - 1;
            heap.0.samples.push(SampledNode {
                node,
                stack: StackId(dice.roll(500)),
                born: EpochId(dice.roll(10)),
                bytes: 524_288,
                reused: dice.roll(4) == 0,
            });
        }
    }
    heap.0
}
