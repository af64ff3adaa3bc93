// Collects what inotify tells while a scan runs, so that a burst of thousands costs one scan.

import Glibc
import Synchronization
import SystemPackage

/// Any number of senders, one receiver.
final class HintBox: Sendable {
    /// Names beyond this are found by the scan itself, a little later.
    private static let namesMax = 65_536

    private struct Contents {
        var movedIn: Set<FilePath.Component> = []
        var isFolderGone = false
        var writers = Writers()
    }

    private let contents = Mutex(Contents())
    private let wakes: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation

    private static let gone = IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED
    /// Events after which there may be something to take; our own looking makes others.
    private static let changes =
        IN_MOVED_TO | IN_CLOSE_WRITE | IN_ATTRIB | IN_Q_OVERFLOW | gone

    init() {
        (wakes, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Something is to be looked at.
    func look() { wake.yield() }

    /// - Returns: whether the kernel had more to tell than it kept.
    @discardableResult
    func put(_ events: [InboxEvent]) -> Bool {
        contents.withLock { contents in
            for event in events {
                contents.writers.note(event)
                if event.has(Self.gone) { contents.isFolderGone = true }
                if event.has(IN_MOVED_TO), let name = event.name,
                    contents.movedIn.count < Self.namesMax
                {
                    contents.movedIn.insert(name)
                }
            }
        }
        if events.contains(where: { $0.has(Self.changes) }) { look() }
        return events.contains { $0.has(IN_Q_OVERFLOW) }
    }

    /// Whether somebody has this file open and writes it, as far as was heard.
    func isWriting(_ name: FilePath.Component) -> Bool {
        contents.withLock { $0.writers.isWriting(name) }
    }

    /// Another folder is watched from now on.
    func forgetWriters() { contents.withLock { $0.writers = Writers() } }

    /// Waits for a hint and takes all that are there; returns at once when the task is cancelled.
    func take() async -> (movedIn: Set<FilePath.Component>, isFolderGone: Bool) {
        for await _ in wakes { break }
        return contents.withLock { contents in
            defer { (contents.movedIn, contents.isFolderGone) = ([], false) }
            return (contents.movedIn, contents.isFolderGone)
        }
    }
}
