//! A snapshot as tables, for questions that nobody thought of: `docs/query.md` describes them. Values are
//! computed when they are asked for, so that a table of ten million rows takes no room.

use super::View;
use super::answer::Unit;
use crate::findings::Frame;
use crate::heap::full_name;
use crate::paths::shape_text;
use crate::seeded::Map;
use crate::shapes::TOP;
use std::borrow::Cow;
use unfreed_recording::ids::StackId;
use unfreed_recording::snapshot::{IMMORTAL, Label, NodeIndex, SYNTHETIC, TextIndex};

/// A table.
pub struct Table<'t> {
    /// Its name.
    pub name: &'static str,
    /// How many rows it has.
    pub rows: usize,
    /// Its columns.
    pub columns: Vec<TableColumn<'t>>,
}

/// A column of a table.
pub struct TableColumn<'t> {
    /// Its name.
    pub name: &'static str,
    /// What its values are: bytes, a count, or, of most, anything else.
    pub unit: Unit,
    /// The value of each row.
    pub values: Values<'t>,
}

/// The values of a column, by row. `None` is SQL's null.
pub enum Values<'t> {
    /// Numbers and ids.
    Integer(Box<dyn Fn(usize) -> Option<i64> + 't>),
    /// Yes or no.
    Truth(Box<dyn Fn(usize) -> bool + 't>),
    /// Texts.
    Text(Box<dyn Fn(usize) -> Option<Cow<'t, str>> + 't>),
}

fn integer<'t>(
    name: &'static str,
    unit: Unit,
    value: impl Fn(usize) -> Option<i64> + 't,
) -> TableColumn<'t> {
    TableColumn {
        name,
        unit,
        values: Values::Integer(Box::new(value)),
    }
}

fn id<'t>(name: &'static str, value: impl Fn(usize) -> Option<i64> + 't) -> TableColumn<'t> {
    integer(name, Unit::Text, value)
}

fn words<'t>(
    name: &'static str,
    value: impl Fn(usize) -> Option<Cow<'t, str>> + 't,
) -> TableColumn<'t> {
    TableColumn {
        name,
        unit: Unit::Text,
        values: Values::Text(Box::new(value)),
    }
}

fn truth<'t>(name: &'static str, value: impl Fn(usize) -> bool + 't) -> TableColumn<'t> {
    TableColumn {
        name,
        unit: Unit::Text,
        values: Values::Truth(Box::new(value)),
    }
}

/// A number as tables hold it.
fn whole(number: u64) -> Option<i64> {
    Some(i64::try_from(number).unwrap_or(i64::MAX))
}

/// All tables of a snapshot. `frames` gives a stack, innermost frame first.
#[must_use]
pub fn tables<'t>(view: &'t View<'_>, frames: &dyn Fn(StackId) -> Vec<Frame>) -> Vec<Table<'t>> {
    vec![
        objects(view),
        types(view),
        edges(view),
        sites(view, frames),
        paths(view),
        dominators(view),
    ]
}

