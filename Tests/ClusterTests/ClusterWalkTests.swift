// Long walks through everything that may happen to units of work, with a daemon that is killed
// between any two steps: nothing is in the queue twice, nothing that is done is done again, nothing
// is sent before what it needs, and every job ends.

import Cluster
import Jobs
import TestSupport
import Testing

@Suite struct ClusterWalkTests {
    private static var limits: ClusterLimits {
        var limits = ClusterLimits()
        limits.units = 3
        limits.lostMax = 3
        limits.interruptedMax = 6
        limits.otherProgramMax = 3
        return limits
    }

    private static let times = TimeLadder(planned: 10)

    private static let plans: [String: ClusterWorld.Plan] = [
        "A": .init(
            attempt: "1A",
            units: [
                UnitStart(name: "shared", needs: [], memorySteps: 1, times: times),
                UnitStart(name: "m1", needs: ["shared"], memorySteps: 1, times: times),
                UnitStart(name: "m2", needs: ["shared"], memorySteps: 1, times: times),
                UnitStart(name: "m1-e1", needs: ["m1"], memorySteps: 1, times: times),
                UnitStart(
                    name: "whole", needs: ["shared", "m1", "m2", "m1-e1"], memorySteps: 1,
                    times: times),
            ]),
        "B": .init(attempt: "1B", units: [UnitStart(name: "whole", needs: [], times: times)]),
    ]

    /// - Parameter crashes: of 100 steps.
    private func walk(_ seed: UInt64, steps: Int, crashes: Int) throws {
        var random = SeededBytes(seed: seed)
        var world = try ClusterWorld(Self.plans, limits: Self.limits)
        for _ in 0..<steps where !world.isFinished {
            let dice = random.below(100)
            if dice < crashes {
                try world.crash()
            } else if dice == 99, random.below(6) == 0 {
                try world.send(.cancelled(job: random.element(of: ["A", "B"])))
            } else if dice < 40, !world.sendings.isEmpty {
                try world.advance(
                    random.below(world.sendings.count), &random, isBenign: false)
            } else if dice < 65, !world.queue.isEmpty {
                world.move(random.below(world.queue.count), &random, isBenign: false)
            } else if dice < 85, world.asked != nil {
                try world.answer(isLost: random.below(4) == 0)
            } else {
                let longest = max(1, (world.wakeAt ?? world.now) - world.now + 5_000)
                world.now += 1 + random.below(longest)
                try world.send(.ticked)
            }
        }
        try world.complete(&random)
    }

    @Test(arguments: 0..<20) func `any order of events`(_ group: Int) throws {
        for number in 0..<100 {
            let seed = UInt64(group * 100 + number)
            do {
                try walk(seed, steps: 400, crashes: 0)
            } catch {
                Issue.record("seed \(seed): \(error)")
                return
            }
        }
    }

    @Test(arguments: 0..<20) func `any order of events, with a daemon that dies`(
        _ group: Int
    ) throws {
        for number in 0..<100 {
            let seed = UInt64(100_000 + group * 100 + number)
            do {
                try walk(seed, steps: 400, crashes: 6)
            } catch {
                Issue.record("seed \(seed): \(error)")
                return
            }
        }
    }

    @Test func `a benign world sends each unit once`() throws {
        var random = SeededBytes(seed: 1)
        var world = try ClusterWorld(Self.plans, limits: Self.limits)
        try world.complete(&random)
        #expect(world.ended == ["A": .succeeded, "B": .succeeded])
        #expect(world.sentCount == 6)
    }

    /// The states of a submission: not begun, recorded, accepted, answered, recorded with its
    /// identifier, running, done.
    @Test(arguments: 0..<12) func `a daemon that dies at any step of sending sends once`(
        _ step: Int
    ) throws {
        var random = SeededBytes(seed: 1)
        let plans = [
            "B": ClusterWorld.Plan(
                attempt: "1B", units: [UnitStart(name: "whole", needs: [])])
        ]
        var world = try ClusterWorld(plans, limits: Self.limits)
        for _ in 0..<step where !world.isFinished {
            if !world.sendings.isEmpty {
                try world.advance(0, &random, isBenign: true)
            } else if let place = world.queue.indices.first {
                world.move(place, &random, isBenign: true)
            }
        }
        if !world.isFinished { try world.crash() }
        try world.complete(&random)
        #expect(world.ended == ["B": .succeeded])
        #expect(world.sentCount == 1)
    }
}
