//! Nodes that stand for something that is no object: running frames and arrays of the interpreter's, which hold objects,
//! and buffers of Arrow, which objects hold.

use super::Walker;
use crate::types::{Extra, Shape, TypeTraits};
use unfreed_recording::snapshot::{NodeIndex, SYNTHETIC, TypeInfo};

/// Something that holds objects and is none: its node stands for it.
#[derive(Clone, Copy)]
pub(super) enum StandIn {
    /// A running frame (3.11 and later).
    Python(usize),
    /// The interpreter's array of `atexit` callbacks (3.10 to 3.13).
    Atexit(usize),
}

impl Walker<'_> {
    /// Reads a node if it stands for something that is no object.
    #[inline]
    pub(super) fn read_stand_in(&mut self, node: NodeIndex, address: usize) -> bool {
        if self.arrow.is_next(node) {
            self.read_buffer();
            return true;
        }
        if self.read_shared(node, address) {
            return true;
        }
        if self.stand_in_nodes.contains(&node)
            && let Some(&stand_in) = self.stand_ins.get(&address)
        {
            self.read_holder(stand_in);
            return true;
        }
        false
    }

    fn read_holder(&mut self, stand_in: StandIn) {
        match stand_in {
            StandIn::Python(frame) => {
                self.out.node(self.frame_type, 0, SYNTHETIC);
                self.read_running_frame(frame);
            }
            StandIn::Atexit(place) => {
                let type_ = self.made_up_type("atexit", "callbacks");
                self.out.node(type_, 0, SYNTHETIC);
                self.read_atexit(place);
            }
        }
    }

    /// Adds what stands for buffers of an object, and what it keeps in fields that only its package knows.
    #[inline]
    pub(super) fn add_buffers(&mut self, object: usize, traits: &TypeTraits) {
        match traits.extra {
            Extra::ArrowBuffers => self.read_arrow(object, traits.basicsize),
            Extra::SharedBuffers => self.add_shared(object),
            Extra::Dtype => self.read_dtype(object),
            _ => {}
        }
    }

    /// The type of nodes that stand for something.
    pub(super) fn made_up_type(&mut self, module: &str, name: &str) -> u32 {
        let index = self.type_infos.len() as u32;
        self.type_infos.push(TypeInfo {
            module: module.to_owned(),
            name: name.to_owned(),
            heap: false,
            node: None,
        });
        self.type_objects.push(0);
        self.named.push(false);
        self.owns_definitions.push(false);
        self.is_descriptor.push(false);
        index
    }

    /// What is read now is data that leads to data, whatever was read before.
    pub(super) fn reads_data(&mut self, node: NodeIndex) {
        self.is_weightless(node, Shape::Leaf);
    }
}