fn objects<'t>(view: &'t View<'_>) -> Table<'t> {
    let heap = &view.heap;
    let names: Vec<String> = heap.snapshot.types.iter().map(full_name).collect();
    let type_of = |row: usize| heap.snapshot.node_types.get(row).copied();
    // `True` and `False` have theirs so that attributes can be told apart; here they say nothing.
    let states = heap.snapshot.node_states.iter().copied();
    let states: Map<NodeIndex, TextIndex> = states
        .filter(|&(_, text)| !matches!(heap.text(text), "True" | "False"))
        .collect();
    let samples: Map<NodeIndex, (u32, u64)> = heap
        .snapshot
        .samples
        .iter()
        .map(|sample| (sample.node, (sample.stack.0, sample.bytes)))
        .collect();
    let samples = std::rc::Rc::new(samples);
    let bytes_of = samples.clone();
    let columns = vec![
        id("object_id", |row| whole(row as u64)),
        id("type_id", move |row| type_of(row).map(i64::from)),
        words("type", move |row| {
            let name = names.get(type_of(row)? as usize)?;
            Some(Cow::Owned(name.clone()))
        }),
        id("address", |row| {
            let address = view.address(row as NodeIndex)?;
            i64::try_from(address).ok()
        }),
        integer("own", Unit::Bytes, |row| whole(heap.size(row as NodeIndex))),
        integer("retained", Unit::Bytes, |row| {
            whole(view.retained(row as NodeIndex))
        }),
        integer("refcount", Unit::Count, |row| {
            match heap.snapshot.node_refcounts.get(row).copied()? {
                IMMORTAL | SYNTHETIC => None,
                count => Some(i64::from(count)),
            }
        }),
        truth("reached", |row| {
            view.dominators().is_reached(row as NodeIndex)
        }),
        words("text", |row| {
            heap.node_text(row as NodeIndex).map(Cow::Borrowed)
        }),
        words("state", move |row| {
            let text = states.get(&(row as NodeIndex))?;
            Some(Cow::Borrowed(heap.text(*text)))
        }),
        id("path_id", |row| {
            let shape = *view.survey().shape_of.get(row)?;
            (shape != TOP).then_some(i64::from(shape))
        }),
        id("site_id", move |row| {
            samples
                .get(&(row as NodeIndex))
                .map(|&(site, _)| i64::from(site))
        }),
        integer("sampled", Unit::Bytes, move |row| {
            bytes_of
                .get(&(row as NodeIndex))
                .and_then(|&(_, bytes)| whole(bytes))
        }),
    ];
    Table {
        name: "objects",
        rows: heap.graph.node_count(),
        columns,
    }
}

fn types<'t>(view: &'t View<'_>) -> Table<'t> {
    let types = &view.heap.snapshot.types;
    let columns = vec![
        id("type_id", |row| whole(row as u64)),
        words("full_name", |row| {
            Some(Cow::Owned(full_name(types.get(row)?)))
        }),
        words("module", |row| {
            Some(Cow::Borrowed(types.get(row)?.module.as_str()))
        }),
        words("name", |row| {
            Some(Cow::Borrowed(types.get(row)?.name.as_str()))
        }),
        truth("heap", |row| types.get(row).is_some_and(|info| info.heap)),
        id("class_id", |row| types.get(row)?.node.map(i64::from)),
    ];
    Table {
        name: "types",
        rows: types.len(),
        columns,
    }
}

fn edges<'t>(view: &'t View<'_>) -> Table<'t> {
    let heap = &view.heap;
    let label = |row: usize| heap.label(row as u32);
    let columns = vec![
        id("source", |row| {
            Some(i64::from(heap.graph.source(row as u32)))
        }),
        id("target", |row| {
            Some(i64::from(heap.graph.target(row as u32)))
        }),
        words("kind", move |row| Some(Cow::Borrowed(kind(label(row))))),
        words("name", move |row| {
            Some(Cow::Borrowed(match label(row) {
                Label::Key(key) => heap.node_text(key)?,
                Label::Attribute(text)
                | Label::Cell(text)
                | Label::Local(text)
                | Label::Internal(text) => heap.text(text),
                _ => return None,
            }))
        }),
        integer("position", Unit::Count, move |row| match label(row) {
            Label::Index(index) => Some(i64::from(index)),
            _ => None,
        }),
        id("key_id", move |row| match label(row) {
            Label::Key(key) => Some(i64::from(key)),
            _ => None,
        }),
    ];
    Table {
        name: "edges",
        rows: heap.graph.edge_count(),
        columns,
    }
}

fn kind(label: Label) -> &'static str {
    match label {
        Label::Unnamed => "unnamed",
        Label::Attribute(_) => "attribute",
        Label::Key(_) => "value",
        Label::KeyObject => "key",
        Label::Index(_) => "item",
        Label::Element => "element",
        Label::Cell(_) => "cell",
        Label::Local(_) => "local",
        Label::Stack => "temporary",
        Label::Class => "class",
        Label::Namespace => "namespace",
        Label::Internal(_) => "internal",
    }
}

