//! Licences of everything that is linked or built with. A wheel carries the code of its
//! dependencies, so each must allow that without conditions on the rest.

use cargo_metadata::Metadata;

const ALLOWED: [&str; 14] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Packages whose licence is not on the list.
pub fn problems(metadata: &Metadata) -> Vec<String> {
    let outside = metadata.packages.iter().filter(|package| {
        let expression = package.license.as_deref().unwrap_or_default();
        !is_allowed(expression)
    });
    let problem = |package: &cargo_metadata::Package| {
        let licence = package.license.as_deref().unwrap_or("no licence");
        format!(
            "{} {}: {licence} is not on the list of licences",
            package.name, package.version
        )
    };
    outside.map(problem).collect()
}

/// Whether an SPDX expression can be fulfilled with licences on the list.
fn is_allowed(expression: &str) -> bool {
    // Before SPDX, crates wrote `MIT/Apache-2.0` for a choice.
    let expression = expression.replace('/', " OR ");
    let expression = expression.replace('(', " ( ").replace(')', " ) ");
    let tokens: Vec<&str> = expression.split_whitespace().collect();
    let mut rest = &tokens[..];
    !tokens.is_empty() && choice(&mut rest) && rest.is_empty()
}

/// `A OR B OR …`: both sides are always read, so that the rest is.
fn choice(tokens: &mut &[&str]) -> bool {
    let mut allowed = union(tokens);
    while take(tokens, "OR") {
        allowed |= union(tokens);
    }
    allowed
}

/// `A AND B AND …`.
fn union(tokens: &mut &[&str]) -> bool {
    let mut allowed = single(tokens);
    while take(tokens, "AND") {
        allowed &= single(tokens);
    }
    allowed
}

/// A name, perhaps with an exception, or an expression in brackets.
fn single(tokens: &mut &[&str]) -> bool {
    if take(tokens, "(") {
        let allowed = choice(tokens);
        return take(tokens, ")") && allowed;
    }
    let Some((name, rest)) = tokens.split_first() else {
        return false;
    };
    *tokens = rest;
    let mut name = (*name).to_owned();
    if take(tokens, "WITH")
        && let Some((exception, rest)) = tokens.split_first()
    {
        name = format!("{name} WITH {exception}");
        *tokens = rest;
    }
    ALLOWED.contains(&name.as_str())
}

fn take(tokens: &mut &[&str], wanted: &str) -> bool {
    match tokens.split_first() {
        Some((first, rest)) if *first == wanted => {
            *tokens = rest;
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_allowed;

    #[test]
    fn expressions_are_understood() {
        for allowed in [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0 OR MIT",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-2.0-only",
            "Zlib OR Apache-2.0 OR MIT",
        ] {
            assert!(is_allowed(allowed), "{allowed}");
        }
        for refused in [
            "",
            "CDDL-1.0",
            "MIT AND CDDL-1.0",
            "(MIT AND GPL-3.0) OR MPL-2.0",
            "(MIT",
        ] {
            assert!(!is_allowed(refused), "{refused}");
        }
    }
}
