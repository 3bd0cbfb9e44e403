//! Buffers of objects whose insides no walk can read (polars: the layout of Rust's structs is the compiler's choice), as
//! their package has told of them before the walk, when its code may run. As those of Arrow, each is a node of its own.

use super::Walker;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use unfreed_recording::snapshot::{NodeIndex, SYNTHETIC};

/// A buffer that an object has, alone or with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharedBuffer {
    /// The address of the object (what `id()` gives).
    pub object: usize,
    /// Where the buffer is: those of the same address are one.
    pub address: usize,
    /// How long it is, in bytes.
    pub bytes: u64,
}

/// What was told.
#[derive(Default)]
pub(super) struct Shared {
    /// Places in `stands`, by object.
    of: HashMap<usize, Vec<usize>, FixedState>,
    /// A word for each buffer, whose address its node has: that of the buffer itself may be gone by now.
    stands: Box<[[usize; 2]]>,
    bytes: Vec<u64>,
    first: usize,
    type_: Option<u32>,
}

impl Shared {
    pub(super) fn new(buffers: &[SharedBuffer]) -> Self {
        let mut places: HashMap<usize, usize, FixedState> = HashMap::default();
        let mut shared = Self::default();
        for buffer in buffers {
            let place = *places.entry(buffer.address).or_insert(shared.bytes.len());
            if place == shared.bytes.len() {
                shared.bytes.push(0);
            }
            shared.bytes[place] = shared.bytes[place].max(buffer.bytes);
            shared.of.entry(buffer.object).or_default().push(place);
        }
        shared.stands = vec![[0; 2]; shared.bytes.len()].into_boxed_slice();
        shared.first = shared.stands.as_ptr() as usize;
        shared
    }

    /// Bytes of the buffer that has this address.
    fn bytes_of(&self, address: usize) -> Option<u64> {
        let place = address.checked_sub(self.first)? / size_of::<[usize; 2]>();
        self.bytes.get(place).copied()
    }
}

impl Walker<'_> {
    /// Adds the buffers of an object to what it refers to.
    pub(super) fn add_shared(&mut self, object: usize) {
        let places = self.shared.of.get(&object).cloned().unwrap_or_default();
        let label = self.internal("buffer");
        for place in places {
            let address = self.shared.first + place * size_of::<[usize; 2]>();
            let node = self.node(address);
            self.out.edge(node, label);
        }
    }

    /// Reads a node if it stands for a buffer that was told of.
    #[inline]
    pub(super) fn read_shared(&mut self, node: NodeIndex, address: usize) -> bool {
        if self.shared.bytes.is_empty() {
            return false;
        }
        let Some(bytes) = self.shared.bytes_of(address) else {
            return false;
        };
        let type_ = match self.shared.type_ {
            Some(type_) => type_,
            None => self.made_up_type("polars", "Buffer"),
        };
        self.shared.type_ = Some(type_);
        self.reads_data(node);
        self.out.node(type_, bytes, SYNTHETIC);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_of_two_objects_is_one() {
        let told = |object, address, bytes| SharedBuffer {
            object,
            address,
            bytes,
        };
        let shared = Shared::new(&[told(100, 5000, 10), told(200, 5000, 30), told(200, 7000, 7)]);
        assert_eq!(shared.of[&100], [0]);
        assert_eq!(shared.of[&200], [0, 1]);
        assert_eq!(shared.bytes_of(shared.first), Some(30));
        assert_eq!(shared.bytes_of(shared.first + 16), Some(7));
        assert_eq!(shared.bytes_of(shared.first + 32), None);
        assert_eq!(shared.bytes_of(shared.first - 16), None);
    }
}