/// One line for each stack that made a sampled object; the frame is the one to name.
fn sites<'t>(view: &'t View<'_>, frames: &dyn Fn(StackId) -> Vec<Frame>) -> Table<'t> {
    let samples = view.heap.snapshot.samples.iter();
    let mut stacks: Vec<StackId> = samples.map(|sample| sample.stack).collect();
    stacks.sort_unstable();
    stacks.dedup();
    let sites: Vec<(StackId, Frame, String)> = stacks
        .into_iter()
        .map(|stack| {
            let frames = frames(stack);
            let lines = frames.iter().map(place);
            let whole = lines.collect::<Vec<_>>().join("\n");
            (
                stack,
                super::telling(&frames).cloned().unwrap_or_default(),
                whole,
            )
        })
        .collect();
    let rows = sites.len();
    let sites = std::rc::Rc::new(sites);
    let of = |get: fn(&(StackId, Frame, String)) -> &str| {
        let sites = sites.clone();
        move |row: usize| sites.get(row).map(|site| Cow::Owned(get(site).to_owned()))
    };
    let (stacks, lines) = (sites.clone(), sites.clone());
    let columns = vec![
        id("site_id", move |row| Some(i64::from(stacks.get(row)?.0.0))),
        words("file", of(|site| &site.1.file)),
        integer("line", Unit::Count, move |row| {
            Some(i64::from(lines.get(row)?.1.line))
        }),
        words("function", of(|site| &site.1.function)),
        words("source", of(|site| &site.1.source)),
        words("stack", of(|site| &site.2)),
    ];
    Table {
        name: "sites",
        rows,
        columns,
    }
}

fn place(frame: &Frame) -> String {
    format!("{}:{} in {}()", frame.file, frame.line, frame.function)
}

/// Masked paths from roots, as reports write them, and what is there.
fn paths<'t>(view: &'t View<'_>) -> Table<'t> {
    let shapes = view.forest().shapes.len();
    let mut found = vec![(0_u64, 0_u64); shapes];
    for (node, &shape) in view.survey().shape_of.iter().enumerate() {
        if let Some((objects, own)) = found.get_mut(shape as usize) {
            *objects += 1;
            *own = own.saturating_add(view.heap.size(node as NodeIndex));
        }
    }
    let found = std::rc::Rc::new(found);
    let sizes = found.clone();
    // The top is no path: row 0 is shape 1.
    let shape = |row: usize| row as u32 + 1;
    let columns = vec![
        id("path_id", move |row| Some(i64::from(shape(row)))),
        id("parent_id", move |row| {
            let parent = view.forest().shapes.get(shape(row)).parent;
            (parent != TOP).then_some(i64::from(parent))
        }),
        words("path", move |row| {
            Some(Cow::Owned(shape_text(view.forest(), shape(row))))
        }),
        words("of_type", move |row| {
            let name = view.forest().shapes.get(shape(row)).type_name;
            Some(Cow::Borrowed(view.forest().names.text(name)))
        }),
        integer("objects", Unit::Count, move |row| {
            whole(found.get(row + 1)?.0)
        }),
        integer("bytes", Unit::Bytes, move |row| {
            whole(sizes.get(row + 1)?.1)
        }),
    ];
    Table {
        name: "paths",
        rows: shapes.saturating_sub(1),
        columns,
    }
}

/// Of each object that a root reaches: the object without which it would be freed.
fn dominators<'t>(view: &'t View<'_>) -> Table<'t> {
    let reached: Vec<NodeIndex> = view
        .nodes()
        .filter(|&node| view.dominators().is_reached(node))
        .collect();
    let rows = reached.len();
    let reached = std::rc::Rc::new(reached);
    let objects = reached.clone();
    let columns = vec![
        id("object_id", move |row| {
            objects.get(row).map(|&node| i64::from(node))
        }),
        id("dominator_id", move |row| {
            let dominator = view.dominators().immediate(*reached.get(row)?);
            dominator.map(i64::from)
        }),
    ];
    Table {
        name: "dominators",
        rows,
        columns,
    }
}
