//! Numbers as people read them: sizes, rates, times, counts, shares. Rounds once, picks one unit, and
//! never shows more digits than help. May not know where a number comes from.

const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
const MINUTE: f64 = 60.0;
const HOUR: f64 = 60.0 * MINUTE;
const DAY: f64 = 24.0 * HOUR;
/// Spans over which a rate can be given, shortest first.
const SPANS: [(f64, &str); 4] = [(1.0, "/s"), (MINUTE, "/min"), (HOUR, "/h"), (DAY, "/day")];

/// `612 MiB`, `8.1 MiB`, `1.4 GiB`.
pub fn bytes(value: u64) -> String {
    let (number, unit) = scaled(value as f64);
    format!("{number} {}", UNITS[unit])
}

/// `12.3 MiB ± 0.8`: the margin in the same unit; without one, [`bytes`].
pub fn bytes_within(value: u64, margin: u64) -> String {
    let told = bytes(value);
    if margin == 0 {
        return told;
    }
    let (_, unit) = scaled(value as f64);
    let margin = margin as f64 / 1024_f64.powi(unit as i32);
    if unit > 0 && margin < 0.05 {
        return format!("{told} ± <0.1");
    }
    let decimals = usize::from(unit > 0 && margin < 9.95);
    format!("{told} ± {margin:.decimals$}")
}

/// `+412 MiB`, `-3.0 KiB`, `0 B`.
pub fn signed_bytes(value: i64) -> String {
    format!("{}{}", sign(value as f64), bytes(value.unsigned_abs()))
}

/// `+412 MiB ± 8.1`.
pub fn signed_bytes_within(value: i64, margin: u64) -> String {
    let told = bytes_within(value.unsigned_abs(), margin);
    format!("{}{told}", sign(value as f64))
}

/// `84 → 612 MiB`; the unit stands once where both share it.
pub fn byte_range(from: u64, to: u64) -> String {
    let ((first, first_unit), (last, last_unit)) = (scaled(from as f64), scaled(to as f64));
    if (&first, first_unit) == (&last, last_unit) {
        format!("{last} {}", UNITS[last_unit])
    } else if first_unit == last_unit {
        format!("{first} → {last} {}", UNITS[last_unit])
    } else {
        format!("{} → {}", bytes(from), bytes(to))
    }
}

/// `+2.1 MiB/s`, or by the minute, hour or day where a second shows less than a KiB; empty when it
/// is not even that a day.
pub fn byte_rate(per_second: f64) -> String {
    let Some((value, span)) = over_span(per_second, 1024.0) else {
        return String::new();
    };
    let (number, unit) = scaled(value.abs());
    format!("{}{number} {}{span}", sign(value), UNITS[unit])
}

/// `1500`, `36,864`.
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    if digits.len() <= 4 {
        return digits;
    }
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `+36,864`, `-3`, `0`.
pub fn signed_count(value: i64) -> String {
    format!("{}{}", sign(value as f64), count(value.unsigned_abs()))
}

/// `+512/s`, `+2.5/min`; empty when it is less than one a day.
pub fn count_rate(per_second: f64) -> String {
    let Some((value, span)) = over_span(per_second, 1.0) else {
        return String::new();
    };
    let size = value.abs();
    let number = if size < 9.95 {
        trimmed(size)
    } else {
        count(size.round() as u64)
    };
    format!("{}{number}{span}", sign(value))
}

/// `+2.1 MiB/call`, or by ten, hundred or thousand calls where one shows less than a byte.
pub fn bytes_a_call(per_call: f64) -> String {
    let Some((value, span)) = over_calls(per_call) else {
        return String::new();
    };
    let (number, unit) = scaled(value.abs());
    format!("{}{number} {}{span}", sign(value), UNITS[unit])
}

/// `+2/call`, `+3/100 calls`.
pub fn count_a_call(per_call: f64) -> String {
    let Some((value, span)) = over_calls(per_call) else {
        return String::new();
    };
    let size = value.abs();
    let number = if size < 9.95 {
        trimmed(size)
    } else {
        count(size.round() as u64)
    };
    format!("{}{number}{span}", sign(value))
}

/// The rate over the fewest calls in which it is at least one.
fn over_calls(per_call: f64) -> Option<(f64, &'static str)> {
    let per_call = finite(per_call);
    [
        (1.0, "/call"),
        (10.0, "/10 calls"),
        (100.0, "/100 calls"),
        (1000.0, "/1000 calls"),
    ]
    .map(|(calls, name)| (per_call * calls, name))
    .into_iter()
    .find(|(value, _)| value.abs() >= 0.95)
}

