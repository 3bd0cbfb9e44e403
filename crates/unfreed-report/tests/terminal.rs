//! What the terminal report looks like: snapshots of whole reports, and what holds for any report.

mod samples;

use insta::assert_snapshot;
use proptest::prelude::*;
use unfreed_analysis::findings::{AllocatedAt, Frame, Report, Status, Step, Verdict};
use unfreed_report::breakdown::{self, Measure};
use unfreed_report::terminal::{Saved, TerminalOptions, render};
use unicode_width::UnicodeWidthStr;

fn options(width: u16) -> TerminalOptions {
    TerminalOptions {
        width,
        directory: "/srv/shop".to_owned(),
        saved_as: Some(Saved {
            path: "app.unfreed".to_owned(),
            bytes: 8_493_466,
        }),
        ..TerminalOptions::default()
    }
}

fn coloured(report: &Report, options: &TerminalOptions) -> String {
    let mut out = Vec::new();
    render(report, options, &mut out).expect("a Vec takes everything");
    String::from_utf8(out).expect("a report is UTF-8")
}

fn plain(report: &Report, options: &TerminalOptions) -> String {
    anstream::adapter::strip_str(&coloured(report, options)).to_string()
}

fn assert_fits(text: &str, width: usize) {
    for line in text.lines() {
        assert!(line.width() <= width, "{} columns: {line}", line.width());
        assert_eq!(line, line.trim_end(), "spaces at the end");
        assert!(
            !line.chars().any(char::is_control),
            "control character: {line:?}"
        );
    }
}

#[test]
fn samples_at_100_columns() {
    for (name, report) in samples::all() {
        assert_snapshot!(format!("{name}_100"), plain(&report, &options(100)));
    }
}

fn tables(report: &Report, width: u16, measure: Measure, most: usize) -> String {
    let options = breakdown::Options {
        width,
        directory: "/srv/shop".to_owned(),
        measure,
        most,
    };
    let mut out = Vec::new();
    breakdown::render(report, &options, &mut out).expect("a Vec takes everything");
    let text = String::from_utf8(out).expect("tables are UTF-8");
    anstream::adapter::strip_str(&text).to_string()
}

#[test]
fn tables_of_allocations() {
    let report = samples::tables::allocations();
    assert_snapshot!("tables_100", tables(&report, 100, Measure::Live, 20));
    assert_snapshot!("tables_60", tables(&report, 60, Measure::Temporary, 2));
    for width in [40, 60, 80, 100, 140] {
        assert_fits(
            &tables(&report, width, Measure::Allocated, 3),
            usize::from(width),
        );
    }
    let mut exact = report.clone();
    for table in &mut exact.allocations {
        table.exact = true;
        table.rows.truncate(1);
        for row in &mut table.rows {
            for figures in [&mut row.own, &mut row.total] {
                figures.live.bytes_margin = 0;
            }
        }
    }
    let exact = tables(&exact, 100, Measure::Live, 20);
    assert!(
        exact.contains("Every block was followed: figures are exact."),
        "{exact}"
    );
    assert!(exact.contains("20 MiB  29,959"), "{exact}");
}

#[test]
fn shares_that_add_up_to_more_than_all_are_explained_and_estimates_have_margins() {
    let mut report = samples::two_leaks_and_a_warning();
    let explanation = "Shares add up to more than 100 %";
    assert!(!plain(&report, &options(100)).contains(explanation));
    report.findings[1].growth.share = 0.4;
    report.findings[1].growth.bytes = 20 << 20;
    report.findings[1].growth.bytes_margin = 3 << 20;
    let text = plain(&report, &options(100));
    assert!(
        text.contains(explanation) && text.contains("+20 MiB ± 3.0"),
        "{text}"
    );
    assert_fits(&text, 100);
}

#[test]
fn where_every_block_is_followed_nothing_is_called_a_sample() {
    let mut report = samples::clean_with_notes();
    let options = TerminalOptions {
        verbose: true,
        ..options(100)
    };
    assert!(plain(&report, &options).contains("samples of live allocations"));
    report.evidence.exact = true;
    let text = plain(&report, &options);
    assert!(
        text.contains("every block followed") && !text.contains("sample"),
        "{text}"
    );
}

