//! Frames: running ones of all threads, which belong to no object since 3.11, and frame objects.

use super::Walker;
use crate::layout::ABSENT;
use crate::stack;
use crate::types::Shape;
use std::rc::Rc;
use unfreed_recording::snapshot::{Label, NodeIndex, TextIndex};

impl Walker<'_> {
    /// Names of a code object's variables, in the order of their slots in a frame.
    pub(super) fn local_names(&mut self, code: usize) -> Rc<[TextIndex]> {
        if let Some(names) = self.locals.get(&code) {
            return Rc::clone(names);
        }
        let layout = self.objects.layout;
        let tuples = if layout.co_localsplusnames == ABSENT {
            [layout.co_varnames, layout.co_cellvars, layout.co_freevars].to_vec()
        } else {
            vec![layout.co_localsplusnames]
        };
        let mut names = Vec::new();
        for offset in tuples {
            let tuple = self.objects.reader.word(code + offset);
            if tuple == 0 {
                continue;
            }
            for index in 0..self.objects.tuple_len(tuple) {
                let name = self.objects.tuple_item(tuple, index);
                names.push(self.text_of(name));
            }
        }
        let names: Rc<[TextIndex]> = names.into();
        self.locals.insert(code, Rc::clone(&names));
        names
    }

    /// References of a running frame (3.11 and later): variables exactly. Its evaluation stack has
    /// no recorded depth while it runs, so temporaries show as references from outside the graph.
    pub(super) fn read_running_frame(&mut self, frame: usize) {
        let layout = self.objects.layout;
        let mut expected = std::mem::take(&mut self.expected);
        expected.clear();
        self.expect_locals(frame, &mut expected);
        for &(object, label) in &expected {
            self.edge(object, label);
        }
        self.expected = expected;
        let locals = self.objects.reader.word(frame + layout.if_locals);
        self.edge(locals, Label::Namespace);
        let object = self.objects.reader.word(frame + layout.if_frame_obj);
        let label = self.internal("frame");
        self.edge(object, label);
    }

    /// Variables of a frame object (3.9, 3.10), or of the frame that one stands for.
    pub(super) fn expect_frame_object(
        &mut self,
        _node: NodeIndex,
        object: usize,
        expected: &mut Vec<(usize, Label)>,
    ) {
        let layout = self.objects.layout;
        let reader = self.objects.reader;
        let back = self.internal("f_back");
        expected.push((reader.word(object + layout.fo_back), back));
        if !stack::is_object_frames(&self.objects) {
            let frame = reader.word(object + layout.fo_iframe);
            if frame != 0 && reader.byte(frame + layout.if_owner) == layout.owner_frame_object {
                self.expect_locals(frame, expected);
            }
            return;
        }
        let names = self.local_names(reader.word(object + layout.fo_code));
        for (index, &name) in names.iter().enumerate() {
            let local = reader.word(object + layout.fo_localsplus + index * 8);
            if local != 0 {
                expected.push((local, Label::Local(name)));
            }
        }
        for (offset, name) in [
            (layout.fo_code, "f_code"),
            (layout.fo_globals, "__globals__"),
            (layout.fo_builtins, "__builtins__"),
        ] {
            let label = self.internal(name);
            expected.push((reader.word(object + offset), label));
        }
        // A module's frame has its namespace here, and a class body its class's.
        expected.push((reader.word(object + layout.fo_locals), Label::Namespace));
    }

    /// Adds the variables of a frame object whose frame still runs, or belongs to a generator. A look at the whole
    /// heap has them from the stack or the generator, a look from the frame object has them from nowhere else.
    pub(super) fn add_variables_elsewhere(
        &mut self,
        object: usize,
        shape: Shape,
        targets: &mut Vec<usize>,
        expected: &mut Vec<(usize, Label)>,
    ) {
        if shape != Shape::Frame || self.reads_stacks || stack::is_object_frames(&self.objects) {
            return;
        }
        let (layout, reader) = (self.objects.layout, self.objects.reader);
        let frame = reader.word(object + layout.fo_iframe);
        if frame == 0 || reader.byte(frame + layout.if_owner) == layout.owner_frame_object {
            return;
        }
        let first = expected.len();
        self.expect_locals(frame, expected);
        targets.extend(expected[first..].iter().map(|&(variable, _)| variable));
    }
}
