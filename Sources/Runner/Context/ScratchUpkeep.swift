// Renews what tells other machines that this process and its unfinished files live. The lock of a
// folder is known on one machine only.

import Store
import Synchronization

/// Goes with the heart: a process whose work hangs lives all the same.
final class ScratchUpkeep: Sendable {
    private struct Contents {
        weak var store: ContentStore?
        var last: ContinuousClock.Instant
    }

    private let interval: Duration
    private let contents = Mutex(Contents(store: nil, last: .now))

    init(every interval: Duration = .seconds(3_600)) { self.interval = interval }

    /// The store that is used from now on.
    func follow(_ store: ContentStore) {
        contents.withLock { $0 = Contents(store: store, last: .now) }
    }

    /// May be called as often as one likes, from any thread.
    func beat() {
        let store = contents.withLock { contents -> ContentStore? in
            guard ContinuousClock.now - contents.last >= interval else { return nil }
            contents.last = .now
            return contents.store
        }
        // The next time will do.
        try? store?.renewTemporaries()
    }
}
