// Whether a process that left something behind is still there.

import Glibc

package enum ProcessLife {
    /// Of another user's process too.
    package static func isAlive(_ process: Int32) -> Bool {
        kill(process, 0) == 0 || errno != ESRCH
    }
}
