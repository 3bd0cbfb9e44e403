//! Blocks that free lists hand on: a line where an earlier object was made is never told as if it were sure.

use crate::world::{Run, World, the_leak};
use unfreed_recording::ids::StackId;

/// A list of tuples, whose blocks were allocated for earlier ones; `sure` of a hundred have bytes that were
/// allocated where the tuple is made.
fn report(sure: usize) -> unfreed_analysis::findings::Report {
    let mut world = World::new();
    let store = world.list();
    world.global("app.points", "POINTS", store);
    let mut run = Run::default();
    let earlier = run.stack(1, &[("/srv/app/parse.py", 9, "split")]);
    let maker = run.stack(3, &[("/srv/app/points.py", 20, "add")]);
    for now in 1..=8 {
        for index in 0..100 {
            world.made_at = earlier;
            world.reuses = true;
            let pair = world.tuple(&[]);
            world.reuses = false;
            world.made_at = if index < sure { maker } else { StackId(0) };
            let payload = world.bytes(100);
            world.made_at = StackId(0);
            world.append(pair, payload);
            world.append(store, pair);
        }
        run.read(&mut world, f64::from(now), 0);
        run.take(&mut world, f64::from(now));
    }
    run.report()
}

#[test]
fn a_line_of_which_nothing_else_is_known_may_be_that_of_an_earlier_object() {
    let report = report(0);
    let [made] = &the_leak(&report).allocated_at[..] else {
        panic!("{:?}", the_leak(&report).allocated_at);
    };
    assert_eq!(made.frame.function, "split");
    assert!(made.may_be_reused);
}

#[test]
fn a_line_that_is_sure_goes_before_a_larger_one_that_is_not() {
    let report = report(25);
    let made = &the_leak(&report).allocated_at;
    let told: Vec<_> = made
        .iter()
        .map(|at| (at.frame.function.as_str(), at.may_be_reused))
        .collect();
    assert_eq!(told, [("add", false), ("split", true)]);
    assert!(made[0].share < made[1].share, "{made:?}");
}