#[test]
fn narrower_pages() {
    let report = samples::two_leaks_and_a_warning();
    assert_snapshot!("two_leaks_and_a_warning_80", plain(&report, &options(80)));
    assert_snapshot!("two_leaks_and_a_warning_60", plain(&report, &options(60)));
    assert_snapshot!("long_names_60", plain(&samples::long_names(), &options(60)));
    assert_snapshot!(
        "clean_with_notes_60",
        plain(&samples::clean_with_notes(), &options(60))
    );
}

#[test]
fn verbose() {
    let options = TerminalOptions {
        verbose: true,
        saved_as: None,
        ..options(100)
    };
    let report = samples::two_leaks_and_a_warning();
    assert_snapshot!("verbose_100", plain(&report, &options));
}

#[test]
fn colours() {
    let text = coloured(&samples::leak(), &options(100)).replace('\u{1b}', "ESC");
    assert_snapshot!("leak_coloured", text);
}

#[test]
fn every_sample_fits_every_width() {
    for (_, report) in samples::all() {
        for width in [40, 60, 80, 100, 140] {
            for verbose in [false, true] {
                let options = TerminalOptions {
                    verbose,
                    ..options(width)
                };
                assert_fits(&plain(&report, &options), usize::from(width));
            }
        }
    }
}

#[test]
fn a_narrower_page_than_40_columns_is_not_tried() {
    let report = samples::leak();
    assert_eq!(plain(&report, &options(1)), plain(&report, &options(40)));
}

#[test]
fn findings_beyond_the_most_are_counted() {
    let options = TerminalOptions {
        most_findings: 2,
        ..options(100)
    };
    let text = plain(&samples::two_leaks_and_a_warning(), &options);
    assert!(text.contains("\n1 more finding, not shown here; the JSON report has all."));
    assert!(!text.contains("WARNING"));
}

#[test]
fn the_line_of_the_package_is_told_and_places_that_look_alike_are_one() {
    let mut report = samples::leak();
    let frame = |file: &str, line, function: &str| Frame {
        file: file.to_owned(),
        line,
        function: function.to_owned(),
        ..Frame::default()
    };
    let own = frame("/srv/shop/app.py", 23, "inject");
    let place = |inner: &Frame, share| AllocatedAt {
        stack: vec![inner.clone(), own.clone()],
        frame: own.clone(),
        share,
        ..AllocatedAt::default()
    };
    let package = frame("/v/lib/python3.12/site-packages/sdk/scope.py", 9, "add");
    let other = frame(
        "/v/lib/python3.12/site-packages/sdk/span.py",
        95,
        "Span.__init__",
    );
    let [json, copy] = ["json/decoder.py", "copy.py"]
        .map(|file| frame(&format!("/usr/lib/python3.12/{file}"), 5, "make"));
    report.findings[0].allocated_at = vec![
        place(&package, 0.3),
        place(&package, 0.2),
        place(&other, 0.2),
        place(&json, 0.2),
        place(&copy, 0.1),
    ];
    let text = plain(&report, &options(100));
    assert!(text.contains("50 %  sdk/scope.py:9 in add()"), "{text}");
    assert_eq!(text.matches("sdk/scope.py:9").count(), 1, "{text}");
    assert!(
        text.contains("20 %  sdk/span.py:95 in Span.__init__()"),
        "{text}"
    );
    // Two places of Python's own are the person's line, once.
    let verbose = TerminalOptions {
        verbose: true,
        ..options(100)
    };
    let whole = plain(&report, &verbose);
    assert!(
        !text.contains("json/decoder.py") && whole.contains("json/decoder.py"),
        "{whole}"
    );
    assert_eq!(whole.matches("sdk/scope.py:9").count(), 2, "{whole}");
}

