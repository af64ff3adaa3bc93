// A process that puts and records without end is killed at moments of its own; the store it leaves
// is sound and holds everything that it was told is durable.

import DurableIO
import Glibc
import Store
import SystemPackage
import Testing

/// Tells the child where to write.
private let stateVariable = "LAYERFOLD_TEST_CHILD_STATE"

@Suite struct KilledWriterTests {
    @Test("what a killed writer had recorded is there, and nothing half-written")
    func killed() throws {
        let state = try TemporaryState()
        var generator = SeededGenerator(seed: 99)
        var recorded = 0
        for round in 0..<12 {
            let child = try ChildProcess.ofThisProgram(
                filter: "childWriter", environment: ["\(stateVariable)=\(state.path):\(recorded)"])
            // The child's first output may come from the test library.
            let steps = Int.random(in: 1...9, using: &generator)
            try #require(child.waitForMarks(steps), "the child ended early in round \(round)")
            child.kill()
            _ = child.wait()
            let store = try ContentStore(state: state.path)
            #expect(try files(below: store.layout.root.appending("tmp")).isEmpty)
            let report = try store.verify()
            #expect(report.findings == [], "round \(round)")
            while try store.lookup(key(recorded)).record != nil { recorded += 1 }
            #expect(
                report.actionCount == recorded, "records are written in order, none is missing")
        }
        #expect(recorded >= 12, "each round recorded something before its end")
    }

    @Test(
        "the child that is killed", .enabled(if: environmentValue(stateVariable) != nil, "a child"))
    func childWriter() throws {
        let value = try #require(environmentValue(stateVariable))
        let split = try #require(value.lastIndex(of: ":"))
        let state = FilePath(String(value[..<split]))
        var number = try #require(Int(value[value.index(after: split)...]))
        let store = try ContentStore(state: state)
        var generator = SeededGenerator(seed: UInt64(number))
        while true {
            // From a few bytes to some frames, as embeddings and activations are.
            let count = Int.random(in: 1...(number % 4 == 3 ? 2_000_000 : 3000), using: &generator)
            let object = try store.put(generator.floats(count), elementBytes: 4)
            _ = try store.record(
                key(number), outputs: [ActionOutput(role: "x", object)], seconds: 0, peakBytes: 0)
            number += 1
            _ = unsafe write(1, "\u{1}", 1)
        }
    }
}

extension ChildProcess {
    /// Waits until the child has marked `count` steps as done.
    fileprivate func waitForMarks(_ count: Int) -> Bool {
        var seen = 0
        while seen < count {
            guard let byte = nextByte() else { return false }
            if byte == 1 { seen += 1 }
        }
        return true
    }
}
