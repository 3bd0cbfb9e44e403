"""Following every block until told otherwise: `unfreed.follow()`, for questions that ask which line made something."""

from unfreed import _native


class Following:
    """What `unfreed.follow()` began. As a context manager it stops at the end of the block."""

    def __init__(self) -> None:
        # In a recorded process, lines are known without this.
        self._is_on = not _native._is_recording()
        if self._is_on:
            _native._begin_part()

    def stop(self) -> None:
        """Ends it; with the last one that follows, all lines are forgotten."""
        if self._is_on:
            self._is_on = False
            _native._end_part()

    def __enter__(self) -> "Following":
        return self

    def __exit__(self, *raised: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        return "<unfreed.Following: %s>" % ("every allocation has its line" if _native._is_followed() else "stopped")
