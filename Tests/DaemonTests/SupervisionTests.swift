// When a worker is made to end, as a decision: every short history of what was heard, and the
// limits one by one. Time is counted in ticks.

import Daemon
import Failures
import Jobs
import Testing

@Suite struct SupervisionTests {
    private static let tick = SupervisionLimits().tick

    private static func beat(
        _ moves: Int = 1, processor: Double = 0, transferred: Int = 0, stage: String? = "merge",
        planned: Double? = 60
    ) -> ProgressLine {
        .heartbeat(
            Heartbeat(
                moves: moves, processorSeconds: processor, transferredBytes: transferred,
                stage: stage, plannedSeconds: planned))
    }

    /// Seconds until it is given up, hearing `line(second)` before each tick; nil where it never
    /// is.
    private static func end(
        _ limits: SupervisionLimits = SupervisionLimits(), within seconds: Double = 1e6,
        _ line: (Double) -> ProgressLine?
    ) -> (Overdue.Kind, after: Double)? {
        var supervision = Supervision(limits)
        var time = 0.0
        while time < seconds {
            if let line = line(time) { supervision.hear(line) }
            time += tick
            if let overdue = supervision.tick(tick) { return (overdue.kind, time) }
        }
        return nil
    }

    @Test func `a worker that says nothing is given up, though only after minutes`() throws {
        let (kind, time) = try #require(Self.end { _ in nil })
        #expect(kind == .silent && time == 180)
        var limits = SupervisionLimits()
        limits.patience = 1
        #expect(try #require(Self.end(limits) { _ in nil }).after == 120)
        limits.patience = 100
        #expect(try #require(Self.end(limits) { _ in nil }).after == 900)
    }

