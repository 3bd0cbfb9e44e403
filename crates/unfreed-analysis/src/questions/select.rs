//! Which objects a question is about: by number (`Session#123`, `#123`), by address (`0x7f3a5c2d10e0`, as a repr or
//! `id()` gave it), by type (`Session`, `app.models.Session`), by Python path (`app.sessions.STORE['f3a9'].payload`).

use super::View;
use crate::heap::{full_name, short_name};
use crate::keys::with_our_quotes;
use crate::paths::reference;
use thiserror::Error;
use unfreed_recording::snapshot::NodeIndex;

/// Most suggestions in a refusal.
const SUGGESTED: usize = 5;
/// Longest path, in characters, that is tried.
const LONGEST: usize = 4096;

/// The objects a question is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// One object.
    Object(NodeIndex),
    /// All instances of types of this name, by number.
    Type(String, Vec<NodeIndex>),
    /// Several objects, in the order in which they were named.
    Given(Vec<NodeIndex>),
}

impl From<Vec<NodeIndex>> for Selection {
    /// Objects that the caller has at hand.
    fn from(nodes: Vec<NodeIndex>) -> Self {
        match nodes.as_slice() {
            [node] => Self::Object(*node),
            _ => Self::Given(nodes),
        }
    }
}

/// Why a text names no object.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Unselected {
    /// The number is of no object, or of one of another type.
    #[error("there is no object {0} in this snapshot")]
    Number(String),
    /// No object begins there.
    #[error("no object of this snapshot lies at {0}")]
    Address(String),
    /// Nobody wrote down where objects lie.
    #[error(
        "this snapshot has no addresses, so {0} cannot be looked up; unfreed.snapshot(\"now.unfreed\") and \
         `unfreed snapshot` write them"
    )]
    NoAddresses(String),
    /// Neither a type nor a path.
    #[error(
        "no type and no path in this snapshot is called {name}{}",
        suggestion(near)
    )]
    Unknown {
        /// What was asked for.
        name: String,
        /// Names that are nearly the same.
        near: Vec<String>,
    },
    /// A path that ends early.
    #[error("{reached} has no {rest} in this snapshot{}", suggestion(near))]
    Broken {
        /// As far as it goes.
        reached: String,
        /// What is not there.
        rest: String,
        /// What is there instead.
        near: Vec<String>,
    },
}

fn suggestion(near: &[String]) -> String {
    if near.is_empty() {
        String::new()
    } else {
        format!("; there is {}", near.join(", "))
    }
}

impl Selection {
    /// The selected objects.
    #[must_use]
    pub fn nodes(&self) -> &[NodeIndex] {
        match self {
            Self::Object(node) => std::slice::from_ref(node),
            Self::Type(_, nodes) | Self::Given(nodes) => nodes,
        }
    }

    /// Finds what all `names` name together, each object once.
    ///
    /// # Errors
    /// [`Unselected`] for the first that names nothing.
    pub fn find_all<'n>(
        view: &View<'_>,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Result<Self, Unselected> {
        let found = names.into_iter().map(|name| Self::find(view, name));
        let mut found = found.collect::<Result<Vec<Self>, Unselected>>()?;
        if found.len() == 1 {
            return Ok(found.remove(0));
        }
        let mut seen = crate::seeded::Set::default();
        let nodes = found.iter().flat_map(Self::nodes).copied();
        Ok(Self::from(
            nodes.filter(|&node| seen.insert(node)).collect::<Vec<_>>(),
        ))
    }

    /// Finds what `name` names.
    ///
    /// # Errors
    /// [`Unselected`], with what there is instead.
    pub fn find(view: &View<'_>, name: &str) -> Result<Self, Unselected> {
        if let Some((kind, number)) = name.rsplit_once('#') {
            return by_number(view, name, kind, number);
        }
        if let Some(digits) = name.strip_prefix("0x").or(name.strip_prefix("0X")) {
            return by_address(view, name, digits);
        }
        if let Some(found) = by_type(view, name) {
            return Ok(found);
        }
        let path = with_our_quotes(name);
        let refused = match by_path(view, &path) {
            Ok(found) => return Ok(found),
            Err(refused) => refused,
        };
        // The main module goes by its file; people know it by its own name, too, or leave it out.
        let inside = path.strip_prefix("__main__.").unwrap_or(&path);
        let main = view.main_module().map(|main| format!("{main}.{inside}"));
        main.and_then(|main| by_path(view, &main).ok())
            .ok_or(refused)
    }
}

fn by_number(
    view: &View<'_>,
    name: &str,
    kind: &str,
    number: &str,
) -> Result<Selection, Unselected> {
    let node = number.parse::<NodeIndex>().ok();
    let node = node.filter(|&node| (node as usize) < view.heap.graph.node_count());
    let fits = |node: &NodeIndex| {
        let full = view.heap.type_name(*node);
        kind.is_empty() || kind == full || kind == short_name(&full)
    };
    node.filter(fits)
        .map(Selection::Object)
        .ok_or_else(|| Unselected::Number(name.to_owned()))
}

fn by_address(view: &View<'_>, name: &str, digits: &str) -> Result<Selection, Unselected> {
    let addresses = &view.heap.snapshot.node_addresses;
    if addresses.is_empty() {
        return Err(Unselected::NoAddresses(name.to_owned()));
    }
    let wanted = u64::from_str_radix(digits, 16).ok();
    // 0 stands for nodes that are no objects.
    let wanted = wanted.filter(|&address| address != 0);
    let found = wanted.and_then(|wanted| addresses.iter().position(|&there| there == wanted));
    found
        .map(|node| Selection::Object(node as NodeIndex))
        .ok_or_else(|| Unselected::Address(name.to_owned()))
}

