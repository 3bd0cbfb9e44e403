//! Allocation sites whose blocks survive although no growing holder, cycle or C memory explains it.

use crate::advice;
use crate::breakdown::margin;
use crate::extensions::{Extension, Extensions};
use crate::findings::AllocatedAt;
use crate::findings::{Finding, Growth, Kind, Severity};
use crate::fingerprint::fingerprint;
use crate::gains;
use crate::native;
use crate::sites::Line;
use crate::study::Study;
use crate::suspects::SECONDS;
use crate::trend::MIN_INTERVALS;

/// Gain that is a finding: bytes,
const LEAST: f64 = 256.0 * 1024.0;
/// and part of the growth of the process.
const PART: f64 = 0.2;
/// How much more than what is unexplained a line may have gained: both are estimates.
const ROOM: f64 = 2.0;
/// Most findings about sites.
const FINDINGS: usize = 2;
const SURE: f64 = 0.7;

/// Findings about sites that `known` does not cover.
#[must_use]
pub fn findings(study: &Study<'_>, known: &[Finding], whole: f64) -> Vec<Finding> {
    if study.is_exact() {
        // Every block is followed: `unowned` tells, and does not guess.
        return Vec::new();
    }
    let (from, to) = study.window();
    let enough = study.levels.len() > study.from + MIN_INTERVALS && to - from >= SECONDS;
    let unexplained = unexplained(study, known);
    if !enough || unexplained < LEAST {
        return Vec::new();
    }
    study
        .lines
        .iter()
        .filter(|line| line.leaks() && line.gained >= LEAST && line.gained >= PART * whole)
        .filter(|line| line.gained <= ROOM * unexplained && !is_covered(line, known))
        .take(FINDINGS)
        .map(|line| finding(study, line, whole))
        .collect()
}

/// What the program gained and no other finding explains: bytes of Python objects, or of memory in
/// use where that is more, since some objects are in no snapshot (strings that were made immortal).
/// Lines gain survivors when objects are replaced, too; then there are no more bytes than before.
fn unexplained(study: &Study<'_>, known: &[Finding]) -> f64 {
    let judged = study.taken.get(study.from..).unwrap_or_default();
    let gained = match judged {
        [first, .., last] => {
            let objects = last.bytes as f64 - first.bytes as f64;
            let in_use = native::in_use(study, last.at) - native::in_use(study, first.at);
            objects.max(in_use)
        }
        _ => 0.0,
    };
    let told = known
        .iter()
        .filter(|finding| finding.severity != Severity::Note);
    gained
        - told
            .map(|finding| finding.growth.bytes.max(0) as f64)
            .sum::<f64>()
}

fn is_covered(line: &Line, known: &[Finding]) -> bool {
    known
        .iter()
        .flat_map(|finding| &finding.allocated_at)
        .any(|at| at.frame == line.frame)
}

fn finding(study: &Study<'_>, site: &Line, whole: f64) -> Finding {
    let frame = &site.frame;
    let base = frame.file.rsplit(['/', '\\']).next().unwrap_or(&frame.file);
    let place = format!(
        "{base}:{} in {}",
        frame.line,
        crate::roots::called(&frame.function)
    );
    let judged = &site.judgement;
    let likely = used_by(study, &frame.file);
    Finding {
        id: fingerprint(Kind::Site, &format!("{base} {}", frame.function), &[]),
        severity: if judged.confidence >= SURE {
            Severity::Leak
        } else {
            Severity::Warning
        },
        kind: Kind::Site,
        title: format!("blocks from {place} survive"),
        summary: format!(
            "{place} keeps {} alive: survivors of {} epochs and more with each, and no growing \
             container was found to hold them.{}",
            study.pace().byte_rate(judged.slope),
            site.generations,
            crate::refcounts::sentence(&likely.clone().into())
        ),
        growth: Growth {
            bytes: site.gained as i64,
            bytes_margin: margin(site.variance),
            bytes_per_second: judged.slope,
            objects: site.blocks as i64,
            share: gains::share(site.gained, whole),
            series: site
                .live
                .iter()
                .map(|point| (point.at, 0, point.level as u64))
                .collect(),
            ..gains::shape(judged)
        },
        allocated_at: vec![AllocatedAt {
            stack: study.source.frames(site.stack),
            frame: frame.clone(),
            share: 1.0,
            bytes: site.gained.max(0.0) as u64,
            samples: site.samples,
            may_be_reused: false,
        }],
        advice: advice::site(&place, &likely),
        ..Finding::default()
    }
}

/// The extensions that the code of a file uses: one of them may keep the blocks.
fn used_by(study: &Study<'_>, file: &str) -> Vec<Extension> {
    let Some(latest) = &study.latest else {
        return Vec::new();
    };
    Extensions::new(&latest.heap, &study.ownership).used_by(file)
}
