//! What `unfreed heap` takes.

use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

const OBJECTS: &str = "\
OBJECT is one of:
  Session, app.models.Session     all instances of a type
  Session#123, #123               one object, by its number in this snapshot
  0x7f3a5c2d10e0                  one object, by what id() or its repr gave (of unfreed.snapshot() and `unfreed snapshot`)
  app.sessions.STORE['f3a9']      one object, by its path, as reports write it";

/// What `unfreed heap` was given.
#[derive(Args)]
#[command(after_help = OBJECTS, subcommand_value_name = "QUESTION", subcommand_help_heading = "Questions")]
pub struct Heap {
    /// A recording
    #[arg(value_name = "FILE")]
    pub path: PathBuf,

    /// What to ask [default: suspects]
    #[command(subcommand)]
    pub question: Option<Question>,

    /// Which snapshot: 0 is the oldest, -1 the newest
    #[arg(
        long,
        global = true,
        value_name = "N",
        default_value = "-1",
        allow_negative_numbers = true
    )]
    pub snapshot: i64,

    /// Most rows of the table
    #[arg(long, global = true, value_name = "N", default_value = "20")]
    pub limit: usize,

    /// Write the answer as JSON instead; - is stdout
    #[arg(long, global = true, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// A question to one snapshot.
#[derive(Subcommand)]
pub enum Question {
    /// Where much memory hangs on one object or on many of one type
    Suspects,
    /// What there is, by type, module, root or path
    Census {
        /// How to group
        #[arg(long, value_name = "GROUP", default_value = "type")]
        by: By,
    },
    /// The path from a root to each of some objects, or of the instances of a type
    Path {
        /// The objects
        #[arg(value_name = "OBJECT", required = true)]
        objects: Vec<String>,
    },
    /// What would be freed with an object, with several together, or with all instances of a type
    Retained {
        /// The objects
        #[arg(value_name = "OBJECT", required = true)]
        objects: Vec<String>,
    },
    /// Who refers to an object
    Referrers {
        /// The objects
        #[arg(value_name = "OBJECT", required = true)]
        objects: Vec<String>,
    },
    /// What an object refers to
    Referents {
        /// The objects
        #[arg(value_name = "OBJECT", required = true)]
        objects: Vec<String>,
    },
    /// A picture of who holds some objects and what they hold: SVG, PNG or DOT
    Picture(Picture),
    /// The tree of what would be freed with what
    Dominators {
        /// Print it as folded stacks instead, for flame graph tools
        #[arg(long)]
        folded: bool,
        /// Leave out branches below this part of the heap, in per cent
        #[arg(long, value_name = "PERCENT", default_value = "1", value_parser = crate::quantity::parse_percent)]
        least: f32,
    },
    /// Reference cycles: garbage that waits, and cycles in use
    Cycles,
    /// Memory that the same data would not need
    Waste,
    /// References that no Python object accounts for: C code holds or lost them
    Unexplained,
    /// What another snapshot has more or less, of this recording or another
    Diff {
        /// The later recording
        other: PathBuf,
        /// Which of its snapshots
        #[arg(
            long,
            value_name = "N",
            default_value = "-1",
            allow_negative_numbers = true
        )]
        other_snapshot: i64,
        /// How to group
        #[arg(long, value_name = "GROUP", default_value = "type")]
        by: DiffBy,
    },
}

/// What `unfreed heap FILE picture` takes.
#[derive(Args)]
pub struct Picture {
    /// The objects
    #[arg(value_name = "OBJECT", required = true)]
    pub objects: Vec<String>,
    /// Where to draw: a .svg, .png or .dot file; - is SVG on stdout
    #[arg(short, long, value_name = "FILE", default_value = "picture.svg")]
    pub output: PathBuf,
    /// How many references away from the object
    #[arg(long, value_name = "N", default_value = "3")]
    pub depth: usize,
    /// Most nodes; many objects alike are one
    #[arg(long, value_name = "N", default_value = "40", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub nodes: u16,
    /// Only who holds it
    #[arg(long, conflicts_with = "referents")]
    pub referrers: bool,
    /// Only what it holds
    #[arg(long)]
    pub referents: bool,
}

/// Groups of a census.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// The type
    Type,
    /// The module that the type is from
    Module,
    /// The root that the path begins at
    Root,
    /// The path, keys and indexes masked
    Path,
    /// The line that made it, where it was sampled
    Site,
}

/// Groups of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DiffBy {
    /// The type
    Type,
    /// The path, keys and indexes masked
    Path,
    /// The line that made it, where it was followed
    Site,
}
