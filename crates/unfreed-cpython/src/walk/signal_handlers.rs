//! Handlers of signals. The interpreter keeps them in an array that no symbol names and no object visits: it is found by
//! what stands in it, once.

use super::Walker;
use std::ops::Range;
use std::sync::OnceLock;
use unfreed_sys::memory;

/// Signals of Linux, from 1 on. The array begins with an entry for 0 that is empty.
const SIGNALS: usize = 64;
/// Words of an entry: whether the signal has come, and its handler.
const ENTRY: usize = 2;
const WORD: usize = size_of::<usize>();
/// So many signals at least have the handler that the system has for them.
const MOST: usize = 30;

impl Walker<'_> {
    /// What the program set to handle signals.
    pub(super) fn signal_handlers(&self) -> Vec<usize> {
        static FIRST: OnceLock<Option<usize>> = OnceLock::new();
        let modules = (self.runtime.api().functions.module_dict)();
        let Some(module) = self.objects.dict_get(modules, "_signal") else {
            return Vec::new();
        };
        let layout = self.objects.layout;
        let dict = self.objects.reader.word(module + layout.module_dict);
        let usual = ["SIG_DFL", "SIG_IGN", "default_int_handler"];
        let usual = usual.map(|name| self.objects.dict_get(dict, name));
        let ([Some(default), ..], Some(variables)) = (usual, self.runtime.variables()) else {
            return Vec::new();
        };
        let Some(first) = *FIRST.get_or_init(|| first_handler(variables, default)) else {
            return Vec::new();
        };
        let handlers = (0..SIGNALS).map(|n| self.objects.reader.word(first + n * ENTRY * WORD));
        let is_set = |&handler: &usize| {
            let is_none = || {
                self.objects
                    .is_named(self.objects.type_of(handler), "NoneType")
            };
            handler != 0 && !usual.contains(&Some(handler)) && !is_none()
        };
        handlers.filter(is_set).collect()
    }
}

/// Where the handler of signal 1 stands.
fn first_handler(variables: &Range<usize>, default: usize) -> Option<usize> {
    let mut words = Vec::with_capacity(variables.len() / WORD);
    memory::read_range(variables.start, variables.len(), |word| words.push(word));
    let first = array_in(&words, default)?;
    Some(variables.start.next_multiple_of(WORD) + first * WORD)
}

/// The place of the first handler among words.
fn array_in(words: &[usize], default: usize) -> Option<usize> {
    let handler = |place: usize| words.get(place).copied().unwrap_or(0);
    let mut next = 0;
    while let Some(found) = words.get(next..)?.iter().position(|&word| word == default) {
        let mut first = next + found;
        while first >= ENTRY && handler(first - ENTRY) != 0 {
            first -= ENTRY;
        }
        let places = (first..).step_by(ENTRY);
        let array: Vec<usize> = places
            .map(handler)
            .take(SIGNALS + 1)
            .take_while(|&handler| handler != 0)
            .collect();
        let usual = array.iter().filter(|&&handler| handler == default).count();
        if array.len() >= SIGNALS && usual >= MOST {
            return Some(first);
        }
        next += found + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_array_is_found_by_its_usual_entries() {
        let default = 0x5000;
        let mut words = vec![0x5000, 7, 0, 1, 0x5000, 0, 0, 0];
        let first = words.len() + 1;
        for signal in 1..=SIGNALS {
            let own = signal % 10 == 3 || signal == 1;
            words.extend([usize::from(signal == 5), if own { 0x6000 } else { default }]);
        }
        words.extend([0; 10]);
        assert_eq!(array_in(&words, default), Some(first));
        assert_eq!(array_in(&words[..100], default), None);
        assert_eq!(array_in(&words, 0x7000), None);
    }
}
