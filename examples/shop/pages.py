"""Pages, and the cache of those that were rendered last. It is bounded, so it is no leak."""

import functools


@functools.lru_cache(maxsize=500)
def render(article):
    """The page of an article."""
    rows = ["<li>%s, size %d</li>" % (article, size) for size in range(30)]
    return "<ul>%s</ul>" % "".join(rows)
