// Whether a full disk is behind an error: a fact that travels with it, so that nobody compares
// words.

import Glibc

/// An error that may have a full disk (or quota) behind it. One that wraps such an error says what
/// that says, as with the class.
package protocol DiskFailure: ClassifiedFailure {
    /// Whether making room on the disk helps. The class is `resource` then.
    var isDiskFull: Bool { get }
}

package enum DiskFailures {
    /// What an error says of itself; false for those that have no word for it.
    package static func isDiskFull(_ error: any Error) -> Bool {
        (error as? any DiskFailure)?.isDiskFull ?? false
    }

    /// Whether an errno (errno(3)) says so.
    package static func isDiskFull(errno code: CInt) -> Bool {
        code == ENOSPC || code == EDQUOT
    }
}
