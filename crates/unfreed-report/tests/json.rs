//! The JSON report against its schema and its documentation: all three must say the same.

mod samples;

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Map, Value, json};
use unfreed_analysis::findings::{Kind, Report, SCHEMA_VERSION, Severity, Status, Trend};

fn read(name: &str) -> String {
    let path = format!("{}/../../docs/{name}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn schema() -> Value {
    serde_json::from_str(&read("report.schema.json")).expect("the schema is JSON")
}

fn rendered(report: &Report) -> String {
    let mut out = Vec::new();
    unfreed_report::json::render(report, &mut out).expect("a Vec takes everything");
    String::from_utf8(out).expect("JSON is UTF-8")
}

fn value(report: &Report) -> Value {
    serde_json::from_str(&rendered(report)).expect("the report is JSON")
}

/// The objects of the schema: the report itself and its definitions.
fn objects(schema: &Value) -> Vec<(String, &Map<String, Value>)> {
    let definitions = schema["$defs"].as_object().expect("definitions");
    let named = definitions
        .iter()
        .map(|(name, definition)| (name.clone(), definition));
    [("Report".to_owned(), schema)]
        .into_iter()
        .chain(named)
        .filter_map(|(name, object)| Some((name, object["properties"].as_object()?)))
        .collect()
}

/// A schema that takes no field it does not name, and misses none it names.
fn strict(mut schema: Value) -> Value {
    close(&mut schema);
    for definition in schema["$defs"]
        .as_object_mut()
        .expect("definitions")
        .values_mut()
    {
        close(definition);
    }
    schema
}

fn close(object: &mut Value) {
    if let Some(properties) = object["properties"].as_object() {
        let names: BTreeSet<&str> = properties.keys().map(String::as_str).collect();
        let required = object["required"]
            .as_array()
            .expect("a list of required fields");
        let required: BTreeSet<&str> = required.iter().filter_map(Value::as_str).collect();
        assert_eq!(required, names, "required and properties differ");
        object["additionalProperties"] = json!(false);
    }
}

#[test]
fn samples_are_valid_and_hold_nothing_undocumented() {
    let validator = jsonschema::draft202012::new(&strict(schema())).expect("a valid schema");
    for (name, report) in samples::all().into_iter().chain([("empty", minimal())]) {
        let report = value(&report);
        let errors: Vec<String> = validator
            .iter_errors(&report)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
    }
}

fn minimal() -> Report {
    Report {
        schema_version: SCHEMA_VERSION.to_owned(),
        ..Report::default()
    }
}

#[test]
fn the_schema_is_one() {
    assert!(jsonschema::meta::is_valid(&schema()));
}

#[test]
fn what_a_later_minor_version_adds_is_valid() {
    let validator = jsonschema::draft202012::new(&schema()).expect("a valid schema");
    let mut report = value(&samples::leak());
    report["schema_version"] = json!("1.7");
    report["new_field"] = json!(1);
    report["findings"][0]["kind"] = json!("new_kind");
    assert!(validator.is_valid(&report));
    report["schema_version"] = json!("2.0");
    assert!(!validator.is_valid(&report));
}

#[test]
fn wrong_reports_are_not_valid() {
    let validator = jsonschema::draft202012::new(&schema()).expect("a valid schema");
    let wrong = |pointer: &str, new: Value| {
        let mut report = value(&samples::leak());
        *report.pointer_mut(pointer).expect("a field") = new;
        !validator.is_valid(&report)
    };
    assert!(wrong("/findings/0/severity", json!("fatal")));
    assert!(wrong("/findings/0/id", json!("xyz")));
    assert!(wrong("/findings/0/growth/share", json!("97 %")));
    assert!(wrong("/findings/0/allocated_at/0/frame", Value::Null));
    assert!(wrong("/memory/rss_first", json!(-1)));
}

#[test]
fn the_schema_lists_every_word() {
    let schema = schema();
    let words = |name: &str, key: &str| schema["$defs"][name][key].clone();
    let said = |values: Vec<Value>| Value::Array(values);
    let severities = [Severity::Leak, Severity::Warning, Severity::Note].map(|one| json!(one));
    assert_eq!(words("Severity", "enum"), said(severities.to_vec()));
    let statuses = [
        Status::Leak,
        Status::Warning,
        Status::Clean,
        Status::NotEnoughEvidence,
    ];
    assert_eq!(
        words("Status", "enum"),
        said(statuses.map(|one| json!(one)).to_vec())
    );
    assert_eq!(
        words("Trend", "examples"),
        said(TRENDS.map(|one| json!(one)).to_vec())
    );
    assert_eq!(
        words("Kind", "examples"),
        said(KINDS.map(|one| json!(one)).to_vec())
    );
    let documentation = read("json.md");
    let kinds = KINDS.map(|one| json!(one)).into_iter();
    for word in kinds.chain(TRENDS.map(|one| json!(one))) {
        let word = word.as_str().expect("a word").to_owned();
        assert!(
            documentation.contains(&format!("`{word}`")),
            "json.md does not say {word}"
        );
    }
}

const TRENDS: [Trend; 7] = [
    Trend::Steady,
    Trend::Plateau,
    Trend::SawTooth,
    Trend::Step,
    Trend::Flat,
    Trend::Falling,
    Trend::NotEnoughEvidence,
];

const KINDS: [Kind; 10] = [
    Kind::Container,
    Kind::Backlog,
    Kind::Cycle,
    Kind::Site,
    Kind::Refcount,
    Kind::Native,
    Kind::Resource,
    Kind::Cache,
    Kind::WarmUp,
    Kind::Retention,
];

/// Fails to compile when the model gains a word, so that the lists above are looked at.
#[expect(dead_code, reason = "only the compiler reads it")]
fn known(kind: Kind, trend: Trend) {
    match kind {
        Kind::Container
        | Kind::Backlog
        | Kind::Cycle
        | Kind::Site
        | Kind::Refcount
        | Kind::Native => {}
        Kind::Resource | Kind::Cache | Kind::WarmUp | Kind::Retention => {}
    }
    match trend {
        Trend::Steady | Trend::Plateau | Trend::SawTooth | Trend::Step => {}
        Trend::Flat | Trend::Falling | Trend::NotEnoughEvidence => {}
    }
}

/// `## Name` sections of json.md with the fields of their tables.
fn documented() -> Vec<(String, BTreeSet<String>)> {
    let documentation = read("json.md");
    let sections = documentation.split("\n## ").skip(1);
    sections
        .filter_map(|section| {
            let name = section.lines().next()?.split('`').nth(1)?.to_owned();
            let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
            Some((
                name,
                rows.filter_map(|row| Some(row.split('`').next()?.to_owned()))
                    .collect(),
            ))
        })
        .collect()
}

#[test]
fn the_documentation_names_the_fields_of_the_schema() {
    let schema = schema();
    let from_schema: BTreeSet<(String, BTreeSet<String>)> = objects(&schema)
        .into_iter()
        .map(|(name, properties)| (name, properties.keys().cloned().collect()))
        .collect();
    let from_documentation: BTreeSet<_> = documented().into_iter().collect();
    assert_eq!(from_documentation, from_schema);
}

#[test]
fn the_example_in_the_documentation_is_what_is_rendered() {
    let rendered = rendered(&samples::leak());
    let example = format!("```json\n{rendered}```");
    assert!(
        read("json.md").contains(&example),
        "put this into docs/json.md:\n{example}"
    );
}

#[test]
fn ends_with_one_newline() {
    let rendered = rendered(&samples::leak());
    assert!(rendered.ends_with("}\n") && !rendered.ends_with("\n\n"));
}
