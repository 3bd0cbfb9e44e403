//! A report whose allocations were asked for, by site, function and library.

use super::{KIB, MIB, clean_with_notes};
use unfreed_analysis::breakdown::{Breakdown, By, Estimate, Figures, Row, Whose};
use unfreed_analysis::findings::{Frame, Report};

/// A run whose allocations were asked for, by site, function and library.
pub fn allocations() -> Report {
    Report {
        allocations: [By::Site, By::Function, By::Library]
            .map(broken_down)
            .to_vec(),
        ..clean_with_notes()
    }
}

fn broken_down(by: By) -> Breakdown {
    let within = |bytes, bytes_margin, blocks| Estimate {
        bytes,
        bytes_margin,
        blocks,
        blocks_margin: blocks / 9,
    };
    let figures = |live: u64, peak: u64, freed: u64| Figures {
        live: within(live, live / 15, live / 700),
        peak: within(peak, peak / 17, peak / 700),
        temporary: within(freed, freed / 60, freed / 90),
        allocated: within(live + freed, freed / 60, (live + freed) / 90),
    };
    let frame = |file: &str, line, function: &str| Frame {
        file: file.to_owned(),
        line: if by == By::Site { line } else { 0 },
        function: function.to_owned(),
        ..Frame::default()
    };
    let row = |frame, library: &str, whose, own: Figures| Row {
        frame: if by == By::Library {
            Frame::default()
        } else {
            frame
        },
        native: String::new(),
        library: library.to_owned(),
        whose,
        own,
        total: own,
    };
    let whole = figures(31 * MIB, 44 * MIB, 1300 * MIB);
    let mut rows = vec![
        row(
            frame("/srv/shop/app/cart.py", 42, "Cart.add"),
            "your code",
            Whose::Own,
            figures(20 * MIB, 31 * MIB, 300 * MIB),
        ),
        row(
            frame(
                "/srv/shop/lib/python3.12/site-packages/pandas/core/frame.py",
                811,
                "take",
            ),
            "pandas",
            Whose::Package,
            figures(9 * MIB, 10 * MIB, 800 * MIB),
        ),
        row(
            frame("/usr/lib/python3.12/json/decoder.py", 353, "raw_decode"),
            "json",
            Whose::StandardLibrary,
            figures(2 * MIB, 3 * MIB, 200 * MIB),
        ),
        row(
            frame("/srv/shop/app/thumbs.py", 9, "thumbnail"),
            if by == By::Site {
                "your code"
            } else {
                "thumb.so"
            },
            if by == By::Site {
                Whose::Own
            } else {
                Whose::Native
            },
            figures(40 * KIB, 0, 0),
        ),
        row(Frame::default(), "", Whose::Unknown, figures(700, 700, 0)),
    ];
    match by {
        By::Site => rows[3].native = "thumb_open() in thumb.so".to_owned(),
        By::Function | By::Library => {
            rows[0].total = figures(29 * MIB, 41 * MIB, 1100 * MIB);
            rows[0].own = figures(20 * MIB, 31 * MIB, 300 * MIB);
        }
    }
    if by == By::Function {
        let load = frame("/srv/shop/app/main.py", 3, "main");
        let mut main = row(load, "your code", Whose::Own, Figures::default());
        main.total = whole;
        rows.push(main);
    }
    Breakdown {
        by,
        exact: false,
        has_margins: true,
        sample_bytes: 512 * KIB,
        peak_seconds: 63.4,
        whole,
        rows,
    }
}
