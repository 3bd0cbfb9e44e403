//! Leaks of CPython and of popular libraries that their authors know of: a table with the release that
//! fixed each. A finding that looks like one is labelled; it counts all the same, as upgrading is the remedy.

use crate::findings::{Finding, Kind, Report};

/// A known leak. The recording does not tell releases of libraries, so the label says from which one on it
/// is gone, not that this one has it.
struct Upstream {
    /// Whose leak it is.
    project: &'static str,
    /// A release that was measured to be without it; empty while there is none.
    fixed_in: &'static str,
    kinds: &'static [Kind],
    /// Each of these has to occur in what the finding says; `a|b` is one of them.
    words: &'static [&'static str],
    /// Where it is discussed.
    url: &'static str,
}

const LEAKS: [Upstream; 12] = [
    Upstream {
        project: "aiohttp",
        fixed_in: "3.10.11",
        kinds: &[Kind::Container, Kind::Cache],
        words: &["aiohttp", "_build_middlewares"],
        url: "https://github.com/aio-libs/aiohttp/security/advisories/GHSA-27mf-ghqm-j3j8",
    },
    Upstream {
        project: "flake8",
        fixed_in: "5.0.4",
        kinds: &[Kind::Container, Kind::Cache],
        words: &["flake8", "style_guide_for"],
        url: "https://github.com/PyCQA/flake8/pull/1573",
    },
    Upstream {
        project: "zeroconf",
        fixed_in: "0.24.5",
        kinds: &[Kind::Container],
        words: &["zeroconf", "DNSCache"],
        url: "https://github.com/python-zeroconf/python-zeroconf/pull/233",
    },
    Upstream {
        project: "typeguard",
        fixed_in: "4.2.1",
        kinds: &[Kind::Cycle],
        words: &["TypeCheckError", "check_union"],
        url: "https://github.com/agronholm/typeguard/pull/408",
    },
    Upstream {
        project: "CPython",
        fixed_in: "3.12",
        kinds: &[Kind::Cycle],
        words: &[
            "ConnectionRefusedError|OSError",
            "create_connection|open_connection|sock_connect",
        ],
        url: "https://github.com/python/cpython/issues/88863",
    },
    Upstream {
        project: "protobuf",
        fixed_in: "4.25.3",
        kinds: &[Kind::Native],
        words: &["upb_util_HasUnsetRequired|PyUpb_Message_FindInitializationErrors"],
        url: "https://github.com/protocolbuffers/upb/issues/1243",
    },
    Upstream {
        project: "ujson",
        fixed_in: "5.12.1",
        kinds: &[Kind::Native, Kind::Site],
        words: &["ujson", "loads|decode"],
        url: "https://github.com/ultrajson/ultrajson/security/advisories/GHSA-wgvc-ghv9-3pmm",
    },
    Upstream {
        project: "multidict",
        fixed_in: "6.4.3",
        // Not references: 6.4.3 itself loses one to the class with each instance, which costs no memory.
        kinds: &[Kind::Native, Kind::Site],
        words: &["multidict", "CIMultiDict|MultiDict|istr"],
        url: "https://github.com/aio-libs/multidict/issues/1117",
    },
    Upstream {
        project: "msgspec",
        fixed_in: "0.14.2",
        kinds: &[Kind::Refcount, Kind::Site],
        words: &["msgspec", "tuple|list", "decode"],
        url: "https://github.com/msgspec/msgspec/issues/379",
    },
    Upstream {
        project: "numpy",
        fixed_in: "2.4.1",
        kinds: &[Kind::Refcount, Kind::Site, Kind::Native],
        words: &["numpy", "flat"],
        url: "https://github.com/numpy/numpy/issues/30547",
    },
    Upstream {
        project: "cbor2",
        fixed_in: "6.3.0",
        kinds: &[Kind::Refcount, Kind::Site, Kind::Cycle],
        words: &["cbor2", "CBORDecodeValueError|UnicodeDecodeError"],
        url: "https://github.com/agronholm/cbor2/issues/257",
    },
    Upstream {
        project: "slack-sdk",
        fixed_in: "3.47.0",
        kinds: &[Kind::Resource],
        words: &[
            "slack_sdk",
            "current_session_runner|_run_current_session|IntervalRunner",
        ],
        url: "https://github.com/slackapi/python-slack-sdk/issues/1873",
    },
];

/// Labels the findings that look like one of these leaks.
pub fn label(report: &mut Report) {
    for finding in &mut report.findings {
        let said = said(finding);
        let looks_like = |leak: &&Upstream| {
            leak.kinds.contains(&finding.kind)
                && leak
                    .words
                    .iter()
                    .all(|words| words.split('|').any(|word| said.contains(word)))
        };
        if let Some(leak) = LEAKS.iter().find(looks_like) {
            finding.known.upstream = sentence(leak);
        }
    }
}

fn sentence(leak: &Upstream) -> String {
    let (project, url) = (leak.project, leak.url);
    if leak.fixed_in.is_empty() {
        return format!(
            "looks like a known leak of {project} that no release has fixed yet ({url})"
        );
    }
    format!(
        "looks like a known leak of {project}, gone in {project} {}: upgrade ({url})",
        leak.fixed_in
    )
}

/// Everything that names something in a finding.
fn said(finding: &Finding) -> String {
    let mut said = vec![finding.summary.as_str()];
    said.extend(super::texts(finding));
    said.extend(finding.filled_with.iter().map(|one| one.type_name.as_str()));
    said.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labelled(kind: Kind, summary: &str) -> String {
        let mut report = Report {
            findings: vec![Finding {
                kind,
                summary: summary.to_owned(),
                ..Finding::default()
            }],
            ..Report::default()
        };
        label(&mut report);
        report.findings[0].known.upstream.clone()
    }

    #[test]
    fn a_known_leak_is_labelled_and_nothing_else() {
        let summary = "Each call loses a reference to msgspec's list in decode().";
        assert!(labelled(Kind::Refcount, summary).contains("gone in msgspec 0.14.2: upgrade"));
        assert_eq!(labelled(Kind::Container, summary), "");
        assert_eq!(labelled(Kind::Refcount, "app.decode keeps a list"), "");
    }

    #[test]
    fn every_entry_can_be_followed() {
        for leak in &LEAKS {
            assert!(leak.url.starts_with("https://github.com/"), "{}", leak.url);
            assert!(!leak.kinds.is_empty() && !leak.words.is_empty());
        }
    }
}
