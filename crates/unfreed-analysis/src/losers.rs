//! Which line, and which function of C code on it, loses references of a type: what the last calls of a checked function
//! were followed for. Where that was not clear nothing was recorded, and nothing is said.

use crate::extensions::Extension;
use crate::findings::AllocatedAt;
use crate::libraries::file_name;
use crate::openings;
use crate::roots;
use crate::study::Study;
use unfreed_recording::counters::Started;

/// Part of the references that one place has to lose.
const CLEAR: f64 = 0.8;

/// Who loses references.
#[derive(Clone, Debug)]
pub struct Loser {
    /// The place, C code first.
    pub place: AllocatedAt,
}

/// Who loses references to objects of a type, by its full name.
#[must_use]
pub fn of(study: &Study<'_>, type_name: &str) -> Option<Loser> {
    let full = |name: &str| name.strip_prefix("builtins.").unwrap_or(name).to_owned();
    let wanted = full(type_name);
    let mut places =
        openings::of_started_named(study, Started::REFERENCE, |name| full(name) == wanted);
    if places.first()?.share < CLEAR {
        return None;
    }
    Some(Loser {
        place: places.swap_remove(0),
    })
}

impl Loser {
    /// The function of C code, where that is known. One of the interpreter's own calls those of others (`round`, `len`),
    /// and it is theirs that lose.
    #[must_use]
    pub fn function(&self) -> Option<Extension> {
        let frame = self.place.stack.first()?;
        frame.library.contains('/').then(|| Extension {
            module: format!("{}()", frame.function),
            file: frame.library.clone(),
        })
    }

    /// A sentence: ` references.keep_argument() in references.so loses them, called at app.py:12 in main().`
    #[must_use]
    pub fn sentence(&self, verb: &str) -> String {
        let frame = self.place.stack.iter().find(|one| one.library.is_empty());
        let line = frame.map_or_else(String::new, |frame| {
            let called = roots::called(&frame.function);
            format!("{}:{} in {called}", file_name(&frame.file), frame.line)
        });
        match self.function() {
            Some(function) if line.is_empty() => format!(" {} {verb}.", function.named()),
            Some(function) => format!(" {} {verb}, called at {line}.", function.named()),
            None => format!(" C code that runs at {line} {verb}."),
        }
    }
}
