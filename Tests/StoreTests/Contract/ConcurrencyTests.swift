// Several writers and a collector on one store at the same time, as worker, worker and daemon are.

import Dispatch
import DurableIO
import Store
import Synchronization
import SystemPackage
import Testing

@Suite struct ConcurrencyTests {
    @Test("two stores that put and record the same things agree")
    func sameObjects() throws {
        let state = try TemporaryState()
        let path = state.path
        let failures = Mutex<[String]>([])
        DispatchQueue.concurrentPerform(iterations: 4) { _ in
            do {
                let store = try ContentStore(state: path)
                var generator = SeededGenerator(seed: 1)
                for number in 0..<25 {
                    let object = try store.put(generator.floats(3000), elementBytes: 4)
                    let outcome = try store.record(
                        key(number), outputs: [ActionOutput(role: "x", object)], seconds: 1,
                        peakBytes: 1)
                    if case .conflict = outcome { failures.withLock { $0.append("conflict") } }
                    if try store.lookup(key(number)).record == nil {
                        failures.withLock { $0.append("step \(number) is lost") }
                    }
                }
            } catch {
                failures.withLock { $0.append("\(error)") }
            }
        }
        #expect(failures.withLock { $0 } == [])
        let store = try ContentStore(state: path)
        let report = try store.verify()
        #expect(report.findings == [])
        #expect(report.objectCount == 25)
        #expect(report.actionCount == 25)
        #expect(try files(below: store.layout.root.appending("tmp")).isEmpty)
    }

    @Test("no step ever names an object that the collector took")
    func collectorBeside() throws {
        let state = try TemporaryState()
        let path = state.path
        let failures = Mutex<[String]>([])
        let isDone = Atomic(false)
        DispatchQueue.concurrentPerform(iterations: 3) { index in
            do {
                let store = try ContentStore(state: path)
                if index == 0 {
                    var policy = CollectorPolicy()
                    policy.graceSeconds = 0
                    policy.limit = .bounds(CacheBounds(0))
                    while !isDone.load(ordering: .relaxed) { _ = try store.collect(policy) }
                    return
                }
                defer { isDone.store(true, ordering: .relaxed) }
                for number in 0..<60 {
                    let object = try store.put([UInt8(number % 7)])
                    do {
                        _ = try store.record(
                            key(number % 5), outputs: [ActionOutput(role: "x", object)],
                            seconds: 0, peakBytes: 0)
                    } catch StoreError.outputMissing {
                        // Without grace the collector may take an object before it is named: that
                        // is told, and never leaves a dangling step.
                    }
                    let report = try store.verify()
                    if !report.isSound { failures.withLock { $0.append("\(report.findings)") } }
                }
            } catch {
                isDone.store(true, ordering: .relaxed)
                failures.withLock { $0.append("\(error)") }
            }
        }
        #expect(failures.withLock { $0 } == [])
    }
}
