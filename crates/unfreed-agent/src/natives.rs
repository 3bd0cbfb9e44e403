//! What calls in C code are called: the object that each is in, and the name that the object exports
//! for it. By the agent outside any hook; all other names are found when a report is made.

use crate::stacks::NewNative;
use hashbrown::HashMap;
use unfreed_recording::sites::{Code, NativeCode, NativeObject, Natives};
use unfreed_sys::loaded::{self, LoadedObject};

/// Objects of which a recording has said which they are.
#[derive(Debug, Default)]
pub(crate) struct NativeNames {
    generation: u64,
    objects: Vec<LoadedObject>,
    /// Ids of objects by where they are in memory.
    told: HashMap<usize, u32>,
}

impl NativeNames {
    /// Code objects that stand for the calls, and where those are. A call in no object (code made at
    /// run time) has neither file nor name.
    pub(crate) fn describe(&mut self, calls: &[NewNative]) -> (Vec<Code>, Natives) {
        if calls.is_empty() {
            return (Vec::new(), Natives::default());
        }
        let generation = loaded::generation();
        if generation != self.generation || self.objects.is_empty() {
            self.generation = generation;
            self.objects = loaded::objects();
        }
        let mut natives = Natives::default();
        let mut codes = Vec::with_capacity(calls.len());
        for call in calls {
            let address = call.address as usize;
            let object = self
                .objects
                .iter()
                .find(|object| object.range.contains(&address));
            let name = loaded::exported_at(address).map(|exported| exported.name);
            codes.push(Code {
                id: call.code,
                file: object.map(path).unwrap_or_default(),
                function: name.unwrap_or_default(),
                first_line: 0,
            });
            if let Some(object) = object {
                let new = self.told.len() as u32;
                let id = *self.told.entry(object.base).or_insert_with(|| {
                    natives.objects.push(NativeObject {
                        id: new,
                        path: path(object),
                        build_id: object.build_id.clone(),
                    });
                    new
                });
                natives.codes.push(NativeCode {
                    code: call.code,
                    object: id,
                    address: address.wrapping_sub(object.base) as u64,
                });
            }
        }
        (codes, natives)
    }
}

fn path(object: &LoadedObject) -> String {
    object.path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use unfreed_recording::ids::CodeId;
    use unfreed_sys::symbols;

    #[test]
    fn a_call_in_a_library_is_known_by_its_export_and_its_object_is_told_once() {
        let malloc = symbols::find(c"malloc").expect("malloc").get() as u64;
        let call = |id: u32, address: u64| NewNative {
            code: CodeId(id),
            address,
        };
        let mut names = NativeNames::default();
        let (codes, natives) = names.describe(&[call(1, malloc + 1), call(2, 16)]);
        assert!(codes[0].file.contains("libc"), "{codes:?}");
        assert!(codes[0].function.contains("malloc"), "{codes:?}");
        assert_eq!(
            (codes[1].file.as_str(), codes[1].function.as_str()),
            ("", "")
        );
        assert_eq!((natives.objects.len(), natives.codes.len()), (1, 1));
        let (_, again) = names.describe(&[call(3, malloc + 2)]);
        assert_eq!((again.objects.len(), again.codes.len()), (0, 1));
    }
}
