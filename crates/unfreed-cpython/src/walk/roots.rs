//! Named starting points: modules, running frames by thread and function, thread and interpreter
//! state. They name what keeps objects alive; which objects are held by something unnamed follows
//! from the reference counts.

use super::{StandIn, Walker};
use crate::code::line_of;
use crate::layout::{ABSENT, AtexitShape};
use crate::stack;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use unfreed_recording::snapshot::{Label, NodeIndex, Root, RootKind};

/// Longest path of a source file that is compared.
const LONGEST_PATH: usize = 4096;

impl Walker<'_> {
    /// All roots, in a stable order: modules by name, threads in order of their start.
    pub(super) fn roots(&mut self) -> Vec<Root> {
        let first = self.addresses.len() as NodeIndex;
        let mut roots = self.module_roots();
        let names = self.thread_names();
        for (position, thread) in self.threads().into_iter().enumerate() {
            let id = self
                .objects
                .reader
                .word(thread + self.objects.layout.ts_thread_id) as u64;
            // The oldest thread state is the main thread's; `threading` may not be imported.
            let name = match names.get(&id) {
                Some(name) => name.clone(),
                None if position == 0 => "MainThread".to_owned(),
                None => format!("thread {id}"),
            };
            self.thread_roots(thread, &name, &mut roots);
        }
        self.interpreter_roots(&mut roots);
        self.stand_in_nodes = first..self.addresses.len() as NodeIndex;
        roots
    }

    fn module_roots(&mut self) -> Vec<Root> {
        let modules = (self.runtime.api().functions.module_dict)();
        let mut found: Vec<(String, usize)> = Vec::new();
        let objects = self.objects;
        objects.dict_entries(modules, |entry| {
            if objects.is_a(entry.value, objects.types.module) {
                found.push((objects.text(entry.key, 200), entry.value));
            }
        });
        found.sort();
        let mut roots = Vec::with_capacity(found.len());
        for (name, module) in found {
            let node = self.node(module);
            let name = self.texts.text(&name);
            let file = self.module_file(module);
            roots.push(Root {
                node,
                kind: RootKind::Module { name, file },
            });
        }
        roots
    }

    fn module_file(&mut self, module: usize) -> Option<u32> {
        let dict = self
            .objects
            .reader
            .word(module + self.objects.layout.module_dict);
        if dict == 0 {
            return None;
        }
        let file = self.objects.dict_get(dict, "__file__")?;
        let text = self.objects.text(file, 400);
        (!text.is_empty()).then(|| self.texts.text(&text))
    }

    /// Thread states of the main interpreter, oldest first, this thread's own left out.
    fn threads(&self) -> Vec<usize> {
        let functions = &self.runtime.api().functions;
        let own = (functions.thread_state)();
        let mut threads = Vec::new();
        let mut thread = (functions.interpreter_threads)(self.runtime.interpreter());
        while thread != 0 && threads.len() < 1_000_000 {
            if thread != own || stack::current_frame(&self.objects, thread) != 0 {
                threads.push(thread);
            }
            thread = (functions.next_thread)(thread);
        }
        threads.reverse();
        threads
    }

    fn thread_roots(&mut self, thread: usize, name: &str, roots: &mut Vec<Root>) {
        let layout = self.objects.layout;
        let reader = self.objects.reader;
        let name = self.texts.text(name);
        let mut frame = stack::current_frame(&self.objects, thread);
        if thread == (self.runtime.api().functions.thread_state)() {
            frame = self.pass_own_frames(frame);
        }
        let mut depth = 0;
        while frame != 0 && depth < stack::MAX_FRAMES as u32 {
            if let Some(kind) = self.frame_root(frame, name, depth) {
                let node = self.frame_node(frame);
                roots.push(Root { node, kind });
                depth += 1;
            }
            frame = stack::previous(&self.objects, frame);
        }
        let held = [
            (layout.ts_dict, "thread-local dict"),
            (layout.ts_context, "context"),
            (layout.ts_async_exc, "pending exception"),
            (layout.ts_async_gen_firstiter, "async generator hook"),
            (layout.ts_async_gen_finalizer, "async generator hook"),
            (layout.ts_curexc_value, "exception"),
            (layout.ts_current_exception, "exception"),
            (layout.ts_trace_object, "trace function"),
            (layout.ts_profile_object, "profile function"),
        ];
        for (offset, what) in held {
            if offset != ABSENT {
                let object = reader.word(thread + offset);
                self.named_root(object, what, roots, |what| RootKind::Thread {
                    thread: name,
                    what,
                });
            }
        }
        self.handled_exceptions(thread, name, roots);
    }

    /// Passes over the innermost frames of code in `own_folder`: who asks who holds an object is no
    /// answer. What their variables hold is remembered, to be taken off the reference counts.
    fn pass_own_frames(&mut self, innermost: usize) -> usize {
        let layout = self.objects.layout;
        let mut frame = innermost;
        while frame != 0 && !self.own_folder.is_empty() {
            let Some(raw) = stack::read_frame(&self.objects, frame) else {
                break;
            };
            let file = raw.code.address() + layout.co_filename;
            let file = self
                .objects
                .text(self.objects.reader.word(file), LONGEST_PATH);
            if !file.starts_with(self.own_folder.as_str()) {
                break;
            }
            self.remember_own_locals(frame, raw.code.address());
            frame = stack::previous(&self.objects, frame);
        }
        frame
    }

    fn remember_own_locals(&mut self, frame: usize, code: usize) {
        let (layout, reader) = (self.objects.layout, self.objects.reader);
        let locals = if stack::is_object_frames(&self.objects) {
            frame + layout.fo_localsplus
        } else {
            frame + layout.if_localsplus
        };
        for index in 0..self.local_names(code).len() {
            let slot = reader.word(locals + index * 8);
            self.own_locals.extend(stack::untag(slot));
        }
    }

    /// Exceptions that are being handled: a stack of them hangs from the thread state.
    fn handled_exceptions(&mut self, thread: usize, name: u32, roots: &mut Vec<Root>) {
        let layout = self.objects.layout;
        let reader = self.objects.reader;
        let mut item = reader.word(thread + layout.ts_exc_info);
        for _ in 0..10_000 {
            if item == 0 {
                break;
            }
            let value = reader.word(item + layout.exc_value);
            self.named_root(value, "exception being handled", roots, |what| {
                RootKind::Thread { thread: name, what }
            });
            item = reader.word(item + layout.exc_previous_item);
        }
    }

    fn named_root(
        &mut self,
        object: usize,
        what: &str,
        roots: &mut Vec<Root>,
        kind: impl FnOnce(u32) -> RootKind,
    ) {
        // A word that is no object (a C function's state, None's address is one) has no type.
        if object == 0 || object & 7 != 0 {
            return;
        }
        let node = self.node(object);
        let what = self.texts.text(what);
        roots.push(Root {
            node,
            kind: kind(what),
        });
    }

    fn frame_root(&mut self, frame: usize, thread: u32, depth: u32) -> Option<RootKind> {
        let raw = stack::read_frame(&self.objects, frame)?;
        let layout = self.objects.layout;
        let code = raw.code.address();
        let name = if layout.co_qualname == ABSENT {
            layout.co_name
        } else {
            layout.co_qualname
        };
        let function = self.objects.reader.word(code + name);
        let file = self.objects.reader.word(code + layout.co_filename);
        let file = self.objects.text(file, 400);
        Some(RootKind::Frame {
            thread,
            function: self.text_of(function),
            file: self.texts.text(&file),
            line: line_of(self.runtime.api(), code, raw.instruction),
            depth,
        })
    }

    /// The node of a running frame: the frame object before 3.11, a stand-in since.
    fn frame_node(&mut self, frame: usize) -> NodeIndex {
        if !stack::is_object_frames(&self.objects) {
            self.stand_ins.insert(frame, StandIn::Python(frame));
        }
        self.node(frame)
    }

    /// Names of threads by identifier, from `threading._active`.
    fn thread_names(&mut self) -> HashMap<u64, String, FixedState> {
        let mut names = HashMap::with_hasher(FixedState::with_seed(6));
        let modules = (self.runtime.api().functions.module_dict)();
        let Some(threading) = self.objects.dict_get(modules, "threading") else {
            return names;
        };
        let dict = self
            .objects
            .reader
            .word(threading + self.objects.layout.module_dict);
        let Some(active) = self.objects.dict_get(dict, "_active") else {
            return names;
        };
        if self.objects.type_of(active) != self.objects.types.dict {
            return names;
        }
        let mut threads = Vec::new();
        self.objects
            .dict_entries(active, |entry| threads.push((entry.key, entry.value)));
        for (ident, thread) in threads {
            let name = self.attribute(thread, "_name");
            if let (Some(ident), Some(name)) = (self.objects.word_int(ident), name) {
                names.insert(ident, self.objects.text(name, 100));
            }
        }
        names
    }

    /// An attribute of an instance, without running a line of Python.
    fn attribute(&mut self, object: usize, name: &str) -> Option<usize> {
        let type_ = self.objects.type_of(object);
        let known = self.known_type(type_);
        let traits = &known.traits;
        if let Some(dict) = self.objects.instance_dict(object, traits)
            && let Some(value) = self.objects.dict_get(dict, name)
        {
            return Some(value);
        }
        let values = self.objects.inline_values(object, traits)?;
        let keys = self
            .objects
            .reader
            .word(type_ + self.objects.layout.ht_cached_keys);
        if keys == 0 {
            return None;
        }
        let keys = self.objects.keys(keys);
        (0..keys.count)
            .find(|&index| {
                self.objects
                    .text_is(self.objects.key_at(&keys, index), name)
            })
            .map(|index| self.objects.reader.word(values + index * 8))
            .filter(|&value| value != 0)
    }

    fn interpreter_roots(&mut self, roots: &mut Vec<Root>) {
        let layout = self.objects.layout;
        let held = [
            (layout.interp_modules, "sys.modules"),
            (layout.interp_sysdict, "sys"),
            (layout.interp_builtins, "builtins"),
            (layout.interp_dict, "interpreter dict"),
            (layout.interp_codec_search_path, "codecs"),
            (layout.interp_codec_search_cache, "codecs"),
            (layout.interp_codec_error_registry, "codecs"),
            (layout.interp_before_forkers, "os.register_at_fork"),
            (layout.interp_after_forkers_parent, "os.register_at_fork"),
            (layout.interp_after_forkers_child, "os.register_at_fork"),
            (layout.interp_audit_hooks, "sys.addaudithook"),
            (layout.gc_garbage, "gc.garbage"),
            (layout.gc_callbacks, "gc.callbacks"),
        ];
        for (offset, what) in held {
            if offset != ABSENT {
                let object = self
                    .objects
                    .reader
                    .word(self.runtime.interpreter() + offset);
                self.named_root(object, what, roots, |what| RootKind::Interpreter { what });
            }
        }
        self.atexit_root(roots);
        for handler in self.signal_handlers() {
            self.named_root(handler, "signal handler", roots, |what| {
                RootKind::Interpreter { what }
            });
        }
        if layout.interp_interned != ABSENT {
            let place = self.runtime.interpreter() + layout.interp_interned;
            self.interned = self.objects.reader.word(place);
        }
    }

    /// `atexit` callbacks: a C array of the interpreter from 3.10 to 3.13, a list from 3.14 on, and
    /// in 3.9 part of the module's state, which its traversal shows.
    fn atexit_root(&mut self, roots: &mut Vec<Root>) {
        let layout = self.objects.layout;
        let place = self.runtime.interpreter() + layout.interp_atexit;
        match layout.atexit_shape {
            AtexitShape::ModuleState => {}
            AtexitShape::List => {
                let list = self.objects.reader.word(place);
                self.named_root(list, "atexit", roots, |what| RootKind::Interpreter { what });
            }
            AtexitShape::Array => {
                self.stand_ins.insert(place, StandIn::Atexit(place));
                self.named_root(place, "atexit", roots, |what| RootKind::Interpreter {
                    what,
                });
            }
        }
    }

    /// References of the array of `atexit` callbacks: function, arguments, keywords of each.
    pub(super) fn read_atexit(&mut self, place: usize) {
        let layout = self.objects.layout;
        let reader = self.objects.reader;
        let array = reader.word(place);
        let count = reader.int(self.runtime.interpreter() + layout.interp_atexit_count);
        if array == 0 {
            return;
        }
        for index in 0..usize::try_from(count).unwrap_or(0) {
            let callback = reader.word(array + index * 8);
            for part in 0..if callback == 0 { 0 } else { 3 } {
                let object = reader.word(callback + part * 8);
                self.edge(object, Label::Index(index as u32));
            }
        }
    }
}
