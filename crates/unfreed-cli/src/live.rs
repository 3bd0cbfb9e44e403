//! Questions of a program to its own heap, while it stands still: the answers of `unfreed heap`, without a file.

use crate::commands::opened::{parse, pick, read};
use crate::naming;
use std::collections::BTreeMap;
use std::path::Path;
use unfreed_analysis::Recorded;
use unfreed_analysis::findings::Frame;
use unfreed_analysis::questions::{
    self, Answer, Coverage, Direction, GroupBy, Part, Reference, Selection, View,
};
pub use unfreed_analysis::questions::{Collector, Contents, full_name};
use unfreed_analysis::source::EvidenceSource;
use unfreed_recording::ids::StackId;
use unfreed_recording::process::ProcessInfo;
use unfreed_recording::sites::{Code, Stacks};
use unfreed_recording::snapshot::{NodeIndex, Snapshot};
use unfreed_recording::{Frames, StackTrie};
use unfreed_report::answer::{render_json, render_table};
use unfreed_report::picture::{render_dot, render_png, render_svg};

/// A heap ready for questions.
pub struct Live<'a> {
    view: View<'a>,
}

/// Objects and bytes by name.
pub type Sums = BTreeMap<String, (u64, u64)>;

/// Names of the stacks that made objects.
pub struct Lines<'s> {
    codes: &'s [Code],
    stacks: StackTrie,
}

impl<'s> Lines<'s> {
    /// Of what a process knows; its codes are sorted by id.
    #[must_use]
    pub fn new(stacks: &'s Stacks) -> Self {
        Self {
            codes: &stacks.codes,
            stacks: StackTrie::new(stacks.nodes.clone()),
        }
    }

    /// The frames of a stack, innermost first.
    #[must_use]
    pub fn frames(&self, stack: StackId) -> Vec<Frame> {
        let frames = Frames::new(&self.stacks, self.codes, stack);
        frames
            .map(|(code, line)| Frame {
                file: code.file.clone(),
                line,
                function: code.function.clone(),
                ..Frame::default()
            })
            .collect()
    }
}

/// Objects and bytes, by type, of what is unfreed's own among a look at its instances.
#[must_use]
pub fn held_by_unfreed(snapshot: &Snapshot) -> Sums {
    let mut sums = Sums::new();
    for node in questions::held_by_unfreed(snapshot) {
        let type_ = snapshot.node_types.get(node as usize);
        let Some(info) = type_.and_then(|&type_| snapshot.types.get(type_ as usize)) else {
            continue;
        };
        let size = snapshot.node_sizes.get(node as usize).copied();
        let (objects, bytes) = sums.entry(full_name(info)).or_default();
        *objects += 1;
        *bytes = bytes.saturating_add(size.unwrap_or(0));
    }
    sums
}

/// An answer in both of its forms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// As the terminal shows it.
    pub text: String,
    /// As `docs/heap.md` documents it.
    pub json: String,
}

impl<'a> Live<'a> {
    /// Looks a snapshot over.
    ///
    /// # Errors
    /// A sentence, when its columns do not fit each other.
    pub fn new(snapshot: &'a Snapshot, process: &ProcessInfo) -> Result<Self, String> {
        View::new(snapshot, process).map(|view| Self { view })
    }

    /// With what is known of the collector, for the questions `cycles` and `garbage`.
    #[must_use]
    pub fn with_collector(self, collector: Collector) -> Self {
        Self {
            view: self.view.with_collector(collector),
        }
    }

    /// With contents that were compared, for the question `waste`.
    #[must_use]
    pub fn with_contents(self, contents: Contents) -> Self {
        Self {
            view: self.view.with_contents(contents),
        }
    }

