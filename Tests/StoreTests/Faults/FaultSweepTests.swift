// For every n: the n-th kernel call fails, or the process dies there. Afterwards the store opens,
// is sound, has no unfinished file, and finishes the work on the second try.

import DurableIO
import Store
import SystemPackage
import TestSupport
import Testing

@Suite struct FaultSweepTests {
    enum Kind: String, CaseIterable {
        case ioError, noSpace, death
        /// The call is repeated, and nobody notices.
        case interrupted
        case quota

        var fault: FaultPlan.Fault {
            switch self {
            case .ioError: .error(.ioError)
            case .noSpace: .error(.noSpace)
            case .death: .death
            case .interrupted: .error(.interrupted)
            case .quota: .error(.diskQuotaExceeded)
            }
        }

        static let chosen: [Kind] =
            FaultRounds.isFull ? allCases : [.ioError, .noSpace, .death, .interrupted]
    }

    /// Runs `body` once for each call it makes, with that call failing.
    ///
    /// Of the calls that make or list the 512 alike folders a sample is enough where nobody asked
    /// for all.
    /// - Returns: How many calls it makes.
    private func sweep(_ kind: Kind, _ body: (FaultPlan, Int) throws -> Void) throws -> Int {
        var number = 1
        var rounds = 0
        while true {
            let plan = FaultPlan(kind.fault, atCall: number)
            try body(plan, number)
            if !plan.hasFired {
                FaultRounds.tell(rounds: rounds)
                return number - 1
            }
            rounds += 1
            let shard = plan.trace[number - 1].path.lastComponent?.string.utf8.count == 2
            number += shard && !FaultRounds.isFull ? 61 : 1
        }
    }

    private func expectSound(_ state: FilePath, _ comment: Comment) throws {
        let store = try ContentStore(state: state)
        #expect(try files(below: store.layout.root.appending("tmp")).isEmpty, comment)
        let report = try store.verify()
        #expect(report.findings.filter(\.isFault) == [], comment)
    }