    @Test func `one that was stopped in the middle is given up by the last word heard`() throws {
        let (kind, time) = try #require(
            Self.end { $0 < 1_000 ? Self.beat(Int($0)) : nil })
        #expect(kind == .silent && abs(time - 1_180) <= Self.tick)
    }

    @Test func `beats alone are no work`() throws {
        let (kind, time) = try #require(Self.end { _ in Self.beat() })
        #expect(kind == .still && abs(time - 900) <= 2 * Self.tick)
        // Nor is the little that watching takes.
        let noise = try #require(Self.end { Self.beat(processor: min(0.9, $0 * 1e-3)) })
        #expect(noise.0 == .still)
    }

    @Test(arguments: [1e-3, 2e-2, 1.0])
    func `slow but at work is not given up before the plan, many times over`(
        share: Double
    ) throws {
        // A share of one core, no step: nothing but the plan says when that is too long.
        let (kind, time) = try #require(
            Self.end { Self.beat(processor: $0 * share * 2, planned: 1_000) })
        #expect(kind == .stuck && abs(time - 20_000) <= 2 * Self.tick)
        let reading = try #require(
            Self.end { Self.beat(transferred: Int($0) * 10_000, planned: 1_000) })
        #expect(reading.0 == .stuck, "a disk that gives 10 kB/s is slow, not dead")
    }

    @Test func `steps, however rare, keep a worker for ever`() {
        // A step every quarter of an hour; the plan said a second in all.
        let end = Self.end(within: 3e6) {
            Self.beat(Int($0 / 840), processor: $0, planned: 1)
        }
        #expect(end == nil)
        let lines = Self.end(within: 3e6) { time in
            time.truncatingRemainder(dividingBy: 100) == 0
                ? .progress(.init(stage: "merge", done: 1, total: 2, unit: "tensors")) : nil
        }
        #expect(lines == nil, "lines of work are signs of life too")
    }

    @Test func `a stage without a plan has hours, one of milliseconds has half an hour at least`()
        throws
    {
        let unplanned = try #require(Self.end { Self.beat(processor: $0, planned: nil) })
        #expect(unplanned.0 == .stuck && abs(unplanned.after - 21_600) <= 2 * Self.tick)
        let short = try #require(Self.end { Self.beat(processor: $0, planned: 0.001) })
        #expect(short.0 == .stuck && abs(short.after - 3_600) <= 2 * Self.tick)
        var limits = SupervisionLimits()
        limits.patience = 1
        let hasty = try #require(Self.end(limits) { Self.beat(processor: $0, planned: 0.001) })
        #expect(abs(hasty.after - 1_800) <= 2 * Self.tick, "never below minutes")
    }

    @Test func `the limit is that of the stage under work`() throws {
        let (kind, time) = try #require(
            Self.end { time in
                time < 5_000
                    ? Self.beat(1, processor: time, stage: "learn", planned: 10_000)
                    : Self.beat(1, processor: time, stage: "merge", planned: 1)
            })
        // The next stage begins anew: a change of stage is a step.
        #expect(kind == .stuck && abs(time - 8_600) <= 2 * Self.tick)
    }

    @Test func `one that has said its last word has a minute to go`() throws {
        let failed = ProgressLine.failed(failureClass: .user, message: "")
        for last in [ProgressLine.finished(outcome: .succeeded), failed] {
            // Beats that come after it change nothing.
            let (kind, time) = try #require(
                Self.end { $0 == 50 ? last : Self.beat(Int($0)) })
            #expect(kind == .lingering && abs(time - 110) <= 2 * Self.tick)
        }
    }

    @Test func `time that the daemon itself was away is not held against the worker`() {
        var supervision = Supervision()
        supervision.hear(Self.beat())
        for _ in 0..<20 {
            #expect(supervision.tick(86_400) == nil, "a day of sleep counts as one tick")
        }
        #expect(supervision.tick(-5) == nil)
    }

    @Test func `a worker is given up only for what its whole history shows`() {
        // Each step of a history: what is heard, then how many ticks pass.
        let heard: [ProgressLine?] = [
            nil, Self.beat(1), Self.beat(2), Self.beat(2, processor: 50),
            .finished(outcome: .succeeded),
        ]
        let ticks = [1, 11, 35, 179, 719]
        let limits = SupervisionLimits()
        var histories = [(supervision: Supervision(), silent: 0, still: 0, finished: Int?.none)]
        var ends: Set<Overdue.Kind> = []
        for _ in 0..<4 {
            var next = histories
            next.removeAll()
            for history in histories {
                for line in heard {
                    for count in ticks {
                        var now = history
                        if let line {
                            now.supervision.hear(line)
                            now.silent = 0
                            if case .finished = line { now.finished = now.finished ?? 0 }
                        }
                        var overdue: Overdue?
                        for _ in 0..<count where overdue == nil {
                            overdue = now.supervision.tick(limits.tick)
                            now.silent += 1
                            now.finished = now.finished.map { $0 + 1 }
                        }
                        guard let overdue else {
                            // What goes on has spoken lately, and has not finished long ago.
                            #expect(Double(now.silent) * limits.tick < limits.silence)
                            #expect(now.finished.map { $0 < 12 } ?? true)
                            next.append(now)
                            continue
                        }
                        ends.insert(overdue.kind)
                        switch overdue.kind {
                        case .silent: #expect(now.silent == 36)
                        case .lingering: #expect(now.finished == 12)
                        case .still: #expect(overdue.seconds >= limits.stillness)
                        case .stuck: #expect(overdue.seconds >= limits.motion(planned: 60))
                        }
                    }
                }
            }
            histories = next
        }
        #expect(ends.isSuperset(of: [.silent, .lingering]))
    }

    @Test(arguments: Overdue.Kind.allCases)
    func `the reason says where, how long, and what to do`(kind: Overdue.Kind) {
        let failure = Overdue(kind, stage: "merge", plannedSeconds: 30, seconds: 3_600).failure
        #expect(failure.message.contains("60 min"))
        #expect(failure.failureClass == (kind == .lingering ? .bug : .resource))
        #expect(kind == .lingering || failure.message.contains("`merge`"))
        #expect(kind != .stuck || failure.message.contains("stage_patience"))
    }
}
