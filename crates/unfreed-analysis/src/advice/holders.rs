//! Advice by what kind of container grows, when no known pattern fits.

use super::{Subject, advice};
use crate::findings::Advice;
use crate::roots::Flavour;

/// What it holds is over: there was a moment at which to take it out.
pub(super) fn finished(s: &Subject) -> Option<Advice> {
    let finished = s.finished.as_ref()?;
    let (variable, element) = (s.variable(), s.element_short());
    let seen = match (finished.over, finished.looked_at) {
        (over, looked_at) if over == looked_at => format!("All {over}"),
        (over, looked_at) => format!("{over} of {looked_at}"),
    };
    let text = format!(
        "{seen} {element} objects looked at in {} are over: each {}. Take each out where that happens, \
         or hold it weakly if another owner keeps those in use.",
        s.name, finished.reason
    );
    let take_out = match s.holder() {
        "list" => format!("{variable}.remove(value)"),
        "set" => format!("{variable}.discard(value)"),
        holder if holder.ends_with("dict") || holder.ends_with("Dict") => {
            format!("{variable}.pop(key, None)")
        }
        _ => String::new(),
    };
    Some(advice("finished_kept", text, &take_out))
}

pub(super) fn class_attribute(s: &Subject) -> Option<Advice> {
    let [.., class, holder] = s.path.as_slice() else {
        return None;
    };
    let of_class = class.type_name == "type" || class.type_name.ends_with("Meta");
    if !of_class || s.cache.is_some() {
        return None;
    }
    let (class, attribute) = (&class.name, &holder.name);
    let empty = match holder.type_name.as_str() {
        "list" => "[]",
        "set" => "set()",
        _ => "{}",
    };
    let text = format!(
        "{attribute} is an attribute of the class {class}: all instances share one, and it lives \
         as long as the program. If each instance should have its own, make it in __init__; if \
         it is a registry, remove entries when their objects are closed, or hold them weakly."
    );
    let snippet =
        format!("class {class}:\n    def __init__(self):\n        self.{attribute} = {empty}");
    Some(advice("class_attribute", text, &snippet))
}

pub(super) fn dict(s: &Subject) -> Option<Advice> {
    let holder = s.holder();
    let known = [
        "dict",
        "collections.OrderedDict",
        "collections.defaultdict",
        "collections.Counter",
    ];
    if !known.contains(&holder) && !holder.ends_with("Dict") {
        return None;
    }
    let variable = s.variable();
    if s.keys_only || !may_be_referred_to_weakly(&s.element) {
        let text = format!(
            "Nothing removes entries from {}, and its keys keep coming: they are made from data \
             (an id, a path, a time). Bound it (an LRU or a time to live), or delete an entry when \
             its subject ends.",
            s.name
        );
        let snippet = format!(
            "{variable}[key] = value\nif len({variable}) > 10_000:\n    {variable}.pop(next(iter({variable})))"
        );
        return Some(advice("unbounded_dict", text, &snippet));
    }
    let element = s.element_short();
    let text = format!(
        "Nothing removes entries from {}. Delete the entry when its {element} ends, bound it (an \
         LRU or a time to live), or use weakref.WeakValueDictionary if another owner keeps the \
         {element} objects that are in use.",
        s.name
    );
    let snippet = format!("{variable} = weakref.WeakValueDictionary()");
    Some(advice("unbounded_dict", text, &snippet))
}

/// Modules of Python whose types, written in C or with slots, take no weak references.
const NEVER_WEAKLY: [&str; 6] = [
    "datetime.",
    "decimal.",
    "fractions.",
    "itertools.",
    "re.",
    "struct.",
];

/// Whether a type, by its full name, is one whose objects take weak references, as classes do; builtins do not.
fn may_be_referred_to_weakly(type_name: &str) -> bool {
    type_name.contains('.') && !NEVER_WEAKLY.iter().any(|one| type_name.starts_with(one))
}

pub(super) fn set(s: &Subject) -> Option<Advice> {
    if s.holder() != "set" {
        return None;
    }
    let variable = s.variable();
    let (text, snippet) = if may_be_referred_to_weakly(&s.element) {
        (
            format!(
                "Nothing is ever discarded from {}. Discard the {} when it ends, or use \
                 weakref.WeakSet if another owner keeps those in use.",
                s.name,
                s.element_short()
            ),
            format!("{variable} = weakref.WeakSet()"),
        )
    } else {
        (
            format!(
                "{} remembers every value it has seen. Forget old ones: keep the last N, start a \
                 new set for each period, or use a structure of fixed size.",
                s.name
            ),
            format!("if len({variable}) > 100_000:\n    {variable}.clear()"),
        )
    };
    Some(advice("unbounded_set", text, &snippet))
}

pub(super) fn deque(s: &Subject) -> Option<Advice> {
    if s.holder() != "collections.deque" {
        return None;
    }
    let text = format!(
        "{} has no maxlen and nothing takes as much out of it as is put in. Give it one, or check \
         that its consumer still runs.",
        s.name
    );
    let snippet = format!("{} = collections.deque(maxlen=10_000)", s.variable());
    Some(advice("unbounded_deque", text, &snippet))
}

pub(super) fn list(s: &Subject) -> Option<Advice> {
    if s.holder() != "list" {
        return None;
    }
    let variable = s.variable();
    if s.flavour == Flavour::Frame {
        let text = format!(
            "{variable} is a local variable of a function that runs on and on, and is only ever \
             appended to. Empty it when its content is used, keep the last N \
             (collections.deque(maxlen=N)), or write it out as you go."
        );
        let snippet = format!("{variable} = collections.deque(maxlen=10_000)");
        return Some(advice("unbounded_list", text, &snippet));
    }
    let text = format!(
        "{} is appended to and nothing removes from it. Remove what is done, keep the last N \
         (collections.deque(maxlen=N)), or write it out and clear it.",
        s.name
    );
    Some(advice(
        "unbounded_list",
        text,
        &format!("{variable} = collections.deque(maxlen=10_000)"),
    ))
}

pub(super) fn anything(s: &Subject) -> Advice {
    if !s.by_count {
        let text = format!(
            "{} becomes ever longer. Write it out and start anew, or keep only what is needed.",
            s.name
        );
        return advice("growing_buffer", text, "");
    }
    let text = format!(
        "Find who adds {} objects to {} and where they should be removed; remove them there, or \
         hold them weakly (weakref) if another owner keeps those in use.",
        s.element_short(),
        s.name
    );
    advice("growing_structure", text, "")
}
