//! Hand-made reports that the tests of both formats render. Each is one that a real run could give.

pub mod tables;

use unfreed_analysis::findings::*;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// Every sample with its name.
pub fn all() -> Vec<(&'static str, Report)> {
    vec![
        ("leak", leak()),
        ("two_leaks_and_a_warning", two_leaks_and_a_warning()),
        ("clean_with_notes", clean_with_notes()),
        ("not_enough_evidence", not_enough_evidence()),
        ("killed", killed()),
        ("native", native()),
        ("resource", resource()),
        ("cycle", cycle()),
        ("warning_only", warning_only()),
        ("long_names", long_names()),
        ("watched", watched()),
        ("allocations", tables::allocations()),
    ]
}

/// A dict of sessions that grows.
pub fn leak() -> Report {
    let mut report = base(Status::Leak, "growth is steady (11 of 11 intervals)");
    report.findings = vec![sessions()];
    report
}

/// Two leaks and cycles that wait for the collector, with a bounded cache besides.
pub fn two_leaks_and_a_warning() -> Report {
    let mut report = leak();
    report.findings.extend([
        native_memory(),
        waiting_cycles(Severity::Warning),
        bounded_cache(),
    ]);
    report.evidence.children = vec![4712, 4713];
    report
}

/// A class that was watched, and a mark.
pub fn watched() -> Report {
    let mut report = base(Status::Clean, "memory is flat (11 of 11 intervals)");
    let login = Frame {
        file: "/srv/shop/app/login.py".to_owned(),
        line: 42,
        function: "login".to_owned(),
        ..Frame::default()
    };
    report.accounting.malloc_free = 40 * MIB;
    report.watched = vec![Watched {
        class: "app.models.Session".to_owned(),
        exact: true,
        alive: 960,
        bytes: 45 * KIB,
        looks: vec![
            Look {
                seconds: 96.0,
                alive: 500,
                born: 500,
                died: 0,
            },
            Look {
                seconds: 192.0,
                alive: 960,
                born: 480,
                died: 20,
            },
        ],
        ages: vec![
            Age {
                epochs_from: 0,
                epochs_to: 0,
                alive: 480,
            },
            Age {
                epochs_from: 2,
                epochs_to: 3,
                alive: 478,
            },
        ],
        origins: vec![Origin {
            stack: vec![login.clone()],
            frame: login,
            alive: 958,
            oldest_epochs: 2,
        }],
        unknown: 2,
    }];
    report
}

/// Nothing leaks; many things that might look like it.
pub fn clean_with_notes() -> Report {
    let sentence = "memory stopped growing after warm-up (flat in 11 of 11 intervals)";
    let mut report = base(Status::Clean, sentence);
    report.memory = Memory {
        rss_first: 84 * MIB,
        rss_last: 131 * MIB,
        rss_peak: 402 * MIB,
        ..report.memory
    };
    report.accounting = Accounting {
        rss: 131 * MIB,
        python_objects: 61 * MIB + 700 * KIB,
        native_in_use: 9 * MIB + 600 * KIB,
        allocator_free: 31 * MIB + 500 * KIB,
        malloc_free: 0,
        own: 300 * KIB,
        code_and_files: 28 * MIB - 52 * KIB,
        other_mappings: 0,
    };
    report.findings = vec![bounded_cache(), warm_up(), retention()];
    report.evidence.notes = vec![
        "the program traced itself with sys.settrace; unfreed did not touch its trace".to_owned(),
    ];
    report
}

/// Two seconds only.
pub fn not_enough_evidence() -> Report {
    let sentence = "not enough evidence yet, run for 20 s or longer (1 of 3 intervals)";
    let mut report = base(Status::NotEnoughEvidence, sentence);
    report.program.seconds = 2.04;
    report.evidence.snapshots = 1;
    report
}

/// A leak in a program that the kernel killed.
pub fn killed() -> Report {
    let mut report = leak();
    report.program.ended = false;
    report.program.seconds = 18_720.0;
    report.memory.rss_last = 15 * 1024 * MIB + 700 * MIB;
    report.memory.rss_peak = report.memory.rss_last;
    report.accounting = Accounting::default();
    report
}

