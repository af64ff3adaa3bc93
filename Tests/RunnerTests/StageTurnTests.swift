// Jobs that need the same stage at the same time: one computes, the others wait and find it.

import Dispatch
import DurableIO
import Foundation
import JSON
import Jobs
import Model
import Report
import Store
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import Runner

@Suite(.timeLimit(.minutes(2))) struct StageTurnTests {
    private let folder: TemporaryFolder
    private var state: FilePath { FilePath(folder.path + "/state") }
    private var temporary: FilePath { state.appending("store/tmp") }

    init() throws { folder = try TemporaryFolder() }

    private struct Slow: Stage {
        var name = "slow"
        let inputs: StageInputs = []
        let params: KeyJSON = ["a": .integer(1)]
        let detail = ""
        let work = Work.none
        let body: @Sendable (StageCache) throws -> Void

        func compute(_ outputs: inout StageOutputs, _ cache: StageCache) throws {
            try body(cache)
            try outputs.put("x", [1])
        }
        func decode(_ stored: StageResult) throws -> [UInt8] { try stored.bytes("x") }
        func assumed(_ unknown: StageResult) throws -> [UInt8] { [] }
    }

    private static func isWord(of line: ProgressLine) -> Bool {
        if case .note(let text) = line { text.contains("another job computes this") } else { false }
    }

    @Test func `what another job computes is waited for, told of once, and found`() throws {
        let (first, second) = (try ContentStore(state: state), try ContentStore(state: state))
        let (inside, open) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let computed = Mutex(0)
        Thread.detachNewThread {
            let progress = ProgressReporter(listener: { _ in }, stop: {})
            _ = try? StageCache(store: first, progress: progress).run(
                Slow { _ in
                    computed.withLock { $0 += 1 }
                    inside.signal()
                    open.wait()
                })
        }
        inside.wait()
        var words = 0
        let progress = ProgressReporter(
            listener: { line in
                guard Self.isWord(of: line) else { return }
                words += 1
                open.signal()
            }, stop: {})
        let cache = StageCache(store: second, progress: progress)
        let value = try cache.run(Slow { _ in computed.withLock { $0 += 1 } })
        #expect(value == [1] && computed.withLock(\.self) == 1 && words == 1)
        #expect(cache.records.map(\.cache) == [.hit])
    }

    @Test func `where the first job fails, the second computes`() throws {
        struct Fault: Error {}
        let (first, second) = (try ContentStore(state: state), try ContentStore(state: state))
        let (inside, open) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        Thread.detachNewThread {
            let progress = ProgressReporter(listener: { _ in }, stop: {})
            _ = try? StageCache(store: first, progress: progress).run(
                Slow { _ in
                    inside.signal()
                    open.wait()
                    throw Fault()
                })
        }
        inside.wait()
        let progress = ProgressReporter(
            listener: { if Self.isWord(of: $0) { open.signal() } }, stop: {})
        let cache = StageCache(store: second, progress: progress)
        #expect(try cache.run(Slow { _ in }) == [1])
        #expect(cache.records.map(\.cache) == [.miss])
    }

    @Test func `a job that waits ends at once when it is told to`() throws {
        let (first, second) = (try ContentStore(state: state), try ContentStore(state: state))
        let stage = Slow { _ in Issue.record("computed, and another has the turn") }
        let turn = try first.turn(at: stage.key)
        withExtendedLifetime(turn) {
            var isTold = false
            let progress = ProgressReporter(
                listener: { isTold = isTold || Self.isWord(of: $0) },
                stop: { if isTold { throw JobStopped() } })
            #expect(throws: JobStopped.self) {
                try StageCache(store: second, progress: progress).run(stage)
            }
        }
    }

    @Test func `what runs at a cluster waits for no turn, and keeps none from others`() throws {
        let (first, second) = (try ContentStore(state: state), try ContentStore(state: state))
        let progress = ProgressReporter(
            listener: { #expect(!Self.isWord(of: $0)) }, stop: {})
        let turn = try first.turn(at: Slow { _ in }.key)
        let cache = StageCache(store: second, progress: progress, takesTurns: false)
        let found = try withExtendedLifetime(turn) { try cache.run(Slow { _ in }) }
        #expect(found == [1])
        let other = Slow(name: "other") { cache in
            guard case .mine = try first.turn(at: Slow(name: "other") { _ in }.key) else {
                Issue.record("a unit has the turn")
                return
            }
        }
        #expect(try cache.run(other) == [1])
    }

    @Test func `a stage within a stage asks for no second turn, so that none wait for each other`()
        throws
    {
        let (first, second) = (try ContentStore(state: state), try ContentStore(state: state))
        let inner = Slow(name: "inner") { _ in }
        let turn = try first.turn(at: inner.key)
        try withExtendedLifetime(turn) {
            let progress = ProgressReporter(listener: { _ in }, stop: {})
            let cache = StageCache(store: second, progress: progress)
            let value = try cache.run(
                Slow { cache in _ = try cache.run(Slow(name: "inner") { _ in }) })
            #expect(value == [1] && cache.records.map(\.name) == ["inner", "slow"])
        }
        // And the turn at the outer one was given back.
        guard case .mine = try first.turn(at: Slow { _ in }.key) else {
            Issue.record("somebody kept it")
            return
        }
    }

    @Test func `a turn outlives a store that is opened, and goes with its owner`() throws {
        let store = try ContentStore(state: state)
        let key = Slow { _ in }.key
        func isFree(for store: ContentStore) throws -> Bool {
            if case .mine = try store.turn(at: key) { true } else { false }
        }
        func whileTaken() throws {
            let turn = try store.turn(at: key)
            try withExtendedLifetime(turn) {
                let other = try ContentStore(state: state)
                #expect(other.removedTemporaries.isEmpty)
                #expect(try !isFree(for: other) && !isFree(for: store))
            }
        }
        try whileTaken()
        let dead = temporary.appending("turn-\(key.digest.hex)")
        try Syscalls.makeFolders(dead)
        #expect(try isFree(for: store), "what the dead leave is in nobody's way")
        #expect(try Syscalls.stat(dead) == nil, "and what is given back is gone")
    }

    @Test func `unfinished files are renewed as long as their process lives, now and then`() throws
    {
        let store = try ContentStore(state: state)
        let own = try #require(
            try FileManager.default.contentsOfDirectory(atPath: temporary.string).first)
        let path = temporary.appending(own)
        func time() throws -> Int64 { try #require(try Syscalls.stat(path)).modifiedNanoseconds }
        let old: Int64 = 1_000_000_000
        try Syscalls.setModified(path, seconds: 1)
        let over = DispatchSemaphore(value: 0)
        let renew: @Sendable (ContentStore) throws -> Void = {
            defer { over.signal() }
            try $0.renewTemporaries()
        }
        let rare = ScratchUpkeep(renew: renew)
        let often = ScratchUpkeep(every: .zero, renew: renew)
        for upkeep in [rare, often] { upkeep.follow(store) }
        rare.beat()
        often.beat()
        #expect(over.wait(timeout: .now() + 60) == .success)
        #expect(try time() > old)
        #expect(over.wait(timeout: .now()) == .timedOut, "the rare one's time has not come")
        withExtendedLifetime(store) {}
    }

    @Test func `a store that hangs holds up no beat, and is asked by one thread at a time`() throws
    {
        let store = try ContentStore(state: state)
        let (begun, gate) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let over = DispatchSemaphore(value: 0)
        let renewals = Mutex(0)
        let upkeep = ScratchUpkeep(every: .zero) { _ in
            renewals.withLock { $0 += 1 }
            begun.signal()
            // Ends by itself some time, so that a beat that waits fails the test and not its run.
            _ = gate.wait(timeout: .now() + 20)
            over.signal()
        }
        upkeep.follow(store)
        for _ in 0..<3 { upkeep.beat() }
        #expect(over.wait(timeout: .now()) == .timedOut, "a beat waited")
        #expect(begun.wait(timeout: .now() + 60) == .success)
        // A job that begins again brings another store, and no second thread.
        upkeep.follow(store)
        upkeep.beat()
        gate.signal()
        #expect(over.wait(timeout: .now() + 60) == .success)
        // The next has its turn soon after the first is back.
        var isNext = false
        for _ in 0..<6_000 where !isNext {
            upkeep.beat()
            isNext = begun.wait(timeout: .now() + 0.01) == .success
        }
        gate.signal()
        #expect(isNext && over.wait(timeout: .now() + 60) == .success)
        #expect(renewals.withLock { $0 } == 2, "more than one at a time")
        withExtendedLifetime(store) {}
    }
}
