//! Texts of the source lines in stacks, read while the program runs: where the report is read, the
//! files may be others or none. By the agent outside any hook; needs no GIL.

use hashbrown::{HashMap, HashSet};
use std::fs;
use unfreed_recording::ids::CodeId;
use unfreed_recording::sites::{Code, SourceLine, Sources, StackNode, Stacks};

/// Largest file that is read, bytes.
const LARGEST: u64 = 4 << 20;
/// Longest text, bytes.
const LONGEST: usize = 160;
/// Most lines of one recording: what a report can show is a small part of them.
const MOST: usize = 50_000;

/// What was read so far.
#[derive(Debug, Default)]
pub(crate) struct SourceReader {
    /// Files of the code objects whose lines are wanted.
    files: HashMap<CodeId, String>,
    known: HashSet<(CodeId, u32)>,
}

impl SourceReader {
    /// The lines that are new in `stacks`. Code below a folder of `unwanted`, and of files that are not
    /// there, has none.
    pub(crate) fn read(&mut self, stacks: &Stacks, unwanted: &[String]) -> Sources {
        for code in stacks.codes.iter().filter(|code| is_wanted(code, unwanted)) {
            self.files.insert(code.id, code.file.clone());
        }
        let mut wanted: Vec<(&str, u32, CodeId)> = Vec::new();
        for StackNode { code, line, .. } in &stacks.nodes {
            if *line > 0
                && self.known.len() < MOST
                && let Some(file) = self.files.get(code)
                && self.known.insert((*code, *line))
            {
                wanted.push((file, *line, *code));
            }
        }
        wanted.sort_unstable();
        let mut lines = Vec::with_capacity(wanted.len());
        for same_file in wanted.chunk_by(|a, b| a.0 == b.0) {
            lines_of(same_file, &mut lines);
        }
        Sources { lines }
    }
}

fn is_wanted(code: &Code, unwanted: &[String]) -> bool {
    code.file.starts_with('/')
        && !unwanted
            .iter()
            .any(|folder| code.file.starts_with(folder.as_str()))
}

/// Picks lines of one file, given in ascending order.
fn lines_of(wanted: &[(&str, u32, CodeId)], found: &mut Vec<SourceLine>) {
    let Some(file) = wanted.first().map(|first| first.0) else {
        return;
    };
    let is_small = fs::metadata(file).is_ok_and(|about| about.is_file() && about.len() <= LARGEST);
    let Some(bytes) = is_small.then(|| fs::read(file).ok()).flatten() else {
        return;
    };
    let text = String::from_utf8_lossy(&bytes);
    let mut wanted = wanted.iter().peekable();
    for (index, line) in text.lines().enumerate() {
        while let Some(&&(_, number, code)) = wanted.peek()
            && number as usize == index + 1
        {
            found.push(SourceLine {
                code,
                line: number,
                text: cut(line.trim()).to_owned(),
            });
            wanted.next();
        }
    }
}

fn cut(text: &str) -> &str {
    let end = (0..=LONGEST.min(text.len())).rfind(|&end| text.is_char_boundary(end));
    &text[..end.unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use unfreed_recording::ids::StackId;

    #[test]
    fn lines_are_read_once_and_only_where_wanted() {
        let folder = std::env::temp_dir().join(format!("unfreed-sources-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("folder");
        let file = folder.join("app.py");
        fs::write(&file, "def f():\n    return [1]\n").expect("write");
        let code = |id: u32, file: &str| Code {
            id: CodeId(id),
            file: file.to_owned(),
            function: "f".to_owned(),
            first_line: 1,
        };
        let node = |id: u32, code: u32| StackNode {
            id: StackId(id),
            parent: StackId(0),
            code: CodeId(code),
            line: 2,
        };
        let path = file.display().to_string();
        let stacks = Stacks {
            codes: vec![
                code(0, &path),
                code(1, "/usr/lib/python3/json.py"),
                code(2, "<string>"),
            ],
            nodes: vec![node(1, 0), node(2, 1), node(3, 2)],
        };
        let mut reader = SourceReader::default();
        let unwanted = ["/usr/lib/python3".to_owned()];
        let read = reader.read(&stacks, &unwanted);
        let texts: Vec<_> = read.lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(texts, ["return [1]"]);
        assert!(reader.read(&stacks, &unwanted).lines.is_empty());
        fs::remove_dir_all(folder).expect("removed");
    }
}
