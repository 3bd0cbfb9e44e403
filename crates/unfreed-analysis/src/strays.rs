//! Allocation sites whose blocks survive although no growing holder, cycle or C memory explains it.

use crate::advice;
use crate::findings::AllocatedAt;
use crate::findings::{Finding, Growth, Kind, Severity};
use crate::fingerprint::fingerprint;
use crate::sites::{GrowingSite, growing};
use crate::study::Study;
use crate::suspects::SECONDS;
use crate::trend::MIN_INTERVALS;
use crate::wording::byte_rate;

/// Gain that is a finding: bytes,
const LEAST: f64 = 256.0 * 1024.0;
/// and part of the growth of the process.
const PART: f64 = 0.2;
/// Part of the growth that other findings may explain for sites to be told at all.
const EXPLAINED: f64 = 0.6;
/// Most findings about sites.
const FINDINGS: usize = 2;
const SURE: f64 = 0.7;

/// Findings about sites that `known` does not cover.
#[must_use]
pub fn findings(study: &Study<'_>, known: &[Finding], whole: f64) -> Vec<Finding> {
    let (from, to) = study.window();
    let enough = study.levels.len() > study.from + MIN_INTERVALS && to - from >= SECONDS;
    let told = known
        .iter()
        .filter(|finding| finding.severity != Severity::Note);
    let explained: f64 = told.map(|finding| finding.growth.bytes.max(0) as f64).sum();
    if !enough || explained >= EXPLAINED * whole {
        return Vec::new();
    }
    growing(study)
        .iter()
        .filter(|site| site.gained >= LEAST && site.gained >= PART * whole)
        .filter(|site| !is_covered(site, known))
        .take(FINDINGS)
        .map(|site| finding(study, site, whole))
        .collect()
}

fn is_covered(site: &GrowingSite, known: &[Finding]) -> bool {
    known
        .iter()
        .flat_map(|finding| &finding.allocated_at)
        .any(|at| at.frame == site.frame)
}

fn finding(study: &Study<'_>, site: &GrowingSite, whole: f64) -> Finding {
    let frame = &site.frame;
    let base = frame.file.rsplit(['/', '\\']).next().unwrap_or(&frame.file);
    let place = format!(
        "{base}:{} in {}",
        frame.line,
        crate::roots::called(&frame.function)
    );
    let judged = &site.judgement;
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
             container was found to hold them.",
            byte_rate(judged.slope),
            site.generations
        ),
        growth: Growth {
            bytes: site.gained as i64,
            bytes_per_second: judged.slope,
            objects: site.blocks as i64,
            share: if whole > 0.0 {
                (site.gained / whole).clamp(0.0, 1.0)
            } else {
                0.0
            },
            trend: judged.trend,
            intervals_grown: judged.grown,
            intervals: judged.intervals,
            confidence: judged.confidence,
            series: site
                .live
                .iter()
                .map(|point| (point.at, 0, point.level as u64))
                .collect(),
            ..Growth::default()
        },
        allocated_at: vec![AllocatedAt {
            stack: study.source.frames(site.stack),
            frame: frame.clone(),
            share: 1.0,
            bytes: site.gained.max(0.0) as u64,
            samples: site.samples,
        }],
        advice: advice::site(&place),
        ..Finding::default()
    }
}
