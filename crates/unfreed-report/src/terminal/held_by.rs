//! Who holds what grows, as a line: the path as Python would write it up to the suspect reference, then
//! by types: `app.sessions.STORE['f3a9…'] → Session.payload`. Shortens long paths around the suspect.

use anstyle::Style;
use unfreed_analysis::findings::{HeldBy, Over, Step};

use super::palette;
use crate::styled::Text;
use crate::wrap::{Separator, flow};

/// A longer single reference (a key, say) loses its middle.
const LONGEST_REFERENCE: usize = 40;

/// The path in at most `most` columns.
pub fn path(held: &HeldBy, most: usize) -> Text {
    let (pieces, suspect) = pieces(held, most);
    let Some(suspect) = suspect else {
        return Text::plain(&held.path).elided(most);
    };
    let kept = kept_around(&pieces, suspect, most);
    let mut items = vec![Text::default()];
    let mut gap = false;
    for (index, piece) in pieces.into_iter().enumerate() {
        if !kept[index] {
            gap = true;
            continue;
        }
        if index > suspect {
            items.push(Text::default());
        }
        if let Some(item) = items.last_mut() {
            item.push(if gap { "…" } else { "" }, Style::new());
            item.append(&piece);
        }
        gap = false;
    }
    flow(items, Separator::Leading("→"))
}

/// What the path starts from, where the path does not say so itself.
pub fn root(held: &HeldBy) -> Option<Text> {
    let name = held.root.strip_prefix("module ").unwrap_or(&held.root);
    let said = name.is_empty() || held.path.starts_with(name);
    (!said).then(|| Text::plain(&format!("from {}", held.root)))
}

/// What is known of the lives of the holders: those that are over first, at most `most` of them.
pub fn lives(held: &HeldBy, most: usize) -> Vec<Text> {
    let telling = |step: &&Step| !step.reason.is_empty() && step.over != Over::No;
    let mut steps: Vec<&Step> = held.steps.iter().filter(telling).collect();
    steps.sort_by_key(|step| step.over != Over::Yes);
    let sentence = |step: &&Step| {
        let holder = step.type_name.rsplit('.').next().unwrap_or_default();
        let still = if step.over == Over::Yes {
            ", and held all the same"
        } else {
            ""
        };
        format!("{holder} {}{still}", step.reason)
    };
    let mut sentences: Vec<String> = steps.iter().map(sentence).collect();
    sentences.dedup();
    sentences
        .iter()
        .take(most)
        .map(|one| Text::plain(one))
        .collect()
}

/// The path cut at its references, and which piece is the suspect. What stands before the references
/// that can be told apart is one piece.
fn pieces(held: &HeldBy, most: usize) -> (Vec<Text>, Option<usize>) {
    let mut head = held.path.as_str();
    let mut matched = Vec::new();
    for step in held.steps.iter().rev() {
        match head.strip_suffix(step.reference.as_str()) {
            Some(before) if !step.reference.is_empty() => head = before,
            _ => break,
        }
        matched.push(step);
    }
    let longest = if most == usize::MAX {
        most
    } else {
        LONGEST_REFERENCE
    };
    let mut pieces = vec![Text::plain(head).elided(longest)];
    let mut suspect = None;
    for step in matched.into_iter().rev() {
        let reference = |style| Text::styled(&step.reference, style).elided(longest);
        let piece = if suspect.is_some() {
            let holder = step.type_name.rsplit('.').next().unwrap_or_default();
            let mut piece = Text::plain(holder);
            piece.append(&reference(Style::new()));
            piece
        } else {
            reference(if step.suspect {
                palette::SUSPECT
            } else {
                Style::new()
            })
        };
        if step.suspect && suspect.is_none() {
            suspect = Some(pieces.len());
        }
        pieces.push(piece);
    }
    (pieces, suspect)
}

