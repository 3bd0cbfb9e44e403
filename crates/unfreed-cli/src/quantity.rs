//! Sizes, times and shares as people type them on the command line.

/// Parses `512KiB`, `64k`, `1MB`, `4096` into bytes. A bare `k`, `m`, `g` is binary.
pub fn parse_bytes(typed: &str) -> Result<u64, String> {
    let typed = typed.trim();
    let digits = typed
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(typed.len());
    let (number, unit) = typed.split_at(digits);
    let number: f64 = number.parse().map_err(|_| BYTES_EXPECTED.to_owned())?;
    let bytes = number * bytes_in(unit.trim()).ok_or(BYTES_EXPECTED)?;
    if !(1.0..=1e15).contains(&bytes) {
        return Err("must be between 1 byte and 1 PB".to_owned());
    }
    Ok(bytes as u64)
}

const BYTES_EXPECTED: &str = "expected a size such as 512KiB, 1MiB or 65536";

fn bytes_in(unit: &str) -> Option<f64> {
    const BINARY: f64 = 1024.0;
    let factor = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "ki" | "kib" => BINARY,
        "m" | "mi" | "mib" => BINARY * BINARY,
        "g" | "gi" | "gib" => BINARY * BINARY * BINARY,
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        _ => return None,
    };
    Some(factor)
}

/// Parses `2`, `0.5`, `500ms`, `5s`, `2m` or `1h` into seconds.
pub fn parse_seconds(typed: &str) -> Result<f64, String> {
    let typed = typed.trim();
    let digits = typed
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(typed.len());
    let (number, unit) = typed.split_at(digits);
    let number: f64 = number.parse().map_err(|_| SECONDS_EXPECTED.to_owned())?;
    let factor = match unit.trim() {
        "ms" => 1e-3,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(SECONDS_EXPECTED.to_owned()),
    };
    let seconds = number * factor;
    if !(0.05..=7.0 * 86_400.0).contains(&seconds) {
        return Err("must be between 50ms and a week".to_owned());
    }
    Ok(seconds)
}

const SECONDS_EXPECTED: &str = "expected a time such as 2, 0.5, 500ms or 2m";

/// Parses `2` or `2%` into per cent.
pub fn parse_percent(typed: &str) -> Result<f32, String> {
    let number = typed.trim().trim_end_matches('%').trim_end();
    let percent: f32 = number
        .parse()
        .map_err(|_| "expected per cent, such as 2 or 0.5")?;
    if percent > 0.0 && percent <= 100.0 {
        Ok(percent)
    } else {
        Err("must be above 0 and at most 100".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_in_every_spelling() {
        for (typed, bytes) in [
            ("4096", 4096),
            ("512KiB", 512 * 1024),
            ("512 kib", 512 * 1024),
            ("64k", 65536),
            ("1.5MiB", 1_572_864),
            ("1MB", 1_000_000),
            ("1g", 1 << 30),
        ] {
            assert_eq!(parse_bytes(typed), Ok(bytes), "{typed}");
        }
    }

    #[test]
    fn no_size_is_guessed() {
        for typed in ["", "KiB", "12 parsecs", "-1", "0", "1e99", "nan", "1..2"] {
            assert!(parse_bytes(typed).is_err(), "{typed}");
        }
    }

    #[test]
    fn seconds_in_every_spelling() {
        for (typed, seconds) in [("2", 2.0), ("0.5", 0.5), ("500ms", 0.5), ("2m", 120.0)] {
            assert_eq!(parse_seconds(typed), Ok(seconds), "{typed}");
        }
        for typed in ["", "0", "-2", "soon", "1y", "9999999999"] {
            assert!(parse_seconds(typed).is_err(), "{typed}");
        }
    }

    #[test]
    fn percent_has_bounds() {
        assert_eq!(parse_percent("2%"), Ok(2.0));
        assert_eq!(parse_percent("0.5"), Ok(0.5));
        for typed in ["0", "101", "-1", "nan", "all"] {
            assert!(parse_percent(typed).is_err(), "{typed}");
        }
    }
}
