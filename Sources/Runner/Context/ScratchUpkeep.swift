// Renews what tells other machines that this process and its unfinished files live. The lock of a
// folder is known on one machine only.

import Foundation
import Store
import Synchronization

/// Goes with the heart: a process whose work hangs lives all the same. But the heart beats on where
/// the store does not answer: each renewal has a thread of its own, and there is one at a time.
final class ScratchUpkeep: Sendable {
    private struct Contents {
        weak var store: ContentStore?
        var last: ContinuousClock.Instant
        /// A renewal is on its way; on a mount whose server is dead, for as long as that is.
        var isRenewing = false
    }

    private let interval: Duration
    private let renew: @Sendable (ContentStore) throws -> Void
    private let contents = Mutex(Contents(store: nil, last: .now))

    /// - Parameter renew: touches what is to be kept, and may take as long as it likes.
    init(
        every interval: Duration = .seconds(3_600),
        renew: @escaping @Sendable (ContentStore) throws -> Void = { try $0.renewTemporaries() }
    ) {
        self.interval = interval
        self.renew = renew
    }

    /// The store that is used from now on.
    func follow(_ store: ContentStore) {
        contents.withLock {
            $0.store = store
            $0.last = .now
        }
    }

    /// May be called as often as one likes, from any thread, and waits for nothing.
    func beat() {
        let store = contents.withLock { contents -> ContentStore? in
            guard !contents.isRenewing, ContinuousClock.now - contents.last >= interval,
                let store = contents.store
            else { return nil }
            contents.last = .now
            contents.isRenewing = true
            return store
        }
        guard let store else { return }
        Thread.detachNewThread { [self] in
            // What fails is done the next time.
            ProcessorTime.watching { try? renew(store) }
            contents.withLock { $0.isRenewing = false }
        }
    }
}