    /// Answers one of the questions of `unfreed heap` about the given objects, where it is about objects; at most
    /// `most` rows, `width` columns wide.
    ///
    /// # Errors
    /// A sentence, when there is no such question.
    pub fn answer(
        &self,
        question: &str,
        nodes: Vec<NodeIndex>,
        most: usize,
        width: usize,
    ) -> Result<Said, String> {
        let (view, of) = (&self.view, Selection::from(nodes));
        let mut answer = match question {
            "census type" => questions::census(view, GroupBy::Type, most),
            "census module" => questions::census(view, GroupBy::Module, most),
            "census root" => questions::census(view, GroupBy::Root, most),
            "census path" => questions::census(view, GroupBy::Path, most),
            "suspects" => questions::suspects(view, &|_| Vec::new()),
            "path" => questions::paths(view, &of, most),
            "referrers" => questions::referrers(view, &of, most),
            "referents" => questions::referents(view, &of, most),
            "retained" => questions::retained(view, &of, most),
            "dominators" => questions::dominators(view, most, 0.01),
            "cycles" => questions::cycles(view, most),
            "garbage" => questions::garbage(view, most),
            "waste" => questions::waste(view, most),
            "unexplained" => questions::unexplained(view, most),
            other => return Err(format!("there is no question {other}")),
        };
        // What to ask next is said in the words of the command.
        answer.next.clear();
        self.said(&answer, width)
    }

    /// The lines that made the objects of the snapshot's samples; at most `most` rows.
    ///
    /// # Errors
    /// A sentence, when it cannot be written.
    pub fn sites(
        &self,
        lines: &Lines<'_>,
        every_block: bool,
        most: usize,
        width: usize,
    ) -> Result<Said, String> {
        let coverage = if every_block {
            Coverage::EveryObject
        } else {
            Coverage::Samples
        };
        let frames = |stack| lines.frames(stack);
        self.said(
            &questions::sites(&self.view, &frames, coverage, most),
            width,
        )
    }

    /// Objects and bytes of each `module`, `root` or `path`, without what is unfreed's own.
    ///
    /// # Errors
    /// A sentence, when there is no such group.
    pub fn grouped(&self, by: &str) -> Result<Sums, String> {
        let by = match by {
            "module" => GroupBy::Module,
            "root" => GroupBy::Root,
            "path" => GroupBy::Path,
            other => return Err(format!("there is no group {other}")),
        };
        Ok(questions::grouped(&self.view, by))
    }

    /// The same of each line that made objects.
    #[must_use]
    pub fn grouped_by_site(&self, lines: &Lines<'_>) -> Sums {
        questions::grouped_by_site(&self.view, &|stack| lines.frames(stack))
    }

    fn said(&self, answer: &Answer, width: usize) -> Result<Said, String> {
        said(answer, &self.view, width)
    }

    /// Who refers to the objects, one for each reference.
    #[must_use]
    pub fn references_to(&self, nodes: &[NodeIndex]) -> Vec<Reference> {
        questions::references_to(&self.view, nodes)
    }

    /// What the objects refer to.
    #[must_use]
    pub fn references_from(&self, nodes: &[NodeIndex]) -> Vec<Reference> {
        questions::references_from(&self.view, nodes)
    }

    /// Who holds an object, as JSON of the form of a finding's `held_by`.
    ///
    /// # Errors
    /// A sentence, when it cannot be written.
    pub fn held_by(&self, node: NodeIndex) -> Result<String, String> {
        let held = questions::held_by(&self.view, node);
        serde_json::to_string(&held).map_err(|error| error.to_string())
    }

    /// Where each object is: its path, or that it has none.
    #[must_use]
    pub fn places(&self, nodes: &[NodeIndex]) -> Vec<String> {
        let held = |&node| questions::held_by(&self.view, node).path;
        nodes.iter().map(held).collect()
    }

    /// The path to an object: the root's name, the root, the references that lead on.
    #[must_use]
    pub fn chain(&self, node: NodeIndex) -> Option<(String, NodeIndex, Vec<Reference>)> {
        questions::chain(&self.view, node)
    }

