"""memory_profiler: what each line of a function takes."""

from unfreed.compat.memory_profiler import profile


@profile
def load():
    numbers = [number for number in range(1_000_000)]
    doubled = [2 * number for number in numbers]
    del numbers
    return doubled


load()
