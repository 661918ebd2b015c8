"""A disk that takes no more: no room, no quota, or the file system's own limit."""

import errno

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def is_full(problem) -> bool:
    return isinstance(problem, OSError) and problem.errno in FULL
