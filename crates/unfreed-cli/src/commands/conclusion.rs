//! The end of `unfreed run`: the recordings of the family are judged, and the reports printed.

use crate::arguments::{FailOn, Run};
use crate::child::Ending;
use crate::ci_outputs;
use crate::destination::Destination;
use crate::family;
use crate::judgement::{self, Judged};
use crate::knowledge::Knowledge;
use crate::messages::{self, reason};
use crate::rendering::{self, Shown};
use std::path::Path;

/// Reports on the family whose root wrote to `place`. Whether `--fail-on` found something.
pub fn conclude(typed: &Run, knowledge: &Knowledge, place: &Destination, ending: Ending) -> bool {
    let mut judged = judge_family(&place.path);
    knowledge.mark(&mut judged);
    if !typed.quiet {
        if let Ending::Killed(signal) = ending {
            say_killed(signal);
        }
        let shown = Shown {
            saved: place.is_kept(),
            verbose: typed.verbose,
            every_page: false,
        };
        rendering::family_to_stderr(&judged, shown);
    }
    if let (Some(path), Some(root)) = (&typed.json, judged.first()) {
        write_json(root, path);
    }
    let least = typed.fail_on.unwrap_or(FailOn::Leak);
    ci_outputs::write(&typed.ci, &judged, least.into());
    typed
        .fail_on
        .is_some_and(|least| judged.iter().any(|one| one.has(least.into())))
}

/// Judges the root's recording and those of its descendants. What cannot be read is said.
fn judge_family(root: &Path) -> Vec<Judged> {
    let mut judged = Vec::new();
    match std::fs::metadata(root).map(|metadata| metadata.len()) {
        // The agent refused to start, said why, and took the reserved file away.
        Err(_) => {}
        Ok(0) => never_started(root),
        Ok(_) => judged.extend(judge(root)),
    }
    let since = judged
        .first()
        .map_or(0, |root: &Judged| root.started_unix_ns);
    let children = family::children_of(root).unwrap_or_default();
    let children = children
        .iter()
        .filter(|path| !is_empty(path))
        .filter_map(|path| judge(path));
    judged.extend(children.filter(|child| child.started_unix_ns >= since));
    name_children(&mut judged);
    judged
}

/// A child that was killed as it was about to start its agent.
fn is_empty(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.len() == 0)
}

/// Tells the root's report of every recorded process of its family: the agent in it knows of those
/// that it forked only.
fn name_children(judged: &mut [Judged]) {
    let Some((root, children)) = judged.split_first_mut() else {
        return;
    };
    let known = &mut root.report.evidence.children;
    known.extend(children.iter().map(|child| child.report.program.pid));
    known.sort_unstable();
    known.dedup();
}

fn judge(path: &Path) -> Option<Judged> {
    judgement::judge(path).map_err(messages::error).ok()
}

fn never_started(root: &Path) {
    family::remove_if_empty(root);
    messages::notice("the program ended before the agent started; nothing was recorded");
    messages::hint("is it a Python program, and did Python find it?");
}

fn say_killed(signal: i32) {
    let name = signal_hook::low_level::signal_name(signal).unwrap_or("a real-time signal");
    messages::notice(format_args!("the program was killed by {name} ({signal})"));
    if signal == signal_hook::consts::SIGKILL {
        messages::hint("if nobody killed it, it was out of memory: `dmesg` or the container tells");
    }
}

fn write_json(root: &Judged, path: &Path) {
    if let Err(error) = rendering::write_json(root, path) {
        messages::error(format_args!(
            "cannot write {}: {}",
            path.display(),
            reason(&error)
        ));
    }
}
