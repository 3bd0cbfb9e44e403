//! pprof's profile.proto, compressed: for `go tool pprof`, Pyroscope and their like. The message is written
//! by hand: six kinds of field do not pay for a generator in the build.

use super::{MEASURES, UNKNOWN};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::collections::BTreeMap;
use std::io;
use unfreed_analysis::findings::Frame;
use unfreed_analysis::questions::Allocations;

/// Writes the profile.
///
/// # Errors
/// Those of `out`.
pub fn render(allocations: &Allocations, out: impl io::Write) -> io::Result<()> {
    let mut encoder = GzEncoder::new(out, Compression::default());
    io::Write::write_all(&mut encoder, &profile(allocations))?;
    encoder.finish().map(drop)
}

// Field numbers of the messages Profile, ValueType, Sample, Location, Line and Function.
fn profile(allocations: &Allocations) -> Vec<u8> {
    let mut tables = Tables::default();
    tables.text("");
    let mut message = Message::default();
    for measure in &MEASURES {
        let kind = value_type(&mut tables, measure.name, measure.unit);
        message.bytes(1, &kind.0);
    }
    for stack in &allocations.stacks {
        let mut sample = Message::default();
        let locations: Vec<u64> = if stack.frames.is_empty() {
            let unknown = Frame {
                function: UNKNOWN.to_owned(),
                ..Frame::default()
            };
            vec![tables.location(&unknown)]
        } else {
            stack
                .frames
                .iter()
                .map(|one| tables.location(one))
                .collect()
        };
        sample.packed(1, locations.into_iter());
        sample.packed(2, MEASURES.iter().map(|measure| (measure.of)(stack)));
        message.bytes(2, &sample.0);
    }
    for location in &tables.locations {
        message.bytes(4, location);
    }
    for function in &tables.functions {
        message.bytes(5, function);
    }
    let period = value_type(&mut tables, "space", "bytes");
    let default = tables.text("inuse_space");
    for text in &tables.texts {
        message.bytes(6, text.as_bytes());
    }
    message.number(9, allocations.started_unix_ns);
    message.number(10, (allocations.seconds * 1e9) as u64);
    message.bytes(11, &period.0);
    message.number(12, allocations.sample_bytes);
    message.number(14, default);
    message.0
}

fn value_type(tables: &mut Tables, name: &str, unit: &str) -> Message {
    let mut message = Message::default();
    message.number(1, tables.text(name));
    message.number(2, tables.text(unit));
    message
}

/// Texts, functions and locations, each once; ids of the latter two start at 1.
#[derive(Default)]
struct Tables {
    texts: Vec<String>,
    text_ids: BTreeMap<String, u64>,
    functions: Vec<Vec<u8>>,
    function_ids: BTreeMap<(String, String), u64>,
    locations: Vec<Vec<u8>>,
    location_ids: BTreeMap<(u64, u32), u64>,
}

impl Tables {
    fn text(&mut self, text: &str) -> u64 {
        if let Some(&id) = self.text_ids.get(text) {
            return id;
        }
        let id = self.texts.len() as u64;
        self.texts.push(text.to_owned());
        self.text_ids.insert(text.to_owned(), id);
        id
    }

    fn function(&mut self, name: &str, file: &str) -> u64 {
        let key = (name.to_owned(), file.to_owned());
        if let Some(&id) = self.function_ids.get(&key) {
            return id;
        }
        let id = self.functions.len() as u64 + 1;
        let mut message = Message::default();
        message.number(1, id);
        message.number(2, self.text(name));
        message.number(3, self.text(name));
        message.number(4, self.text(file));
        self.functions.push(message.0);
        self.function_ids.insert(key, id);
        id
    }

    fn location(&mut self, frame: &Frame) -> u64 {
        let file = if frame.library.is_empty() {
            &frame.file
        } else {
            &frame.library
        };
        let function = self.function(&frame.function, file);
        if let Some(&id) = self.location_ids.get(&(function, frame.line)) {
            return id;
        }
        let id = self.locations.len() as u64 + 1;
        let mut line = Message::default();
        line.number(1, function);
        line.number(2, u64::from(frame.line));
        let mut message = Message::default();
        message.number(1, id);
        message.bytes(4, &line.0);
        self.locations.push(message.0);
        self.location_ids.insert((function, frame.line), id);
        id
    }
}

/// A message in protobuf's wire format.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn variable(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push((value as u8) | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn number(&mut self, field: u64, value: u64) {
        // The fields are signed there; no figure of ours is negative.
        let value = value.min(i64::MAX as u64);
        self.variable(field << 3);
        self.variable(value);
    }

    fn bytes(&mut self, field: u64, content: &[u8]) {
        self.variable(field << 3 | 2);
        self.variable(content.len() as u64);
        self.0.extend_from_slice(content);
    }

    fn packed(&mut self, field: u64, values: impl Iterator<Item = u64>) {
        let mut content = Self::default();
        for value in values {
            content.variable(value.min(i64::MAX as u64));
        }
        self.bytes(field, &content.0);
    }
}
