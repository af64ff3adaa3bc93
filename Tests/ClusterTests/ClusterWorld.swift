// A model of the world around the state of a cluster: a queue that tells the truth or nothing,
// files that stay, a daemon that dies anywhere; it knows what must never happen.

import Cluster
import Failures
import Jobs
import TestSupport

struct ClusterWorld {
    struct Violation: Error, CustomStringConvertible {
        let description: String
    }

    /// A submission on its way.
    struct Sending {
        enum Step { case begun, recorded, accepted(id: String), silent }
        let key: UnitKey
        let record: UnitRecord
        var step = Step.begun

        var token: UnitToken {
            UnitToken(attempt: record.attempt, unit: key.unit, number: record.number)
        }
    }

    struct Queued {
        let id: String
        let token: UnitToken
        let key: UnitKey
        var word: QueueWord
    }

    struct Plan {
        let attempt: String
        let units: [UnitStart]
    }

    let limits: ClusterLimits
    let plans: [String: Plan]
    var state: ClusterState
    var now = 1_000

    // What outlives the daemon.
    private(set) var records: [UnitKey: UnitRecord] = [:]
    private(set) var files: [UnitToken: (job: String, result: UnitResult)] = [:]
    private(set) var queue: [Queued] = []
    private(set) var ended: [String: ClusterEnd] = [:]
    /// Jobs that somebody cancelled: a mark in their folders.
    private(set) var cancelled: Set<String> = []
    /// Tries that left something in the cache.
    private(set) var kept: [UnitToken: String] = [:]
    private var nextID = 1

    // What does not.
    private(set) var sendings: [Sending] = []
    /// What the queue showed when it was asked, and when that was.
    private(set) var asked: (sightings: [Sighting], at: Int)?
    private(set) var wakeAt: Int?
    private(set) var sentCount = 0
    /// The try of each unit that counts.
    private(set) var counting: [UnitKey: UnitToken] = [:]

    init(_ plans: [String: Plan], limits: ClusterLimits) throws {
        self.plans = plans
        self.limits = limits
        state = ClusterState(limits: limits)
        try beginAll()
    }

    var isFinished: Bool { ended.count == plans.count }
    var alive: [Queued] { queue.filter { !$0.word.isOver } }

    private mutating func beginAll() throws {
        for (job, plan) in plans.sorted(by: { $0.key < $1.key }) where ended[job] == nil {
            let units = plan.units.map { unit in
                UnitStart(
                    name: unit.name, needs: unit.needs, memorySteps: unit.memorySteps,
                    times: unit.times, record: records[UnitKey(job: job, unit: unit.name)])
            }
            try send(
                cancelled.contains(job)
                    ? .abandoned(job: job, attempt: plan.attempt, units)
                    : .began(job: job, attempt: plan.attempt, units))
        }
        // As the daemon does: what is there already is told at once.
        try look()
    }

    // MARK: The daemon

    mutating func send(_ event: ClusterEvent) throws {
        wakeAt = nil
        if case .cancelled(let job) = event { cancelled.insert(job) }
        for action in state.handle(event, now: now) { try perform(action) }
        try check()
    }

    private mutating func perform(_ action: ClusterAction) throws {
        switch action {
        case .send(let key, let record):
            try checkSending(key)
            sendings.append(Sending(key: key, record: record))
        case .record(let key, let record): records[key] = record
        case .cancel(let ids):
            for index in queue.indices
            where ids.contains(queue[index].id) && !queue[index].word.isOver {
                queue[index].word = .over(.cancelled)
            }
        case .poll:
            try require(asked == nil, "asked twice at once")
            asked = (sightings, now)
        case .look: try look()
        case .finish(let job, let end):
            try require(ended[job] == nil, "\(job) ended twice")
            try require(
                !alive.contains { $0.key.job == job }, "\(job) ended with work in the queue")
            if end == .succeeded {
                let last = UnitKey(job: job, unit: plans[job]?.units.last?.name ?? "")
                try require(hasSucceeded(last), "\(job) succeeded without its last unit")
            }
            ended[job] = end
        case .counts(let token, let job):
            try require(files[token]?.result == .succeeded, "\(token) counts and has not succeeded")
            let key = UnitKey(job: job, unit: token.unit)
            try require(counting[key] == nil, "two tries of \(key) count")
            counting[key] = token
        case .over(let token, _):
            let word = queue.last { $0.token == token }?.word
            try require(word != .over(.nodeFailed), "who may live on was taken for dead")
            try require(word?.isOver != false, "\(token) runs and was taken for dead")
        case .tell, .alarm: break
        case .wake(let time): wakeAt = time
        }
    }

    private func checkSending(_ key: UnitKey) throws {
        try require(ended[key.job] == nil, "sent for a job that has ended")
        try require(!cancelled.contains(key.job), "sent for a job that was cancelled")
        try require(!hasSucceeded(key), "\(key) is done and was sent again")
        try require(!alive.contains { $0.key == key }, "\(key) was sent twice")
        // A try that said itself that it ended is over; the answer to its command is only late.
        try require(
            !sendings.contains { $0.key == key && files[$0.token] == nil },
            "\(key) is being sent twice")
        let needs = plans[key.job]?.units.first { $0.name == key.unit }?.needs ?? []
        for need in needs {
            try require(
                hasSucceeded(UnitKey(job: key.job, unit: need)), "\(key) was sent before \(need)")
        }
        try require(state.outCount <= limits.units, "more in the queue than there may be")
    }

