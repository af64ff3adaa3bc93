// A model of the world around the queue: it does what the actions say, remembers what is on record,
// and knows what must never happen.

import Daemon
import Failures
import Jobs

/// What the world knows of the queue by its actions alone.
struct QueueWorld: Hashable {
    struct Worker: Hashable {
        let id: String
        let attempt: Int
    }

    enum Violation: Error {
        case invariant(String)
    }

    var queue: QueueState
    let limits: QueueLimits
    var now = 1_000
    /// What the index holds.
    private(set) var recorded: [String: JobState] = [:]
    private(set) var workers: Set<Worker> = []
    private(set) var publishing: Set<String> = []
    /// Jobs whose room somebody is asked to look for.
    private(set) var asked: Set<String> = []
    /// Jobs of whose owner somebody is asked.
    private(set) var askedOwners: Set<String> = []
    private(set) var lastAttempt: [String: Int] = [:]
    private var doneCount: [String: Int] = [:]
    private var isStopped = false

    init(limits: QueueLimits) {
        queue = QueueState(limits: limits)
        self.limits = limits
    }

    /// Sends the event and does what the actions say, as the daemon would.
    mutating func send(_ event: QueueEvent) throws {
        let held = recorded.filter { $0.value == .held }.keys.filter {
            queue.entries[$0]?.hold?.endsByItself == false
        }
        let wasDraining = queue.isDraining || event.isDrain
        hear(event)
        let actions = queue.handle(event, now: now)
        var wakes: Int?
        for action in actions {
            if case .wake(let time) = action { wakes = time }
            try perform(action, wasDraining: wasDraining)
        }
        for id in held where recorded[id] != .held {
            let isOrdered = event == .released(id: id) || event == .cancelled(id: id)
            try require(isOrdered, "\(id) was held, and nobody let it go")
        }
        try check(wakes: wakes)
    }

    private mutating func hear(_ event: QueueEvent) {
        switch event {
        case .admitted(let entries):
            for entry in entries { recorded[entry.id] = entry.state }
        case .ended(let id, let attempt, _, _):
            workers.remove(Worker(id: id, attempt: attempt))
        case .published(let id, _), .overQuota(let id, _): publishing.remove(id)
        case .roomChecked(let id, _): asked.remove(id)
        case .ownerAsked(let id, _): askedOwners.remove(id)
        case .cancelled, .withdrawn, .held, .released, .prioritized, .planned, .ticked, .drained:
            break
        case .leaving(let ids):
            // What goes on without this daemon is the next one's.
            for id in ids where recorded[id] == .running {
                recorded[id] = nil
                workers = workers.filter { $0.id != id }
            }
        }
    }

