// Collects the hints that come while a scan runs, so that a burst of thousands costs one scan.

import Synchronization

/// Any number of senders, one receiver.
final class HintBox: Sendable {
    /// Names beyond this are found by the scan itself, a little later.
    private static let namesMax = 65_536

    private struct Contents {
        var movedIn: Set<String> = []
        var isFolderGone = false
    }

    private let contents = Mutex(Contents())
    private let wakes: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation

    init() {
        (wakes, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func put(_ hint: InboxHint) {
        contents.withLock { contents in
            switch hint {
            case .movedIn(let name):
                if contents.movedIn.count < Self.namesMax { contents.movedIn.insert(name) }
            case .folderGone: contents.isFolderGone = true
            case .changed: break
            }
        }
        wake.yield()
    }

    /// Waits for a hint and takes all that are there; returns at once when the task is cancelled.
    func take() async -> (movedIn: Set<String>, isFolderGone: Bool) {
        for await _ in wakes { break }
        return contents.withLock { contents in
            defer { contents = Contents() }
            return (contents.movedIn, contents.isFolderGone)
        }
    }
}
