//! What to do about a finding: one rule for each known way to leak, asked in order, the most
//! particular first. A rule looks at names and types only and speaks of this finding's own.

mod holders;
mod patterns;
mod process;
mod python_own;

use crate::caches::Bound;
use crate::findings::Advice;
use crate::finished::Finished;
use crate::ownership::Owner;
use crate::roots::Flavour;

pub use process::{
    Cut, LEFT_FILE, Waiting, cycle, lost_in_library, native, refcount, resource, retention, site,
};

/// One step of the path to a growing holder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holder {
    /// What the reference to it is called: the attribute's, key's or variable's name; empty else.
    pub name: String,
    /// Its full type name.
    pub type_name: String,
    /// Whether it is a local variable.
    pub local: bool,
    /// Whether it is a closure variable.
    pub closure: bool,
}

/// What the rules know of a growing holder.
#[derive(Clone, Debug)]
pub struct Subject {
    /// What it is called in sentences.
    pub name: String,
    /// The holders from the root to the one that grows, itself last.
    pub path: Vec<Holder>,
    /// What the path starts from.
    pub flavour: Flavour,
    /// The root as paths begin with it.
    pub root: String,
    /// Whose the root is.
    pub owner: Owner,
    /// Full type name of what it gains; empty when unknown.
    pub element: String,
    /// Full names of all types gained, most bytes first.
    pub gained: Vec<String>,
    /// Whether it gains objects, and not only size.
    pub by_count: bool,
    /// Whether the elements that come are dict keys only.
    pub keys_only: bool,
    /// Whether it is a queue.
    pub backlog: bool,
    /// What most of its elements are, where their lives are over.
    pub finished: Option<Finished>,
    /// The bound of the `functools` cache that it is, if it is one.
    pub cache: Option<Bound>,
}

impl Subject {
    /// Full type name of the growing holder.
    #[must_use]
    pub fn holder(&self) -> &str {
        self.path
            .last()
            .map_or("", |holder| holder.type_name.as_str())
    }

    /// Name of the growing holder in code: the last name on its path, or the last part of it all.
    #[must_use]
    pub fn variable(&self) -> &str {
        let named = self
            .path
            .iter()
            .rev()
            .find(|holder| !holder.name.is_empty());
        named.map_or("container", |holder| holder.name.as_str())
    }

    /// Last part of the type that it gains.
    #[must_use]
    pub fn element_short(&self) -> &str {
        let short = crate::heap::short_name(&self.element);
        if short.is_empty() { "object" } else { short }
    }

    fn gains(&self, types: &[&str]) -> bool {
        self.gained
            .iter()
            .any(|gained| types.contains(&gained.as_str()))
    }

    fn element_is(&self, types: &[&str]) -> bool {
        types.contains(&self.element.as_str())
    }

    fn passes_name(&self, name: &str) -> bool {
        self.path.iter().any(|holder| holder.name == name)
    }

    fn passes_type(&self, types: &[&str]) -> bool {
        self.path
            .iter()
            .any(|holder| types.contains(&holder.type_name.as_str()))
    }
}

type Rule = fn(&Subject) -> Option<Advice>;

/// In the order in which they are asked.
const RULES: [Rule; 26] = [
    patterns::lru_cache_on_method,
    patterns::unbounded_lru_cache,
    patterns::queue_backlog,
    patterns::asyncio_tasks,
    patterns::waiting_coroutines,
    patterns::suspended_generators,
    patterns::context_copies,
    patterns::thread_local,
    patterns::logging_handlers,
    patterns::loggers,
    patterns::finalizers,
    patterns::exit_handlers,
    patterns::fork_hooks,
    patterns::followers,
    patterns::exceptions_held,
    patterns::listeners,
    patterns::classes_in_a_loop,
    patterns::functions_in_a_loop,
    patterns::default_argument,
    python_own::python_own,
    holders::finished,
    holders::class_attribute,
    holders::dict,
    holders::set,
    holders::deque,
    holders::list,
];

/// The advice for a growing holder.
#[must_use]
pub fn container(subject: &Subject) -> Advice {
    RULES
        .iter()
        .find_map(|rule| rule(subject))
        .unwrap_or_else(|| holders::anything(subject))
}

fn advice(rule: &str, text: String, snippet: &str) -> Advice {
    Advice {
        rule: rule.to_owned(),
        text,
        snippet: snippet.to_owned(),
    }
}
