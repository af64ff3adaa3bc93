// Who is next: bands, fair shares, aging, memory and the lane, and what it costs to find out.

import Daemon
import Failures
import Glibc
import Jobs
import Testing

@Suite struct QueueOrderTests {
    private static let hour = 3_600_000

    private static func entry(
        _ id: String, owner: Int = 1, _ sequence: Int, priority: Int = 0, band: Int? = nil,
        waitingSince: Int = 0, isRemote: Bool = false
    ) -> QueueState.Entry {
        .init(
            id: id, owner: owner, sequence: sequence, priority: priority, band: band,
            waitingSince: waitingSince, isRemote: isRemote)
    }

    private static func started(_ actions: [QueueAction]) -> [String] {
        actions.compactMap { if case .startWorker(let id, _) = $0 { id } else { nil } }
    }

    /// Ends the only worker with success an hour later, and tells what is started then.
    private static func next(_ queue: inout QueueState, _ now: inout Int) -> [String] {
        guard let id = queue.running.first, let attempt = queue.entries[id]?.attempt else {
            return []
        }
        now += hour
        let started = started(queue.handle(.ended(id: id, attempt: attempt, .succeeded), now: now))
        _ = queue.handle(.published(id: id, failure: nil), now: now)
        return started
    }

    @Test func `after a hundred jobs of one user, another's starts within one job length`() {
        var queue = QueueState()
        let many = (0..<100).map { Self.entry("a\($0)", $0) }
        var now = 0
        _ = queue.handle(.admitted(many), now: now)
        _ = queue.handle(.admitted([Self.entry("b", owner: 2, 100)]), now: now)
        #expect(queue.order(now: now).first == "b", "people are told so")
        #expect(Self.next(&queue, &now) == ["b"])
        // And then they take turns: each has used an hour, and the older job goes first.
        #expect(Self.next(&queue, &now) == ["a1"])
    }

    @Test func `use fades with the half-life`() {
        let week = 7 * 24 * Self.hour
        var shares = Shares(halfLifeMilliseconds: week)
        shares.charge(1, seconds: 8 * 3_600, now: 0)
        shares.charge(2, seconds: 3 * 3_600, now: 2 * week)
        #expect(abs(shares.used(by: 1, now: 2 * week) - 2 * 3_600) < 1e-6)
        #expect(abs(shares.used(by: 2, now: 3 * week) - 1.5 * 3_600) < 1e-6)
        #expect(shares.used(by: 3, now: 0) == 0)
        // A clock that goes back makes nothing grow.
        #expect(shares.used(by: 2, now: 0) == 3 * 3_600)
    }

    @Test func `a job at a cluster counts as a minute of use until its units are counted`() {
        var limits = QueueLimits()
        limits.clusterSlots = 1
        var queue = QueueState(limits: limits)
        _ = queue.handle(
            .admitted([
                Self.entry("far", 0, isRemote: true), Self.entry("near", owner: 2, 1),
                Self.entry("runs", owner: 9, 2),
            ]), now: 0)
        _ = queue.handle(.ended(id: "near", attempt: 1, .succeeded), now: 100_000)
        // It waits there for three days, in which 100 s become 74.
        let now = 72 * Self.hour
        _ = queue.handle(.admitted([Self.entry("a", 3), Self.entry("b", owner: 2, 4)]), now: now)
        #expect(queue.order(now: now) == ["a", "b"])
        var stopped = queue
        _ = stopped.handle(.ended(id: "far", attempt: 1, .interrupted), now: now)
        #expect(stopped.shares.used(by: 1, now: now) == 0, "nothing of it ran")
        _ = queue.handle(.ended(id: "far", attempt: 1, .succeeded, seconds: 600), now: now)
        #expect(queue.shares.used(by: 1, now: now) == 600)
        #expect(queue.order(now: now) == ["b", "a"])
    }