/// Only C code grows.
pub fn native() -> Report {
    let mut report = base(Status::Leak, "growth is steady (11 of 11 intervals)");
    report.findings = vec![native_memory()];
    report
}

/// Sockets left open.
pub fn resource() -> Report {
    let mut report = base(
        Status::Leak,
        "open sockets grow steadily (11 of 11 intervals)",
    );
    report.findings = vec![Finding {
        id: "0c1d2e3f4a5b".to_owned(),
        severity: Severity::Leak,
        kind: Kind::Resource,
        title: "open sockets".to_owned(),
        summary: "384 sockets were opened and not closed; 2 more every second. \
                  The limit of 1024 open files is reached in 5 m."
            .to_owned(),
        growth: Growth {
            objects: 384,
            objects_per_second: 2.0,
            ..steady()
        },
        allocated_at: vec![made_at(
            1.0,
            &[("/srv/shop/app/fetch.py", 12, "Client.fetch")],
        )],
        advice: Advice {
            rule: "unclosed_resource".to_owned(),
            text: "Close the socket when its work is done; a with block does that also when an \
                   exception passes."
                .to_owned(),
            snippet: "with socket.create_connection(address) as connection:\n    \
                      reply = connection.recv(4096)\n"
                .to_owned(),
        },
        ..Finding::default()
    }];
    report
}

/// Cycles with the collector switched off.
pub fn cycle() -> Report {
    let mut report = base(Status::Leak, "growth is steady (11 of 11 intervals)");
    report.findings = vec![waiting_cycles(Severity::Leak)];
    report
}

/// Cycles with the collector on.
pub fn warning_only() -> Report {
    let mut report = base(
        Status::Warning,
        "cycles wait for the collector for up to 40 s",
    );
    report.findings = vec![waiting_cycles(Severity::Warning)];
    report
}

/// Names as programs have them when they are at their worst.
pub fn long_names() -> Report {
    let mut report = leak();
    report.program.name = "-m company.services.shop.background.reconciliation.main".to_owned();
    let finding = &mut report.findings[0];
    finding.title =
        "growing container company.services.shop.background.reconciliation.state.PENDING_BY_ID"
            .to_owned();
    let references = [
        ".application",
        ".extensions",
        "['company.reconciliation']",
        "._state",
    ];
    let mut steps: Vec<Step> = references
        .iter()
        .map(|reference| step("company.App", reference, false))
        .collect();
    steps.push(step("company.State", ".pending_by_id", false));
    steps.push(step(
        "dict",
        "['7f3a9c1e-5b1d-4b0e-9a57-0d8a1f0c2b11/2026-11-22T03:00:00Z']",
        true,
    ));
    steps.extend(
        [".owner", ".batch", ".rows", ".frame"].map(|name| step("company.Job", name, false)),
    );
    finding.held_by = Some(HeldBy {
        path: format!("serve.worker{}", references_of(&steps)),
        shape: String::new(),
        root: "thread 'reconcile-\u{1b}[31m1', serve() at company/services/shop/main.py:10"
            .to_owned(),
        steps,
    });
    finding.allocated_at = vec![made_at(
        1.0,
        &[
            (
                "/srv/shop/company/services/shop/background/reconciliation/state.py",
                1042,
                "State.add",
            ),
            (
                "/srv/shop/company/services/shop/background/reconciliation/jobs.py",
                88,
                "Job.start",
            ),
            ("/usr/lib/python3.12/threading.py", 1012, "Thread.run"),
            (
                "/srv/shop/company/services/shop/main.py",
                10,
                "serve.<locals>.<lambda>",
            ),
        ],
    )];
    report
}

fn references_of(steps: &[Step]) -> String {
    steps.iter().map(|step| step.reference.as_str()).collect()
}

