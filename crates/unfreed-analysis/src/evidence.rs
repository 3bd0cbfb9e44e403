//! What ran, what the evidence is, and how far it reaches.

use crate::findings::{Evidence, Program};
use crate::floor::in_use;
use crate::questions::EVERY_BLOCK;
use crate::study::{Latest, Study};
use unfreed_recording::counters::Counters;
use unfreed_recording::snapshot::NodeIndex;

/// What ran.
#[must_use]
pub fn program(study: &Study<'_>) -> Program {
    let process = study.source.process();
    Program {
        name: name(&process.argv),
        argv: process.argv.clone(),
        python: process.python_version.clone(),
        pid: process.pid,
        seconds: seconds(study),
        ended: study.source.end().is_some(),
    }
}

/// Seconds that were recorded.
fn seconds(study: &Study<'_>) -> f64 {
    study.source.seconds().unwrap_or_else(|| study.seconds())
}

/// The script without its folders, `-m module` or `-c`.
fn name(argv: &[String]) -> String {
    let mut words = argv.iter().map(String::as_str);
    while let Some(word) = words.next() {
        match word {
            "-m" => return format!("-m {}", words.next().unwrap_or_default()),
            "-c" => return "-c".to_owned(),
            // Options of the interpreter that take a value.
            "-W" | "-X" => {
                words.next();
            }
            option if option.starts_with('-') && option.len() > 1 => {}
            script => {
                return script
                    .rsplit(['/', '\\'])
                    .next()
                    .unwrap_or(script)
                    .to_owned();
            }
        }
    }
    "python".to_owned()
}

/// How the evidence was gathered.
#[must_use]
pub fn evidence(study: &Study<'_>) -> Evidence {
    let pauses: Vec<u64> = study.taken.iter().map(|taken| taken.pause_ns).collect();
    let whole: f64 = pauses.iter().map(|&pause| pause as f64).sum();
    let seconds = seconds(study);
    let notes = notes(study);
    let last = study.source.epochs().last();
    let samples = last.map_or(0, |epoch| {
        let survivors = epoch.sites.iter().flat_map(|site| &site.survivors);
        survivors
            .map(|survivors| u64::from(survivors.samples))
            .sum()
    });
    Evidence {
        snapshots: study.taken.len() as u32,
        longest_pause_ms: pauses.iter().max().map_or(0.0, |&pause| pause as f64 / 1e6),
        pause_percent: if seconds > 0.0 {
            whole / 1e9 / seconds * 100.0
        } else {
            0.0
        },
        objects: study.taken.last().map_or(0, |taken| taken.objects),
        coverage: study.latest.as_ref().map_or(0.0, coverage),
        samples,
        exact: last.is_some_and(|epoch| epoch.sample_bytes == EVERY_BLOCK),
        notes: [notes, study.troubles.clone()].concat(),
        children: study
            .source
            .children()
            .iter()
            .map(|child| child.pid)
            .collect(),
    }
}

/// What the collector has to say and what the program named, in order of time.
fn notes(study: &Study<'_>) -> Vec<String> {
    let (notes, marks) = (study.source.notes(), study.source.marks());
    let said = notes.iter().map(|note| (note.at, note.text.clone()));
    let named = marks.iter().map(|mark| {
        let text = format!("mark at {:.1} s: {}", mark.at.seconds(), mark.name);
        (mark.at, text)
    });
    let mut all: Vec<_> = said.chain(named).collect();
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, text)| text).collect()
}

/// References seen over references counted, of objects that count theirs.
fn coverage(latest: &Latest<'_>) -> f64 {
    let (mut seen, mut counted) = (0_u64, 0_u64);
    for node in 0..latest.heap.graph.node_count() as NodeIndex {
        let edges = latest.in_degrees.get(node as usize).copied().unwrap_or(0);
        if let Some(excess) = latest.heap.excess(node, edges) {
            let count = (i64::from(edges) + excess).max(0) as u64;
            seen += u64::from(edges).min(count);
            counted += count;
        }
    }
    if counted == 0 {
        1.0
    } else {
        seen as f64 / counted as f64
    }
}

/// What the process grew by in the judged window: the largest of what its objects, its allocators
/// and its resident set gained. Shares are of this, so they never add up to more than is true.
#[must_use]
pub fn whole_growth(study: &Study<'_>) -> f64 {
    let gain = |first: Option<u64>, last: Option<u64>| match (first, last) {
        (Some(first), Some(last)) => last as f64 - first as f64,
        _ => 0.0,
    };
    let readings = study.readings();
    let (first, last) = (readings.first(), readings.last());
    let objects = gain(
        study.taken.get(study.from).map(|taken| taken.bytes),
        study.taken.last().map(|taken| taken.bytes),
    );
    let used = gain(first.and_then(|r| in_use(r)), last.and_then(|r| in_use(r)));
    // What unfreed itself took is not the program's growth.
    let resident = |reading: &Counters| reading.rss.saturating_sub(reading.own);
    let resident = gain(first.map(|r| resident(r)), last.map(|r| resident(r)));
    objects.max(used).max(resident).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn programs_have_short_names() {
        let cases = [
            ("/srv/app.py --port 80", "app.py"),
            ("-m flask run", "-m flask"),
            ("-c pass", "-c"),
            ("-X dev -u app.py", "app.py"),
            ("", "python"),
        ];
        for (line, short) in cases {
            let argv: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            assert_eq!(name(&argv), short);
        }
    }
}
