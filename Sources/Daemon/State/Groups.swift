// Groups by name.

import Glibc
import Synchronization

package enum Groups {
    /// The system's answer lies in memory that the next question overwrites.
    private static let turn = Mutex(())

    /// The number of a group.
    /// - Returns: nil where there is no such group.
    package static func number(named name: String) -> Int? {
        turn.withLock { _ in unsafe getgrnam(name).map { Int(unsafe $0.pointee.gr_gid) } }
    }
}
