// Many jobs on many nodes, in simulated time: the real `ClusterState` decides, as `ClusterDriver`
// would carry it out; a queue without faults gives each unit a whole node, first come, first
// served.

import Cluster
import Jobs
import TestSupport

struct ClusterSimulation {
    struct Unit {
        let name: String
        let needs: [String]
        let milliseconds: Int
    }

    struct Setting {
        var nodes = 10
        /// At the cluster at once: `cluster: jobs`.
        var jobs = 8
        var limits = ClusterLimits()
        /// Of the submit command, of the list command, and from a free node to a program on it: of
        /// a controller that is busy.
        var submitMilliseconds = 300
        var listMilliseconds = 500
        var startMilliseconds = 3_000
        /// How long what has ended is listed: `MinJobAge`.
        var listedMilliseconds = 300_000
    }

    struct Outcome {
        var makespan = 0
        var ends: [ClusterEnd] = []
        var sent = 0
        var polls = 0
        /// Folders of units that were read to look for attempt files.
        var foldersRead = 0
        var events = 0
        /// Units on nodes at once, at most.
        var busiest = 0
        /// Lines of the longest answer.
        var linesMax = 0
        /// Submit commands at once, at most, and that began within a second.
        var sendingsMax = 0
        var sentInSecondMax = 0
        /// In `ClusterState.handle`.
        var thinking = Duration.zero
    }

    struct Stuck: Error {}

    private enum Moment {
        case wake(generation: Int)
        case accepted(UnitToken, job: String, id: Int)
        case ended(id: Int)
        case listed([Sighting], askedAt: Int)
    }

    private struct Queued {
        let token: UnitToken
        let job: String
        let milliseconds: Int
        var word = QueueWord.pending
        var endedAt = 0
    }

    private let setting: Setting
    private let plans: [[Unit]]
    private var state: ClusterState
    private var timeline = Timeline<Moment>()
    private var now = 0
    private var generation = 0
    private var outcome = Outcome()
    private var events: [ClusterEvent] = []

    /// Submit commands that run, and when those of the last second began.
    private var sendings = 0
    private var sendTimes: [Int] = []

    private var begun = 0
    private var queue: [Queued] = []
    private var waiting: [Int] = []
    private var free: Int
    /// Of units that are listed.
    private var listed: [Int] = []
    /// Attempt files that nobody has read.
    private var files: [Int] = []

    init(_ plans: [[Unit]], _ setting: Setting) {
        self.plans = plans
        self.setting = setting
        free = setting.nodes
        state = ClusterState(limits: setting.limits)
    }

    static func run(_ plans: [[Unit]], _ setting: Setting) throws -> Outcome {
        var simulation = ClusterSimulation(plans, setting)
        return try simulation.run()
    }

    private mutating func run() throws -> Outcome {
        for _ in 0..<min(setting.jobs, plans.count) { beginNext() }
        process()
        while outcome.ends.count < plans.count {
            guard let (time, moment) = timeline.next() else { throw Stuck() }
            now = time
            happen(moment)
            process()
        }
        outcome.makespan = now
        return outcome
    }

    // MARK: The driver

    private mutating func beginNext() {
        guard begun < plans.count else { return }
        let units = plans[begun].map { UnitStart(name: $0.name, needs: $0.needs) }
        events.append(.began(job: "\(begun)", attempt: "\(begun)", units))
        begun += 1
    }

    private mutating func process() {
        while !events.isEmpty {
            let event = events.removeFirst()
            outcome.events += 1
            let start = ContinuousClock.now
            let actions = state.handle(event, now: now)
            outcome.thinking += ContinuousClock.now - start
            for action in actions { perform(action) }
        }
    }

