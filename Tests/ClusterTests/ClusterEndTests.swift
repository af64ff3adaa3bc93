// What follows when tries end, and when the queue says nothing of them.

import Cluster
import Failures
import Jobs
import Testing

@Suite struct ClusterEndTests {
    /// The first try's node fails, and a second try is sent.
    private func second(_ answer: SubmitAnswer?) -> OneUnit {
        var unit = OneUnit()
        unit.run()
        unit.see([(1, .over(.nodeFailed))])
        if let answer { unit.answer(2, answer) }
        return unit
    }

    // MARK: Tries that outlive the job's success

    @Test func `one try that is done ends its job at once`() {
        var unit = OneUnit()
        unit.run()
        unit.send(.found(OneUnit.token(1), job: "J", .succeeded))
        #expect(unit.end == .succeeded && unit.cancelled.isEmpty)
    }

    @Test(arguments: [QueueWord.pending, .running])
    func `a second try is out of the queue before the job is done`(_ word: QueueWord) {
        var unit = second(.sent(id: "2"))
        unit.see([(2, word)])
        unit.send(.found(OneUnit.token(1), job: "J", .succeeded))
        #expect(unit.cancelled == ["2"] && unit.end == nil)
        // The queue takes its time, and is asked again.
        unit.see([(2, word)])
        #expect(unit.cancelled == ["2", "2"] && unit.end == nil)
        unit.see([(2, .over(.cancelled))])
        #expect(unit.end == .succeeded)
    }

    @Test func `one of which nobody knows whether it was sent is looked for`() {
        var unit = second(.unknown("timed out"))
        unit.send(.found(OneUnit.token(1), job: "J", .succeeded))
        unit.see([])
        #expect(unit.end == nil, "it may come late")
        unit.now += unit.limits.pollMilliseconds
        unit.see([(2, .running)])
        #expect(unit.cancelled == ["2"] && unit.end == nil)
        unit.see([(2, .over(.cancelled))])
        #expect(unit.end == .succeeded)
    }

    @Test func `one that never was there is not waited for without end`() {
        var unit = second(.unknown("timed out"))
        unit.send(.found(OneUnit.token(1), job: "J", .succeeded))
        for _ in 0..<3 {
            unit.see([])
            unit.now += unit.limits.pollMilliseconds
        }
        #expect(unit.end == .succeeded)
    }

    @Test func `one that is just being sent is cancelled by its answer`() {
        var unit = second(nil)
        unit.send(.found(OneUnit.token(1), job: "J", .succeeded))
        unit.see([])
        #expect(unit.end == nil)
        unit.answer(2, .sent(id: "2"))
        #expect(unit.cancelled == ["2"])
        unit.see([(2, .over(.cancelled))])
        #expect(unit.end == .succeeded)
    }

    @Test func `one that has just written its file is left to end`() {
        var unit = second(.sent(id: "2"))
        unit.send(.found(OneUnit.token(2), job: "J", .succeeded))
        unit.see([(1, .over(.nodeFailed)), (2, .running)])
        #expect(unit.cancelled.isEmpty && unit.end == .succeeded)
    }

    // MARK: Jobs that end

    @Test func `all that is shown of a job that ends is cancelled by one command`() {
        let ids = (1...52).map { "\($0)" }
        func token(_ id: String) -> UnitToken {
            UnitToken(attempt: "A", unit: "m\(id)", number: 1)
        }
        var state = ClusterState()
        func cancels(_ event: ClusterEvent) -> [[String]] {
            state.handle(event, now: 1_000).compactMap { action in
                if case .cancel(let ids) = action { ids } else { nil }
            }
        }
        let starts = ids.map { (id: String) in
            UnitStart(
                name: "m\(id)", needs: [], memorySteps: 0, times: TimeLadder(),
                record: UnitRecord(attempt: "A", number: 1, id: id))
        }
        #expect(cancels(.began(job: "J", attempt: "A", starts)).isEmpty)
        #expect(cancels(.cancelled(job: "J")).map { Set($0) } == [Set(ids)])
        // Some are on their way out, and nobody else is told to go twice in one breath.
        let sightings = ids.map { id in
            Sighting(
                id: id, token: "\(token(id))",
                word: ["7", "9"].contains(id)
                    ? .moving("COMPLETING") : Int(id) == 1 ? .pending : .running, reason: "")
        }
        let shown = cancels(.polled(sightings, askedAt: 1_000))
        #expect(shown.count == 1)
        #expect(shown.first?.count == 50)
        #expect(Set(shown.joined()) == Set(ids).subtracting(["7", "9"]))
    }