fn base(status: Status, sentence: &str) -> Report {
    Report {
        schema_version: SCHEMA_VERSION.to_owned(),
        per: Per::Second,
        unfreed_version: "0.1.0".to_owned(),
        program: Program {
            name: "app.py".to_owned(),
            argv: vec!["app.py".to_owned(), "--port".to_owned(), "8000".to_owned()],
            python: "3.12.1".to_owned(),
            pid: 4711,
            seconds: 192.25,
            ended: true,
        },
        verdict: Verdict {
            status,
            sentence: sentence.to_owned(),
            one_in_calls: 0,
        },
        memory: Memory {
            rss_first: 84 * MIB,
            rss_last: 612 * MIB,
            rss_peak: 612 * MIB,
            trend: Trend::Steady,
            bytes_per_second: 2_201_000.5,
            series: vec![(0.0, 84 * MIB), (96.0, 350 * MIB), (192.0, 612 * MIB)],
            marks: vec![Mark {
                seconds: 12.5,
                name: "warm".to_owned(),
            }],
        },
        findings: Vec::new(),
        accounting: Accounting {
            rss: 612 * MIB,
            python_objects: 431 * MIB,
            native_in_use: 90 * MIB,
            allocator_free: 61 * MIB,
            malloc_free: 0,
            own: 2 * MIB,
            code_and_files: 28 * MIB,
            other_mappings: 0,
        },
        watched: Vec::new(),
        evidence: Evidence {
            snapshots: 7,
            longest_pause_ms: 41.8,
            pause_percent: 0.83,
            objects: 1_204_311,
            coverage: 0.991,
            samples: 10_421,
            exact: false,
            notes: Vec::new(),
            children: Vec::new(),
        },
        allocations: Vec::new(),
        baseline: Baseline::default(),
    }
}

fn sessions() -> Finding {
    Finding {
        id: "3f9a61c0d2e4".to_owned(),
        severity: Severity::Leak,
        kind: Kind::Container,
        title: "growing container app.sessions.STORE".to_owned(),
        summary: "app.sessions.STORE gains 512 Session objects a second and never loses one."
            .to_owned(),
        growth: Growth {
            bytes: (412 * MIB) as i64,
            bytes_per_second: 2.1 * MIB as f64,
            objects: 98_304,
            objects_per_second: 512.0,
            share: 0.97,
            ..steady()
        },
        held_by: Some(HeldBy {
            path: "app.sessions.STORE['f3a9…'].payload".to_owned(),
            shape: "app.sessions.STORE[*].payload".to_owned(),
            root: "module app.sessions".to_owned(),
            steps: vec![
                step("module", ".STORE", false),
                step("dict", "['f3a9…']", true),
                step("app.models.Session", ".payload", false),
            ],
        }),
        filled_with: vec![
            filling("bytes", 98_304, 384 * MIB),
            filling("dict", 98_304, 17 * MIB),
            filling("str", 98_311, 6 * MIB),
            filling("app.models.Session", 98_304, 5 * MIB),
            filling("int", 12, 336),
        ],
        allocated_at: vec![
            made_at(
                0.93,
                &[
                    ("/srv/shop/app/login.py", 42, "login"),
                    (
                        "/srv/shop/.venv/lib/python3.12/site-packages/flask/app.py",
                        880,
                        "dispatch",
                    ),
                    ("/srv/shop/app/server.py", 88, "handle"),
                    ("/srv/shop/app.py", 9, "<module>"),
                ],
            ),
            made_at(0.07, &[("/srv/shop/app/admin.py", 7, "impersonate")]),
        ],
        advice: Advice {
            rule: "unbounded_dict".to_owned(),
            text: "Nothing removes entries from STORE. Bound it (TTL or LRU), delete on logout, \
                   or use weakref.WeakValueDictionary if another owner keeps live sessions."
                .to_owned(),
            snippet:
                "from cachetools import TTLCache\n\nSTORE = TTLCache(maxsize=10_000, ttl=3600)"
                    .to_owned(),
        },
        known: Known::default(),
    }
}

