// Asks the system for people's groups. On a thread of its own: a directory service may be slow.

import Jobs
import Locations

actor Submitters {
    private nonisolated let executor = BlockingExecutor(label: "layerfoldd.submitters")

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    /// A user with the groups of this moment.
    func find(_ user: Int) -> Submitter { Submitter(user: user) }
}