/// A text of at most so many letters, cut with `…`.
pub fn cut(text: &str, letters: usize) -> String {
    if text.chars().count() <= letters {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(letters.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// `1 snapshot`, `12 snapshots`, `no snapshots`.
pub fn counted(value: u64, one: &str, many: &str) -> String {
    match value {
        0 => format!("no {many}"),
        1 => format!("1 {one}"),
        _ => format!("{} {many}", count(value)),
    }
}

/// `0.4 s`, `42 s`, `3 m 12 s`, `5 h 12 m`, `3 d 4 h`.
pub fn duration(seconds: f64) -> String {
    let seconds = finite(seconds).max(0.0);
    if seconds < 9.95 {
        return format!("{} s", trimmed(seconds));
    }
    let rounded = |to: f64| (seconds / to).round() * to;
    if rounded(1.0) < MINUTE {
        format!("{seconds:.0} s")
    } else if rounded(1.0) < HOUR {
        two_units(rounded(1.0), (MINUTE, "m"), (1.0, "s"))
    } else if rounded(MINUTE) < DAY {
        two_units(rounded(MINUTE), (HOUR, "h"), (MINUTE, "m"))
    } else {
        two_units(rounded(HOUR), (DAY, "d"), (HOUR, "h"))
    }
}

/// A pause: `0.4 ms`, `12 ms`, `1.2 s`.
pub fn pause(milliseconds: f64) -> String {
    let milliseconds = finite(milliseconds).max(0.0);
    if milliseconds >= 999.5 {
        duration(milliseconds / 1000.0)
    } else if milliseconds < 9.95 {
        format!("{} ms", trimmed(milliseconds))
    } else {
        format!("{milliseconds:.0} ms")
    }
}

/// A share of 0 to 1 as `97 %`; something is never shown as nothing, nor nearly all as all.
pub fn share(fraction: f64) -> String {
    let percent = finite(fraction).clamp(0.0, 1.0) * 100.0;
    if percent > 0.0 && percent < 0.5 {
        "<1 %".to_owned()
    } else if (99.5..100.0).contains(&percent) {
        ">99 %".to_owned()
    } else {
        format!("{percent:.0} %")
    }
}

/// Per cent with one decimal where it matters: `0.8 %`, `99.1 %`, `100 %`.
pub fn percent(value: f64) -> String {
    let value = finite(value).max(0.0);
    if value > 0.0 && value < 0.05 {
        return "<0.1 %".to_owned();
    }
    if (99.95..100.0).contains(&value) {
        return ">99.9 %".to_owned();
    }
    format!("{} %", trimmed(value))
}

/// Parts of a total in the total's unit: the words for the total, then one number a part; parts that
/// round to nothing are empty. Whole numbers add up to the total shown.
pub fn parts(total: u64, parts: &[u64]) -> (String, Vec<String>) {
    let (_, unit) = scaled(total as f64);
    let size = 1024_f64.powi(i32::try_from(unit).unwrap_or(0));
    if unit >= 3 || total as f64 / size < 9.95 {
        let own_unit = |part: &u64| {
            if *part == 0 {
                String::new()
            } else {
                bytes(*part)
            }
        };
        return (bytes(total), parts.iter().map(own_unit).collect());
    }
    let numbers = apportioned(
        total as f64 / size,
        parts.iter().map(|part| *part as f64 / size),
    );
    let shown = |number: u64| {
        if number == 0 {
            String::new()
        } else {
            number.to_string()
        }
    };
    (bytes(total), numbers.into_iter().map(shown).collect())
}

/// Rounds so that the parts still add up: the largest remainders are rounded up.
fn apportioned(total: f64, parts: impl Iterator<Item = f64>) -> Vec<u64> {
    let exact: Vec<f64> = parts.collect();
    let mut rounded: Vec<u64> = exact.iter().map(|part| part.floor() as u64).collect();
    let missing = (total.round() as u64).saturating_sub(rounded.iter().sum());
    let mut order: Vec<usize> = (0..exact.len()).collect();
    order.sort_by(|&a, &b| exact[b].fract().total_cmp(&exact[a].fract()));
    for &index in order.iter().take(usize::try_from(missing).unwrap_or(0)) {
        rounded[index] += 1;
    }
    rounded
}

fn scaled(value: f64) -> (String, usize) {
    let mut value = value;
    let mut unit = 0;
    while unit + 1 < UNITS.len() && shown_size(value, unit) >= 1024.0 {
        value /= 1024.0;
        unit += 1;
    }
    (format!("{:.*}", decimals(value, unit), value), unit)
}

/// The value as it will be read, so that 1023.7 KiB becomes 1.0 MiB and not 1024 KiB.
fn shown_size(value: f64, unit: usize) -> f64 {
    if decimals(value, unit) == 0 {
        value.round()
    } else {
        value
    }
}

fn decimals(value: f64, unit: usize) -> usize {
    let below = match unit {
        0 => 0.0,
        1 | 2 => 9.95,
        _ => 99.95,
    };
    usize::from(value < below)
}

/// The shortest span over which a rate shows at least `least`.
fn over_span(per_second: f64, least: f64) -> Option<(f64, &'static str)> {
    let per_second = finite(per_second);
    SPANS
        .iter()
        .map(|&(seconds, name)| (per_second * seconds, name))
        .find(|(value, _)| value.abs() >= least)
}

fn two_units(seconds: f64, large: (f64, &str), small: (f64, &str)) -> String {
    let first = (seconds / large.0).floor();
    let second = ((seconds - first * large.0) / small.0).round();
    if second == 0.0 {
        format!("{first} {}", large.1)
    } else {
        format!("{first} {} {second} {}", large.1, small.1)
    }
}

/// One decimal, and none when it would be a zero.
fn trimmed(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

fn sign(value: f64) -> &'static str {
    if value > 0.0 {
        "+"
    } else if value < 0.0 {
        "-"
    } else {
        ""
    }
}

fn finite(value: f64) -> f64 {
    if value.is_finite() { value } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIB: u64 = 1024;
    const MIB: u64 = 1024 * KIB;
    const GIB: u64 = 1024 * MIB;

    #[test]
    fn sizes_have_at_most_one_decimal() {
        let cases = [
            (0, "0 B"),
            (1023, "1023 B"),
            (KIB, "1.0 KiB"),
            (6 * KIB, "6.0 KiB"),
            (10 * KIB - 1, "10 KiB"),
            (MIB - 300, "1.0 MiB"),
            (8_493_466, "8.1 MiB"),
            (612 * MIB, "612 MiB"),
            (GIB + 4 * GIB / 10, "1.4 GiB"),
            (61 * GIB + GIB / 2, "61.5 GiB"),
            (u64::MAX, "16777216 TiB"),
        ];
        for (value, expected) in cases {
            assert_eq!(bytes(value), expected);
        }
    }

    #[test]
    fn signs_are_always_shown_but_for_nothing() {
        assert_eq!(signed_bytes(412 << 20), "+412 MiB");
        assert_eq!(signed_bytes(-(3 << 10)), "-3.0 KiB");
        assert_eq!(signed_bytes(0), "0 B");
        assert_eq!(signed_bytes(i64::MIN), "-8388608 TiB");
        assert_eq!(signed_count(36_864), "+36,864");
    }

    #[test]
    fn a_range_names_a_shared_unit_once() {
        assert_eq!(byte_range(84 * MIB, 612 * MIB), "84 → 612 MiB");
        assert_eq!(byte_range(84 * MIB, GIB + GIB / 2), "84 MiB → 1.5 GiB");
        assert_eq!(byte_range(84 * MIB, 84 * MIB + 1), "84 MiB");
    }

    #[test]
    fn slow_rates_are_given_over_longer_spans() {
        assert_eq!(byte_rate(2.1 * MIB as f64), "+2.1 MiB/s");
        assert_eq!(byte_rate(100.0), "+5.9 KiB/min");
        assert_eq!(byte_rate(1.0), "+3.5 KiB/h");
        assert_eq!(byte_rate(-0.1), "-8.4 KiB/day");
        assert_eq!(byte_rate(0.001), "");
        assert_eq!(byte_rate(f64::NAN), "");
        assert_eq!(count_rate(512.000_000_1), "+512/s");
        assert_eq!(count_rate(1.000_000_1), "+1/s");
        assert_eq!(count_rate(0.5), "+30/min");
        assert_eq!(count_rate(0.0), "");
    }

    #[test]
    fn counts_are_grouped_and_agree_with_their_noun() {
        assert_eq!(count(1500), "1500");
        assert_eq!(count(36_864), "36,864");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(counted(0, "snapshot", "snapshots"), "no snapshots");
        assert_eq!(counted(1, "snapshot", "snapshots"), "1 snapshot");
        assert_eq!(counted(2, "snapshot", "snapshots"), "2 snapshots");
    }

    #[test]
    fn times_use_two_units_at_most() {
        let cases = [
            (0.0, "0 s"),
            (0.42, "0.4 s"),
            (9.96, "10 s"),
            (42.4, "42 s"),
            (59.6, "1 m"),
            (192.0, "3 m 12 s"),
            (3599.8, "1 h"),
            (18_720.0, "5 h 12 m"),
            (86_399.0, "1 d"),
            (274_000.0, "3 d 4 h"),
        ];
        for (seconds, expected) in cases {
            let whole = duration(seconds);
            assert_eq!(whole, expected, "{seconds}");
        }
        assert_eq!(pause(0.42), "0.4 ms");
        assert_eq!(pause(12.4), "12 ms");
        assert_eq!(pause(1234.0), "1.2 s");
    }

    #[test]
    fn shares_never_round_to_none_or_all() {
        assert_eq!(share(0.97), "97 %");
        assert_eq!(share(0.001), "<1 %");
        assert_eq!(share(0.999), ">99 %");
        assert_eq!(share(1.000_000_1), "100 %");
        assert_eq!(percent(99.1), "99.1 %");
        assert_eq!(percent(99.99), ">99.9 %");
        assert_eq!(percent(0.01), "<0.1 %");
        assert_eq!(percent(100.0), "100 %");
    }

    #[test]
    fn whole_parts_add_up() {
        let (total, numbers) = parts(10 * MIB, &[3 * MIB + MIB / 2, 6 * MIB + MIB / 2, 0]);
        assert_eq!(
            (total.as_str(), numbers),
            ("10 MiB", vec!["4".into(), "6".into(), "".into()])
        );
        let (total, numbers) = parts(2 * GIB, &[GIB + GIB / 2, 512 * MIB]);
        assert_eq!(
            (total.as_str(), numbers),
            ("2.0 GiB", vec!["1.5 GiB".into(), "512 MiB".into()])
        );
    }
}