fn native_memory() -> Finding {
    Finding {
        id: "a1b2c3d4e5f6".to_owned(),
        severity: Severity::Leak,
        kind: Kind::Native,
        title: "native memory".to_owned(),
        summary: "malloc in use grows by 48 KiB a second and no Python object accounts for it."
            .to_owned(),
        growth: Growth {
            bytes: (9 * MIB) as i64,
            bytes_per_second: 48.0 * KIB as f64,
            share: 0.02,
            ..steady()
        },
        advice: Advice {
            rule: "native_unaccounted".to_owned(),
            text: "Look at the C extensions that app.py calls in its loop.".to_owned(),
            snippet: String::new(),
        },
        ..Finding::default()
    }
}

fn waiting_cycles(severity: Severity) -> Finding {
    let disabled = severity == Severity::Leak;
    Finding {
        id: "77aa88bb99cc".to_owned(),
        severity,
        kind: Kind::Cycle,
        title: "reference cycles of app.tree.Node".to_owned(),
        summary: if disabled {
            "1024 cycles of Node wait to be freed, and the collector is disabled.".to_owned()
        } else {
            "1024 cycles of Node wait for the collector for up to 40 s.".to_owned()
        },
        growth: Growth {
            bytes: (3 * MIB) as i64,
            bytes_per_second: 700.0,
            objects: 4096,
            objects_per_second: 0.5,
            share: 0.004,
            ..steady()
        },
        filled_with: vec![filling("app.tree.Node", 4096, 3 * MIB)],
        allocated_at: vec![made_at(1.0, &[("/srv/shop/app/tree.py", 5, "Node.add")])],
        advice: Advice {
            rule: "parent_child_cycle".to_owned(),
            text: "Hold the parent weakly: a child needs to find its parent, not to keep it alive."
                .to_owned(),
            snippet: "self._parent = weakref.ref(parent)".to_owned(),
        },
        ..Finding::default()
    }
}

fn bounded_cache() -> Finding {
    note(
        Kind::Cache,
        "functools cache of render()",
        "functools cache of render() grew to its bound of 1500 and stopped.",
    )
}

fn warm_up() -> Finding {
    note(
        Kind::WarmUp,
        "warm-up imports",
        "Imports took 23 MiB in the first 4 s. Nothing was imported after that.",
    )
}

fn retention() -> Finding {
    note(
        Kind::Retention,
        "free memory held by the allocator",
        "The allocator holds 31 MiB that are free, left from the peak of 402 MiB after 12 s, and \
         gives them back when a whole arena is empty.",
    )
}

fn note(kind: Kind, title: &str, summary: &str) -> Finding {
    Finding {
        id: "001122334455".to_owned(),
        severity: Severity::Note,
        kind,
        title: title.to_owned(),
        summary: summary.to_owned(),
        growth: Growth {
            trend: Trend::Plateau,
            ..Growth::default()
        },
        ..Finding::default()
    }
}

fn steady() -> Growth {
    Growth {
        trend: Trend::Steady,
        intervals_grown: 11,
        intervals: 11,
        confidence: 0.98,
        series: vec![(16.0, 0, 0), (192.0, 98_304, 412 * MIB)],
        ..Growth::default()
    }
}

fn step(type_name: &str, reference: &str, suspect: bool) -> Step {
    Step {
        type_name: type_name.to_owned(),
        reference: reference.to_owned(),
        suspect,
        ..Step::default()
    }
}

fn filling(type_name: &str, objects: i64, bytes: u64) -> Filling {
    Filling {
        type_name: type_name.to_owned(),
        objects,
        bytes: bytes as i64,
    }
}

fn made_at(share: f64, stack: &[(&str, u32, &str)]) -> AllocatedAt {
    let frame = |&(file, line, function): &(&str, u32, &str)| Frame {
        file: file.to_owned(),
        line,
        function: function.to_owned(),
        ..Frame::default()
    };
    let stack: Vec<Frame> = stack.iter().map(frame).collect();
    AllocatedAt {
        frame: stack[0].clone(),
        stack,
        share,
        bytes: (share * 412.0) as u64 * MIB,
        samples: 812,
        may_be_reused: false,
    }
}
