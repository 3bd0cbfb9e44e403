//! Where code stands, as a person would say it: `app/login.py:42 in login()`. Shortens paths by the
//! working directory and site-packages. Works on the text of paths only and opens nothing.

use unfreed_analysis::findings::{AllocatedAt, Finding, Frame, Kind};

/// Why a place is called `perhaps`.
pub const REUSED: &str = "perhaps: Python reuses the memory of such objects without an allocation, so an earlier \
     one may have been made there";

/// What the places of a finding are: descriptors are opened, threads and processes started, references to what stays
/// lost, everything else made.
pub fn label(finding: &Finding) -> &'static str {
    match (finding.kind, finding.advice.rule.as_str()) {
        (Kind::Resource, "unjoined_thread" | "running_child" | "unreaped_child") => "started at",
        (Kind::Resource, "left_file") => "made at",
        (Kind::Resource, _) => "opened at",
        (Kind::Refcount, _) if finding.filled_with.is_empty() => "lost at",
        _ => "made at",
    }
}

/// Folders that installed packages live in.
const PACKAGE_FOLDERS: [&str; 2] = ["/site-packages/", "/dist-packages/"];

/// The file as seen from the working directory or from its package.
pub fn short_file<'a>(file: &'a str, directory: &str) -> &'a str {
    if let Some(inside) = PACKAGE_FOLDERS
        .iter()
        .find_map(|folder| after_last(file, folder))
    {
        return inside;
    }
    let below = |path: &'a str| path.strip_prefix(directory)?.strip_prefix('/');
    if let Some(inside) = below(file).filter(|_| !directory.is_empty()) {
        return inside;
    }
    if let Some(start) = standard_library(file) {
        return &file[start..];
    }
    file.strip_prefix("./").unwrap_or(file)
}

/// Whether the file is an installed package, the standard library or made up by the interpreter.
pub fn is_library(file: &str) -> bool {
    file.starts_with('<')
        || PACKAGE_FOLDERS.iter().any(|folder| file.contains(folder))
        || standard_library(file).is_some()
}

/// Whether the file is of an installed package.
pub fn is_package(file: &str) -> bool {
    PACKAGE_FOLDERS.iter().any(|folder| file.contains(folder))
}

/// Lines of installed packages that the named line leads to: the innermost, and that of the package which the named line
/// itself called, if that is another one.
pub fn within(place: &AllocatedAt) -> impl Iterator<Item = &Frame> {
    let inner = place
        .stack
        .iter()
        .take_while(|frame| **frame != place.frame);
    let of_packages = inner.filter(|frame| frame.library.is_empty() && is_package(&frame.file));
    let mut of_packages = of_packages.collect::<Vec<_>>().into_iter();
    let innermost = of_packages.next();
    let called = innermost.and_then(|innermost| {
        let own = package(&innermost.file);
        let outermost = package(&of_packages.clone().next_back()?.file);
        of_packages.find(|frame| package(&frame.file) == outermost && outermost != own)
    });
    innermost.into_iter().chain(called)
}

/// The package that a file is of: the name below its folder.
fn package(file: &str) -> &str {
    let inside = short_file(file, "");
    inside.split('/').next().unwrap_or(inside)
}

/// `file:line in function()`, at most `most` columns if shortening the file can reach that; for C code
/// `function() in library`.
pub fn frame(frame: &Frame, directory: &str, most: usize) -> String {
    if !frame.library.is_empty() {
        return native(frame);
    }
    let file = short_file(&frame.file, directory);
    let mut rest = String::new();
    if frame.line > 0 && !file.is_empty() {
        rest = format!(":{}", frame.line);
    }
    if !frame.function.is_empty() {
        rest += if file.is_empty() { "" } else { " in " };
        rest += &called(&frame.function);
    }
    let room = most.saturating_sub(rest.chars().count());
    format!("{}{rest}", elided_file(file, room))
}

fn native(frame: &Frame) -> String {
    let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    let library = name(&frame.library);
    if frame.function.is_empty() {
        return library;
    }
    let place = if frame.line > 0 && frame.file != frame.library {
        format!(" ({}:{})", name(&frame.file), frame.line)
    } else {
        String::new()
    };
    format!("{} in {library}{place}", called(&frame.function))
}

/// Keeps the file's name, the first folder and as many of the last folders as fit.
fn elided_file(file: &str, most: usize) -> String {
    let parts: Vec<&str> = file.split('/').collect();
    if file.chars().count() <= most || parts.len() < 3 {
        return file.to_owned();
    }
    let first = if parts[0].is_empty() { "" } else { parts[0] };
    let mut shown = format!("…/{}", parts[parts.len() - 1]);
    for start in 2..parts.len() {
        let candidate = format!("{first}/…/{}", parts[start..].join("/"));
        if candidate.chars().count() <= most {
            shown = candidate;
            break;
        }
    }
    shown
}

