//! The Python module `unfreed._native`: hands what Python knows to the crates that do the work, and
//! what they say back to Python. No logic of its own.
#![forbid(unsafe_code)]

mod agent;
mod command;
mod drawings;
mod facts;
mod heap;
mod live;
mod rounds;
mod session;
mod traces;

/// See `unfreed_sys::alloc`: what unfreed needs for itself stays out of the program's heap.
#[global_allocator]
static ALLOCATOR: unfreed_sys::alloc::MappedAlloc = unfreed_sys::alloc::MappedAlloc;

/// The native half of `unfreed`. Private: import `unfreed` instead.
#[pyo3::pymodule]
mod _native {
    #[pymodule_export]
    use super::agent::{
        _after_fork_in_child, _after_fork_in_parent, _before_fork, _is_recording, _mark,
        _start_agent, _stop_agent,
    };
    #[pymodule_export]
    use super::command::main;
    #[pymodule_export]
    use super::drawings::{_draw_graph, _draw_shapes};
    #[pymodule_export]
    use super::heap::_snapshot;
    #[pymodule_export]
    use super::live::{
        _all_objects, _ask, _chain, _composition, _counts, _difference, _draw, _grouped, _held_by,
        _instances, _is_followed, _origins, _owned_slots, _places, _references, _remember, _sizes,
        _trim,
    };
    #[pymodule_export]
    use super::rounds::{
        _begin_rounds, _end_round, _judge_rounds, _look, _malloc_in_use, _start_rounds,
        _stop_rounds, _write_started,
    };

    #[pymodule_export]
    use super::session::{_begin_part, _births, _end_part, _live_blocks, _look_at_part};
    #[pymodule_export]
    use super::traces::{
        _begin_traces, _clear_traces, _end_traces, _is_tracing, _reset_peak, _trace_at,
        _trace_child, _trace_tables, _traced_bytes, _traces, _unobserved,
    };

    /// Version of unfreed.
    #[pymodule_export]
    const VERSION: &str = env!("CARGO_PKG_VERSION");
}
