// Every short sequence of events, against a model of the world: no job is lost, none is run twice
// to success, at most one worker runs, and what is promised happens.

import Daemon
import Failures
import Jobs
import Testing

/// What the world knows of the queue by its actions alone.
private struct World: Hashable {
    struct Worker: Hashable {
        let id: String
        let attempt: Int
    }

    var queue: QueueState
    var now = 1_000
    /// What the index holds.
    var recorded: [String: JobState] = [:]
    var workers: Set<Worker> = []
    var publishing: Set<String> = []
    var doneCount: [String: Int] = [:]
    var isStopped = false

    enum Violation: Error {
        case invariant(String)
    }

    /// Sends the event and does what the actions say, as the daemon would.
    mutating func send(_ event: QueueEvent) throws {
        switch event {
        case .admitted(let entries):
            for entry in entries { recorded[entry.id] = entry.state }
        case .ended(let id, let attempt, _):
            workers.remove(Worker(id: id, attempt: attempt))
        case .published(let id, _): publishing.remove(id)
        case .cancelled, .ticked, .drained: break
        case .leaving(let ids):
            // What goes on without this daemon is the next one's.
            for id in ids where recorded[id] == .running {
                recorded[id] = nil
                workers = workers.filter { $0.id != id }
            }
        }
        let isDrain = if case .leaving = event { true } else { event == .drained }
        let wasDraining = queue.isDraining || isDrain
        let actions = queue.handle(event, now: now)
        var wakes: Int?
        for action in actions {
            switch action {
            case .record(let id, let record): try note(id, record)
            case .startWorker(let id, let attempt):
                try require(!wasDraining, "started while draining")
                try require(recorded[id] == .running, "started before it was recorded")
                workers.insert(Worker(id: id, attempt: attempt))
            case .stopWorker(let id):
                try require(workers.contains { $0.id == id }, "stopped without a worker")
            case .publish(let id): publishing.insert(id)
            case .discardResults(let id):
                try require(recorded[id]?.isFinal == true, "discarded a living job's results")
            case .wake(let time): wakes = time
            case .stopped:
                try require(workers.isEmpty && publishing.isEmpty, "stopped with work going on")
                isStopped = true
            }
        }
        try check(wakes: wakes)
    }

    private mutating func note(_ id: String, _ record: QueueRecord) throws {
        guard let before = recorded[id] else {
            throw Violation.invariant("recorded an unknown job")
        }
        try require(before.mayBecome(record.state), "\(before) -> \(record.state)")
        recorded[id] = record.state
        if record.state == .done { doneCount[id, default: 0] += 1 }
    }

    private func check(wakes: Int?) throws {
        try require(workers.count <= 1, "two workers")
        try require(doneCount.values.allSatisfy { $0 == 1 }, "done twice")
        for (id, state) in recorded {
            try require(
                queue.entries[id]?.state == (state.isFinal ? nil : state),
                "\(id) is \(state) on record, but \(String(describing: queue.entries[id]?.state))")
        }
        try require(queue.entries.keys.allSatisfy { recorded[$0] != nil }, "an entry from nowhere")
        if queue.isDraining {
            try require(
                isStopped || !workers.isEmpty || !publishing.isEmpty, "the stop is not reported")
        } else if workers.isEmpty {
            let waiting = queue.entries.values.filter { $0.state == .queued }
            try require(
                waiting.allSatisfy { ($0.notBefore ?? now) > now }, "a ready job is not started")
            let next = waiting.compactMap(\.notBefore).min()
            try require(next == nil || wakes == next, "nobody wakes the queue")
        }
    }

    private func require(_ condition: Bool, _ message: String) throws {
        if !condition { throw Violation.invariant(message) }
    }
}

@Suite struct QueueStateTests {
    private static let limits: QueueLimits = {
        var limits = QueueLimits()
        limits.lostMax = 2
        limits.transientDelaysMilliseconds = [100]
        return limits
    }()

    private static func entry(_ id: String) -> QueueState.Entry {
        QueueState.Entry(id: id, sequence: id == "A" ? 1 : 2, priority: id == "A" ? 0 : 1)
    }

    private static let ends: [AttemptEnd] = [
        .succeeded, .failed(.init(failureClass: .user, message: "u")),
        .failed(.init(failureClass: .transient, message: "t")), .lost("l"), .interrupted,
    ]

    /// Everything that can happen next, the impossible words of confused workers included.
    private static func events(_ world: World) -> [QueueEvent] {
        var events: [QueueEvent] = [
            .ticked, .drained, .leaving(Set(world.workers.map(\.id))),
        ]
        for id in ["A", "B"] {
            // A job enters once; a failed or cancelled one enters again by a retry.
            switch world.recorded[id] {
            case nil, .failed, .cancelled: events.append(.admitted([entry(id)]))
            default: break
            }
            events.append(.cancelled(id: id))
            events.append(.ended(id: id, attempt: 77, .succeeded))
            if world.publishing.contains(id) {
                events.append(.published(id: id, failure: nil))
                let failure = WorkerOutcome.Failure(failureClass: .resource, message: "full")
                events.append(.published(id: id, failure: failure))
            } else {
                events.append(.published(id: id, failure: nil))
            }
        }
        for worker in world.workers {
            events += ends.map { .ended(id: worker.id, attempt: worker.attempt, $0) }
        }
        return events
    }