fn by_type(view: &View<'_>, name: &str) -> Option<Selection> {
    let types = &view.heap.snapshot.types;
    let matching = |wanted: &dyn Fn(&str) -> bool| -> Vec<u32> {
        let named = types
            .iter()
            .enumerate()
            .filter(|(_, info)| wanted(&full_name(info)));
        named.map(|(index, _)| index as u32).collect()
    };
    let mut found = matching(&|full| full == name);
    if found.is_empty() {
        found = matching(&|full| short_name(full) == name);
    }
    let nodes: Vec<NodeIndex> = view
        .nodes()
        .filter(|&node| found.contains(&view.heap.snapshot.node_types[node as usize]))
        .collect();
    // A name that has a type but no instance may still be a module's attribute.
    (!nodes.is_empty()).then(|| Selection::Type(name.to_owned(), nodes))
}

/// Walks a path from the longest root name that it begins with.
fn by_path(view: &View<'_>, name: &str) -> Result<Selection, Unselected> {
    let name: String = name.chars().take(LONGEST).collect();
    let mut roots: Vec<(&str, NodeIndex)> = view
        .survey()
        .paths
        .order()
        .iter()
        .filter(|&&node| view.survey().paths.parent(node) == unfreed_graph::NO_NODE)
        .filter_map(|&node| {
            let shape = view.survey().shape_of.get(node as usize)?;
            Some((view.forest().roots.get(shape)?.prefix.as_str(), node))
        })
        .filter(|(prefix, _)| begins(&name, prefix))
        .collect();
    roots.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
    let mut broken = None;
    for (prefix, node) in roots {
        match follow(view, node, prefix, &name[prefix.len()..]) {
            Ok(node) => return Ok(Selection::Object(node)),
            Err(error) => broken = broken.or(Some(error)),
        }
    }
    Err(broken.unwrap_or_else(|| Unselected::Unknown {
        near: near(view, &name),
        name,
    }))
}

fn begins(name: &str, prefix: &str) -> bool {
    !prefix.is_empty()
        && name
            .strip_prefix(prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[', '{', ' ']))
}

/// Takes the edges whose texts the rest of a path begins with, longest first; an edge without a
/// text (a namespace, a cell) is passed through.
fn follow(
    view: &View<'_>,
    root: NodeIndex,
    prefix: &str,
    rest: &str,
) -> Result<NodeIndex, Unselected> {
    let mut stack = vec![(root, rest)];
    let mut shortest = (root, rest);
    let mut tried = crate::seeded::Set::default();
    while let Some((node, rest)) = stack.pop() {
        if rest.is_empty() {
            return Ok(node);
        }
        if !tried.insert((node, rest.len())) {
            continue;
        }
        if rest.len() < shortest.1.len() {
            shortest = (node, rest);
        }
        let mut steps: Vec<(usize, NodeIndex)> = view
            .heap
            .graph
            .edges(node)
            .filter_map(|edge| {
                let text = reference(&view.heap, edge, false);
                let fits = rest.starts_with(&text)
                    && (text.is_empty() || at_end_of_name(&rest[text.len()..], &text));
                fits.then_some((text.len(), edge.target))
            })
            .collect();
        // What is pushed last is tried first: the longest text.
        steps.sort_by_key(|&(length, node)| (length, std::cmp::Reverse(node)));
        stack.extend(
            steps
                .into_iter()
                .map(|(length, target)| (target, &rest[length..])),
        );
    }
    let (node, left) = shortest;
    let reached = format!("{prefix}{}", &rest[..rest.len() - left.len()]);
    let mut near: Vec<String> = onward(view, node);
    near.sort_by_key(|step| std::cmp::Reverse(in_common(step, left)));
    near.truncate(SUGGESTED);
    Err(Unselected::Broken {
        reached,
        rest: left.to_owned(),
        near,
    })
}

/// Whether a name is over where `rest` goes on: `.user` is no step into `.username`.
fn at_end_of_name(rest: &str, text: &str) -> bool {
    let open = text.ends_with(|last: char| last.is_alphanumeric() || last == '_');
    !open || !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_')
}

/// How many letters two texts begin with alike.
fn in_common(one: &str, other: &str) -> usize {
    let pairs = one.chars().zip(other.chars());
    pairs.take_while(|(one, other)| one == other).count()
}

/// The steps that lead on from a node, through its namespace.
fn onward(view: &View<'_>, node: NodeIndex) -> Vec<String> {
    let mut steps = Vec::new();
    for edge in view.heap.graph.edges(node) {
        let text = reference(&view.heap, edge, false);
        if text.is_empty() {
            let inner = view.heap.graph.edges(edge.target);
            steps.extend(inner.map(|edge| reference(&view.heap, edge, false)));
        } else {
            steps.push(text);
        }
        if steps.len() > 50 {
            break;
        }
    }
    steps.retain(|step| !step.is_empty() && !step.starts_with(".__"));
    steps
}

/// Types and roots whose names contain the name, or its last part.
fn near(view: &View<'_>, name: &str) -> Vec<String> {
    let last = short_name(name).to_lowercase();
    let types = view.heap.snapshot.types.iter().map(full_name);
    let roots = view.forest().roots.values().map(|root| root.prefix.clone());
    let alike = |known: &String| !last.is_empty() && known.to_lowercase().contains(&last);
    let mut found: Vec<String> = types.chain(roots).filter(alike).collect();
    found.sort_by_key(|known| (known.len(), known.clone()));
    found.dedup();
    found.truncate(SUGGESTED);
    found
}
