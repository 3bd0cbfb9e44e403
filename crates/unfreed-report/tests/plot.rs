//! Memory over time: marks stand at their moments in every form of the plot.
#![allow(clippy::unwrap_used)]

use unfreed_analysis::findings::Mark;
use unfreed_analysis::questions::{Moment, Timeline};
use unfreed_report::plot::{line, mark_lines, render_png, render_svg};

fn timeline(marks: &[(f64, &str)]) -> Timeline {
    Timeline {
        points: (0..=10)
            .map(|second| Moment {
                seconds: f64::from(second),
                rss: 100 + 10 * u64::from(second as u32),
                ..Moment::default()
            })
            .collect(),
        marks: marks
            .iter()
            .map(|&(seconds, name)| Mark {
                seconds,
                name: name.to_owned(),
            })
            .collect(),
    }
}

fn svg(timeline: &Timeline) -> String {
    let mut out = Vec::new();
    render_svg(timeline, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The left edge of a text in an SVG.
fn left_of(text: &str, svg: &str) -> f64 {
    let before = svg.split(&format!(">{text}</text>")).next().unwrap();
    let x = before.rsplit("<text x=\"").next().unwrap();
    x.split('"').next().unwrap().parse().unwrap()
}

#[test]
fn marks_stand_at_their_moments() {
    let marked = svg(&timeline(&[
        (2.0, "warm"),
        (6.0, "served <all>"),
        (9.9, "the end of it"),
    ]));
    assert!(left_of("warm", &marked) < left_of("served &lt;all&gt;", &marked));
    // Near the right edge the name stands to the left of its line.
    assert!(left_of("the end of it", &marked) < 900.0 - 12.0 - 13.0 * 7.0);
    let plain = render_png(&timeline(&[])).unwrap();
    assert_ne!(render_png(&timeline(&[(2.0, "warm")])).unwrap(), plain);
}

#[test]
fn names_stand_below_the_line_where_they_belong() {
    let timeline = timeline(&[(3.0, "warm"), (4.0, "b\nc"), (9.0, "d")]);
    assert_eq!(line(&timeline, 60).chars().count(), 11);
    assert_eq!(mark_lines(&timeline, 60), ["   ↑warm ↑d", "    ↑b c"]);
    assert!(mark_lines(&self::timeline(&[]), 60).is_empty());
}

#[test]
fn many_marks_are_counted() {
    let marks: Vec<(f64, &str)> = (0..100)
        .map(|_| (5.0, "a mark with a long name, longer than fits"))
        .collect();
    let lines = mark_lines(&timeline(&marks), 60);
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[3], "and 97 more marks");
    assert!(lines[0].ends_with('…'), "{lines:?}");
    assert!(svg(&timeline(&marks)).matches("<text").count() < 20);
}
