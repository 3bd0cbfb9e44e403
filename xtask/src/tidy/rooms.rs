//! Who may use whom. DESIGN and ARCHITECTURE.md say why; this is the table that is enforced.

use cargo_metadata::{DependencyKind, Metadata, Package};

/// A room, the rooms that it may use, and the libraries that only it may use.
struct Room {
    name: &'static str,
    may_use: &'static [&'static str],
}

const ROOMS: [Room; 11] = [
    Room {
        name: "unfreed-recording",
        may_use: &[],
    },
    Room {
        name: "unfreed-graph",
        may_use: &[],
    },
    Room {
        name: "unfreed-symbols",
        may_use: &[],
    },
    Room {
        name: "unfreed-analysis",
        may_use: &["unfreed-graph", "unfreed-recording"],
    },
    Room {
        name: "unfreed-report",
        may_use: &["unfreed-analysis"],
    },
    Room {
        name: "unfreed-sys",
        may_use: &[],
    },
    Room {
        name: "unfreed-cpython",
        may_use: &["unfreed-recording", "unfreed-sys"],
    },
    Room {
        name: "unfreed-agent",
        may_use: &["unfreed-cpython", "unfreed-recording", "unfreed-sys"],
    },
    Room {
        name: "unfreed-cli",
        may_use: &[
            "unfreed-analysis",
            "unfreed-recording",
            "unfreed-report",
            "unfreed-symbols",
        ],
    },
    Room {
        name: "unfreed-python",
        may_use: &[
            "unfreed-agent",
            "unfreed-cli",
            "unfreed-recording",
            "unfreed-sys",
        ],
    },
    Room {
        name: "xtask",
        may_use: &[],
    },
];

/// Libraries that belong to one room: everybody else asks that room.
const OWNED: [(&str, &[&str]); 8] = [
    ("blazesym", &["unfreed-symbols"]),
    ("framehop", &["unfreed-sys"]),
    ("pyo3", &["unfreed-python"]),
    ("clap", &["unfreed-cli"]),
    ("indicatif", &["unfreed-cli"]),
    ("libc", &["unfreed-sys", "unfreed-cpython"]),
    ("zstd", &["unfreed-recording"]),
    ("cargo_metadata", &["xtask"]),
];

/// What breaks the table.
pub fn problems(metadata: &Metadata) -> Vec<String> {
    metadata
        .workspace_packages()
        .into_iter()
        .flat_map(problems_of)
        .collect()
}

fn problems_of(package: &Package) -> Vec<String> {
    let normal = package
        .dependencies
        .iter()
        .filter(|one| one.kind != DependencyKind::Development);
    let names: Vec<&str> = normal.map(|one| one.name.as_str()).collect();
    problems_between(&package.name, &names)
}

fn problems_between(room: &str, dependencies: &[&str]) -> Vec<String> {
    let Some(known) = ROOMS.iter().find(|each| each.name == room) else {
        return vec![format!(
            "{room}: add the room to the table in xtask/src/tidy/rooms.rs"
        )];
    };
    let mut problems = Vec::new();
    for &dependency in dependencies {
        let is_room = ROOMS.iter().any(|each| each.name == dependency);
        if is_room && !known.may_use.contains(&dependency) {
            problems.push(format!(
                "{room}: may not use {dependency}; see ARCHITECTURE.md"
            ));
        }
        let owner = OWNED.iter().find(|(library, _)| *library == dependency);
        if let Some((_, owners)) = owner.filter(|(_, owners)| !owners.contains(&room)) {
            problems.push(format!(
                "{room}: {dependency} belongs to {}",
                owners.join(" and ")
            ));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::problems_between as check;

    #[test]
    fn the_table_decides() {
        assert!(check("unfreed-analysis", &["unfreed-graph", "serde"]).is_empty());
        let wrong = check("unfreed-analysis", &["unfreed-agent", "unfreed-report"]);
        assert_eq!(wrong.len(), 2);
        assert!(wrong[0].contains("may not use unfreed-agent"));
    }

    #[test]
    fn a_library_has_its_room() {
        assert_eq!(
            check("unfreed-report", &["clap"]),
            ["unfreed-report: clap belongs to unfreed-cli"]
        );
        assert!(check("unfreed-cli", &["clap"]).is_empty());
    }

    #[test]
    fn a_new_room_must_be_entered() {
        assert!(check("unfreed-kitchen", &[])[0].contains("add the room"));
    }
}
