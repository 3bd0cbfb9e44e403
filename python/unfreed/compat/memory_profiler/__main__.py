"""`python -m unfreed.compat.memory_profiler`."""

from unfreed.compat.memory_profiler.running import main

if __name__ == "__main__":
    main()
