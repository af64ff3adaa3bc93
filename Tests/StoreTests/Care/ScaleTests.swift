// Figures of a store with many objects. Not for every day: LAYERFOLD_SCALE_OBJECTS=100000.

import DurableIO
import SystemPackage
import TestSupport
import Testing

@testable import Store

private let objectCount = environmentValue("LAYERFOLD_SCALE_OBJECTS").flatMap { Int($0) }

@Suite(.enabled(if: objectCount != nil, "set LAYERFOLD_SCALE_OBJECTS to a number"))
struct ScaleTests {
    @Test("ready in 2 s, rebuilt in 60 s, verified in parts, collected in time")
    func manyObjects() throws {
        let count = try #require(objectCount)
        let state = try TemporaryState(
            in: environmentValue("LAYERFOLD_SCALE_FOLDER") ?? FaultRounds.memory)
        var figures = "\(count) objects:"
        func time(_ what: String, _ body: () throws -> Void) throws -> Double {
            let start = ContinuousClock.now
            try body()
            let (seconds, rest) = (ContinuousClock.now - start).components
            let time = Double(seconds) + Double(rest) * 1e-18
            figures += " \(what) \((time * 100).rounded() / 100) s,"
            return time
        }
        _ = try time("filled in") { try fill(state.path, count) }
        let store = try ContentStore(state: state.path)
        let path = store.layout.index
        #expect(try time("rebuilt in") { _ = try StoreIndex.rebuild(store) } < 60)
        let ready = try time("ready in") {
            _ = try ContentStore(state: state.path)
            _ = try IndexDatabase(path: path)
        }
        #expect(ready < 2)
        do {
            let index = StoreIndex(store: store, database: try IndexDatabase(path: path))
            _ = try time("imported again in") {
                let isEmpty = try index.importActions().isEmpty
                #expect(isEmpty)
            }
        }
        // Interrupted at the middle, and gone on.
        let checkpoints = count / 2000
        let plan = FaultPlan(.death, atCall: checkpoints, among: [.rename])
        _ = try time("half verified in") {
            #expect(throws: StoreError.self) {
                try FaultPlan.$current.withValue(plan) { try store.scrub(ScrubPolicy()) }
            }
        }
        var policy = ScrubPolicy()
        policy.isResuming = true
        var total = 0
        _ = try time("the rest in") {
            let report = try store.scrub(policy) { total = $0.total }
            #expect(report.isSound)
            #expect(report.objectCount == count)
        }
        #expect(total == count - 1000 * (checkpoints - 1))
        var collection = CollectorPolicy()
        collection.isDryRun = true
        collection.graceSeconds = 0
        collection.limit = .bounds(CacheBounds(0))
        _ = try time("chosen for collection in") {
            let chosen = try store.collect(collection).objects.count
            #expect(chosen == count)
        }
        FaultRounds.note(figures)
        FaultRounds.tell(rounds: count)
    }

    /// Steps of ten objects each.
    private func fill(_ state: FilePath, _ count: Int) throws {
        let store = try ContentStore(state: state, packingThreads: 0)
        var outputs: [ActionOutput] = []
        for number in 0..<count {
            let object = try store.put(Array("object \(number)".utf8))
            outputs.append(ActionOutput(role: "\(number % 10)", object))
            if outputs.count == 10 || number == count - 1 {
                _ = try store.record(key(number), outputs: outputs, seconds: 1, peakBytes: 0)
                outputs = []
            }
        }
    }
}
