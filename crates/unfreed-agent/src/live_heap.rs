//! The heap of this process for questions that are answered at once: nothing is written, and the GIL is held from
//! the look to the answer.

use crate::headroom;
use crate::single::SnapshotError;
use crate::thread::SNAPSHOT_BYTES;
use unfreed_cpython::Runtime;
use unfreed_cpython::gil::Gil;
use unfreed_cpython::walk::Tracked;
use unfreed_cpython::walk::live::{self, Seen};

/// Looks at the whole heap and lets `work` answer. The innermost frames of the calling thread whose code lies in
/// `own_folder` are left out; the objects at `also`, which the caller holds, are not.
///
/// # Errors
/// As [`crate::snapshot`].
pub fn with_heap<T>(
    own_folder: &str,
    also: &[usize],
    work: impl FnOnce(&Seen<'_>) -> T,
) -> Result<T, SnapshotError> {
    let runtime = Runtime::detect()?;
    let gil = Gil::held(runtime).ok_or(SnapshotError::NoGil)?;
    let needed = Tracked::now(runtime, &gil)?
        .count()
        .saturating_mul(SNAPSHOT_BYTES);
    let left = headroom::bytes();
    if needed > left {
        let (needed, left) = (needed >> 20, left >> 20);
        return Err(SnapshotError::Memory { needed, left });
    }
    Ok(work(&live::whole(runtime, &gil, own_folder, also)?))
}

/// Looks at the objects at `from`, which the caller holds, and at what they lead to. See [`live::below`].
///
/// # Errors
/// As [`crate::snapshot`].
pub fn with_objects<T>(
    from: &[usize],
    through_definitions: bool,
    work: impl FnOnce(&Seen<'_>) -> T,
) -> Result<T, SnapshotError> {
    let runtime = Runtime::detect()?;
    let gil = Gil::held(runtime).ok_or(SnapshotError::NoGil)?;
    Ok(work(&live::below(
        runtime,
        &gil,
        from,
        through_definitions,
    )?))
}

/// Bytes of each object at `from`, which the caller holds, and bytes and number of all that they lead to.
///
/// # Errors
/// As [`crate::snapshot`].
pub fn sizes(
    from: &[usize],
    through_definitions: bool,
) -> Result<(Vec<u64>, u64, u64), SnapshotError> {
    let runtime = Runtime::detect()?;
    let gil = Gil::held(runtime).ok_or(SnapshotError::NoGil)?;
    let (nodes, sizes) = live::sizes_below(runtime, &gil, from, through_definitions)?;
    let own = nodes.into_iter().map(|node| sizes[node as usize]).collect();
    let all = sizes
        .iter()
        .fold(0, |sum: u64, &size| sum.saturating_add(size));
    Ok((own, all, sizes.len() as u64))
}
