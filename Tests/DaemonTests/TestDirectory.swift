// A directory of people as tests like it: it fails, hangs and forgets when it is told to. No real
// one can be had for that.

import Dispatch
import DurableIO
import Synchronization
import SystemPackage

@testable import Daemon

final class TestDirectory: Sendable {
    private struct Contents {
        var groups: [UInt32: Set<UInt32>] = [:]
        var names: [UInt32: String] = [:]
        var isAway = false
        /// Of whom nobody can tell, while it answers about others.
        var unknown: Set<UInt32> = []
        var hung: Set<UInt32> = []
        /// Questions that reached it.
        var asked: [String] = []
        /// Who began to wait for an answer.
        var waits = 0
    }

    private let contents: Mutex<Contents>
    private let gate = DispatchSemaphore(value: 0)
    /// Ends the patience of everybody who waits.
    let impatience = Impatience()

    init(names: [UInt32: String] = [:], groups: [UInt32: Set<UInt32>] = [:]) {
        contents = Mutex(Contents(groups: groups, names: names))
    }

    var directory: Directory {
        Directory(
            name: { user in
                try self.ask("name \(user)", about: user) { $0.names[user] }
            },
            number: { name in
                try self.ask("number \(name)", about: nil) { contents in
                    contents.names.first { $0.value == name }?.key
                }
            },
            groups: { user in
                try self.ask("groups \(user)", about: user) { $0.groups[user] ?? [] }
            },
            patience: {
                self.contents.withLock { $0.waits += 1 }
                try await self.impatience.wait()
            })
    }

    private func ask<Value: Sendable>(
        _ question: String, about user: UInt32?, _ find: (Contents) -> Value
    ) throws -> Value {
        let hangs = contents.withLock { contents in
            contents.asked.append(question)
            return user.map(contents.hung.contains) ?? false
        }
        if hangs { gate.wait() }
        let isAway = contents.withLock { contents in
            contents.isAway || user.map(contents.unknown.contains) ?? false
        }
        guard !isAway else {
            throw Accounts.Unavailable(asked: question, errno: .connectionRefused)
        }
        return contents.withLock { find($0) }
    }

    var asked: [String] { contents.withLock(\.asked) }
    var waits: Int { contents.withLock(\.waits) }

    func set(groups: Set<UInt32>, of user: UInt32) {
        contents.withLock { $0.groups[user] = groups }
    }

    func set(name: String?, of user: UInt32) { contents.withLock { $0.names[user] = name } }

    func set(isAway: Bool) { contents.withLock { $0.isAway = isAway } }

    func set(unknown users: Set<UInt32>) { contents.withLock { $0.unknown = users } }

    func hang(_ user: UInt32) { contents.withLock { _ = $0.hung.insert(user) } }

    /// Lets one question that hangs go.
    func letGo() { gate.signal() }
}

/// Waiting that a test ends, for all at once, or each task for itself by being cancelled.
final class Impatience: Sendable {
    private struct Contents {
        var isOver = false
        var next = 0
        var waiting: [Int: CheckedContinuation<Void, any Error>] = [:]
    }

    private let contents = Mutex(Contents())

    func stop() {
        let waiting = contents.withLock { contents in
            contents.isOver = true
            defer { contents.waiting = [:] }
            return contents.waiting.values.map(\.self)
        }
        waiting.forEach { $0.resume() }
    }

    func wait() async throws {
        let number = contents.withLock { contents in
            contents.next += 1
            return contents.next
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let answer = contents.withLock { contents -> Result<Void, any Error>? in
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if contents.isOver { return .success(()) }
                    contents.waiting[number] = continuation
                    return nil
                }
                if let answer { continuation.resume(with: answer) }
            }
        } onCancel: {
            let waiter = contents.withLock { $0.waiting.removeValue(forKey: number) }
            waiter?.resume(throwing: CancellationError())
        }
    }
}
