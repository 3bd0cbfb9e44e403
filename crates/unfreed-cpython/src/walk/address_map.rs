//! From an object's address to its node: a table per 4 MiB of address space with a slot for each
//! 16 bytes, mapped lazily. One load where a hash table would miss the cache several times.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

const REGION_SHIFT: u32 = 22;
const SLOTS: usize = 1 << (REGION_SHIFT - 4);
/// A heap of 256 MiB without a collision.
const RECENT: usize = 64;

/// Node numbers by address. Objects at addresses that are no multiple of 16 (static ones) go to a
/// hash table of their own.
pub(crate) struct AddressMap {
    regions: HashMap<usize, usize, FixedState>,
    /// Per region its slots, holding node + 1; zero pages until touched.
    slots: Vec<Vec<u32>>,
    unaligned: HashMap<usize, u32, FixedState>,
    /// Regions that were met last, found without hashing: by key, each with its number.
    recent: [(usize, usize); RECENT],
}

impl AddressMap {
    pub(crate) fn new() -> Self {
        AddressMap {
            regions: HashMap::with_hasher(FixedState::with_seed(1)),
            slots: Vec::new(),
            unaligned: HashMap::with_hasher(FixedState::with_seed(1)),
            recent: [(usize::MAX, 0); RECENT],
        }
    }

    pub(crate) fn get(&self, address: usize) -> Option<u32> {
        if address & 15 != 0 {
            return self.unaligned.get(&address).copied();
        }
        let region = *self.regions.get(&(address >> REGION_SHIFT))?;
        self.slots[region][(address >> 4) & (SLOTS - 1)].checked_sub(1)
    }

    /// The node at `address`, or `next`, which it then becomes.
    #[inline]
    pub(crate) fn get_or_insert(&mut self, address: usize, next: u32) -> u32 {
        if address & 15 != 0 {
            return *self.unaligned.entry(address).or_insert(next);
        }
        let region = self.region(address >> REGION_SHIFT);
        let slot = &mut self.slots[region][(address >> 4) & (SLOTS - 1)];
        if *slot == 0 {
            *slot = next + 1;
        }
        *slot - 1
    }

    /// Numbers an object that has no number yet. Its slot is written without being read, which saves the second of two
    /// page faults.
    pub(crate) fn insert(&mut self, address: usize, node: u32) {
        if address & 15 != 0 {
            self.unaligned.insert(address, node);
            return;
        }
        let region = self.region(address >> REGION_SHIFT);
        self.slots[region][(address >> 4) & (SLOTS - 1)] = node + 1;
    }

    /// Where the number of the object at `address` is kept, if that is found without a search.
    #[inline]
    pub(crate) fn place(&self, address: usize) -> Option<usize> {
        let key = address >> REGION_SHIFT;
        let (recent, region) = self.recent[key % RECENT];
        let slot = (address >> 4) & (SLOTS - 1);
        (recent == key).then(|| self.slots[region].as_ptr() as usize + slot * size_of::<u32>())
    }

    #[inline]
    fn region(&mut self, key: usize) -> usize {
        let (recent, region) = self.recent[key % RECENT];
        if recent == key {
            return region;
        }
        let slots = &mut self.slots;
        let region = *self.regions.entry(key).or_insert_with(|| {
            slots.push(vec![0; SLOTS]);
            slots.len() - 1
        });
        self.recent[key % RECENT] = (key, region);
        region
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_inserted_is_met_again() {
        let mut map = AddressMap::new();
        for (node, address) in [0x7000_0000_0010, 0x7000_0000_0018].into_iter().enumerate() {
            map.insert(address, node as u32);
            assert_eq!(map.get_or_insert(address, 99), node as u32);
            assert_eq!(map.get(address), Some(node as u32));
        }
    }

    #[test]
    fn each_address_keeps_its_first_number() {
        let mut map = AddressMap::new();
        let addresses = [0x7000_0000_0010, 0x7000_0000_0018, 0x20, 0x7000_0040_0010];
        for (node, &address) in addresses.iter().enumerate() {
            assert_eq!(map.get(address), None);
            assert_eq!(map.get_or_insert(address, node as u32), node as u32);
        }
        for (node, &address) in addresses.iter().enumerate() {
            assert_eq!(map.get_or_insert(address, 99), node as u32);
            assert_eq!(map.get(address), Some(node as u32));
        }
    }
}
