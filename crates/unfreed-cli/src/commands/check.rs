//! `unfreed check`: a function is called round by round in a fresh process, and what each call leaves
//! behind is judged.

use crate::Interpreter;
use crate::arguments::check::{Check, Rounds};
use crate::child::{self, Ending};
use crate::ci_outputs;
use crate::destination::Destination;
use crate::dialogue::{self, Dialogue};
use crate::exit::ExitCode;
use crate::forwarding::Forwarding;
use crate::handover::Handover;
use crate::judgement::{self, Judged};
use crate::knowledge::Knowledge;
use crate::messages::{self, reason};
use crate::rendering::{self, Shown};
use serde::Serialize;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use unfreed_analysis::findings::Status;

/// Rounds before the launcher is asked for the first time, by what the warm-up saw: an answer costs the
/// reading of the recording, and what seems to leak is not believed sooner.
const UNTIL_ASKED: UntilAsked = UntilAsked {
    nothing: 6,
    something: dialogue::BELIEVED,
    much: dialogue::BELIEVED_OF_MUCH,
};
/// Rounds between two questions.
const MORE_ROUNDS: u32 = 4;
/// What the runner ends with when the program cannot be checked, and has said why: a code that no program ends with by
/// itself.
const REFUSED: u8 = 219;

/// What the runner in the program is told; `python/unfreed/_check.py` reads it.
#[derive(Serialize)]
struct Plan<'a> {
    file: Option<&'a str>,
    module: Option<&'a str>,
    function: Option<&'a str>,
    setup: Option<&'a str>,
    teardown: Option<&'a str>,
    whole: bool,
    arguments: Vec<String>,
    rounds: Option<u32>,
    calls: Option<u32>,
    stdout_to_stderr: bool,
    rounds_until_asked: UntilAsked,
    more_rounds: u32,
    control: i32,
}

/// By what calls seem to lose before anything is measured.
#[derive(Clone, Copy, Serialize)]
struct UntilAsked {
    nothing: u32,
    something: u32,
    /// So much in one call that fewer rounds have to do.
    much: u32,
}

/// Checks the function and reports on it.
pub fn check(typed: &Check, interpreter: Option<&Interpreter>) -> ExitCode {
    let Some(interpreter) = interpreter else {
        messages::error("this unfreed has no Python to run the program with");
        messages::hint("pip install unfreed, then run the `unfreed` of that Python");
        return ExitCode::FAILED;
    };
    let Some(plan) = plan(typed) else {
        messages::error(format_args!("{} names no function", typed.target));
        messages::hint("FILE.py::function, module:function, or a whole script with --command");
        return ExitCode::USAGE;
    };
    let knowledge = match Knowledge::load(typed.ci.baseline.as_deref()) {
        Ok(knowledge) => knowledge,
        Err(error) => {
            messages::error(error);
            return ExitCode::FAILED;
        }
    };
    let Some(place) = destination(typed) else {
        return ExitCode::FAILED;
    };
    match run(typed, interpreter, plan, &place) {
        Ok(Ending::Exited(0)) => conclude(typed, &knowledge, &place),
        Ok(Ending::Exited(REFUSED)) => ExitCode::USAGE,
        Ok(ending) => failed(typed, ending),
        Err(error) => {
            let python = interpreter.executable.display();
            messages::error(format_args!("cannot start {python}: {}", reason(&error)));
            ExitCode::FAILED
        }
    }
}

