//! The heap of this process for questions that are answered at once: nothing is written, and the GIL is held from
//! the look to the answer.

use crate::headroom::{self, Shortage};
use crate::origins::{self, Folders, Origins};
use crate::single::SnapshotError;
use unfreed_cpython::Runtime;
use unfreed_cpython::gil::Gil;
use unfreed_cpython::stack;
use unfreed_cpython::walk::live::{self, Counted, Followed, Seen, Sizes};
use unfreed_cpython::walk::{SharedBuffer, Tracked};

/// Looks at the whole heap and lets `work` answer. The innermost frames of the calling thread whose code lies in
/// `own_folder` are left out; the objects at `also`, which the caller holds, are not. `buffers` are those that no walk can see.
///
/// # Errors
/// As [`crate::snapshot`].
pub fn with_heap<T>(
    own_folder: &str,
    also: &[usize],
    buffers: &[SharedBuffer],
    work: impl FnOnce(&Seen<'_>) -> T,
) -> Result<T, SnapshotError> {
    let runtime = Runtime::detect()?;
    let gil = Gil::held(runtime).ok_or(SnapshotError::NoGil)?;
    let tracked = tracked(runtime, &gil)?.with_buffers(buffers);
    let nothing = Followed::NOTHING;
    let seen = live::whole(runtime, &gil, tracked, own_folder, also, &nothing)?;
    Ok(work(&seen))
}

/// As [`with_heap`], with the lines that made the objects, as far as this process is followed; `None` where it is not.
///
/// # Errors
/// As [`crate::snapshot`].
pub fn with_origins<T>(
    folders: Folders<'_>,
    buffers: &[SharedBuffer],
    work: impl FnOnce(&Seen<'_>, &Origins) -> T,
) -> Result<Option<T>, SnapshotError> {
    let runtime = Runtime::detect()?;
    let gil = Gil::held(runtime).ok_or(SnapshotError::NoGil)?;
    let Some(origins) = origins::now(&gil, folders) else {
        return Ok(None);
    };
    let tracked = tracked(runtime, &gil)?.with_buffers(buffers);
    let seen = live::whole(runtime, &gil, tracked, folders.own, &[], &origins.followed)?;
    Ok(Some(work(&seen, &origins)))
}

/// Looks at the instances of classes of a package, and at the data that they lead to.
///
/// # Errors
/// As [`crate::snapshot`].
pub fn with_instances<T>(
    package: &str,
    work: impl FnOnce(&Seen<'_>) -> T,
) -> Result<T, SnapshotError> {
    let runtime = Runtime::detect()?;
    let gil = Gil::held(runtime).ok_or(SnapshotError::NoGil)?;
    let tracked = Tracked::now(runtime, &gil)?;
    let instances = live::instances_of(runtime, &gil, &tracked, package);
    Ok(work(&live::below(runtime, &gil, &instances, false, &[])?))
}

/// Counts the whole heap by type. As [`with_heap`].
///
/// # Errors
/// As [`crate::snapshot`].
pub fn counts(own_folder: &str, buffers: &[SharedBuffer]) -> Result<Vec<Counted>, SnapshotError> {
    let runtime = Runtime::detect()?;
    let gil = Gil::held(runtime).ok_or(SnapshotError::NoGil)?;
    let tracked = tracked(runtime, &gil)?.with_buffers(buffers);
    Ok(live::counts(runtime, &gil, tracked, own_folder)?)
}

/// The objects to start from, if there is memory for a look at what they lead to.
fn tracked<'gil>(runtime: &Runtime, gil: &'gil Gil) -> Result<Tracked<'gil>, SnapshotError> {
    let tracked = Tracked::now(runtime, gil)?;
    let Shortage { needed, left } = headroom::for_walk(&tracked);
    if needed > left {
        let (needed, left) = (needed >> 20, left >> 20);
        return Err(SnapshotError::Memory { needed, left });
    }
    Ok(tracked)
}

/// Looks at the objects at `from`, which the caller holds, and at what they lead to. See [`live::below`].
///
/// # Errors
/// As [`crate::snapshot`].
pub fn with_objects<T>(
    from: &[usize],
    through_definitions: bool,
    buffers: &[SharedBuffer],
    work: impl FnOnce(&Seen<'_>) -> T,
) -> Result<T, SnapshotError> {
    let runtime = Runtime::detect()?;
    let gil = Gil::held(runtime).ok_or(SnapshotError::NoGil)?;
    Ok(work(&live::below(
        runtime,
        &gil,
        from,
        through_definitions,
        buffers,
    )?))
}

/// What the objects at `from`, which the caller holds, and the data that they lead to come to.
///
/// # Errors
/// As [`crate::snapshot`].
pub fn sizes(
    from: &[usize],
    through_definitions: bool,
    buffers: &[SharedBuffer],
) -> Result<Sizes, SnapshotError> {
    let runtime = Runtime::detect()?;
    let gil = Gil::held(runtime).ok_or(SnapshotError::NoGil)?;
    Ok(live::sizes_below(
        runtime,
        &gil,
        from,
        through_definitions,
        buffers,
    )?)
}

/// Addresses of the objects that a frame of the calling thread owns, the `skipped` innermost passed over: those of its
/// variables and of the lowest `depth` slots of its value stack. Those of the `types` are appended, each once, to the Python
/// list at `list`, which the caller holds.
///
/// # Errors
/// Without the GIL, or in a Python that is not known.
pub fn owned_slots(
    skipped: usize,
    depth: usize,
    types: &[usize],
    list: usize,
) -> Result<Vec<usize>, SnapshotError> {
    let runtime = Runtime::detect()?;
    let gil = Gil::held(runtime).ok_or(SnapshotError::NoGil)?;
    let slots = stack::owned_slots(runtime, &gil, skipped, depth);
    stack::append_owned(runtime, &gil, &slots, types, list);
    Ok(slots)
}