    private func hasSucceeded(_ key: UnitKey) -> Bool {
        files.contains {
            $0.value.job == key.job && $0.key.unit == key.unit
                && $0.key.attempt == plans[key.job]?.attempt && $0.value.result == .succeeded
        }
    }

    private mutating func look() throws {
        for (token, job) in kept.sorted(by: { "\($0.key)" < "\($1.key)" })
        where ended[job] == nil {
            try send(.kept(token, job: job))
        }
        for (token, file) in files.sorted(by: { "\($0.key)" < "\($1.key)" })
        where ended[file.job] == nil {
            try send(.found(token, job: file.job, file.result))
        }
    }

    /// kill -9, and another one starts.
    mutating func crash() throws {
        state = ClusterState(limits: limits)
        (sendings, asked, wakeAt, counting) = ([], nil, nil, [:])
        try beginAll()
    }

    // MARK: The queue

    private var sightings: [Sighting] {
        queue.map { Sighting(id: $0.id, token: "\($0.token)", word: $0.word) }
    }

    /// One more step of a submission.
    mutating func advance(_ place: Int, _ random: inout SeededBytes, isBenign: Bool) throws {
        var sending = sendings[place]
        let token = sending.token
        switch sending.step {
        case .begun:
            records[sending.key] = sending.record
            sending.step = .recorded
            sendings[place] = sending
        case .recorded:
            let dice = isBenign ? 0 : random.below(10)
            if dice == 8 {
                sendings.remove(at: place)
                return try send(.answered(token, job: sending.key.job, .later("full")))
            }
            if dice == 9, random.below(8) == 0 {
                sendings.remove(at: place)
                return try send(.answered(token, job: sending.key.job, .refused("no")))
            }
            if dice == 7 {
                // It never came there.
                sending.step = .silent
            } else {
                let id = "\(nextID)"
                nextID += 1
                sentCount += 1
                queue.append(Queued(id: id, token: token, key: sending.key, word: .pending))
                sending.step = dice == 6 ? .silent : .accepted(id: id)
            }
            sendings[place] = sending
        case .accepted(let id):
            sendings.remove(at: place)
            try send(.answered(token, job: sending.key.job, .sent(id: id)))
        case .silent:
            sendings.remove(at: place)
            try send(.answered(token, job: sending.key.job, .unknown("timed out")))
        }
    }

    /// Something happens to a unit in the queue.
    mutating func move(_ place: Int, _ random: inout SeededBytes, isBenign: Bool) {
        switch queue[place].word {
        case .pending: queue[place].word = .running
        case .running, .moving:
            if random.below(2) == 0 { kept[queue[place].token] = queue[place].key.job }
            finish(place, isBenign ? 0 : random.below(14))
        case .over: if !isBenign { queue.remove(at: place) }
        }
    }

    private mutating func finish(_ place: Int, _ dice: Int) {
        let (token, job) = (queue[place].token, queue[place].key.job)
        switch dice {
        case 0...4:
            files[token] = (job, .succeeded)
            queue[place].word = .over(.completed)
        case 5: queue[place].word = .over(.completed)
        case 6: queue[place].word = .over(.failed)
        case 7: queue[place].word = .over(.nodeFailed)
        case 8: queue[place].word = .over(.preempted)
        case 9:
            files[token] = (job, .stopped(seconds: 570))
            queue[place].word = .over(.failed)
        case 10: queue[place].word = .over(.timeout)
        case 11:
            let failure = WorkerOutcome.Failure(failureClass: .user, message: "f")
            files[token] = (job, .failed(FailureWords(failure)))
            queue[place].word = .over(.failed)
        case 12:
            let failure = WorkerOutcome.Failure(failureClass: .user, message: "other")
            files[token] = (job, .otherProgram(FailureWords(failure)))
            queue[place].word = .over(.failed)
        default: queue[place].word = .over(.outOfMemory)
        }
    }

    /// The answer arrives; files are looked for first.
    mutating func answer(isLost: Bool) throws {
        guard let asked else { return }
        self.asked = nil
        if isLost { return try send(.pollFailed("no answer")) }
        try look()
        try send(.polled(asked.sightings, askedAt: asked.at))
    }

    // MARK: What holds always

    private func check() throws {
        for key in Set(alive.map(\.key)) {
            try require(alive.count { $0.key == key } <= 1, "\(key) is in the queue twice")
        }
        let isIdle = sendings.isEmpty && asked == nil
        if !isFinished, isIdle, !state.running.isEmpty {
            try require(wakeAt != nil, "nobody wakes the state, and nothing is on its way")
        }
    }

    private func require(_ condition: Bool, _ message: @autoclosure () -> String) throws {
        if !condition { throw Violation(description: message()) }
    }

    /// Lets everything end as in a benign world.
    mutating func complete(_ random: inout SeededBytes) throws {
        for _ in 0..<4_000 where !isFinished {
            if !sendings.isEmpty {
                try advance(0, &random, isBenign: true)
            } else if let place = queue.indices.first(where: { !queue[$0].word.isOver }) {
                move(place, &random, isBenign: true)
            } else if asked != nil {
                try answer(isLost: false)
            } else {
                now = max(now + 1, wakeAt ?? now)
                try send(.ticked)
            }
        }
        try require(isFinished, "jobs that never end: \(state.running)")
    }
}