    @Test func `a priority of one's own counts among one's own, one of an admin among all`() {
        var queue = QueueState()
        _ = queue.handle(.admitted([Self.entry("runs", owner: 9, 0)]), now: 0)
        _ = queue.handle(
            .admitted([
                Self.entry("a", 1), Self.entry("A", 2, priority: 100),
                Self.entry("b", owner: 2, 3), Self.entry("c", owner: 3, 4, priority: -5),
            ]), now: 0)
        #expect(queue.order(now: 0) == ["A", "b", "a", "c"])
        _ = queue.handle(.prioritized(id: "c", priority: 1, band: 1), now: 0)
        #expect(queue.order(now: 0) == ["c", "A", "b", "a"])
        // Its place in line is by use: who has used most comes last, whatever priority she gives.
        var now = 0
        _ = queue.handle(.prioritized(id: "c", priority: 0, band: 0), now: 0)
        #expect(Self.next(&queue, &now) == ["A"])
        #expect(Self.next(&queue, &now) == ["b"])
    }

    @Test(arguments: [false, true])
    func `every fourth start is of the job that is overdue for longest, also at a cluster`(
        isRemote: Bool
    ) {
        var limits = QueueLimits()
        limits.clusterSlots = 1
        var queue = QueueState(limits: limits)
        var now = 0
        _ = queue.handle(.admitted([Self.entry("first", 0, isRemote: isRemote)]), now: now)
        _ = queue.handle(
            .admitted([Self.entry("low", 1, priority: -100, isRemote: isRemote)]), now: now)
        // A colleague's jobs always go before it.
        let many = (2..<60).map {
            Self.entry(
                "b\($0)", owner: 2, $0, waitingSince: 40 * Self.hour, isRemote: isRemote)
        }
        _ = queue.handle(.admitted(many), now: now)
        var order: [String] = []
        while !order.contains("low"), order.count < 50 { order += Self.next(&queue, &now) }
        #expect(order.last == "low")
        #expect((24..<30).contains(order.count), "after a day, within four starts: \(order.count)")
    }

    @Test func `what is overdue does not fill the server`() {
        var queue = QueueState()
        var now = 48 * Self.hour
        _ = queue.handle(.admitted((0..<50).map { Self.entry("a\($0)", $0) }), now: now)
        let others = (50..<100).map { Self.entry("b\($0)", owner: 2, $0, waitingSince: now) }
        // The first user has used a lot by now.
        _ = Self.next(&queue, &now)
        _ = Self.next(&queue, &now)
        _ = queue.handle(.admitted(others), now: now)
        let order = (0..<8).flatMap { _ in Self.next(&queue, &now) }
        #expect(order.count { $0.hasPrefix("b") } >= 4, "\(order)")
    }

    @Test func `what people held has waited since they let it go, what had no room all the time`() {
        var queue = QueueState()
        let now = 48 * Self.hour
        func held(_ id: String, _ sequence: Int, _ hold: HoldReason) -> QueueState.Entry {
            .init(id: id, sequence: sequence, priority: 0, state: .held, hold: hold)
        }
        _ = queue.handle(
            .admitted([
                Self.entry("runs", 0), held("u", 1, .user), held("a", 2, .admin),
                held("d", 3, .disk), held("q", 4, .quota),
            ]), now: 0)
        for id in ["u", "a", "d"] { _ = queue.handle(.released(id: id), now: now) }
        _ = queue.handle(.roomChecked(id: "q", isThere: true), now: now)
        let since = queue.entries.mapValues(\.waitingSince)
        #expect(since == ["runs": 0, "u": now, "a": now, "d": 0, "q": 0])
    }

