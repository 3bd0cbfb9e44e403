//! Any valid snapshot of a few nodes.

use crate::samples;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use unfreed_recording::ids::{EpochId, RunTime, StackId};
use unfreed_recording::snapshot::{
    CollectorState, IMMORTAL, Label, Root, RootKind, SYNTHETIC, SampledNode, Snapshot, TypeInfo,
};

fn label(nodes: u32, texts: u32) -> impl Strategy<Value = Label> {
    let (text, node) = (0..texts, 0..nodes);
    prop_oneof![
        prop::sample::select(vec![
            Label::Unnamed,
            Label::KeyObject,
            Label::Element,
            Label::Stack,
            Label::Class,
            Label::Namespace,
        ]),
        text.clone().prop_map(Label::Attribute),
        node.prop_map(Label::Key),
        any::<u32>().prop_map(Label::Index),
        text.clone().prop_map(Label::Cell),
        text.clone().prop_map(Label::Local),
        text.prop_map(Label::Internal),
    ]
}

fn root(nodes: u32, texts: u32) -> impl Strategy<Value = Root> {
    let text = || 0..texts;
    let kind = prop_oneof![
        Just(RootKind::Type),
        (text(), option::of(text())).prop_map(|(name, file)| RootKind::Module { name, file }),
        (text(), text(), text(), any::<[u32; 2]>()).prop_map(|(thread, function, file, own)| {
            RootKind::Frame {
                thread,
                function,
                file,
                line: own[0],
                depth: own[1],
            }
        }),
        (text(), text()).prop_map(|(thread, what)| RootKind::Thread { thread, what }),
        text().prop_map(|what| RootKind::Interpreter { what }),
    ];
    (0..nodes, kind).prop_map(|(node, kind)| Root { node, kind })
}

fn refcount() -> impl Strategy<Value = u32> {
    prop_oneof![0_u32..5, any::<u32>(), Just(IMMORTAL), Just(SYNTHETIC)]
}

/// Addresses for all nodes or none, and the collector's state or none.
fn kept_for_questions(
    nodes: u32,
    types: u32,
) -> impl Strategy<Value = (Vec<u64>, Option<Box<CollectorState>>)> {
    let (nodes, types) = (nodes as usize, types as usize);
    let address = (0_u64..1 << 44).prop_map(|words| words << 3);
    let addresses = prop_oneof![Just(Vec::new()), vec(address, nodes)];
    let state = (
        any::<(bool, u64, u64)>(),
        vec(any::<u8>(), nodes),
        vec(any::<(bool, bool)>(), types),
    );
    let state = state.prop_map(|((enabled, threshold, count), lists, types)| {
        let (unseen, uncleared) = types.into_iter().unzip();
        Box::new(CollectorState {
            enabled,
            threshold,
            count,
            lists,
            unseen,
            uncleared,
        })
    });
    (addresses, option::of(state))
}

/// Any valid snapshot of 1 to 30 nodes.
pub fn snapshot() -> impl Strategy<Value = Snapshot> {
    (1_u32..30, 1_u32..6, 1_u32..8).prop_flat_map(|(nodes, types, texts)| {
        let info = (".*", ".*", any::<bool>(), option::of(0..nodes)).prop_map(
            |(module, name, heap, node)| TypeInfo {
                module,
                name,
                heap,
                node,
            },
        );
        let size = prop_oneof![0_u64..300, 0_u64..1 << 50];
        let edges = vec((0..nodes, label(nodes, texts)), 0..25);
        let node = (0..types, size, refcount(), edges);
        let node_texts = prop::collection::btree_map(0..nodes, 0..texts, 0..10);
        let numbered = || prop::collection::btree_map(0..nodes, any::<u32>(), 0..10);
        let sample = (0..nodes, any::<[u32; 2]>(), 0_u64..1 << 50, any::<bool>()).prop_map(
            |(node, ids, bytes, reused)| SampledNode {
                node,
                stack: StackId(ids[0]),
                born: EpochId(ids[1]),
                bytes,
                reused,
            },
        );
        (
            (any::<u32>(), any::<[u64; 3]>()),
            vec(info, types as usize),
            vec(node, nodes as usize),
            vec(".{0,40}", texts as usize),
            node_texts,
            vec(root(nodes, texts), 0..8),
            (
                vec(sample, 0..8),
                numbered(),
                numbered(),
                kept_for_questions(nodes, types),
            ),
        )
            .prop_map(
                |((epoch, large), types, nodes, texts, node_texts, roots, last)| {
                    let (samples, equal, spare, (node_addresses, collector)) = last;
                    let mut heap = samples::Heap::default();
                    for (of_type, size, refs, edges) in nodes {
                        heap.node(of_type, size, refs, &edges);
                    }
                    Snapshot {
                        epoch: EpochId(epoch),
                        at: RunTime(large[0]),
                        pause_ns: large[1],
                        tracked: large[2],
                        types,
                        texts,
                        node_states: node_texts
                            .iter()
                            .map(|(&node, &text)| (node, text))
                            .collect(),
                        node_texts: node_texts.into_iter().collect(),
                        roots,
                        samples,
                        equal_contents: equal.into_iter().collect(),
                        spare_bytes: spare.into_iter().collect(),
                        node_addresses,
                        collector,
                        ..heap.0
                    }
                },
            )
    })
}
