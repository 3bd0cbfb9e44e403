//! The audit of reference counts: what C code loses or gives back twice on objects that stay.

use crate::world::heap::Ref;
use crate::world::{Run, World, every_second, leaks, of_kind, the_leak, told};
use unfreed_analysis::findings::{Frame, Kind, Report, Severity};
use unfreed_recording::ids::{RunTime, StackId};
use unfreed_recording::process::Round;

/// A program with one object that stays, `app.SETTINGS`, and an extension.
fn with_settings() -> (World, usize) {
    let mut world = World::new();
    let settings = world.instance("app", "Settings");
    world.global("app", "SETTINGS", settings);
    world.module(
        "fastjson",
        Some("/srv/site-packages/fastjson.cpython-312-x86_64-linux-gnu.so"),
    );
    (world, settings)
}

#[test]
fn references_that_c_code_never_gives_back() {
    let (world, settings) = with_settings();
    let report = every_second(10, world, |world, _| world.objects[settings].outside += 100);
    let leak = the_leak(&report);
    assert_eq!(leak.kind, Kind::Refcount);
    assert_eq!(leak.title, "references to Settings objects are lost in C");
    assert!(
        leak.summary.contains("100 references a second"),
        "{}",
        leak.summary
    );
    assert!(
        leak.summary
            .contains("not known; beside Python's own, fastjson (fastjson.cpython"),
        "{}",
        leak.summary
    );
    assert_eq!(leak.advice.rule, "missing_decref");
    assert!(
        leak.held_by
            .as_ref()
            .unwrap()
            .path
            .starts_with("app.SETTINGS")
    );
    assert!((leak.growth.objects_per_second - 100.0).abs() < 1.0);
}

#[test]
fn references_that_c_code_gives_back_twice() {
    let (mut world, settings) = with_settings();
    let list = world.list();
    for _ in 0..2000 {
        world.append(list, settings);
    }
    world.global("app", "MANY", list);
    let report = every_second(10, world, |world, _| {
        world.objects[settings].given_back += 100
    });
    let leak = the_leak(&report);
    assert_eq!(
        leak.title,
        "references to Settings objects are given back twice in C"
    );
    assert_eq!(leak.advice.rule, "missing_incref");
    assert!(leak.summary.contains("crashes"), "{}", leak.summary);
}

#[test]
fn references_that_come_and_go_are_no_leak() {
    let (world, settings) = with_settings();
    let report = every_second(10, world, |world, now| {
        world.objects[settings].outside = 100 + (now * 37) % 50;
    });
    assert!(
        of_kind(&report, Kind::Refcount).is_empty(),
        "{}",
        told(&report)
    );
}

#[test]
fn references_of_closed_objects_that_gather_are_theirs() {
    // Dates that refer to one time zone do not show it; they grow, and are the leak.
    let (mut world, zone) = with_settings();
    let log = world.list();
    world.global("app", "LOG", log);
    let report = every_second(10, world, |world, _| {
        for _ in 0..100 {
            let date = world.object("datetime", "datetime", 48);
            world.append(log, date);
            world.objects[zone].outside += 1;
        }
    });
    let titles: Vec<_> = leaks(&report)
        .iter()
        .map(|leak| leak.title.as_str())
        .collect();
    assert_eq!(titles, ["growing container app.LOG"], "{}", told(&report));
}

#[test]
fn few_references_are_not_worth_a_word() {
    let (world, settings) = with_settings();
    let report = every_second(10, world, |world, _| world.objects[settings].outside += 1);
    let told_of = report
        .findings
        .iter()
        .filter(|finding| finding.severity != Severity::Note);
    assert_eq!(told_of.count(), 0, "{}", told(&report));
}

#[test]
fn references_to_a_class_cost_no_memory_whatever_its_metaclass() {
    let (mut world, _) = with_settings();
    let class = world.class("app.widgets", "Widget");
    world.objects[class].type_name = ("cython".to_owned(), "metatype".to_owned());
    let widget = world.instance("app.widgets", "Widget");
    world.global("app.widgets", "WIDGET", widget);
    let report = every_second(10, world, |world, _| world.objects[class].outside += 100);
    let [finding] = &report.findings[..] else {
        panic!("{}", told(&report));
    };
    assert_eq!(finding.kind, Kind::Refcount);
    assert_eq!(finding.severity, Severity::Warning);
    let title = "references to the class app.widgets.Widget are lost in C";
    assert_eq!(finding.title, title);
    assert_eq!(finding.advice.rule, "missing_class_decref");
}

#[test]
fn a_class_without_instances_is_one_all_the_same() {
    let (mut world, _) = with_settings();
    let class = world.class("app.widgets", "Generator");
    world.objects[class].type_name = ("cython".to_owned(), "metatype".to_owned());
    let order = world.object("builtins", "tuple", 56);
    world.refer(class, order, Ref::Internal("__mro__".to_owned()));
    let report = every_second(10, world, |world, _| world.objects[class].outside += 100);
    let [finding] = &report.findings[..] else {
        panic!("{}", told(&report));
    };
    assert_eq!(finding.severity, Severity::Warning);
}

/// Ten rounds of ten calls each of a function that takes five references to an object.
fn rounds_that_take(mut world: World, object: usize) -> Report {
    let mut run = Run::default();
    for now in 1..=10_u32 {
        world.objects[object].outside += 5;
        run.read(&mut world, f64::from(now), 0);
        run.take(&mut world, f64::from(now));
        run.rounds.push(Round {
            at: RunTime(u64::from(now) * 1_000_000_000),
            calls: u64::from(now) * 10,
        });
    }
    run.report()
}

#[test]
fn a_few_references_to_what_is_there_but_once_say_nothing() {
    let (world, settings) = with_settings();
    let told_of = rounds_that_take(world, settings);
    assert_eq!(
        of_kind(&told_of, Kind::Refcount).len(),
        1,
        "{}",
        told(&told_of)
    );
    let (mut world, _) = with_settings();
    let none = world.object("builtins", "NoneType", 16);
    world.global("app", "NOTHING", none);
    let silent = rounds_that_take(world, none);
    assert!(
        of_kind(&silent, Kind::Refcount).is_empty(),
        "{}",
        told(&silent)
    );
}

#[test]
fn the_extension_whose_code_made_them_is_likely() {
    let (mut world, _) = with_settings();
    let other = "/srv/site-packages/zz_other.cpython-312-x86_64-linux-gnu.so";
    world.module("zz_other", Some(other));
    let mut run = Run::default();
    let native = Frame {
        function: "encode".to_owned(),
        file: other.to_owned(),
        library: other.to_owned(),
        ..Frame::default()
    };
    let python = Frame {
        function: "handle".to_owned(),
        file: "/srv/app.py".to_owned(),
        line: 7,
        ..Frame::default()
    };
    run.stacks.insert(3, vec![native, python]);
    for now in 1..=10_u32 {
        world.made_at = StackId(3);
        for _ in 0..100 {
            let lost = world.bytes(900);
            world.objects[lost].outside = 1;
        }
        world.made_at = StackId::default();
        run.read(&mut world, f64::from(now), 0);
        run.take(&mut world, f64::from(now));
    }
    let report = run.report();
    let leak = the_leak(&report);
    assert_eq!(leak.kind, Kind::Refcount);
    assert!(
        leak.summary
            .ends_with("Likely by zz_other (zz_other.cpython-312-x86_64-linux-gnu.so)."),
        "{}",
        leak.summary
    );
    assert!(
        leak.advice.text.starts_with("Look in zz_other "),
        "{}",
        leak.advice.text
    );
}
