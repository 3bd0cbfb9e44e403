//! The names of this test's own functions, which have debugging information.

use std::path::Path;
use unfreed_symbols::Symbols;

/// A place in this executable, as its file states it.
#[inline(never)]
fn here() -> u64 {
    let maps = std::fs::read_to_string("/proc/self/maps").expect("maps");
    let exe = std::env::current_exe().expect("exe");
    let first = maps
        .lines()
        .find(|line| line.ends_with(&exe.display().to_string()))
        .expect("a mapping");
    let base = u64::from_str_radix(first.split('-').next().expect("start"), 16).expect("hex");
    (here as *const () as u64) - base
}

#[test]
fn a_function_is_named_with_its_file_and_line() {
    let exe = std::env::current_exe().expect("exe");
    let found = Symbols::default().of_object(&exe, &[], &[here()]);
    let symbol = found[0].as_ref().expect("a symbol");
    assert!(symbol.function.contains("here"), "{symbol:?}");
    assert!(
        symbol.file.ends_with("own.rs") && symbol.line > 0,
        "{symbol:?}"
    );
}

#[test]
fn another_build_and_a_missing_file_have_no_names() {
    let exe = std::env::current_exe().expect("exe");
    let symbols = Symbols::default();
    assert_eq!(symbols.of_object(&exe, b"another build", &[here()]), [None]);
    let missing = Path::new("/nowhere/lib.so");
    assert_eq!(symbols.of_object(missing, &[], &[1, 2]), [None, None]);
}