    @Test func `several run where their plans fit into memory, in order`() {
        var limits = QueueLimits()
        limits.slots = 3
        limits.laneSlots = 0
        limits.memoryBytes = 100
        var queue = QueueState(limits: limits)
        func plan(_ id: String, _ peak: Int) -> [String] {
            Self.started(
                queue.handle(
                    .planned(id: id, JobPlan(peakBytes: peak, seconds: 900)), now: 0))
        }
        let entries = ["A", "B", "C", "D"].enumerated().map { Self.entry($1, $0) }
        // Alone a job runs without a plan.
        #expect(Self.started(queue.handle(.admitted(entries), now: 0)) == ["A"])
        #expect(queue.nextToPlan(now: 0) == "A", "what runs is planned first")
        #expect(plan("A", 50).isEmpty)
        #expect(queue.nextToPlan(now: 0) == "B")
        #expect(plan("B", 60).isEmpty, "does not fit")
        #expect(plan("C", 1).isEmpty, "fits, but the larger one before it would wait for ever")
        #expect(
            Self.started(queue.handle(.ended(id: "A", attempt: 1, .succeeded), now: 0))
                == ["B", "C"])
        #expect(plan("D", 39) == ["D"], "three at once")
    }

    @Test func `what takes seconds runs beside what takes hours`() {
        var queue = QueueState()
        func plan(_ id: String, seconds: Double) -> [String] {
            Self.started(
                queue.handle(.planned(id: id, JobPlan(peakBytes: 1, seconds: seconds)), now: 0))
        }
        let entries = ["A", "B", "C", "D"].enumerated().map { Self.entry($1, $0) }
        _ = queue.handle(.admitted(entries), now: 0)
        #expect(plan("A", seconds: 9_000).isEmpty)
        #expect(plan("B", seconds: 9_000).isEmpty)
        #expect(plan("C", seconds: 20) == ["C"])
        #expect(plan("D", seconds: 20).isEmpty, "one at a time")
        #expect(
            Self.started(queue.handle(.ended(id: "C", attempt: 1, .succeeded), now: 0)) == ["D"])
    }

    @Test func `forecasts ahead are few, and shared out`() {
        var limits = QueueLimits()
        limits.plansAheadMax = 2
        var queue = QueueState(limits: limits)
        let many = (0..<9).map { Self.entry("a\($0)", $0) } + [Self.entry("b", owner: 2, 9)]
        #expect(queue.nextToPlan(now: 0) == nil)
        _ = queue.handle(.admitted(many), now: 0)
        var asked: [String] = []
        while let id = queue.nextToPlan(now: 0), asked.count < 20 {
            asked.append(id)
            _ = queue.handle(.planned(id: id, nil), now: 0)
        }
        #expect(asked == ["a0", "b", "a1", "a2"])
    }

    @Test func `an owner who is passed over keeps nobody else from a forecast`() {
        var queue = QueueState()
        let entries = [
            Self.entry("a0", owner: 1, 0), Self.entry("a1", owner: 1, 1),
            Self.entry("b", owner: 2, 2),
        ]
        _ = queue.handle(.admitted(entries), now: 0)
        #expect(queue.nextToPlan(now: 0) == "a0")
        #expect(queue.nextToPlan(now: 0, passingOver: [1]) == "b")
        #expect(queue.nextToPlan(now: 0, passingOver: [2]) == "a0")
        #expect(queue.nextToPlan(now: 0, passingOver: [1, 2]) == nil)
        _ = queue.handle(.planned(id: "a0", nil), now: 0)
        #expect(queue.nextToPlan(now: 0, passingOver: [1]) == "b")
    }

    @Test func `ten thousand jobs cost little`() {
        var queue = QueueState()
        let many = (0..<10_000).map { Self.entry("job-\($0)", owner: $0 % 20, $0) }
        _ = queue.handle(.admitted(many), now: 0)
        let submissions = 50
        let submitting = Self.processorTime {
            for number in 0..<submissions {
                // As the daemon does: the state before the event stays until it is on record.
                var next = queue
                _ = next.handle(
                    .admitted([Self.entry("new-\(number)", 10_000 + number)]), now: number)
                queue = next
            }
        }
        var now = 1_000
        let starting = Self.processorTime { #expect(Self.next(&queue, &now).count == 1) }
        let listing = Self.processorTime { #expect(queue.order(now: now).count == 10_048) }
        // Far more than it takes, for machines that are busy; a submission shall take 100 ms.
        #expect(submitting / submissions < .milliseconds(20), "\(submitting)")
        #expect(starting < .milliseconds(100), "\(starting)")
        #expect(listing < .milliseconds(500), "\(listing)")
    }

    /// What this thread has really computed: the machine may be busy with others.
    private static func processorTime(_ body: () -> Void) -> Duration {
        func time() -> Duration {
            var time = timespec()
            unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
        }
        let start = time()
        body()
        return time() - start
    }
}
