//! Where the objects of this process began, for questions that the program asks itself: the blocks that are followed now,
//! and names of their stacks. Nothing here makes a process follow more than it does.

use crate::recorder::{self, Recorder};
use crate::session::{BEFORE_OBJECT, session};
use crate::{descriptors, running};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use unfreed_cpython::Runtime;
use unfreed_cpython::gil::Gil;
use unfreed_cpython::walk::live::Followed;
use unfreed_cpython::walk::{HandedOn, Owned, SampledBlock};
use unfreed_recording::ids::StackId;
use unfreed_recording::sites::{StackNode, Stacks};
use unfreed_sys::fork;

/// Whose code is whose, by folders.
#[derive(Clone, Copy, Debug)]
pub struct Folders<'f> {
    /// Unfreed's.
    pub own: &'f str,
    /// The standard library's.
    pub stdlib: &'f [String],
    /// What was installed.
    pub site: &'f [String],
}

impl Folders<'_> {
    /// Whether a block of code in `file` is unfreed's, given whether that of its caller is: the standard library works for
    /// whoever calls it.
    fn is_own(&self, file: &str, caller: bool) -> bool {
        let is_in = |folders: &[String]| folders.iter().any(|folder| file.starts_with(folder));
        // Packages often lie in a folder of the standard library.
        file.starts_with(self.own)
            || caller && (file.starts_with('<') || is_in(self.stdlib) && !is_in(self.site))
    }
}

/// Which lines allocate, as far as this process is followed.
#[derive(Clone, Debug)]
pub struct Origins {
    /// Stacks of Python, as they are known now, code objects by ascending id; calls of C code are left out of them.
    pub stacks: Stacks,
    /// Whether every block is followed; otherwise a sample.
    pub every_block: bool,
    pub(crate) followed: Followed,
    /// By the number of a stack: the same without calls of C code; none for those of unfreed itself.
    without_c: HashMap<StackId, Option<StackId>, FixedState>,
}

/// Whether blocks of this process are followed now. The GIL must be held.
#[must_use]
pub fn is_followed() -> bool {
    let is_on = running().is_some() || session().parts > 0;
    is_on && !fork::is_orphan() && recorder::installed().is_some()
}

/// What is followed now; `None` when nothing is.
pub(crate) fn now(gil: &Gil, folders: Folders<'_>) -> Option<Origins> {
    let recorder = recorder::installed().filter(|_| is_followed())?;
    let mut origins = Origins::named(recorder, gil, folders);
    let every_block = recorder.is_exact();
    origins.followed = Followed {
        blocks: origins.blocks(recorder),
        owned: if every_block {
            Owned::InObjects
        } else {
            Owned::Told
        },
        handed_on: if recorder.follows_births() {
            HandedOn::Followed
        } else {
            HandedOn::Unnoticed
        },
    };
    Some(origins)
}

/// The stacks that made the objects at these addresses, as far as they are followed; and all names. The GIL must be held.
#[must_use]
pub fn of_objects(objects: &[usize], folders: Folders<'_>) -> Option<(Origins, Vec<StackId>)> {
    let gil = Gil::held(Runtime::detect().ok()?)?;
    let recorder = recorder::installed().filter(|_| is_followed())?;
    let origins = Origins::named(recorder, &gil, folders);
    let starts = |object: usize| {
        let starts = BEFORE_OBJECT.iter();
        starts.filter_map(move |before| object.checked_sub(*before))
    };
    let stacks: Vec<StackId> = match recorder.ledger() {
        Some(ledger) => {
            let stack = |start| ledger.block_at(start).map(|block| block.stack);
            let of = |&object: &usize| starts(object).find_map(stack).unwrap_or_default();
            objects.iter().map(of).collect()
        }
        None => {
            let live = recorder.live_blocks();
            let known: HashMap<usize, StackId, FixedState> = live
                .iter()
                .map(|block| (block.address, block.stack))
                .collect();
            let of = |&object: &usize| starts(object).find_map(|start| known.get(&start).copied());
            let found = objects.iter().map(of);
            found.map(Option::unwrap_or_default).collect()
        }
    };
    let stacks = stacks.into_iter();
    let stacks = stacks.map(|stack| origins.python(stack).unwrap_or_default());
    let stacks = stacks.collect();
    Some((origins, stacks))
}

/// The same of file descriptors, where calls of C code are followed.
#[must_use]
pub fn of_descriptors(numbers: &[i32], folders: Folders<'_>) -> Option<(Origins, Vec<StackId>)> {
    let gil = Gil::held(Runtime::detect().ok()?)?;
    let recorder = recorder::installed().filter(|_| is_followed())?;
    if !recorder.sees_natives() || !descriptors::are_own() {
        return None;
    }
    let origins = Origins::named(recorder, &gil, folders);
    let stacks = numbers.iter();
    let stack = |&number: &i32| origins.python(descriptors::stack(number));
    let stacks = stacks.map(|number| stack(number).unwrap_or_default());
    let stacks = stacks.collect();
    Some((origins, stacks))
}

