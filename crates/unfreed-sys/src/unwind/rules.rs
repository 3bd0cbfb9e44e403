//! How to step from a function to its caller, by where the function is: learnt from steps that the unwind tables made, for
//! those functions whose step is an addition. Most captures come from the same places again and again, and this is several
//! times faster than the tables and their cache, whose 509 entries collide. Knows no tables and reads nothing by itself.

/// Where a function is, as unwinding knows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct At {
    /// The next instruction.
    pub ip: u64,
    pub sp: u64,
    /// The frame pointer, or whatever the function has in that register.
    pub bp: u64,
}

/// A step that the tables made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Made<'a> {
    pub from: At,
    pub to: At,
    /// Addresses on the stack that were read for it.
    pub read: &'a [u64],
    /// Whether it leads elsewhere with another frame pointer.
    pub needs_frame_pointer: bool,
}

/// For one place. The caller's stack pointer lies so many bytes above the function's stack pointer, or the two words of a
/// frame above its frame pointer; the return address is just below.
#[derive(Clone, Copy, Debug, Default)]
struct Rule {
    /// 0 for no rule.
    ip: u64,
    above: u32,
    by_frame_pointer: bool,
    /// How far below the caller's stack pointer its frame pointer was saved; 0 where it is still in the register.
    saved: u32,
}

/// Rules of so many places at most; a power of two.
const RULES: usize = 1 << 11;
const WORD: u64 = 8;
/// Above the frame pointer lie its old value and the return address.
const FRAME: u64 = 2 * WORD;
/// Functions with larger frames are left to the tables.
const LARGEST: u64 = 1 << 24;

/// What was learnt.
#[derive(Debug)]
pub(super) struct Rules {
    rules: Vec<Rule>,
}

impl Rules {
    pub(super) fn new() -> Self {
        Self {
            rules: vec![Rule::default(); RULES],
        }
    }

    fn index(ip: u64) -> usize {
        (ip.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48) as usize & (RULES - 1)
    }

    /// The caller of a function; the outer `None` where there is no rule, the inner one where the stack ends.
    #[inline]
    pub(super) fn step(&self, at: At, read: impl Fn(u64) -> Option<u64>) -> Option<Option<At>> {
        let rule = &self.rules[Self::index(at.ip)];
        if rule.ip != at.ip {
            return None;
        }
        let base = if rule.by_frame_pointer { at.bp } else { at.sp };
        let sp = base.wrapping_add(u64::from(rule.above));
        let bp = match rule.saved {
            0 => Some(at.bp),
            saved => read(sp.wrapping_sub(u64::from(saved))),
        };
        let ip = read(sp.wrapping_sub(WORD)).filter(|ip| *ip != 0);
        Some(ip.zip(bp).map(|(ip, bp)| At { ip, sp, bp }))
    }

    /// Learns from a step, if it was an addition.
    pub(super) fn learn(&mut self, made: Made<'_>) {
        if let Some(rule) = rule(made) {
            self.rules[Self::index(rule.ip)] = rule;
        }
    }
}

fn rule(made: Made<'_>) -> Option<Rule> {
    let Made { from, to, .. } = made;
    let return_address = to.sp.wrapping_sub(WORD);
    let mut others = made.read.iter().filter(|&&place| place != return_address);
    let saved = match (others.next(), others.next()) {
        (None, _) if from.bp == to.bp => 0,
        (Some(place), None) => to.sp.wrapping_sub(*place),
        _ => return None,
    };
    let base = if made.needs_frame_pointer {
        from.bp
    } else {
        from.sp
    };
    let above = to.sp.wrapping_sub(base);
    // Only on this processor does a call leave the return address on the stack, where its stack pointer then points.
    let is_addition = cfg!(target_arch = "x86_64")
        && made.read.contains(&return_address)
        && above < LARGEST
        && saved < LARGEST
        && (!made.needs_frame_pointer || above == FRAME);
    is_addition.then_some(Rule {
        ip: from.ip,
        above: above as u32,
        by_frame_pointer: made.needs_frame_pointer,
        saved: saved as u32,
    })
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    fn at(ip: u64, sp: u64, bp: u64) -> At {
        At { ip, sp, bp }
    }

    fn learnt(made: Made<'_>) -> Rules {
        let mut rules = Rules::new();
        rules.learn(made);
        rules
    }

    /// What lies at an address is the address and a bit.
    fn read(address: u64) -> Option<u64> {
        (address < 0x1000).then_some(address | 1)
    }

    #[test]
    fn a_function_without_a_frame_pointer() {
        let rules = learnt(Made {
            from: at(0xa0, 0x100, 5),
            to: at(0xb0, 0x120, 5),
            read: &[0x118],
            needs_frame_pointer: false,
        });
        let next = rules.step(at(0xa0, 0x200, 7), read);
        assert_eq!(next, Some(Some(at(0x219, 0x220, 7))));
        assert_eq!(rules.step(at(0xa0, 0x1000, 7), read), Some(None));
        assert_eq!(rules.step(at(0xa1, 0x200, 7), read), None);
    }

    #[test]
    fn a_function_that_saves_the_register_for_itself() {
        let rules = learnt(Made {
            from: at(0xa0, 0x100, 5),
            to: at(0xb0, 0x120, 6),
            read: &[0x118, 0x108],
            needs_frame_pointer: false,
        });
        let next = rules.step(at(0xa0, 0x200, 7), read);
        assert_eq!(next, Some(Some(at(0x219, 0x220, 0x209))));
    }

    #[test]
    fn a_function_with_a_frame_pointer() {
        let rules = learnt(Made {
            from: at(0xa0, 0x100, 0x150),
            to: at(0xb0, 0x160, 0x190),
            read: &[0x158, 0x150],
            needs_frame_pointer: true,
        });
        let next = rules.step(at(0xa0, 0x200, 0x250), read);
        assert_eq!(next, Some(Some(at(0x259, 0x260, 0x251))));
    }

    #[test]
    fn what_is_no_addition_is_not_learnt() {
        let made = Made {
            from: at(0xa0, 0x100, 0x150),
            to: at(0xb0, 0x180, 0x190),
            read: &[0x178, 0x150],
            needs_frame_pointer: true,
        };
        let aligned = learnt(made);
        let by_a_third_word = learnt(Made {
            read: &[0x148, 0x178, 0x150],
            needs_frame_pointer: false,
            ..made
        });
        let from_nowhere = learnt(Made {
            read: &[0x178],
            needs_frame_pointer: false,
            ..made
        });
        let elsewhere = learnt(Made {
            read: &[0x150],
            needs_frame_pointer: false,
            ..made
        });
        for rules in [aligned, by_a_third_word, from_nowhere, elsewhere] {
            assert_eq!(rules.step(at(0xa0, 0x200, 0x250), read), None);
        }
    }
}