    private mutating func perform(_ action: QueueAction, wasDraining: Bool) throws {
        switch action {
        case .record(let id, let record): try note(id, record)
        case .startWorker(let id, let attempt):
            try require(!wasDraining, "started while draining")
            try require(recorded[id] == .running, "started before it was recorded")
            try require(!workers.contains { $0.id == id }, "\(id) started twice")
            try require(attempt > lastAttempt[id] ?? 0, "the attempt has no name of its own")
            lastAttempt[id] = attempt
            workers.insert(Worker(id: id, attempt: attempt))
        case .stopWorker(let id):
            try require(workers.contains { $0.id == id }, "stopped without a worker")
        case .takeOut(let id, let attempt):
            try require(!wasDraining, "taken out while draining")
            try require(recorded[id] == .cancelling, "taken out before it was recorded")
            workers.insert(Worker(id: id, attempt: attempt))
        case .publish(let id):
            try require(!wasDraining || recorded[id] == .publishing, "published while draining")
            try require(publishing.insert(id).inserted, "published twice at once")
            try require(recorded[id] == .publishing, "published before it was recorded")
        case .discardResults(let id):
            try require(
                recorded[id]?.isFinal == true || recorded[id] == .held,
                "discarded a living job's results")
        case .checkRoom(let id, let hold):
            try require(hold.endsByItself && recorded[id] == .held, "looked for room for nothing")
            asked.insert(id)
        case .askOwner(let id):
            try require(recorded[id] == .queued, "asked of an owner for nothing")
            askedOwners.insert(id)
        case .wake: break
        case .stopped:
            try require(workers.isEmpty && publishing.isEmpty, "stopped with work going on")
            isStopped = true
        }
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
        try require(doneCount.values.allSatisfy { $0 == 1 }, "done twice")
        for (id, state) in recorded {
            try require(
                queue.entries[id]?.state == (state.isFinal ? nil : state),
                "\(id) is \(state) on record, but \(String(describing: queue.entries[id]?.state))")
        }
        try require(queue.entries.keys.allSatisfy { recorded[$0] != nil }, "an entry from nowhere")
        try checkWorkers()
        try checkTallies()
        if queue.isDraining {
            return try require(
                isStopped || !workers.isEmpty || !publishing.isEmpty, "the stop is not reported")
        }
        let waiting = queue.entries.values.filter { $0.state == .queued }
        let isIdle =
            limits.memoryBytes == .max && limits.slots == 1
            ? workers.count < limits.slots : workers.isEmpty
        if isIdle {
            try require(
                waiting.allSatisfy { ($0.notBefore ?? now) > now }, "a ready job is not started")
        }
        let next = queue.entries.values.compactMap(\.notBefore).min()
        try require(wakes == next, "nobody wakes the queue")
    }

    private func checkWorkers() throws {
        let running = workers.compactMap { queue.entries[$0.id] }
        try require(running.count == workers.count, "a worker without a job")
        try require(queue.running == workers.map(\.id).sorted(), "running and workers differ")
        let lane = running.filter(\.isInLane)
        try require(running.count - lane.count <= limits.slots, "more workers than slots")
        try require(lane.count <= limits.laneSlots, "more in the lane than there is room")
        try require(
            lane.allSatisfy { ($0.plan?.seconds ?? .infinity) <= limits.laneSecondsMax },
            "a long job in the lane")
        guard limits.memoryBytes < .max, running.count > 1 else { return }
        let peaks = running.map { $0.plan?.peakBytes ?? .max / 4 }
        try require(peaks.reduce(0, +) <= limits.memoryBytes, "more memory than there is")
    }

    private func checkTallies() throws {
        for state in JobState.allCases {
            let count = queue.entries.values.count { $0.state == state }
            try require(queue.count(state) == count, "\(state) is miscounted")
        }
        for owner in Set(queue.entries.values.map(\.owner)) {
            let count = queue.entries.values.count { $0.owner == owner }
            try require(queue.count(of: owner) == count, "user \(owner) is miscounted")
        }
    }

    private func require(_ condition: Bool, _ message: String) throws {
        if !condition { throw Violation.invariant(message) }
    }

    /// Finishes everything as a benign world would.
    func completed() throws -> QueueWorld {
        var world = self
        for _ in 0..<40 {
            let held = world.queue.entries.values.first { $0.hold?.endsByItself == false }
            if let worker = world.workers.first {
                try world.send(.ended(id: worker.id, attempt: worker.attempt, .succeeded))
            } else if let id = world.publishing.first {
                try world.send(.published(id: id, failure: nil))
            } else if let id = world.asked.first {
                try world.send(.roomChecked(id: id, isThere: true))
            } else if let id = world.askedOwners.first {
                try world.send(.ownerAsked(id: id, isKnown: true))
            } else if let held {
                try world.send(.released(id: held.id))
            } else {
                world.now += 1_000
                try world.send(.ticked)
            }
        }
        return world
    }
}

extension QueueEvent {
    fileprivate var isDrain: Bool {
        switch self {
        case .drained, .leaving: true
        default: false
        }
    }
}