    /// Finishes everything as a benign world would.
    private static func completed(_ world: World) throws -> World {
        var world = world
        for _ in 0..<20 {
            if let worker = world.workers.first {
                try world.send(.ended(id: worker.id, attempt: worker.attempt, .succeeded))
            } else if let id = world.publishing.first {
                try world.send(.published(id: id, failure: nil))
            } else {
                world.now += 1_000
                try world.send(.ticked)
            }
        }
        return world
    }

    @Test func `no short sequence of events breaks a promise`() throws {
        let depth = 7
        var seen: Set<World> = []
        var frontier = [World(queue: QueueState(limits: Self.limits))]
        for _ in 0..<depth {
            var next: [World] = []
            for world in frontier {
                for event in Self.events(world) {
                    var after = world
                    // Time goes on a little with each event.
                    after.now += 60
                    do {
                        try after.send(event)
                    } catch {
                        Issue.record("\(error) after \(event) in \(world)")
                        return
                    }
                    if seen.insert(after).inserted { next.append(after) }
                }
            }
            frontier = next
        }
        #expect(seen.count > 5_000, "the walk covers something: \(seen.count)")
        for world in seen where !world.queue.isDraining {
            let end = try Self.completed(world)
            let isFinished = end.recorded.values.allSatisfy(\.isFinal)
            #expect(isFinished, "a job never ends from \(world)")
        }
    }

    @Test func `priority goes before arrival`() {
        var queue = QueueState()
        func admit(_ id: String, _ sequence: Int, _ priority: Int) -> [QueueAction] {
            queue.handle(
                .admitted([.init(id: id, sequence: sequence, priority: priority)]), now: 0)
        }
        #expect(admit("first", 1, 0).contains(.startWorker(id: "first", attempt: 1)))
        _ = admit("second", 2, 0)
        _ = admit("third", 3, 5)
        _ = admit("fourth", 4, -5)
        _ = admit("fifth", 5, 5)
        #expect(queue.order == ["third", "fifth", "second", "fourth"])
    }

    @Test func `three workers lost in a row end a job, a success in between does not count`() {
        var queue = QueueState()
        _ = queue.handle(.admitted([.init(id: "A", sequence: 1, priority: 0)]), now: 0)
        _ = queue.handle(.ended(id: "A", attempt: 1, .lost("one")), now: 0)
        // Interruptions are nobody's fault.
        _ = queue.handle(.ended(id: "A", attempt: 2, .interrupted), now: 0)
        _ = queue.handle(.ended(id: "A", attempt: 3, .lost("two")), now: 0)
        #expect(queue.entries["A"]?.attempt == 4)
        let actions = queue.handle(.ended(id: "A", attempt: 4, .lost("three")), now: 0)
        guard case .record(_, .failed(let failure)) = actions.first else {
            Issue.record("not failed: \(actions)")
            return
        }
        #expect(failure.failureClass == .bug)
        #expect(failure.message.contains("three"), "the last words of the worker are kept")
    }

    @Test func `transient failures wait longer each time, then give up`() {
        var queue = QueueState()
        var now = 0
        _ = queue.handle(.admitted([.init(id: "A", sequence: 1, priority: 0)]), now: now)
        let failure = WorkerOutcome.Failure(failureClass: .transient, message: "EIO")
        for (attempt, delay) in [60_000, 300_000, 1_500_000].enumerated() {
            let actions = queue.handle(
                .ended(id: "A", attempt: attempt + 1, .failed(failure)), now: now)
            #expect(actions.contains(.wake(at: now + delay)))
            #expect(queue.handle(.ticked, now: now + delay - 1) == [.wake(at: now + delay)])
            now += delay
            #expect(
                queue.handle(.ticked, now: now).contains(
                    .startWorker(id: "A", attempt: attempt + 2)))
        }
        let actions = queue.handle(.ended(id: "A", attempt: 4, .failed(failure)), now: now)
        #expect(actions.contains(.record(id: "A", .failed(failure))))
    }

    @Test func `a waiting job does not hold up the others`() {
        var queue = QueueState()
        _ = queue.handle(.admitted([.init(id: "A", sequence: 1, priority: 9)]), now: 0)
        _ = queue.handle(.admitted([.init(id: "B", sequence: 2, priority: 0)]), now: 0)
        let failure = WorkerOutcome.Failure(failureClass: .transient, message: "EIO")
        let actions = queue.handle(.ended(id: "A", attempt: 1, .failed(failure)), now: 0)
        #expect(actions.contains(.startWorker(id: "B", attempt: 1)))
    }
}
