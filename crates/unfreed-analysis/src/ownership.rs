//! Whose code a file is: the person's own, a package's, or Python's.

use unfreed_recording::process::ProcessInfo;

/// Whose code something is; better owners first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// The person's.
    Own,
    /// An installed package's.
    ThirdParty,
    /// Python's own, or built in.
    Stdlib,
    /// unfreed's: never part of a finding.
    Unfreed,
}

/// Tells owners apart by the folders that the recording names.
#[derive(Clone, Debug, Default)]
pub struct Ownership {
    stdlib: Vec<String>,
    site: Vec<String>,
    typed: bool,
    script: Option<String>,
}

impl Ownership {
    /// From the recorded process.
    #[must_use]
    pub fn new(process: &ProcessInfo) -> Self {
        let folders = |paths: &[String]| {
            paths
                .iter()
                .filter(|path| path.len() > 1)
                .map(|path| with_slash(path))
                .collect()
        };
        let argv = process.argv.iter();
        let typed = argv.clone().any(|word| word == "-c" || word == "-");
        let is_module = argv.clone().any(|word| word == "-m");
        let mut argv = argv.filter(|_| !typed && !is_module);
        Self {
            script: argv.find(|word| word.ends_with(".py")).cloned(),
            stdlib: folders(&process.stdlib_paths),
            site: folders(&process.site_paths),
            typed,
        }
    }

    /// The file that was run, as it was typed.
    #[must_use]
    pub fn script(&self) -> Option<&str> {
        self.script.as_deref()
    }

    /// Whose a source file is.
    #[must_use]
    pub fn of_file(&self, file: &str) -> Owner {
        let file = file.replace('\\', "/");
        if file.contains("/unfreed/") && (self.in_site(&file) || file.contains("/python/unfreed/"))
        {
            return Owner::Unfreed;
        }
        // Code without a file is made by a library (dataclasses, attrs, ORMs), unless the person
        // typed the program itself.
        if file.starts_with('<') {
            let typed = self.typed || file.starts_with("<ipython");
            return if typed && !file.starts_with("<frozen ") {
                Owner::Own
            } else {
                Owner::Stdlib
            };
        }
        // site-packages lies inside the standard library's folder, so it is asked first.
        if self.in_site(&file) {
            return Owner::ThirdParty;
        }
        if self
            .stdlib
            .iter()
            .any(|folder| file.starts_with(folder.as_str()))
        {
            return Owner::Stdlib;
        }
        Owner::Own
    }

    /// Whose a module is, by name and `__file__`. A module without a file is built in, save the
    /// main program.
    #[must_use]
    pub fn of_module(&self, name: &str, file: Option<&str>) -> Owner {
        if name == "unfreed" || name.starts_with("unfreed.") {
            return Owner::Unfreed;
        }
        if name == "__main__" || name == "__mp_main__" {
            return Owner::Own;
        }
        match file {
            Some(file) if !file.is_empty() => self.of_file(file),
            _ => Owner::Stdlib,
        }
    }

    /// The package or module of a library that a file is of: what comes after the folder of all of them. Code that was
    /// made without a file, save the interpreter's own, has none.
    #[must_use]
    pub fn package(&self, file: &str) -> String {
        let file = file.replace('\\', "/");
        if let Some(frozen) = file.strip_prefix("<frozen ") {
            return frozen.split(['.', '>']).next().unwrap_or("").to_owned();
        }
        if file.starts_with('<') {
            return "generated code".to_owned();
        }
        let marked = ["/site-packages/", "/dist-packages/"].into_iter();
        let mut after_mark =
            marked.filter_map(|mark| Some(&file[file.rfind(mark)? + mark.len()..]));
        let folders = self.site.iter().chain(&self.stdlib);
        // site-packages lies inside the standard library's folder: the deepest counts.
        let below = folders
            .filter_map(|folder| file.strip_prefix(folder.as_str()))
            .min_by_key(|rest| rest.len());
        let inside = after_mark.next().or(below).unwrap_or(&file);
        let name = inside.trim_start_matches("lib-dynload/");
        let first = name.split('/').next().unwrap_or(name);
        first.strip_suffix(".py").unwrap_or(first).to_owned()
    }

    fn in_site(&self, file: &str) -> bool {
        self.site
            .iter()
            .any(|folder| file.starts_with(folder.as_str()))
            || file.contains("/site-packages/")
            || file.contains("/dist-packages/")
    }
}

fn with_slash(path: &str) -> String {
    let mut folder = path.replace('\\', "/");
    if !folder.ends_with('/') {
        folder.push('/');
    }
    folder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_owners() {
        let ownership = Ownership::new(&ProcessInfo {
            argv: vec!["app.py".into()],
            stdlib_paths: vec!["/usr/lib/python3.12".into()],
            site_paths: vec!["/usr/lib/python3.12/site-packages".into()],
            ..ProcessInfo::default()
        });
        let cases = [
            ("/srv/app/login.py", Owner::Own),
            ("app.py", Owner::Own),
            ("<string>", Owner::Stdlib),
            ("<attrs generated init app.Session>", Owner::Stdlib),
            ("<frozen importlib._bootstrap>", Owner::Stdlib),
            ("/usr/lib/python3.12/logging/__init__.py", Owner::Stdlib),
            (
                "/usr/lib/python3.12/site-packages/flask/app.py",
                Owner::ThirdParty,
            ),
            (
                "/usr/lib/python3.12/site-packages/unfreed/_run.py",
                Owner::Unfreed,
            ),
            ("/usr/lib/python3.12x/mine.py", Owner::Own),
        ];
        for (file, owner) in cases {
            assert_eq!(ownership.of_file(file), owner, "{file}");
        }
        let packages = [
            ("/usr/lib/python3.12/logging/__init__.py", "logging"),
            ("/usr/lib/python3.12/site-packages/flask/app.py", "flask"),
            ("/venv/lib/python3.12/site-packages/six.py", "six"),
            ("<frozen importlib._bootstrap>", "importlib"),
            ("<string>", "generated code"),
        ];
        for (file, package) in packages {
            assert_eq!(ownership.package(file), package, "{file}");
        }
        let typed = ProcessInfo {
            argv: vec!["-c".into(), "pass".into()],
            ..ProcessInfo::default()
        };
        assert_eq!(Ownership::new(&typed).of_file("<string>"), Owner::Own);
        assert_eq!(ownership.of_module("__main__", None), Owner::Own);
        assert_eq!(ownership.of_module("sys", None), Owner::Stdlib);
        assert_eq!(
            ownership.of_module("unfreed.agent", Some("/x.py")),
            Owner::Unfreed
        );
    }
}
