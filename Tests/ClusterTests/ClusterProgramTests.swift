// Programs that are replaced while units are in the queue: head and nodes get theirs one after the
// other, and what waits asks for the one before.

import Cluster
import Failures
import Jobs
import Testing

@Suite struct ClusterProgramTests {
    private let words = FailureWords(
        WorkerOutcome.Failure(failureClass: .user, message: "node n1 is 1.0, the daemon 1.1"))

    /// The present try's node has another program.
    private func refuse(_ unit: inout OneUnit, _ number: Int) {
        unit.send(.found(OneUnit.token(number), job: "J", .otherProgram(words)))
    }

    private func inherited(id: String?) -> OneUnit {
        OneUnit(record: UnitRecord(attempt: "A", number: 3, id: id))
    }

    @Test(arguments: ["3", nil])
    func `what an earlier daemon sent is sent again at once, for this one's program`(
        _ id: String?
    ) {
        var unit = inherited(id: id)
        refuse(&unit, 3)
        #expect(unit.sent.map(\.number) == [4] && unit.end == nil)
        unit.run()
        unit.send(.found(OneUnit.token(4), job: "J", .succeeded))
        // The queue shows nothing more of the tries before.
        unit.see([])
        #expect(unit.end == .succeeded)
    }

    @Test func `a real difference is waited for, and then the fault of people`() {
        var unit = inherited(id: "3")
        refuse(&unit, 3)
        let minutes = [1, 2, 5, 5, 5, 5, 5]
        for (count, wait) in minutes.enumerated() {
            unit.run()
            refuse(&unit, 4 + count)
            unit.pass(milliseconds: wait * 60_000 - 1)
            #expect(unit.sent.count == count + 1)
            unit.pass(milliseconds: 1)
            #expect(unit.sent.count == count + 2 && unit.end == nil)
        }
        #expect(unit.told.contains("unit `whole` is sent again in 5 min: \(words.message)"))
        unit.run()
        refuse(&unit, 4 + minutes.count)
        #expect(unit.failure == .unit(OneUnit.key, words))
        #expect(unit.failure?.failure(lines: "").message == words.message)
    }

    @Test func `a try that ran ends the row`() {
        var unit = OneUnit()
        for _ in 0..<3 {
            for _ in 0..<unit.limits.otherProgramMax - 1 {
                unit.run()
                refuse(&unit, unit.sent.count)
                unit.pass(milliseconds: 300_000)
            }
            unit.run()
            unit.send(
                .found(OneUnit.token(unit.sent.count), job: "J", .stopped(seconds: 1)))
        }
        #expect(unit.end == nil && unit.sent.count == 3 * unit.limits.otherProgramMax + 1)
    }

    @Test func `nothing is sent again for a job that ends`() {
        var unit = OneUnit()
        unit.run()
        unit.send(.cancelled(job: "J"))
        refuse(&unit, 1)
        #expect(unit.sent.count == 1 && unit.end == .cancelled)
    }

    @Test func `one that was told of late changes nothing`() {
        var unit = OneUnit()
        unit.run()
        unit.see([(1, .over(.nodeFailed))])
        refuse(&unit, 1)
        #expect(unit.sent.count == 2 && unit.end == nil)
    }
}