/// What the target means; `None` when it names no function.
fn plan(typed: &Check) -> Option<Plan<'_>> {
    let (file, module, function) = if typed.command {
        match typed.target.strip_prefix("-m ") {
            Some(module) => (None, Some(module), None),
            None => (Some(typed.target.as_str()), None, None),
        }
    } else if let Some((file, function)) = typed.target.split_once("::") {
        (Some(file), None, Some(function))
    } else {
        let (module, function) = typed.target.split_once(':')?;
        (None, Some(module), Some(function))
    };
    Some(Plan {
        file,
        module,
        function,
        setup: typed.setup.as_deref(),
        teardown: typed.teardown.as_deref(),
        whole: typed.command,
        arguments: typed
            .arguments
            .iter()
            .map(|word| word.to_string_lossy().into_owned())
            .collect(),
        rounds: match typed.rounds {
            Rounds::Auto => None,
            Rounds::Fixed(rounds) => Some(rounds),
        },
        calls: typed.calls,
        // Standard output is the report's.
        stdout_to_stderr: typed.json.as_deref() == Some(Path::new("-")),
        rounds_until_asked: UNTIL_ASKED,
        more_rounds: MORE_ROUNDS,
        control: -1,
    })
}

/// Where the recording goes: nowhere that stays, unless asked for.
fn destination(typed: &Check) -> Option<Destination> {
    let stem = OsString::from("check");
    match &typed.output {
        Some(path) => Destination::reserve(Some(path), &stem),
        None => Destination::temporary(&stem),
    }
}

fn run(
    typed: &Check,
    interpreter: &Interpreter,
    mut plan: Plan<'_>,
    place: &Destination,
) -> io::Result<Ending> {
    let mut handover = Handover::new(&place.path, std::process::id());
    handover.by_rounds = true;
    handover.follow_children = false;
    handover.called = Some(typed.target.clone());
    let dialogue = Dialogue::open(&place.path)?;
    plan.control = dialogue.fd();
    let words: Vec<OsString> = ["-m", "unfreed._check", &serde_json::to_string(&plan)?]
        .map(OsString::from)
        .to_vec();
    // Lives to the end: once the program has ended, Ctrl-C means the analysis.
    let forwarding = Forwarding::start()?;
    let ending = child::run(interpreter, &words, Some(&handover), &forwarding);
    dialogue.close();
    ending
}

fn conclude(typed: &Check, knowledge: &Knowledge, place: &Destination) -> ExitCode {
    let mut judged = match judgement::judge(&place.path) {
        Ok(judged) => judged,
        Err(error) => {
            messages::error(error);
            return ExitCode::FAILED;
        }
    };
    // Whoever calls os._exit ends as if all were well.
    if !judged.report.program.ended {
        return failed(typed, Ending::Exited(0));
    }
    knowledge.mark(std::slice::from_mut(&mut judged));
    if !typed.quiet {
        let shown = Shown {
            saved: place.is_kept(),
            verbose: typed.verbose,
            every_page: false,
        };
        rendering::family_to_stderr(std::slice::from_ref(&judged), shown);
    }
    if let Some(path) = &typed.json
        && !written(&judged, path)
    {
        return ExitCode::FAILED;
    }
    if !ci_outputs::write(
        &typed.ci,
        std::slice::from_ref(&judged),
        typed.fail_on.into(),
    ) {
        return ExitCode::FAILED;
    }
    if judged.report.verdict.status == Status::NotEnoughEvidence {
        ExitCode::FAILED
    } else if judged.has(typed.fail_on.into()) {
        ExitCode::FOUND
    } else {
        ExitCode::SUCCESS
    }
}

fn written(judged: &Judged, path: &Path) -> bool {
    rendering::write_json(judged, path)
        .inspect_err(|error| {
            let (path, why) = (path.display(), reason(error));
            messages::error(format_args!("cannot write {path}: {why}"));
        })
        .is_ok()
}

fn failed(typed: &Check, ending: Ending) -> ExitCode {
    let how = match ending {
        Ending::Exited(code) => format!("ended with code {code}"),
        Ending::Killed(signal) => {
            let name = signal_hook::low_level::signal_name(signal).unwrap_or("a signal");
            format!("was killed by {name}")
        }
    };
    messages::error(format_args!(
        "{} {how} while it was called; there is no verdict",
        typed.target
    ));
    messages::hint("call it yourself first: unfreed checks functions that return");
    ExitCode::CHECKED_FAILED
}