    @Test func `one that ends its job while the queue is read is named once`() {
        var state = ClusterState()
        let ids: [String] = ["1", "2"]
        let starts = ids.map { (id: String) in
            UnitStart(
                name: "m\(id)", needs: [], memorySteps: 0, times: TimeLadder(),
                record: UnitRecord(attempt: "A", number: 1, id: id))
        }
        _ = state.handle(.began(job: "J", attempt: "A", starts), now: 1_000)
        let sightings = ids.map { id in
            Sighting(
                id: id, token: "layerfold-A-m\(id)-1", word: .pending,
                reason: id == "1" ? "PartitionTimeLimit" : "")
        }
        let cancelled = state.handle(.polled(sightings, askedAt: 1_000), now: 1_000).flatMap {
            action in if case .cancel(let ids) = action { ids } else { [String]() }
        }
        #expect(cancelled == ["1", "2"])
    }

    // MARK: Files that come late

    @Test(arguments: [QueueEnd.cancelled, .outOfMemory, .completed, .failed, .timeout])
    func `an attempt file counts before the queue's word, also where it comes late`(
        _ end: QueueEnd
    ) {
        var unit = OneUnit(memorySteps: 1)
        unit.run()
        unit.see([(1, .over(end))])
        unit.now += unit.limits.fileMilliseconds - 1
        unit.see([(1, .over(end))])
        #expect(unit.sent.count == 1 && unit.end == nil)
        unit.send(.found(OneUnit.token(1), job: "J", .succeeded))
        #expect(unit.end == .succeeded)
    }

    @Test func `who was told to go, and says so late, is tried again`() {
        var unit = OneUnit()
        unit.run()
        unit.see([(1, .over(.cancelled))])
        unit.send(.found(OneUnit.token(1), job: "J", .stopped(seconds: 1)))
        #expect(unit.sent.count == 2 && unit.end == nil)
    }

    @Test func `a file that does not come is not waited for without end`() {
        for end in [QueueEnd.cancelled, .outOfMemory] {
            var unit = OneUnit()
            unit.run()
            unit.see([(1, .over(end))])
            unit.now += unit.limits.fileMilliseconds
            unit.see([(1, .over(end))])
            #expect(
                unit.failure
                    == (end == .cancelled
                        ? .cancelledInQueue(OneUnit.key, "cancelled") : .memory(OneUnit.key)))
        }
        var unit = OneUnit(memorySteps: 1)
        unit.run()
        unit.see([(1, .over(.outOfMemory))])
        unit.now += unit.limits.fileMilliseconds
        unit.see([(1, .over(.outOfMemory))])
        #expect(unit.sent.map(\.counts.memorySteps) == [0, 1])
    }

    // MARK: Sendings that lead to nothing

    /// The present try is not shown for so long that it counts as not sent.
    private func loseSending(_ unit: inout OneUnit) {
        unit.answer(unit.sent.last?.number ?? 0, .unknown("Socket timed out"))
        for _ in 0..<3 {
            unit.now += 30_000
            unit.see([])
        }
    }

    @Test func `what never comes into the queue is sent five times, later each time`() {
        var unit = OneUnit()
        for (count, delay) in [60_000, 120_000, 300_000, 300_000].enumerated() {
            loseSending(&unit)
            unit.pass(milliseconds: delay - 1)
            #expect(unit.sent.count == count + 1)
            unit.pass(milliseconds: 1)
            #expect(unit.sent.count == count + 2)
        }
        loseSending(&unit)
        #expect(unit.failure == .unsent(OneUnit.key, times: 5, "Socket timed out"))
        let words = unit.failure?.failure(lines: "")
        #expect(words?.failureClass == .transient)
        #expect(words?.message.contains("Socket timed out") == true)
    }

    @Test func `one that was there ends the row`() {
        var unit = OneUnit()
        for _ in 0..<3 {
            for _ in 0..<4 {
                loseSending(&unit)
                unit.pass(milliseconds: 300_000)
            }
            unit.run()
            unit.see([(unit.sent.count, .over(.nodeFailed))])
        }
        #expect(unit.end == nil && unit.sent.count == 16)
    }
}
