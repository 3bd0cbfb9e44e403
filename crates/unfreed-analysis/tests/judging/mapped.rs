//! Resident memory that no allocator holds.

use crate::world::{Run, World, leaks, the_leak, told};
use unfreed_analysis::findings::Report;

/// A run whose anonymous memory and whose blocks of malloc grow by so many MiB a second each.
fn mapping(anonymous: u64, by_malloc: u64, untouched: u64) -> Report {
    let mut world = World::new();
    let mut run = Run::default();
    for now in 1..=12_u32 {
        let seconds = u64::from(now);
        let reading = run.read(
            &mut world,
            f64::from(now),
            (untouched + by_malloc * seconds) << 20,
        );
        reading.rss = (30 + anonymous * seconds) << 20;
        reading.rss_anon = Some((20 + anonymous * seconds) << 20);
        run.take(&mut world, f64::from(now));
    }
    run.report()
}

#[test]
fn memory_that_no_allocator_holds_is_not_passed_over() {
    let report = mapping(10, 0, 0);
    let leak = the_leak(&report);
    assert_eq!(leak.title, "memory outside of malloc grows");
    assert!(leak.summary.contains("10 MiB a second"), "{}", leak.summary);
    assert!(
        leak.advice.text.contains("--native"),
        "{}",
        leak.advice.text
    );
    assert_eq!(report.accounting.code_and_files, 10 << 20);
    assert!(report.accounting.other_mappings > 100 << 20);
    // Pages of a large block that are touched one after the other were malloc's all the time.
    let touched = mapping(10, 0, 500);
    assert!(leaks(&touched).is_empty(), "{}", told(&touched));
    // What malloc holds is told as such.
    let native = mapping(10, 10, 0);
    assert_eq!(the_leak(&native).title, "native memory grows");
}
