// Whether somebody who came in may stay: what an answer asks that goes on long after its request.

import Synchronization

/// One visit that goes on.
final class Stay: Sendable {
    private let ended = Atomic<Bool>(false)
    private let holds: @Sendable () async -> Bool

    /// - Parameter holds: whether the visitor would be let in now, with the same rights.
    init(while holds: @escaping @Sendable () async -> Bool) { self.holds = holds }

    /// As of the last look. Neither blocks nor takes long.
    var isOver: Bool { ended.load(ordering: .acquiring) }

    /// - Returns: whether it has ended just now.
    fileprivate func look() async -> Bool {
        guard !isOver, await !holds() else { return false }
        ended.store(true, ordering: .releasing)
        return true
    }
}

/// All visits that go on. Those whose answers have ended are not kept.
final class Stays: Sendable {
    private struct Entry {
        weak var stay: Stay?
    }

    private let entries = Mutex<[Entry]>([])
    private let tell = Mutex<(@Sendable () -> Void)?>(nil)

    /// Who ends the answers comes when this is called.
    func connect(_ tell: @escaping @Sendable () -> Void) { self.tell.withLock { $0 = tell } }

    func disconnect() { tell.withLock { $0 = nil } }

    func begin(while holds: @escaping @Sendable () async -> Bool) -> Stay {
        let stay = Stay(while: holds)
        entries.withLock { $0.append(Entry(stay: stay)) }
        return stay
    }

    /// Asks again of each, at once: none waits for another's answer, and who ends the answers hears
    /// of each end when it is known. What may hang, the directory, has its own limit of questions
    /// and of time.
    func look() async {
        let all = entries.withLock { entries in
            entries.removeAll { $0.stay == nil }
            return entries.compactMap(\.stay)
        }
        await withTaskGroup(of: Bool.self) { looks in
            for stay in all { looks.addTask { await stay.look() } }
            for await isNews in looks where isNews { tell.withLock(\.self)?() }
        }
    }
}
