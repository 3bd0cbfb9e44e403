//! Containers of Python's own that a program fills: nobody can change them, but what fills them can be undone or done once.

use super::{Subject, advice};
use crate::findings::Advice;
use crate::ownership::Owner;

/// Module without underscores in front, name, what puts things there and what to do, and how.
const KNOWN: [(&str, &str, &str, &str); 5] = [
    (
        "warnings",
        "filters",
        "warnings.filterwarnings and simplefilter add a filter each time. Set filters once, at start-up, or inside \
         catch_warnings, which takes them back.",
        "with warnings.catch_warnings():\n    warnings.simplefilter(\"ignore\")\n    ...",
    ),
    (
        "sys",
        "path",
        "Each call adds a folder, and every import looks through all of them. Add it once.",
        "if folder not in sys.path:\n    sys.path.append(folder)",
    ),
    (
        "sys",
        "modules",
        "Modules are imported or made under ever new names, and each stays with all that it defines. Use one name, or \
         take the module out when its job is done.",
        "sys.modules.pop(name, None)",
    ),
    (
        "linecache",
        "cache",
        "linecache keeps the source of every file name that it was asked for. Code that is compiled under ever new names \
         fills it: compile under one name, or clear it.",
        "linecache.clearcache()",
    ),
    (
        "subprocess",
        "_active",
        "Processes were started, and nobody waits for them. Wait for each, or use `with`, which does.",
        "with subprocess.Popen(command) as process:\n    ...",
    ),
];

/// The module-level containers of the standard library and built-in modules.
pub(super) fn python_own(s: &Subject) -> Option<Advice> {
    let variable = s.name.strip_prefix(&s.root)?.strip_prefix('.')?;
    if s.owner != Owner::Stdlib || variable.contains(['.', '[', ' ']) {
        return None;
    }
    let module = s.root.trim_start_matches('_');
    let known = KNOWN
        .iter()
        .find(|known| known.0 == module && known.1 == variable);
    if let Some((_, _, text, snippet)) = known {
        return Some(advice("python_own", (*text).to_owned(), snippet));
    }
    let text = format!(
        "{} is Python's own, and what is put there stays. What puts it there should be done once, or be taken back when \
         its job is done.",
        s.name
    );
    Some(advice("python_own", text, ""))
}