    private mutating func perform(_ action: ClusterAction) {
        switch action {
        case .send(let key, let record):
            let token = UnitToken(
                attempt: record.attempt, unit: key.unit, number: record.number)
            let unit = plans[Int(key.job) ?? 0].first { $0.name == key.unit }
            queue.append(
                Queued(token: token, job: key.job, milliseconds: unit?.milliseconds ?? 0))
            outcome.sent += 1
            sendTimes.append(now)
            sendings += 1
            outcome.sendingsMax = max(outcome.sendingsMax, sendings)
            sendTimes.removeAll { $0 <= now - 1_000 }
            outcome.sentInSecondMax = max(outcome.sentInSecondMax, sendTimes.count)
            timeline.add(
                .accepted(token, job: key.job, id: queue.count - 1),
                at: now + setting.submitMilliseconds)
        case .poll:
            outcome.polls += 1
            timeline.add(
                .listed(sightings(), askedAt: now), at: now + setting.listMilliseconds)
        case .look: look()
        case .finish(_, let end):
            outcome.ends.append(end)
            beginNext()
        case .wake(let time):
            generation += 1
            timeline.add(.wake(generation: generation), at: max(now, time))
        case .record, .cancel, .counts, .over, .tell, .alarm: break
        }
    }

    private mutating func look() {
        for job in state.running {
            outcome.foldersRead += state.entries(of: job).count {
                $0.phase != .done && $0.mayHaveRun
            }
        }
        for id in files {
            events.append(.found(queue[id].token, job: queue[id].job, .succeeded))
        }
        files = []
    }

    // MARK: The queue

    private mutating func happen(_ moment: Moment) {
        switch moment {
        case .wake(let number): if number == generation { events.append(.ticked) }
        case .accepted(let token, let job, let id):
            sendings -= 1
            events.append(.answered(token, job: job, .sent(id: "\(id)")))
            waiting.append(id)
            listed.append(id)
            startWaiting()
        case .ended(let id):
            queue[id].word = .over(.completed)
            queue[id].endedAt = now
            files.append(id)
            free += 1
            startWaiting()
        case .listed(let sightings, let askedAt):
            look()
            events.append(.polled(sightings, askedAt: askedAt))
        }
    }

    private mutating func startWaiting() {
        let count = min(free, waiting.count)
        for id in waiting.prefix(count) {
            queue[id].word = .running
            timeline.add(
                .ended(id: id), at: now + setting.startMilliseconds + queue[id].milliseconds)
        }
        waiting.removeFirst(count)
        free -= count
        outcome.busiest = max(outcome.busiest, setting.nodes - free)
    }

    private mutating func sightings() -> [Sighting] {
        listed.removeAll {
            queue[$0].word.isOver && now - queue[$0].endedAt > setting.listedMilliseconds
        }
        outcome.linesMax = max(outcome.linesMax, listed.count)
        return listed.map {
            Sighting(id: "\($0)", token: "\(queue[$0].token)", word: queue[$0].word)
        }
    }
}

extension ClusterSimulation {
    /// What no order of work on so many nodes can be faster than: the longest chain of units of a
    /// job, and all work spread evenly. Milliseconds.
    static func bound(_ plans: [[Unit]], nodes: Int) -> (chain: Int, work: Int) {
        let chains = plans.map { units in
            var ends: [String: Int] = [:]
            for unit in units {
                let start = unit.needs.compactMap { ends[$0] }.max() ?? 0
                ends[unit.name] = start + unit.milliseconds
            }
            return ends.values.max() ?? 0
        }
        let work = plans.joined().reduce(0) { $0 + $1.milliseconds }
        return (chains.max() ?? 0, work / nodes)
    }
}

/// What happens when; of what happens at one time, the first that was added.
private struct Timeline<Moment> {
    private var heap: [(time: Int, number: Int, moment: Moment)] = []
    private var count = 0

    mutating func add(_ moment: Moment, at time: Int) {
        heap.append((time, count, moment))
        count += 1
        var place = heap.count - 1
        while place > 0, isBefore(place, (place - 1) / 2) {
            heap.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    mutating func next() -> (time: Int, moment: Moment)? {
        guard !heap.isEmpty else { return nil }
        heap.swapAt(0, heap.count - 1)
        let first = heap.removeLast()
        var place = 0
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2]
            where child < heap.count && isBefore(child, least) {
                least = child
            }
            guard least != place else { break }
            heap.swapAt(place, least)
            place = least
        }
        return (first.time, first.moment)
    }

    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        (heap[left].time, heap[left].number) < (heap[right].time, heap[right].number)
    }
}
