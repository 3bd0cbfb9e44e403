//! The exit codes of every command, in one place. `docs/cli.md` lists the same ones.

/// What the process ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExitCode(pub u8);

impl ExitCode {
    /// The command did what it was asked.
    pub const SUCCESS: Self = Self(0);
    /// The command line makes no sense.
    pub const USAGE: Self = Self(2);
    /// The function that `unfreed check` called, or its setup, failed.
    pub const CHECKED_FAILED: Self = Self(22);
    /// `--fail-on` met a finding at or above its severity, and the program itself succeeded.
    pub const FOUND: Self = Self(23);
    /// `unfreed` itself could not do its work: a recording that cannot be read, a report that
    /// cannot be written. `unfreed run` uses it only when it could not start Python at all.
    pub const FAILED: Self = Self(24);

    /// What a shell makes of a process that died of `signal`.
    #[must_use]
    pub const fn of_signal(signal: i32) -> Self {
        Self(128u8.wrapping_add(signal as u8))
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.0)
    }
}
