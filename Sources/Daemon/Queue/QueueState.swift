// The queue's decisions, and nothing else: events go in, actions come out. No clock, no files, no
// awaiting, so that tests can walk every short sequence of events. `JobQueue` carries them out.

import Failures
package import Jobs

/// The jobs that are not finished, and what is to happen to them.
package struct QueueState: Sendable, Hashable {
    /// A job that is queued, running, publishing or being cancelled.
    package struct Entry: Sendable, Hashable {
        package let id: String
        /// Place in the order of arrival.
        package let sequence: Int
        package let priority: Int
        package internal(set) var state: JobState
        /// Attempts begun so far; names the present one.
        package internal(set) var attempt: Int
        /// Attempts lost in a row.
        package internal(set) var lost: Int
        /// Transient failures since the job was queued by a person.
        package internal(set) var transientFailures: Int
        /// Milliseconds since 1970; not to be started before.
        package internal(set) var notBefore: Int?

        package init(
            id: String, sequence: Int, priority: Int, state: JobState = .queued, attempt: Int = 0,
            lost: Int = 0, transientFailures: Int = 0, notBefore: Int? = nil
        ) {
            precondition(!state.isFinal, "a finished job is not in the queue")
            self.id = id
            self.sequence = sequence
            self.priority = priority
            self.state = state
            self.attempt = attempt
            self.lost = lost
            self.transientFailures = transientFailures
            self.notBefore = notBefore
        }
    }

    package var limits: QueueLimits
    package private(set) var entries: [String: Entry] = [:]
    /// True once the daemon stops: nothing is started any more.
    package private(set) var isDraining = false

    package init(limits: QueueLimits = QueueLimits()) {
        self.limits = limits
    }

    /// The queued jobs in the order in which they will start, delays aside.
    package var order: [String] {
        entries.values.filter { $0.state == .queued }.sorted(by: Self.startsBefore).map(\.id)
    }

    package var queuedCount: Int { entries.values.count { $0.state == .queued } }

    /// Jobs that have a worker.
    package var running: [String] {
        entries.values.filter { $0.state == .running || $0.state == .cancelling }
            .map(\.id).sorted()
    }

    /// Whether somebody may cancel the job now. A job that is not here is finished or unknown.
    package func mayCancel(_ id: String) -> Bool {
        switch entries[id]?.state {
        case .queued, .running, .cancelling: true
        case .publishing, .done, .failed, .cancelled, nil: false
        }
    }

    /// Takes in one event.
    /// - Parameter now: milliseconds since 1970.
    /// - Returns: what is to be done, in this order. The records are committed together, before
    ///   anything else is done.
    package mutating func handle(_ event: QueueEvent, now: Int) -> [QueueAction] {
        var actions: [QueueAction] = []
        switch event {
        case .admitted(let entries): entries.forEach { admit($0, &actions) }
        case .ended(let id, let attempt, let end): ended(id, attempt, end, now: now, &actions)
        case .published(let id, let failure): published(id, failure, &actions)
        case .cancelled(let id): cancel(id, &actions)
        case .ticked: break
        case .drained: drain(&actions)
        case .leaving(let ids):
            for id in ids where entries[id]?.state == .running { entries[id] = nil }
            drain(&actions)
        }
        startNext(now: now, &actions)
        return actions
    }

    // MARK: Events

    /// A new job, one that is retried, or one found at the start of the daemon.
    private mutating func admit(_ entry: Entry, _ actions: inout [QueueAction]) {
        guard entries[entry.id] == nil else { return }
        switch entry.state {
        case .queued, .running:
            // One that is running was so when the daemon died; how it ended follows.
            entries[entry.id] = entry
        case .publishing:
            entries[entry.id] = entry
            actions.append(.publish(id: entry.id))
        case .cancelling:
            // Its worker died with the daemon that ran it.
            actions.append(.record(id: entry.id, .cancelled))
            actions.append(.discardResults(id: entry.id))
        case .done, .failed, .cancelled:
            preconditionFailure("a finished job is not admitted")
        }
    }

    private mutating func ended(
        _ id: String, _ attempt: Int, _ end: AttemptEnd, now: Int,
        _ actions: inout [QueueAction]
    ) {
        // A word about an attempt that is not the present one is too late to matter.
        guard var entry = entries[id], entry.attempt == attempt else { return }
        switch entry.state {
        case .cancelling:
            entries[id] = nil
            actions.append(.record(id: id, .cancelled))
            actions.append(.discardResults(id: id))
            return
        case .running: break
        case .queued, .publishing, .done, .failed, .cancelled: return
        }
        switch end {
        case .succeeded:
            entry.state = .publishing
            entries[id] = entry
            actions.append(.record(id: id, .publishing))
            actions.append(.publish(id: id))
        case .failed(let failure) where failure.failureClass == .transient:
            retryLater(&entry, failure, now: now, &actions)
        case .failed(let failure):
            finish(id, failure, &actions)
        case .interrupted:
            requeue(&entry, notBefore: nil, reason: nil, &actions)
        case .lost(let message):
            entry.lost += 1
            if entry.lost >= limits.lostMax {
                let text = "the worker died \(entry.lost) times in a row; the last time: \(message)"
                finish(id, .init(failureClass: .bug, message: text), &actions)
            } else {
                requeue(&entry, notBefore: nil, reason: message, &actions)
            }
        }
    }

    private mutating func published(
        _ id: String, _ failure: WorkerOutcome.Failure?, _ actions: inout [QueueAction]
    ) {
        guard entries[id]?.state == .publishing else { return }
        if let failure {
            finish(id, failure, &actions)
        } else {
            entries[id] = nil
            actions.append(.record(id: id, .done))
        }
    }

    private mutating func cancel(_ id: String, _ actions: inout [QueueAction]) {
        switch entries[id]?.state {
        case .queued:
            entries[id] = nil
            actions.append(.record(id: id, .cancelled))
            actions.append(.discardResults(id: id))
        case .running:
            entries[id]?.state = .cancelling
            actions.append(.record(id: id, .cancelling))
            actions.append(.stopWorker(id: id))
        case .cancelling, .publishing, .done, .failed, .cancelled, nil:
            break
        }
    }

    private mutating func drain(_ actions: inout [QueueAction]) {
        guard !isDraining else { return }
        isDraining = true
        actions += running.filter { entries[$0]?.state == .running }.map {
            .stopWorker(id: $0)
        }
    }

    // MARK: Consequences

    private mutating func requeue(
        _ entry: inout Entry, notBefore: Int?, reason: String?, _ actions: inout [QueueAction]
    ) {
        entry.state = .queued
        entry.notBefore = notBefore
        entries[entry.id] = entry
        let record = QueueRecord.queued(
            lost: entry.lost, transientFailures: entry.transientFailures, notBefore: notBefore,
            reason: reason)
        actions.append(.record(id: entry.id, record))
    }

    private mutating func retryLater(
        _ entry: inout Entry, _ failure: WorkerOutcome.Failure, now: Int,
        _ actions: inout [QueueAction]
    ) {
        entry.lost = 0
        guard entry.transientFailures < limits.transientDelaysMilliseconds.count else {
            return finish(entry.id, failure, &actions)
        }
        let delay = limits.transientDelaysMilliseconds[entry.transientFailures]
        entry.transientFailures += 1
        requeue(&entry, notBefore: now + delay, reason: failure.message, &actions)
    }

    private mutating func finish(
        _ id: String, _ failure: WorkerOutcome.Failure, _ actions: inout [QueueAction]
    ) {
        entries[id] = nil
        actions.append(.record(id: id, .failed(failure)))
        actions.append(.discardResults(id: id))
    }

    private mutating func startNext(now: Int, _ actions: inout [QueueAction]) {
        guard !isDraining else {
            if running.isEmpty, !entries.values.contains(where: { $0.state == .publishing }) {
                actions.append(.stopped)
            }
            return
        }
        while running.count < limits.slots {
            let waiting = entries.values.filter { $0.state == .queued }
            let ready = waiting.filter { ($0.notBefore ?? now) <= now }
            guard var entry = ready.min(by: Self.startsBefore) else {
                if let next = waiting.compactMap(\.notBefore).min() {
                    actions.append(.wake(at: next))
                }
                return
            }
            entry.state = .running
            entry.attempt += 1
            entry.notBefore = nil
            entries[entry.id] = entry
            actions.append(.record(id: entry.id, .running(attempt: entry.attempt)))
            actions.append(.startWorker(id: entry.id, attempt: entry.attempt))
        }
    }

    private static func startsBefore(_ one: Entry, _ other: Entry) -> Bool {
        (other.priority, one.sequence) < (one.priority, other.sequence)
    }
}
