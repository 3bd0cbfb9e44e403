//! Findings as SARIF 2.1.0, for code scanning: a run for each process, a rule for each kind, a result for
//! each leak and warning. Fingerprints and baseline states are those of the model.

use crate::ci::{self, CiOptions, Process};
use serde_json::{Map, Value, json};
use std::io;
use unfreed_analysis::findings::{
    AllocatedAt, Finding, Frame, Kind, KnownStatus, Severity, Status,
};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// Kinds that leaks and warnings have, with what each means.
const RULES: [(Kind, &str, &str); 7] = [
    (
        Kind::Container,
        "container",
        "A container gains objects and never loses them",
    ),
    (
        Kind::Backlog,
        "backlog",
        "A queue fills faster than it drains",
    ),
    (
        Kind::Cycle,
        "cycle",
        "Reference cycles that nothing frees, or that wait for the collector",
    ),
    (
        Kind::Site,
        "site",
        "What a line allocates is never freed, and no growing container was found",
    ),
    (Kind::Refcount, "refcount", "C code loses references"),
    (
        Kind::Native,
        "native",
        "Memory of C code grows, and no Python object owns it",
    ),
    (
        Kind::Resource,
        "resource",
        "Descriptors, sockets, threads or child processes are left open",
    ),
];

/// Writes the log.
///
/// # Errors
/// Those of `out`.
pub fn render(
    processes: &[Process<'_>],
    options: CiOptions<'_>,
    out: &mut impl io::Write,
) -> io::Result<()> {
    let runs: Vec<Value> = processes
        .iter()
        .map(|process| run(*process, options))
        .collect();
    let log = json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": runs });
    serde_json::to_writer_pretty(&mut *out, &log)?;
    out.write_all(b"\n")
}

fn run(process: Process<'_>, options: CiOptions<'_>) -> Value {
    let report = process.report;
    let rules: Vec<Value> = RULES
        .iter()
        .map(|(_, id, text)| {
            json!({
                "id": id,
                "shortDescription": { "text": text },
                "defaultConfiguration": { "level": "error" },
            })
        })
        .collect();
    let results: Vec<Value> = ci::serious(report)
        .map(|finding| result(finding, process, options))
        .collect();
    // SARIF's word for a process: a run that could not be judged did not succeed.
    let judged = report.verdict.status != Status::NotEnoughEvidence;
    json!({
        "tool": { "driver": {
            "name": "unfreed",
            "version": report.unfreed_version,
            "informationUri": "https://github.com/unfreed/unfreed",
            "rules": rules,
        } },
        "automationDetails": { "id": format!("unfreed/{}", report.program.name) },
        "originalUriBaseIds": { "SRCROOT": { "uri": format!("file://{}/", encoded(options.root.trim_end_matches('/'))) } },
        "invocations": [{
            "executionSuccessful": judged,
            "arguments": report.program.argv,
            "toolExecutionNotifications": [{
                "level": "note",
                "message": { "text": report.verdict.sentence },
            }],
        }],
        "columnKind": "unicodeCodePoints",
        "results": results,
    })
}

fn result(finding: &Finding, process: Process<'_>, options: CiOptions<'_>) -> Value {
    let mut result = Map::new();
    let mut set = |name: &str, value: Value| {
        result.insert(name.to_owned(), value);
    };
    let rule = RULES.iter().position(|(kind, ..)| *kind == finding.kind);
    if let Some(index) = rule {
        set("ruleId", json!(RULES[index].1));
        set("ruleIndex", json!(index));
    }
    let level = if finding.severity == Severity::Leak {
        "error"
    } else {
        "warning"
    };
    set("level", json!(level));
    let text = format!("{}: {}", finding.title, ci::message(finding));
    set("message", json!({ "text": text }));
    set("partialFingerprints", json!({ "unfreed/v1": finding.id }));
    if let Some(frame) = ci::line_of(finding, process.folder, options.root) {
        set("locations", json!([location(frame, process, options)]));
    }
    let stacks: Vec<Value> = finding
        .allocated_at
        .iter()
        .filter(|place| !place.stack.is_empty())
        .map(|place| stack(place, process, options))
        .collect();
    set("stacks", json!(stacks));
    match finding.known.status {
        KnownStatus::New => set("baselineState", json!("new")),
        KnownStatus::Known => set("baselineState", json!("unchanged")),
        KnownStatus::Suppressed => set(
            "suppressions",
            json!([{ "kind": "external", "justification": finding.known.reason }]),
        ),
        KnownStatus::Unmarked => {}
    }
    let growth = &finding.growth;
    set(
        "properties",
        json!({
            "bytes": growth.bytes,
            "bytesPerSecondOrCall": growth.bytes_per_second,
            "confidence": growth.confidence,
            "heldBy": finding.held_by.as_ref().map(|held| &held.path),
        }),
    );
    Value::Object(result)
}

fn stack(place: &AllocatedAt, process: Process<'_>, options: CiOptions<'_>) -> Value {
    let frames: Vec<Value> = place
        .stack
        .iter()
        .map(|frame| json!({ "location": location(frame, process, options) }))
        .collect();
    json!({ "message": { "text": "allocated at" }, "frames": frames })
}

fn location(frame: &Frame, process: Process<'_>, options: CiOptions<'_>) -> Value {
    let mut location = Map::new();
    let file = if frame.file.is_empty() {
        &frame.library
    } else {
        &frame.file
    };
    if !file.is_empty() && !file.starts_with('<') {
        let path = ci::path_from(file, process.folder, options.root);
        let artifact = if path.starts_with('/') {
            json!({ "uri": format!("file://{}", encoded(&path)) })
        } else {
            json!({ "uri": encoded(&path), "uriBaseId": "SRCROOT" })
        };
        let mut physical = json!({ "artifactLocation": artifact });
        if frame.line > 0 {
            physical["region"] = json!({ "startLine": frame.line });
            if !frame.source.is_empty() {
                physical["region"]["snippet"] = json!({ "text": frame.source });
            }
        }
        location.insert("physicalLocation".to_owned(), physical);
    }
    if !frame.function.is_empty() {
        let name = json!([{ "name": frame.function, "kind": "function" }]);
        location.insert("logicalLocations".to_owned(), name);
    }
    Value::Object(location)
}

/// The path as part of a URI.
fn encoded(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~+@,=".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}
