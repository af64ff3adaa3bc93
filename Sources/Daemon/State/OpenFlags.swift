// The one way the daemon opens files that somebody else may have made.

import Glibc

/// Read only; a symbolic link is refused (ELOOP), a FIFO does not block, a terminal does not
/// become ours.
let readFlags: CInt = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
