// Every short sequence of events, against a model of the world: no job is lost, none is started
// twice or run twice to success, none that is held is started, never more run than there is room
// for, and what is promised happens.

import Daemon
import Failures
import Foundation
import Jobs
import Testing

@Suite struct QueueWalkTests {
    private static let transient = WorkerOutcome.Failure(failureClass: .transient, message: "t")
    private static let user = WorkerOutcome.Failure(failureClass: .user, message: "u")

    private static let full = WorkerOutcome.Failure(
        failureClass: .resource, message: "d", isDiskFull: true)

    private static var limits: QueueLimits {
        var limits = QueueLimits()
        limits.lostMax = 2
        limits.transientDelaysMilliseconds = [100]
        limits.roomCheckMilliseconds = 100
        limits.laneSlots = 0
        return limits
    }

    private static func entry(_ id: String, attempt: Int?) -> QueueState.Entry {
        QueueState.Entry(
            id: id, owner: id == "A" ? 1 : 2, sequence: id == "A" ? 1 : 2,
            priority: id == "A" ? 0 : 1, attempt: attempt ?? 0)
    }

    /// Which kinds of events a walk takes; all of them at once would be too many to go far.
    private struct Choice: Sendable {
        var ends: [AttemptEnd] = [.succeeded, .interrupted]
        var publishEnds: [WorkerOutcome.Failure?] = [nil]
        var plans: [String: JobPlan?] = [:]
        var ids = ["A", "B"]
        var hasOrders = false
        var hasDrain = true

        /// Everything that can happen next, the impossible words of confused workers included.
        func events(_ world: QueueWorld) -> [QueueEvent] {
            var events: [QueueEvent] = [.ticked]
            if hasDrain { events += [.drained, .leaving(Set(world.workers.map(\.id)))] }
            for id in ids {
                // A job enters once; a failed or cancelled one enters again by a retry.
                switch world.recorded[id] {
                case nil, .failed, .cancelled:
                    events.append(.admitted([entry(id, attempt: world.lastAttempt[id])]))
                default: break
                }
                events.append(.cancelled(id: id))
                events.append(.ended(id: id, attempt: 77, .succeeded))
                if hasOrders {
                    events.append(.held(id: id, .user, reason: "h"))
                    events.append(.held(id: id, .admin, reason: "h"))
                    events.append(.released(id: id))
                    events.append(.prioritized(id: id, priority: 9, band: 0))
                    events.append(.roomChecked(id: id, isThere: true))
                    events.append(.ownerAsked(id: id, isKnown: true))
                }
                if let plan = plans[id], world.queue.entries[id]?.isPlanAsked == false {
                    events.append(.planned(id: id, plan))
                }
                events +=
                    world.publishing.contains(id)
                    ? publishEnds.map { .published(id: id, failure: $0) }
                        + (publishEnds.count > 1 ? [.overQuota(id: id, reason: "q")] : [])
                    : [.published(id: id, failure: nil)]
            }
            for id in world.asked {
                events += [true, false].map { .roomChecked(id: id, isThere: $0) }
            }
            for id in world.askedOwners {
                events += [true, false].map { .ownerAsked(id: id, isKnown: $0) }
            }
            for worker in world.workers {
                events += ends.map { .ended(id: worker.id, attempt: worker.attempt, $0) }
            }
            return events
        }
    }

    private struct Fault: Error {
        let text: String
    }

    /// The same on a thread of its own: tests of processes wait on the few that tasks share.
    private static func walk(
        _ choice: Choice, _ limits: QueueLimits, depth: Int
    ) async throws -> Int {
        try await withCheckedThrowingContinuation { continuation in
            Thread {
                continuation.resume(with: Result { try walked(choice, limits, depth: depth) })
            }.start()
        }
    }

    /// - Returns: How many states of the world were met.
    private static func walked(_ choice: Choice, _ limits: QueueLimits, depth: Int) throws -> Int {
        var seen: Set<QueueWorld> = []
        var frontier = [QueueWorld(limits: limits)]
        for _ in 0..<depth {
            var next: [QueueWorld] = []
            for world in frontier {
                for event in choice.events(world) {
                    var after = world
                    // Time goes on a little with each event.
                    after.now += 60
                    do {
                        try after.send(event)
                    } catch {
                        throw Fault(text: "\(error) after \(event) in \(world)")
                    }
                    if seen.insert(after).inserted { next.append(after) }
                }
            }
            frontier = next
        }
        for world in seen where !world.queue.isDraining {
            let end = try world.completed()
            guard end.recorded.values.allSatisfy(\.isFinal) else {
                throw Fault(text: "a job never ends from \(world)")
            }
        }
        return seen.count
    }

    @Test func `one worker, every way for it to end`() async throws {
        let choice = Choice(ends: [
            .succeeded, .failed(Self.user), .failed(Self.transient), .lost("l"), .interrupted,
            .died(.init(failureClass: .resource, message: "m")), .postponed("p"),
        ])
        #expect(try await Self.walk(choice, Self.limits, depth: 6) > 5_000)
    }

    @Test func `publishing and full disks`() async throws {
        let choice = Choice(
            ends: [.succeeded, .failed(Self.full)],
            publishEnds: [
                nil, Self.transient, Self.user, Self.full,
                .init(failureClass: .bug, message: "gone"),
            ])
        #expect(try await Self.walk(choice, Self.limits, depth: 6) > 5_000)
    }

    @Test func `people order this and that`() async throws {
        let choice = Choice(
            ends: [.succeeded, .failed(Self.full), .postponed("p")], hasOrders: true,
            hasDrain: false)
        #expect(try await Self.walk(choice, Self.limits, depth: 5) > 1_000)
    }

    @Test func `two workers, memory, and the lane`() async throws {
        var limits = Self.limits
        limits.slots = 2
        limits.laneSlots = 1
        limits.memoryBytes = 100
        let choice = Choice(
            plans: [
                "A": JobPlan(peakBytes: 60, seconds: 1_000),
                "B": JobPlan(peakBytes: 40, seconds: 1_000),
                "C": JobPlan(peakBytes: 30, seconds: 1), "D": JobPlan?.none,
            ], ids: ["A", "B", "C", "D"], hasDrain: false)
        #expect(try await Self.walk(choice, limits, depth: 5) > 5_000)
    }
}