#[test]
fn a_line_that_may_be_of_an_earlier_object_is_called_so_unless_another_is_the_answer() {
    let mut report = samples::leak();
    let mut doubtful = report.findings[0].allocated_at[0].clone();
    doubtful.frame.function = "parse_earlier".to_owned();
    doubtful.stack = vec![doubtful.frame.clone()];
    doubtful.may_be_reused = true;
    report.findings[0].allocated_at.truncate(1);
    report.findings[0].allocated_at.push(doubtful.clone());
    report.findings[0].allocated_at[0].share = 0.9;
    let clear = plain(&report, &options(100));
    assert!(!clear.contains("perhaps"), "{clear}");
    let verbose = TerminalOptions {
        verbose: true,
        ..options(100)
    };
    assert!(plain(&report, &verbose).contains("perhaps"));
    report.findings[0].allocated_at[0].share = 0.3;
    let text = plain(&report, &options(100));
    assert!(text.contains("in parse_earlier()"), "{text}");
    assert!(text.contains("perhaps: Python reuses the memory"), "{text}");
    report.findings[0].allocated_at = vec![doubtful];
    assert!(plain(&report, &options(100)).contains("perhaps"));
}

#[test]
fn the_verdict_is_not_said_twice() {
    let opening = |status, sentence: &str| {
        let mut report = samples::not_enough_evidence();
        report.verdict = Verdict {
            status,
            sentence: sentence.to_owned(),
            one_in_calls: 0,
        };
        let text = plain(&report, &options(100));
        let mut lines = text.lines();
        let line = lines.find(|line| line.starts_with("No leak") || line.starts_with("Not enough"));
        line.unwrap_or_default().to_owned()
    };
    assert_eq!(
        opening(
            Status::Clean,
            "no leak: nothing grew steadily over 13 intervals"
        ),
        "No leak found: nothing grew steadily over 13 intervals."
    );
    assert_eq!(
        opening(Status::Warning, "no certain leak, 2 things to look at"),
        "No leak found, but no warnings."
    );
    assert_eq!(
        opening(
            Status::NotEnoughEvidence,
            "not enough evidence yet (0 snapshots in 0.1 s); run for at least 10 s"
        ),
        "Not enough evidence yet (0 snapshots in 0.1 s); run for at least 10 s."
    );
}

#[test]
fn an_empty_report_says_that_nothing_is_known() {
    let text = plain(&Report::default(), &TerminalOptions::default());
    assert!(
        text.contains("Not enough evidence yet. Run it for longer"),
        "{text}"
    );
    assert!(text.contains("no snapshots"), "{text}");
}

#[test]
fn a_saved_path_can_be_typed() {
    let saved_as = Some(Saved {
        path: "my app's.unfreed".to_owned(),
        bytes: 12,
    });
    let text = plain(
        &samples::leak(),
        &TerminalOptions {
            saved_as,
            ..options(100)
        },
    );
    assert!(
        text.contains(r"unfreed report 'my app'\''s.unfreed' shows this again"),
        "{text}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_a_program_names_things(name in any::<String>(), key in ".{0,80}", width in 40u16..120) {
        let mut report = samples::long_names();
        report.program.name = name.clone();
        report.verdict = Verdict { sentence: name.clone(), ..report.verdict };
        let finding = &mut report.findings[0];
        finding.title = name.clone();
        finding.summary = key.repeat(3);
        finding.advice.snippet = format!("\t{name}\n{key}");
        finding.filled_with[0].type_name = name.clone();
        finding.allocated_at[0].frame.file = format!("/srv/{key}/{name}.py");
        if let Some(held) = &mut finding.held_by {
            held.root = name;
            held.path = format!("{}{key}", held.path);
            held.steps.push(Step { reference: key, ..Step::default() });
        }
        for verbose in [false, true] {
            let options = TerminalOptions { verbose, ..options(width) };
            let text = coloured(&report, &options);
            let text = anstream::adapter::strip_str(&text).to_string();
            for line in text.lines() {
                prop_assert!(line.width() <= usize::from(width), "{line}");
                prop_assert!(!line.chars().any(char::is_control), "{line:?}");
            }
        }
    }
}
