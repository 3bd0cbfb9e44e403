//! The report as one page that needs nothing else: verdict, memory over time, findings, flame graph, tables of
//! allocations. No network, no framework; without scripts everything but the flame graph is there.

mod tables;

use crate::flame::{MEASURES, Node};
use crate::terminal::closing;
use crate::terminal::watched::{ages, summary};
use crate::xml::escaped;
use crate::{place, plot, quantity, verdict};
use serde_json::json;
use std::io;
use unfreed_analysis::breakdown::Breakdown;
use unfreed_analysis::findings::{AllocatedAt, Finding, Per, Report, Severity, Status, Watched};
use unfreed_analysis::questions::Timeline;

const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");

/// What a page shows beside the report.
#[derive(Debug)]
pub struct Pictures<'a> {
    /// The merged stacks.
    pub flame: &'a Node,
    /// The same by thread.
    pub by_thread: &'a Node,
    /// Memory over time.
    pub timeline: &'a Timeline,
    /// What was allocated, by several things.
    pub tables: &'a [Breakdown],
}

/// Writes the page. Files below `directory` are told from there.
///
/// # Errors
/// Those of `out`.
pub fn render(
    report: &Report,
    pictures: &Pictures<'_>,
    directory: &str,
    out: &mut impl io::Write,
) -> io::Result<()> {
    let name = escaped(&report.program.name);
    // Nothing may be loaded from anywhere, whatever a name in the recording says.
    writeln!(
        out,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{name}: unfreed</title>\
         <style>{STYLE}</style></head><body>"
    )?;
    head(report, out)?;
    findings(report, directory, out)?;
    watched(&report.watched, directory, out)?;
    writeln!(out, "<h2>Memory over time</h2>")?;
    if pictures.timeline.points.len() > 1 {
        plot::render_svg(pictures.timeline, out)?;
    } else {
        writeln!(out, "<p>Too few readings to draw.</p>")?;
    }
    flame_graph(pictures, out)?;
    tables::render(pictures.tables, directory, out)?;
    closing(report, out)?;
    writeln!(out, "<script>{SCRIPT}</script></body></html>")
}

fn head(report: &Report, out: &mut impl io::Write) -> io::Result<()> {
    let (program, memory) = (&report.program, &report.memory);
    let class = match report.verdict.status {
        Status::Leak => "leak",
        Status::Warning => "warning",
        Status::Clean => "clean",
        Status::NotEnoughEvidence => "not_enough_evidence",
    };
    let (opening, rest) = verdict::in_two(report);
    writeln!(
        out,
        "<h1>{}</h1><p class=\"facts\">python {} · {} · process {} · resident {} (peak {}) · unfreed {}</p>\
         <p class=\"verdict {class}\"><strong>{}</strong>{}</p>",
        escaped(&program.name),
        escaped(&program.python),
        quantity::duration(program.seconds),
        program.pid,
        quantity::byte_range(memory.rss_first, memory.rss_last),
        quantity::bytes(memory.rss_peak),
        escaped(&report.unfreed_version),
        escaped(&opening),
        escaped(&rest),
    )
}

fn findings(report: &Report, directory: &str, out: &mut impl io::Write) -> io::Result<()> {
    let serious = report
        .findings
        .iter()
        .filter(|one| one.severity != Severity::Note);
    for finding in serious {
        let (class, word) = match finding.severity {
            Severity::Leak => ("leak", "LEAK"),
            _ => ("warning", "WARNING"),
        };
        let passed = if finding.counts() { "" } else { " passed" };
        writeln!(
            out,
            "<article class=\"{class}{passed}\"><h3><span class=\"word\">{word}</span>{}<span class=\"rate\">{}</span></h3>",
            escaped(&finding.title),
            escaped(&rate(finding, report.per)),
        )?;
        writeln!(out, "<div>{}</div><dl>", escaped(&finding.summary))?;
        rows(finding, directory, out)?;
        writeln!(out, "</dl></article>")?;
    }
    Ok(())
}

fn rate(finding: &Finding, per: Per) -> String {
    let growth = &finding.growth;
    let by_bytes = growth.bytes != 0;
    match (by_bytes, per) {
        (true, Per::Second) => quantity::byte_rate(growth.bytes_per_second),
        (true, Per::Call) => quantity::bytes_a_call(growth.bytes_per_second),
        (false, Per::Second) => quantity::count_rate(growth.objects_per_second),
        (false, Per::Call) => quantity::count_a_call(growth.objects_per_second),
    }
}

fn rows(finding: &Finding, directory: &str, out: &mut impl io::Write) -> io::Result<()> {
    let mut row = |name: &str, html: &str| writeln!(out, "<dt>{name}</dt><dd>{html}</dd>");
    if let Some(held) = &finding.held_by {
        row("held by", &format!("<code>{}</code>", escaped(&held.path)))?;
        for step in held.steps.iter().filter(|step| !step.reason.is_empty()) {
            let life = format!("{} {}", step.type_name, step.reason);
            row("", &escaped(&life))?;
        }
    }
    for (index, place) in finding.allocated_at.iter().enumerate() {
        row(
            if index == 0 {
                place::label(finding)
            } else {
                ""
            },
            &made_at(place, directory),
        )?;
    }
    if !finding.filled_with.is_empty() {
        let fillings = finding.filled_with.iter().map(|filling| {
            let objects = quantity::signed_count(filling.objects);
            format!(
                "{} {objects} ({})",
                filling.type_name,
                quantity::signed_bytes(filling.bytes)
            )
        });
        row(
            "filled with",
            &escaped(&fillings.collect::<Vec<_>>().join(" · ")),
        )?;
    }
    if !finding.known.upstream.is_empty() {
        row("known", &escaped(&finding.known.upstream))?;
    }
    if !finding.known.reason.is_empty() {
        row("suppressed", &escaped(&finding.known.reason))?;
    }
    if !finding.advice.text.is_empty() {
        let mut html = format!(
            "<span class=\"do\">{}</span>",
            escaped(&finding.advice.text)
        );
        if !finding.advice.snippet.is_empty() {
            html += &format!("<pre>{}</pre>", escaped(&finding.advice.snippet));
        }
        row("do this", &html)?;
    }
    row("id", &format!("<code>{}</code>", escaped(&finding.id)))
}