    @Test("putting and recording survive the failure of any call", arguments: Kind.chosen)
    func putAndRecord(kind: Kind) throws {
        let state = try TemporaryState(in: FaultRounds.memory)
        do { _ = try ContentStore(state: state.path) }
        var generator = SeededGenerator(seed: 1)
        let calls = try sweep(kind) { plan, number in
            let bytes = generator.floats(5000 + number)
            func work() throws {
                let store = try ContentStore(state: state.path)
                let object = try store.put(bytes, elementBytes: 4)
                _ = try store.record(
                    key(number), outputs: [ActionOutput(role: "x", object)], seconds: 0,
                    peakBytes: 0)
            }
            FaultPlan.$current.withValue(plan) {
                do {
                    try work()
                } catch {
                    #expect(error is StoreError, "call \(number)")
                    #expect(kind != .interrupted, "call \(number) is repeated")
                    let isFull = (error as? StoreError)?.isDiskFull ?? false
                    // Where a full disk is met on the way to what needs no room, it is no matter.
                    if kind == .noSpace || kind == .quota { #expect(isFull, "call \(number)") }
                }
            }
            try expectSound(state.path, "call \(number)")
            try work()
            let store = try ContentStore(state: state.path)
            #expect(try store.lookup(key(number)).record != nil, "call \(number)")
            #expect(try store.bytes(of: Digest(of: bytes)).value == bytes, "call \(number)")
        }
        #expect(calls > 40)
    }

    @Test("an object of several frames survives the failure of any call", arguments: Kind.chosen)
    func manyFrames(kind: Kind) throws {
        let state = try TemporaryState(in: FaultRounds.memory)
        do { _ = try ContentStore(state: state.path) }
        let bytes = [UInt8](repeating: 7, count: 26 << 20)
        let digest = Digest(of: bytes)
        _ = try sweep(kind) { plan, number in
            FaultPlan.$current.withValue(plan) {
                do {
                    _ = try ContentStore(state: state.path).put(bytes)
                } catch {
                    #expect(error is StoreError, "call \(number)")
                }
            }
            let store = try ContentStore(state: state.path)
            let object = store.layout.root.appending(objectName(digest))
            if try Syscalls.stat(object) != nil {
                #expect(try store.bytes(of: digest).value == bytes, "call \(number)")
                try Syscalls.unlink(object)
            }
        }
        try expectSound(state.path, "after all")
    }

    @Test("making a store survives the failure of any call", arguments: Kind.chosen)
    func making(kind: Kind) throws {
        let calls = try sweep(kind) { plan, number in
            let state = try TemporaryState(in: FaultRounds.memory)
            FaultPlan.$current.withValue(plan) {
                do {
                    _ = try ContentStore(state: state.path)
                } catch {
                    #expect(error is StoreError, "call \(number)")
                }
            }
            try expectSound(state.path, "call \(number)")
        }
        #expect(calls > 520)
    }

    @Test("looking up and reading survive the failure of any call", arguments: Kind.chosen)
    func reading(kind: Kind) throws {
        let state = try TemporaryState(in: FaultRounds.memory)
        let bytes = Array("the bytes of an object".utf8)
        func fill() throws {
            let store = try ContentStore(state: state.path)
            let object = try store.put(bytes)
            _ = try store.record(
                key(1), outputs: [ActionOutput(role: "x", object)], seconds: 0, peakBytes: 0)
        }
        let calls = try sweep(kind) { plan, number in
            try fill()
            FaultPlan.$current.withValue(plan) {
                do {
                    let store = try ContentStore(state: state.path)
                    if let record = try store.lookup(key(1)).record {
                        let fetched = try store.bytes(of: record.outputs[0].digest)
                        #expect(fetched.value == nil || fetched.value == bytes, "call \(number)")
                    }
                } catch {
                    #expect(error is StoreError, "call \(number)")
                }
            }
            try expectSound(state.path, "call \(number)")
        }
        #expect(calls > 15)
    }

    @Test("garbage collection can stop at any call", arguments: Kind.chosen)
    func collecting(kind: Kind) throws {
        let state = try TemporaryState(in: FaultRounds.memory)
        func fill() throws {
            let store = try ContentStore(state: state.path)
            let shared = try store.put([0])
            for number in 1...3 {
                let own = try store.put([UInt8(number)])
                _ = try store.record(
                    key(number),
                    outputs: [
                        ActionOutput(role: "own", own), ActionOutput(role: "shared", shared),
                    ], seconds: 0, peakBytes: 0)
            }
            _ = try store.put([99])
            try ageEverything(store)
        }
        var policy = CollectorPolicy()
        policy.graceSeconds = 0
        policy.limit = .bounds(CacheBounds(0))
        let calls = try sweep(kind) { plan, number in
            try fill()
            FaultPlan.$current.withValue(plan) {
                do {
                    _ = try ContentStore(state: state.path).collect(policy)
                } catch {
                    #expect(error is StoreError, "call \(number)")
                }
            }
            try expectSound(state.path, "call \(number)")
        }
        #expect(calls > 500, "it lists 512 folders and removes eight files")
        let store = try ContentStore(state: state.path)
        #expect(try store.objectDigests().isEmpty)
    }

    @Test("setting a damaged object aside can stop at any call", arguments: Kind.chosen)
    func quarantining(kind: Kind) throws {
        let state = try TemporaryState(in: FaultRounds.memory)
        let calls = try sweep(kind) { plan, number in
            let digest = try damaged(state.path)
            FaultPlan.$current.withValue(plan) {
                do {
                    let store = try ContentStore(state: state.path)
                    #expect(try store.bytes(of: digest).value == nil, "call \(number)")
                } catch {
                    #expect(error is StoreError, "call \(number)")
                }
            }
            // The damaged object may still be there, but whoever reads it gets a miss.
            let store = try ContentStore(state: state.path)
            #expect(try store.bytes(of: digest).value == nil, "call \(number)")
            try expectSound(state.path, "call \(number)")
        }
        #expect(calls > 250, "it lists the actions")
    }

    /// Puts and records an object and damages its body.
    private func damaged(_ state: FilePath) throws -> Digest {
        let store = try ContentStore(state: state)
        let object = try store.put([1, 2, 3])
        _ = try store.record(
            key(1), outputs: [ActionOutput(role: "x", object)], seconds: 0, peakBytes: 0)
        let path = store.layout.root.appending(objectName(object.digest))
        var bytes = try contents(path)
        bytes[12] ^= 0x10
        try overwrite(path, bytes)
        return object.digest
    }
}
