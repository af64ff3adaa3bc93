// Asks the directory. Every question that is open has a thread of its own, so that one that hangs
// holds up no other, and whoever asks hears in time that there is no answer. A question that is
// open already is not put a second time, however often it is asked: one user whose answer hangs
// takes one thread.

import DurableIO
import Failures
import Foundation
import Jobs
import Synchronization

final class DirectoryDesk: Sendable {
    /// Nobody answered in time.
    struct NoAnswer: ClassifiedFailure, Equatable, CustomStringConvertible {
        let asked: String
        var failureClass: FailureClass { .transient }
        var description: String {
            "the system's list of users gives no answer about \(asked) in time: look whether its "
                + "directory service answers (`getent passwd`)"
        }
    }

    private enum Question: Hashable {
        case name(UInt32)
        case number(String)
        case groups(UInt32)

        var asked: String {
            switch self {
            case .name(let user), .groups(let user): "user \(user)"
            case .number(let name): "user `\(OneLine.text(name, bytesMax: 200))`"
            }
        }
    }

    private enum Answer: Sendable {
        case name(String?)
        case number(UInt32?)
        case groups(Set<UInt32>)
    }

    private typealias Waiter = AsyncThrowingStream<Answer, any Error>.Continuation

    private struct State {
        var next = 0
        /// Who waits, by question. A question that hangs stays, with nobody.
        var open: [Question: [Int: Waiter]] = [:]
        /// Open questions that no thread has taken yet.
        var queue: [Question] = []
        var threads = 0
    }

    /// Questions that may hang at the same time before others wait for them.
    static let threadsMax = 16

    private let directory: Directory
    private let state = Mutex(State())

    init(_ directory: Directory) { self.directory = directory }

    // MARK: Questions

    /// - Returns: nil where the system has no such user.
    /// - Throws: where nobody answers, or not in time.
    func name(of user: UInt32) async throws -> String? {
        guard case .name(let name) = try await ask(.name(user)) else { return nil }
        return name
    }

    /// - Returns: nil where nobody is called that.
    /// - Throws: as above.
    func number(named name: String) async throws -> UInt32? {
        guard case .number(let number) = try await ask(.number(name)) else { return nil }
        return number
    }

    /// - Returns: none of a user that the system does not know.
    /// - Throws: as above.
    func groups(of user: UInt32) async throws -> Set<UInt32> {
        guard case .groups(let groups) = try await ask(.groups(user)) else { return [] }
        return groups
    }

    private func ask(_ question: Question) async throws -> Answer {
        let (answers, waiter) = AsyncThrowingStream.makeStream(of: Answer.self)
        let (number, isToStart) = state.withLock { state in
            state.next += 1
            if state.open[question] == nil { state.queue.append(question) }
            state.open[question, default: [:]][state.next] = waiter
            let isToStart = !state.queue.isEmpty && state.threads < Self.threadsMax
            if isToStart { state.threads += 1 }
            return (state.next, isToStart)
        }
        if isToStart { Thread.detachNewThread { self.work() } }
        let alarm = Task { [directory] in
            do { try await directory.patience() } catch { return }
            waiter.finish(throwing: NoAnswer(asked: question.asked))
        }
        defer {
            alarm.cancel()
            leave(question, number)
        }
        for try await answer in answers { return answer }
        throw CancellationError()
    }

    /// Nobody waits there any more; where nobody at all does, and nobody asks yet, nobody will.
    private func leave(_ question: Question, _ number: Int) {
        state.withLock { state in
            state.open[question]?[number] = nil
            guard state.open[question]?.isEmpty == true,
                let place = state.queue.firstIndex(of: question)
            else { return }
            state.queue.remove(at: place)
            state.open[question] = nil
        }
    }

    // MARK: Threads

    private func work() {
        while true {
            let question = state.withLock { state -> Question? in
                guard !state.queue.isEmpty else {
                    state.threads -= 1
                    return nil
                }
                return state.queue.removeFirst()
            }
            guard let question else { return }
            let answer = Result { try self.answer(question) }
            let waiting = state.withLock { $0.open.removeValue(forKey: question) } ?? [:]
            for waiter in waiting.values {
                switch answer {
                case .success(let answer): waiter.yield(answer)
                case .failure(let error): waiter.finish(throwing: error)
                }
            }
        }
    }

    private func answer(_ question: Question) throws -> Answer {
        switch question {
        case .name(let user): .name(try directory.name(user))
        case .number(let name): .number(try directory.number(name))
        case .groups(let user): .groups(try directory.groups(user))
        }
    }
}
