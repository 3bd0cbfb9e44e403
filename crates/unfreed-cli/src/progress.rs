//! A spinner for work that takes a while: on stderr, only on a terminal, only after a second.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, stderr};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(100);

/// Does `work`, and shows `what` while it takes long.
pub fn during<T>(what: &str, work: impl FnOnce() -> T) -> T {
    if !stderr().is_terminal() {
        return work();
    }
    let (done, waiting) = channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            if waiting.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                let spinner = spinner(what);
                let _ = waiting.recv();
                spinner.finish_and_clear();
            }
        });
        // Dropped when the work is done, also by a panic: the spinner never outlives it.
        let _done = done;
        work()
    })
}

fn spinner(what: &str) -> ProgressBar {
    let spinner = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} · {elapsed}") {
        spinner.set_style(style);
    }
    spinner.set_message(what.to_owned());
    spinner.enable_steady_tick(TICK);
    spinner
}

#[cfg(test)]
mod tests {
    #[test]
    fn gives_back_what_the_work_gives() {
        assert_eq!(super::during("adding", || 1 + 1), 2);
    }
}
