//! Texts by number. Snapshots number their texts each for itself; shapes that are compared over
//! snapshots need one numbering.

use crate::seeded::Map;

/// Number of a text.
pub type NameId = u32;

/// Texts, each once.
#[derive(Debug, Default)]
pub struct Names {
    ids: Map<String, NameId>,
    texts: Vec<String>,
}

impl Names {
    /// The number of a text, given now if it is new.
    pub fn id(&mut self, text: &str) -> NameId {
        if let Some(&id) = self.ids.get(text) {
            return id;
        }
        let id = self.texts.len() as NameId;
        self.texts.push(text.to_owned());
        self.ids.insert(text.to_owned(), id);
        id
    }

    /// The text of a number; empty for one that was never given.
    #[must_use]
    pub fn text(&self, id: NameId) -> &str {
        self.texts.get(id as usize).map_or("", String::as_str)
    }
}