/// Watched classes: what lives, how old it is, who made it.
fn watched(watched: &[Watched], directory: &str, out: &mut impl io::Write) -> io::Result<()> {
    for one in watched {
        writeln!(
            out,
            "<h2>Watched <code>{}</code></h2><p>{}.</p><table><tr><th>seconds<th>alive<th>born<th>died</tr>",
            escaped(&one.class),
            escaped(&summary(one))
        )?;
        for look in &one.looks {
            let figures = [look.alive, look.born, look.died].map(quantity::count);
            let cells = figures.map(|figure| format!("<td>{figure}")).join("");
            writeln!(out, "<tr><td>{:.1}{cells}</tr>", look.seconds)?;
        }
        let ages = ages(&one.ages).join(" · ");
        writeln!(
            out,
            "</table><dl><dt>age, epochs</dt><dd>{}</dd>",
            escaped(&ages)
        )?;
        for (index, origin) in one.origins.iter().enumerate() {
            let label = if index == 0 { "made at" } else { "" };
            let told = |frame| escaped(&place::frame(frame, directory, 200));
            let place = if origin.stack.is_empty() {
                "no line of Python".to_owned()
            } else {
                told(&origin.frame)
            };
            let frames: Vec<String> = origin.stack.iter().map(told).collect();
            writeln!(
                out,
                "<dt>{label}</dt><dd>{} <code>{place}</code>, the oldest {} epochs old<details><summary>stack</summary><pre>{}</pre></details></dd>",
                quantity::count(origin.alive),
                origin.oldest_epochs,
                frames.join("\n")
            )?;
        }
        if one.unknown > 0 {
            let unknown = quantity::count(one.unknown);
            writeln!(
                out,
                "<dt></dt><dd>{unknown} of which no birth was seen</dd>"
            )?;
        }
        writeln!(out, "</dl>")?;
    }
    Ok(())
}

/// The named frame, its line, and the whole stack on demand.
fn made_at(place: &AllocatedAt, directory: &str) -> String {
    let told = |frame| escaped(&place::frame(frame, directory, 200));
    let mut html = format!(
        "{}{} <code>{}</code>",
        quantity::share(place.share),
        if place.may_be_reused { " perhaps" } else { "" },
        told(&place.frame)
    );
    if place.may_be_reused {
        html += &format!("<p>{}</p>", escaped(place::REUSED));
    }
    if !place.frame.source.is_empty() {
        html += &format!("<pre>{}</pre>", escaped(&place.frame.source));
    }
    if place.stack.len() > 1 {
        let frames: Vec<String> = place.stack.iter().map(told).collect();
        html += &format!(
            "<details><summary>stack</summary><pre>{}</pre></details>",
            frames.join("\n")
        );
    }
    html
}

fn flame_graph(pictures: &Pictures<'_>, out: &mut impl io::Write) -> io::Result<()> {
    let by_thread = pictures.by_thread;
    let data = json!({
        "tree": pictures.flame.data(),
        "threads": by_thread.is_split().then(|| by_thread.data()),
        "measures": MEASURES,
    });
    // The only way out of a script element is its end tag.
    let data = data.to_string().replace('<', "\\u003c");
    writeln!(
        out,
        "<h2>Who allocated</h2><div class=\"bar\"><label>bytes <select id=\"measure\"></select></label>\
         <label>told apart <select id=\"split\"></select></label>\
         <input id=\"search\" type=\"search\" placeholder=\"find a function or file\">\
         <button id=\"out\" type=\"button\">whole program</button></div>\
         <div id=\"flame\"></div><p id=\"said\">Click a frame to look into it. Orange is your code, grey libraries, blue C code, green no call.</p>\
         <script type=\"application/json\" id=\"data\">{data}</script>"
    )
}

fn closing(report: &Report, out: &mut impl io::Write) -> io::Result<()> {
    let notes: Vec<&Finding> = report
        .findings
        .iter()
        .filter(|one| one.severity == Severity::Note)
        .collect();
    if !notes.is_empty() {
        writeln!(out, "<h2>Not leaks</h2><ul>")?;
        for note in notes {
            let text = if note.summary.is_empty() {
                &note.title
            } else {
                &note.summary
            };
            writeln!(out, "<li>{}</li>", escaped(text))?;
        }
        writeln!(out, "</ul>")?;
    }
    let evidence = &report.evidence;
    writeln!(
        out,
        "<p class=\"facts\">{} · longest pause {} · coverage {} of references explained · {}</p>",
        quantity::counted(u64::from(evidence.snapshots), "snapshot", "snapshots"),
        quantity::pause(evidence.longest_pause_ms),
        quantity::percent(evidence.coverage * 100.0),
        closing::sampled(evidence),
    )?;
    for note in &evidence.notes {
        writeln!(out, "<p class=\"facts\">{}</p>", escaped(note))?;
    }
    Ok(())
}