/// `login()`, but `<module>` and `run.<locals>.<lambda>` as they are.
fn called(function: &str) -> String {
    if function.ends_with('>') || function.ends_with(')') {
        function.to_owned()
    } else {
        format!("{function}()")
    }
}

/// Where `pythonX.Y/…` starts in a path below `lib/pythonX.Y`.
fn standard_library(file: &str) -> Option<usize> {
    let folder = file
        .rfind("/lib/python")
        .or_else(|| file.rfind("/lib64/python"))?;
    let start = folder + file[folder..].find("python")?;
    let version = file[start + "python".len()..].split('/').next()?;
    version
        .starts_with(|first: char| first.is_ascii_digit())
        .then_some(start)
}

fn after_last<'a>(file: &'a str, folder: &str) -> Option<&'a str> {
    file.rfind(folder)
        .map(|start| &file[start + folder.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(file: &str, line: u32, function: &str) -> Frame {
        Frame {
            file: file.to_owned(),
            line,
            function: function.to_owned(),
            ..Frame::default()
        }
    }

    #[test]
    fn files_are_seen_from_where_the_person_is() {
        let cases = [
            ("/srv/shop/app/login.py", "app/login.py"),
            ("/srv/shopping/app.py", "/srv/shopping/app.py"),
            (
                "/srv/shop/.venv/lib/python3.12/site-packages/flask/app.py",
                "flask/app.py",
            ),
            (
                "/usr/lib/python3/dist-packages/yaml/loader.py",
                "yaml/loader.py",
            ),
            (
                "/usr/lib/python3.12/json/decoder.py",
                "python3.12/json/decoder.py",
            ),
            ("./app.py", "app.py"),
            (
                "<frozen importlib._bootstrap>",
                "<frozen importlib._bootstrap>",
            ),
        ];
        for (file, expected) in cases {
            assert_eq!(short_file(file, "/srv/shop"), expected);
        }
    }

    #[test]
    fn libraries_are_known_by_their_folders() {
        assert!(is_library("/usr/lib/python3.12/json/decoder.py"));
        assert!(is_library("/x/site-packages/flask/app.py"));
        assert!(is_library("<string>"));
        assert!(!is_library("/home/me/lib/pythonic/app.py"));
    }

    #[test]
    fn both_ends_of_the_way_through_packages_are_shown() {
        let package = |name: &str, line| at(&format!("/v/site-packages/{name}.py"), line, "run");
        let place = |stack: Vec<Frame>| AllocatedAt {
            frame: stack[stack.len() - 1].clone(),
            stack,
            ..AllocatedAt::default()
        };
        let app = at("/srv/app.py", 7, "main");
        let through = place(vec![
            package("anyio/sleep", 1),
            package("anyio/loop", 2),
            package("sse/watch", 3),
            package("sse/serve", 4),
            app.clone(),
        ]);
        let lines = |place: &AllocatedAt| within(place).map(|one| one.line).collect::<Vec<_>>();
        assert_eq!(lines(&through), [1, 3]);
        let one = place(vec![
            package("sse/watch", 3),
            package("sse/serve", 4),
            app.clone(),
        ]);
        assert_eq!(lines(&one), [3]);
        assert_eq!(lines(&place(vec![app])), [0; 0]);
    }

    #[test]
    fn unknown_parts_are_left_out() {
        assert_eq!(
            frame(&at("/a/app.py", 42, "login"), "/a", 80),
            "app.py:42 in login()"
        );
        assert_eq!(
            frame(&at("/a/app.py", 1, "<module>"), "/a", 80),
            "app.py:1 in <module>"
        );
        assert_eq!(
            frame(&at("libthumb.so", 0, "thumb_open"), "", 80),
            "libthumb.so in thumb_open()"
        );
        assert_eq!(frame(&at("", 0, "thumb_open"), "", 80), "thumb_open()");
    }

    #[test]
    fn long_paths_keep_the_first_folder_and_the_name() {
        let long = at("/srv/company/services/shop/handlers/login.py", 42, "login");
        let short = frame(&long, "", 45);
        assert_eq!(short, "/…/shop/handlers/login.py:42 in login()");
        assert_eq!(frame(&long, "/srv", 40), "company/…/login.py:42 in login()");
        assert_eq!(frame(&long, "/srv", 10), "…/login.py:42 in login()");
    }
}
