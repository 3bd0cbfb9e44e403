//! Hash maps with a fixed seed: two runs over one recording say the same, byte for byte. The price,
//! keys that collide on purpose, is paid by nobody: the recording is the person's own.

/// A hash map with a fixed seed. Never iterate one into a result without sorting.
pub type Map<K, V> = hashbrown::HashMap<K, V, foldhash::fast::FixedState>;
/// A hash set with a fixed seed.
pub type Set<K> = hashbrown::HashSet<K, foldhash::fast::FixedState>;
