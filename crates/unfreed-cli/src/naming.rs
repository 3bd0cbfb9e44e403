//! Names of C code for a recording, from the files of its libraries where they are on this machine and
//! the same build; elsewhere the exported names that the recording has.

use std::collections::BTreeMap;
use std::path::Path;
use unfreed_analysis::{NativeName, Recorded};
use unfreed_recording::Recording;
use unfreed_recording::ids::CodeId;
use unfreed_symbols::{Symbol, Symbols};

/// The recording as evidence, with all names that can be found here.
pub fn named<'r>(recording: &'r Recording<'r>) -> Recorded<'r> {
    let symbols = Symbols::default();
    let mut names = BTreeMap::new();
    for object in &recording.native_objects {
        let natives = recording.natives.iter();
        let (codes, addresses): (Vec<CodeId>, Vec<u64>) = natives
            .filter(|native| native.object == object.id)
            .map(|native| (native.code, native.address))
            .unzip();
        let found = symbols.of_object(Path::new(&object.path), &object.build_id, &addresses);
        let found = codes.into_iter().zip(found);
        names.extend(found.filter_map(|(code, symbol)| Some((code, name(symbol?)))));
    }
    Recorded::new(recording, names)
}

fn name(symbol: Symbol) -> NativeName {
    NativeName {
        function: symbol.function,
        file: symbol.file,
        line: symbol.line,
    }
}
