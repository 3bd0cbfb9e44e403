//! What counts as an object's data when its size is asked for: not the program's text that it leads to. Modules,
//! classes and code weigh nothing unless they were asked for; of functions and frames only what they
//! hold of their own is followed: closures, defaults, variables.

use super::Walker;
use crate::types::Shape;
use unfreed_recording::snapshot::{Label, NodeIndex, TextIndex};

/// The state of a walk over data only.
pub(super) struct DataOnly {
    /// Objects that were asked for come first and always weigh.
    asked: NodeIndex,
    /// Parts that are data although they have no name of the person's.
    own_parts: Vec<TextIndex>,
    /// Whose references are being read.
    reading: Shape,
    /// Objects that were met and weigh nothing.
    pub weightless: u64,
}

impl Walker<'_> {
    /// From here on only data is followed; the first `asked` nodes are what was asked for.
    pub(super) fn follow_data_only(&mut self, asked: usize) {
        let parts = ["__closure__", "__defaults__", "__kwdefaults__", "gi_frame"];
        self.data_only = Some(DataOnly {
            asked: asked as NodeIndex,
            own_parts: parts.iter().map(|part| self.texts.fixed(part)).collect(),
            reading: Shape::Leaf,
            weightless: 0,
        });
    }

    /// Whether an object about to be read weighs nothing and leads nowhere.
    pub(super) fn is_weightless(&mut self, node: NodeIndex, shape: Shape) -> bool {
        let Some(data) = &mut self.data_only else {
            return false;
        };
        data.reading = shape;
        let is_text = matches!(shape, Shape::Module | Shape::Type | Shape::Code);
        let weightless = is_text && node >= data.asked;
        data.weightless += u64::from(weightless);
        weightless
    }

    /// Whether a reference of the object that is being read leads to data.
    pub(super) fn leads_to_data(&self, label: Label) -> bool {
        let Some(data) = &self.data_only else {
            return true;
        };
        let is_own =
            |label| matches!(label, Label::Internal(text) if data.own_parts.contains(&text));
        match data.reading {
            Shape::Module | Shape::Type | Shape::Code => false,
            Shape::Function => label == Label::Namespace || is_own(label),
            Shape::Frame => matches!(label, Label::Local(_)),
            Shape::Generator => !matches!(label, Label::Internal(_)) || is_own(label),
            _ => label != Label::Class,
        }
    }
}