/// Which pieces fit: the start, the suspect and the end always, then the suspect's neighbours.
fn kept_around(pieces: &[Text], suspect: usize, most: usize) -> Vec<bool> {
    let cost = |index: usize| pieces[index].width() + if index > suspect { 5 } else { 1 };
    let mut kept = vec![false; pieces.len()];
    let mut used = 0;
    let near = (1..pieces.len()).flat_map(|far| [suspect.checked_sub(far), Some(suspect + far)]);
    let always = [Some(0), Some(suspect), Some(pieces.len() - 1)];
    for (turn, index) in always.into_iter().chain(near).enumerate() {
        let Some(index) = index.filter(|index| *index < pieces.len() && !kept[*index]) else {
            continue;
        };
        if turn >= always.len() && used + cost(index) > most {
            continue;
        }
        kept[index] = true;
        used += cost(index);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(root: &str, steps: &[(&str, &str)], suspect: usize) -> HeldBy {
        let step = |(index, (type_name, reference)): (usize, &(&str, &str))| Step {
            type_name: (*type_name).to_owned(),
            reference: (*reference).to_owned(),
            suspect: index == suspect,
            ..Step::default()
        };
        let references: String = steps.iter().map(|(_, reference)| *reference).collect();
        HeldBy {
            path: format!("{root}{references}"),
            root: format!("module {root}"),
            steps: steps.iter().enumerate().map(step).collect(),
            ..HeldBy::default()
        }
    }

    fn shown(held: &HeldBy, most: usize) -> String {
        let characters = path(held, most).characters;
        characters
            .iter()
            .map(|(one, _)| if *one == '\u{a0}' { ' ' } else { *one })
            .collect()
    }

    #[test]
    fn types_follow_the_suspect() {
        let steps = [
            ("module", ".STORE"),
            ("dict", "['f3a9']"),
            ("app.Session", ".payload"),
        ];
        let held = held("app.sessions", &steps, 1);
        assert_eq!(
            shown(&held, 100),
            "app.sessions.STORE['f3a9']  →  Session.payload"
        );
        assert_eq!(root(&held), None);
    }

    #[test]
    fn long_paths_keep_start_suspect_and_end() {
        let mut steps = vec![("app.Node", ".next"); 20];
        steps.insert(10, ("list", "[17]"));
        steps.push(("app.Node", ".value"));
        let long = shown(&held("app.chain", &steps, 10), 60);
        let expected = "app.chain….next.next[17]  →  Node.next  →  …Node.value";
        assert_eq!(long, expected);
    }

    #[test]
    fn lives_that_are_over_come_first() {
        let steps = [
            ("app.Pool", ".items"),
            ("list", "[0]"),
            ("socket.socket", ""),
        ];
        let mut held = held("app.pool", &steps, 1);
        held.steps[0].reason = "is a bound method that keeps its Pool alive".to_owned();
        held.steps[2].reason = "is a closed socket".to_owned();
        held.steps[2].over = Over::Yes;
        let said: Vec<String> = lives(&held, 2)
            .iter()
            .map(|text| text.characters.iter().map(|one| one.0).collect())
            .collect();
        let expected = [
            "socket is a closed socket, and held all the same",
            "Pool is a bound method that keeps its Pool alive",
        ];
        assert_eq!(said, expected);
        assert_eq!(lives(&held, 1).len(), 1);
        held.steps[1] = held.steps[2].clone();
        let all = lives(&held, 9);
        assert_eq!(all.len(), 2, "what two holders have in common is said once");
    }

    #[test]
    fn a_path_without_known_steps_is_shown_as_it_is() {
        let mut held = held("app", &[("dict", "['k']")], 0);
        held.steps[0].reference = "local variable k".to_owned();
        held.root = "thread 'worker-1', serve() at app.py:10".to_owned();
        assert_eq!(shown(&held, 100), "app['k']");
        let root = root(&held).map(|text| text.characters.iter().map(|one| one.0).collect());
        assert_eq!(
            root,
            Some("from thread 'worker-1', serve() at app.py:10".to_owned())
        );
    }
}
