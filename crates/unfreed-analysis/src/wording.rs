//! Numbers and plurals as people say them.

/// Bytes: `512 bytes`, `1.2 KiB`, `431 MiB`.
#[must_use]
pub fn bytes(count: f64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB"];
    let magnitude = count.abs();
    if magnitude < 1024.0 {
        return format!("{count:.0} bytes");
    }
    let mut value = magnitude / 1024.0;
    let mut unit = units[0];
    for next in &units[1..] {
        if value >= 999.5 {
            value /= 1024.0;
            unit = next;
        }
    }
    let sign = if count < 0.0 { "-" } else { "" };
    if value < 9.95 {
        format!("{sign}{value:.1} {unit}")
    } else {
        format!("{sign}{value:.0} {unit}")
    }
}

/// A count: `7`, `1024`, `1,048,576`.
#[must_use]
pub fn count(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        // A four-digit number stays whole.
        if index > 0 && digits.len() > 4 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 { format!("-{text}") } else { text }
}

/// A rate split into number and unit of time, so that the number is at least one where it can be:
/// `("512", "a second")`, `("3", "a minute")`.
fn rate(per_second: f64) -> (String, &'static str) {
    rate_in(
        &[(1.0, "a second"), (60.0, "a minute"), (3600.0, "an hour")],
        per_second,
    )
}

/// The rate in the first scale in which it is at least one, or in the last.
fn rate_in(scales: &[(f64, &'static str)], per_unit: f64) -> (String, &'static str) {
    for (index, &(units, unit)) in scales.iter().enumerate() {
        let value = per_unit * units;
        if value.abs() >= 0.95 || index + 1 == scales.len() {
            let precise = value.abs() < 9.95 && (value - value.round()).abs() > 0.05;
            let text = if precise {
                format!("{value:.1}")
            } else {
                count(value.round() as i64)
            };
            return (text, unit);
        }
    }
    ("0".to_owned(), "")
}

/// A rate of bytes: `2.1 MiB a second`.
fn byte_rate(per_second: f64) -> String {
    if per_second.abs() >= 100.0 {
        format!("{} a second", bytes(per_second))
    } else {
        format!("{} a minute", bytes(per_second * 60.0))
    }
}

/// The verb for a number with its noun.
#[must_use]
pub fn is_or_are(number: &str) -> &'static str {
    if number.starts_with("1 ") {
        "is"
    } else {
        "are"
    }
}

/// What rates are counted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// Seconds of the run.
    #[default]
    Time,
    /// Calls of a function.
    Calls,
}

impl Pace {
    /// A rate split into number and unit: `("512", "a second")`, `("3", "in 10 calls")`.
    #[must_use]
    pub fn rate(self, per_unit: f64) -> (String, &'static str) {
        match self {
            Self::Time => rate(per_unit),
            Self::Calls => rate_in(
                &[
                    (1.0, "a call"),
                    (10.0, "in 10 calls"),
                    (100.0, "in 100 calls"),
                    (1000.0, "in 1000 calls"),
                ],
                per_unit,
            ),
        }
    }

    /// A rate of things, split into number with noun and unit: `("1 block", "a call")`.
    #[must_use]
    pub fn rate_of(self, per_unit: f64, one: &str, more: &str) -> (String, &'static str) {
        let (number, unit) = self.rate(per_unit);
        let noun = if number == "1" { one } else { more };
        (format!("{number} {noun}"), unit)
    }

    /// A rate of bytes: `2.1 MiB a second`, `48 bytes a call`.
    #[must_use]
    pub fn byte_rate(self, per_unit: f64) -> String {
        match self {
            Self::Time => byte_rate(per_unit),
            Self::Calls if per_unit.abs() >= 1.0 => format!("{} a call", bytes(per_unit)),
            Self::Calls => format!("{} in 1000 calls", bytes(per_unit * 1000.0)),
        }
    }

    /// How long something went on: `8 s`, `400 calls`.
    #[must_use]
    pub fn span(self, units: f64) -> String {
        match self {
            Self::Time => duration(units),
            Self::Calls => several(units.max(0.0).round() as i64, "call"),
        }
    }
}

/// A stretch of time: `8 s`, `3 m 12 s`, `2 h 5 m`.
fn duration(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    match whole {
        0 => format!("{:.1} s", seconds.max(0.0)),
        1..=89 => format!("{whole} s"),
        90..=3599 if whole.is_multiple_of(60) => format!("{} m", whole / 60),
        90..=3599 => format!("{} m {} s", whole / 60, whole % 60),
        _ => format!("{} h {} m", whole / 3600, whole % 3600 / 60),
    }
}

/// `1 thread`, `5 threads`.
#[must_use]
pub fn several(number: i64, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{} {noun}s", count(number))
    }
}

/// A text cut to so many characters, with `…`.
#[must_use]
pub fn cut(text: &str, letters: usize) -> String {
    if text.chars().count() <= letters {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(letters.saturating_sub(1)).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        let sizes = [
            0.0,
            1023.0,
            1024.0,
            1_258_291.0,
            451_936_256.0,
            1_073_000_000.0,
            -2048.0,
        ];
        let texts = sizes.map(bytes);
        assert_eq!(
            texts,
            [
                "0 bytes",
                "1023 bytes",
                "1.0 KiB",
                "1.2 MiB",
                "431 MiB",
                "1.0 GiB",
                "-2.0 KiB"
            ]
        );
        assert_eq!(
            [7, 1024, 10240, 1_048_576].map(count),
            ["7", "1024", "10,240", "1,048,576"]
        );
        assert_eq!(rate(512.3), ("512".into(), "a second"));
        assert_eq!(rate(1.5), ("1.5".into(), "a second"));
        assert_eq!(rate(0.05), ("3".into(), "a minute"));
        assert_eq!(byte_rate(2.1 * 1_048_576.0), "2.1 MiB a second");
        assert_eq!(
            [8.2, 192.0, 7500.0].map(duration),
            ["8 s", "3 m 12 s", "2 h 5 m"]
        );
        assert_eq!(cut("abcdefgh", 4), "abc…");
    }
}