impl Origins {
    fn named(recorder: &Recorder, gil: &Gil, folders: Folders<'_>) -> Self {
        let session = session();
        // An agent takes the stacks for its recording, now and then, and leaves them here.
        let all = session.with(recorder.new_stacks(gil));
        let (stacks, without_c) = of_python(&all, folders);
        Self {
            stacks,
            without_c,
            every_block: recorder.is_exact(),
            followed: Followed::NOTHING,
        }
    }

    fn blocks(&self, recorder: &Recorder) -> Vec<SampledBlock> {
        let live = recorder.live_blocks().into_iter();
        live.filter_map(|block| {
            Some(SampledBlock {
                address: block.address,
                stack: self.python(block.stack)?,
                born: block.born,
                bytes: block.bytes,
                size: 0,
            })
        })
        .collect()
    }

    /// The stack without calls of C code; `None` for one of unfreed itself.
    fn python(&self, stack: StackId) -> Option<StackId> {
        let known = self.without_c.get(&stack).copied();
        known.unwrap_or(Some(StackId(0)))
    }
}

/// The stacks without calls whose code is not known here, and which stack each of the old ones is now.
fn of_python(
    all: &Stacks,
    folders: Folders<'_>,
) -> (Stacks, HashMap<StackId, Option<StackId>, FixedState>) {
    let files: HashMap<_, &str, FixedState> = all
        .codes
        .iter()
        .map(|code| (code.id, code.file.as_str()))
        .collect();
    let mut now: HashMap<StackId, (StackId, bool), FixedState> = HashMap::default();
    let mut nodes = Vec::with_capacity(all.nodes.len());
    // A stack comes after the one that it is called from.
    for node in &all.nodes {
        let (parent, is_own) = now.get(&node.parent).copied().unwrap_or_default();
        let found = match files.get(&node.code) {
            Some(file) => {
                nodes.push(StackNode { parent, ..*node });
                (node.id, folders.is_own(file, is_own))
            }
            None => (parent, is_own),
        };
        now.insert(node.id, found);
    }
    let shown = now.into_iter();
    let shown = shown.map(|(old, (new, is_own))| (old, (!is_own).then_some(new)));
    let mut codes = all.codes.clone();
    codes.sort_by_key(|code| code.id);
    (Stacks { codes, nodes }, shown.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use unfreed_recording::ids::CodeId;
    use unfreed_recording::sites::Code;

    fn stacks(files: &[(u32, &str)], nodes: &[(u32, u32, u32)]) -> Stacks {
        let code = |&(id, file): &(u32, &str)| Code {
            id: CodeId(id),
            file: file.to_owned(),
            function: "f".to_owned(),
            first_line: 1,
        };
        let node = |&(id, parent, code): &(u32, u32, u32)| StackNode {
            id: StackId(id),
            parent: StackId(parent),
            code: CodeId(code),
            line: 1,
        };
        Stacks {
            codes: files.iter().map(code).collect(),
            nodes: nodes.iter().map(node).collect(),
        }
    }

    /// What each stack is now; 99 for those of unfreed itself.
    fn now(all: &Stacks) -> (Vec<(u32, u32)>, Vec<u32>) {
        let folders = Folders {
            own: "/lib/site/unfreed/",
            stdlib: &["/lib/".to_owned()],
            site: &["/lib/site/".to_owned()],
        };
        let (stacks, now) = of_python(all, folders);
        let nodes = stacks.nodes.iter();
        let left = nodes.map(|node| (node.id.0, node.parent.0)).collect();
        let ids = all.nodes.iter();
        let is = ids.map(|node| now[&node.id].map_or(99, |stack| stack.0));
        (left, is.collect())
    }

    #[test]
    fn calls_of_c_code_are_passed_over() {
        let all = stacks(
            &[(0, "a.py"), (2, "a.py")],
            &[(1, 0, 0), (2, 1, 1), (3, 2, 2), (4, 0, 1)],
        );
        assert_eq!(now(&all), (vec![(1, 0), (3, 1)], vec![1, 1, 3, 0]));
    }

    #[test]
    fn what_unfreed_allocates_is_left_out_and_what_it_calls_is_not() {
        let files = [
            (0, "/lib/site/unfreed/_live.py"),
            (1, "/lib/json.py"),
            (2, "/lib/site/pandas.py"),
            (3, "app.py"),
        ];
        let nodes = [(1, 0, 0), (2, 1, 1), (3, 2, 2), (4, 1, 3), (5, 4, 1)];
        assert_eq!(now(&stacks(&files, &nodes)).1, [99, 99, 3, 4, 5]);
    }
}