    /// A picture of who holds the objects (`referrers`), what they hold (`referents`) or both, as `svg`, `png` or
    /// `dot`.
    ///
    /// # Errors
    /// A sentence, when it cannot be drawn.
    pub fn picture(
        &self,
        nodes: Vec<NodeIndex>,
        direction: &str,
        depth: usize,
        most: usize,
        form: &str,
    ) -> Result<Vec<u8>, String> {
        let direction = match direction {
            "referrers" => Direction::Referrers,
            "referents" => Direction::Referents,
            _ => Direction::Both,
        };
        let drawn = questions::picture(&self.view, &nodes.into(), direction, depth, most);
        let mut document = Vec::new();
        match form {
            "png" => return render_png(&drawn).map_err(|error| error.to_string()),
            "dot" => render_dot(&drawn, &mut document),
            _ => render_svg(&drawn, &mut document),
        }
        .map_err(|error| error.to_string())?;
        Ok(document)
    }
}

/// What changed from one recording's last snapshot to the other's, by `type`, by `path` or by `site`.
///
/// # Errors
/// A sentence, when one of them cannot be used.
pub fn difference(
    before: &Path,
    after: &Path,
    by: &str,
    most: usize,
    width: usize,
) -> Result<Said, String> {
    let (old_bytes, new_bytes) = (read(before)?, read(after)?);
    let (old, new) = (parse(before, &old_bytes)?, parse(after, &new_bytes)?);
    let (first, second) = (pick(before, &old, -1)?, pick(after, &new, -1)?);
    let first = View::new(&first, &old.process)?;
    let second = View::new(&second, &new.process)?;
    let mut answer = match by {
        "site" => {
            let (old, new) = (naming::named(&old), naming::named(&new));
            differing_sites((&first, &old, before), (&second, &new, after), most)?
        }
        "path" => questions::difference(&first, &second, GroupBy::Path, most),
        _ => questions::difference(&first, &second, GroupBy::Type, most),
    };
    answer.next.clear();
    said(&answer, &second, width)
}

/// What changed by the lines that made the objects. Each snapshot comes with its recording and the recording's file.
///
/// # Errors
/// A sentence, when one of them has no lines.
pub(crate) fn differing_sites(
    before: (&View<'_>, &Recorded<'_>, &Path),
    after: (&View<'_>, &Recorded<'_>, &Path),
    most: usize,
) -> Result<Answer, String> {
    let known = [
        (before.0.has_sites(), before.2),
        (after.0.has_sites(), after.2),
    ];
    for (has_sites, path) in known {
        if !has_sites {
            return Err(format!(
                "{}: no allocations were followed when this snapshot was taken, so nobody knows which lines made its \
                 objects; record the program with `unfreed run`, or call unfreed.follow() before unfreed.snapshot()",
                path.display()
            ));
        }
    }
    let old = |stack| EvidenceSource::frames(before.1, stack);
    let new = |stack| EvidenceSource::frames(after.1, stack);
    let (before, after) = (before.0, after.0);
    Ok(questions::difference_by_site(
        (before, &old),
        (after, &new),
        most,
    ))
}

fn said(answer: &Answer, view: &View<'_>, width: usize) -> Result<Said, String> {
    let facts = view.facts();
    let (mut text, mut json) = (Vec::new(), Vec::new());
    let written = render_table(answer, &facts, "", width, &mut text)
        .and_then(|()| render_json(answer, &facts, &mut json));
    written.map_err(|error| error.to_string())?;
    let plain = String::from_utf8_lossy(&text);
    Ok(Said {
        text: anstream::adapter::strip_str(&plain).to_string(),
        json: String::from_utf8_lossy(&json).into_owned(),
    })
}

/// What objects consist of, as JSON: a list of parts with their parts. See [`questions::composition`].
///
/// # Errors
/// A sentence, when the snapshot's columns do not fit each other.
pub fn composition(
    snapshot: &Snapshot,
    nodes: &[NodeIndex],
    depth: usize,
    most: usize,
) -> Result<String, String> {
    let parts: Vec<Part> = questions::composition(snapshot, nodes, depth, most)?;
    serde_json::to_string(&parts).map_err(|error| error.to_string())
}
