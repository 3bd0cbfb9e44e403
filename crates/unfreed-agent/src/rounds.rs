//! Recording by rounds of calls, for `unfreed check`: the program calls a function so many times and
//! says when to look. Every block is followed, not a sample; there is no thread and no clock.

use crate::thread::Agent;
use crate::{recorder, running};
use unfreed_cpython::Runtime;
use unfreed_cpython::gil::Gil;
use unfreed_recording::counters::StartedAt;

/// Why there was no look; displays as one sentence.
#[derive(Debug, thiserror::Error)]
pub enum RoundError {
    /// Nothing is recorded, or not by rounds.
    #[error("this program is not recorded by rounds")]
    NotByRounds,
    /// Called without the GIL.
    #[error("a round ends with the GIL held")]
    NoGil,
    /// The walk could not be done.
    #[error("no snapshot: {0}")]
    Walk(String),
}

/// From here on every block is followed. The GIL must be held.
///
/// # Errors
/// When nothing is recorded by rounds.
pub fn begin_rounds() -> Result<(), RoundError> {
    let recorder = recorder::installed().ok_or(RoundError::NotByRounds)?;
    let runtime = Runtime::detect().map_err(|_| RoundError::NotByRounds)?;
    let gil = Gil::held(runtime).ok_or(RoundError::NoGil)?;
    recorder.activate(&gil, 0);
    recorder.activate_natives();
    Ok(())
}

/// Ends an epoch and takes a snapshot: what there is before the collector comes, garbage included.
/// The GIL must be held; it is released while the snapshot is written.
///
/// # Errors
/// [`RoundError`]; the round then has no snapshot.
pub fn look() -> Result<(), RoundError> {
    with_agent(|agent, gil| agent.look(gil).map_err(RoundError::Walk))
}

/// Reads the counters and ends the round: `calls` so far; whether the program has its collector
/// enabled, which whoever calls this may have disabled for the measurement. The GIL must be held.
///
/// # Errors
/// [`RoundError`]
pub fn end_round(calls: u64, collector_enabled: bool) -> Result<(), RoundError> {
    with_agent(|agent, gil| {
        agent.end_round(gil, calls, collector_enabled);
        Ok(())
    })
}

/// Writes where calls started what outlives them. The GIL must be held; it is released while that is written.
///
/// # Errors
/// [`RoundError`]
pub fn write_started(what: String, calls: u64, places: Vec<StartedAt>) -> Result<(), RoundError> {
    with_agent(|agent, _| {
        agent.write_started(what, calls, places);
        Ok(())
    })
}

fn with_agent<T>(
    work: impl FnOnce(&mut Agent, &Gil) -> Result<T, RoundError>,
) -> Result<T, RoundError> {
    let runtime = Runtime::detect().map_err(|_| RoundError::NotByRounds)?;
    let gil = Gil::held(runtime).ok_or(RoundError::NoGil)?;
    // Taken out, not locked: writing releases the GIL, and a fork hook may ask for the lock.
    let mut agent = running()
        .as_mut()
        .filter(|running| running.settings.by_rounds)
        .and_then(|running| running.parked.take())
        .ok_or(RoundError::NotByRounds)?;
    let result = work(&mut agent, &gil);
    if let Some(running) = running().as_mut() {
        running.parked = Some(agent);
    }
    result
}
