//! Names of files that differ in one part alone, told as one: what each call makes has a name of its own. Knows texts
//! only.

use crate::seeded::Map;

/// From so many on they are told as one.
const ALIKE: usize = 3;

/// Joins paths that are the same, or differ in one part, as `/tmp/tmp*/app.pid`, and adds up their numbers. The order is that of the first
/// of each.
#[must_use]
pub fn joined(paths: Vec<(String, i64)>) -> Vec<(String, i64)> {
    let mut left: Vec<(String, i64)> = Vec::new();
    for (path, number) in paths {
        match left.iter_mut().find(|(known, _)| *known == path) {
            Some(known) => known.1 += number,
            None => left.push((path, number)),
        }
    }
    while let Some((name, members)) = largest_group(&left) {
        let sum = members.iter().map(|&index| left[index].1).sum();
        left[members[0]] = (name, sum);
        let mut index = 0;
        left.retain(|_| {
            index += 1;
            !members[1..].contains(&(index - 1))
        });
    }
    left
}

/// The most that differ in one part: the name of all, and which they are.
fn largest_group(paths: &[(String, i64)]) -> Option<(String, Vec<usize>)> {
    let mut groups: Map<(usize, String), Vec<usize>> = Map::default();
    for (index, (path, _)) in paths.iter().enumerate() {
        if !path.starts_with('/') || path.contains('*') {
            continue;
        }
        for part in 1..=path.matches('/').count() {
            let rest = with_part(path, part, "*");
            groups.entry((part, rest)).or_default().push(index);
        }
    }
    let alike = groups.into_iter().filter(|(_, all)| all.len() >= ALIKE);
    let ((part, rest), members) = alike.max_by(|a, b| {
        let order = a.1.len().cmp(&b.1.len());
        order.then_with(|| a.0.cmp(&b.0))
    })?;
    let parts: Vec<&str> = members
        .iter()
        .filter_map(|&index| paths[index].0.split('/').nth(part))
        .collect();
    Some((with_part(&rest, part, &common(&parts)), members))
}

fn with_part(path: &str, part: usize, instead: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').collect();
    if let Some(slot) = parts.get_mut(part) {
        *slot = instead;
    }
    parts.join("/")
}

/// `tmp*.page`: how all begin and end.
fn common(parts: &[&str]) -> String {
    let Some((first, others)) = parts.split_first() else {
        return "*".to_owned();
    };
    let begins = |length: &usize| {
        others
            .iter()
            .all(|other| other.get(..*length) == first.get(..*length))
    };
    let ends = |length: &usize| {
        let tail = |text: &str| {
            text.get(text.len().checked_sub(*length)?..)
                .map(str::to_owned)
        };
        others
            .iter()
            .all(|other| tail(other).is_some() && tail(other) == tail(first))
    };
    let shortest = parts.iter().map(|part| part.len()).min().unwrap_or(0);
    let head = (0..=shortest)
        .rev()
        .find(|length| first.is_char_boundary(*length) && begins(length));
    let head = head.unwrap_or(0);
    let tail = (0..=shortest - head)
        .rev()
        .find(|length| first.is_char_boundary(first.len() - length) && ends(length));
    let tail = tail.unwrap_or(0);
    format!("{}*{}", &first[..head], &first[first.len() - tail..])
}

#[cfg(test)]
mod tests {
    use super::joined;

    fn of(paths: &[(&str, i64)]) -> Vec<(String, i64)> {
        joined(
            paths
                .iter()
                .map(|&(path, gain)| (path.to_owned(), gain))
                .collect(),
        )
    }

    #[test]
    fn names_that_differ_in_one_part_are_one() {
        let made = of(&[
            ("/tmp/tmpab_x/app.pid (deleted)", 1),
            ("/var/log/app.log", 7),
            ("/tmp/tmpq#ä/app.pid (deleted)", 1),
            ("/tmp/tmpzzz/app.pid (deleted)", 2),
        ]);
        assert_eq!(made[0], ("/tmp/tmp*/app.pid (deleted)".to_owned(), 4));
        assert_eq!(made[1], ("/var/log/app.log".to_owned(), 7));
        assert_eq!(made.len(), 2);
        let pages = of(&[
            ("/tmp/aä.page", 1),
            ("/tmp/bä.page", 1),
            ("/tmp/cä.page", 1),
        ]);
        assert_eq!(pages, [("/tmp/*ä.page".to_owned(), 3)]);
    }

    #[test]
    fn few_or_other_names_stay() {
        let two = [("/tmp/a", 1), ("/tmp/b", 1), ("socket:[#]", 3), ("", 1)];
        assert_eq!(of(&two).len(), 4);
        assert!(of(&[]).is_empty());
        let twice = [("/tmp/sock*", 50), ("/tmp/sock*", 50)];
        assert_eq!(of(&twice), [("/tmp/sock*".to_owned(), 100)]);
    }
}
