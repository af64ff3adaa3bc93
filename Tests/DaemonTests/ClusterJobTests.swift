// Jobs at a cluster, from the manifest to the published results, with a queue that lies and daemons
// that come and go. What a daemon that dies at any step does is walked through in ClusterTests.

import Client
import Daemon
import DurableIO
import Foundation
import Jobs
import Store
import SystemPackage
import Testing

@Suite(.serialized) struct ClusterJobTests {
    private func isAt(_ daemon: TestDaemon, _ id: String, _ state: JobState) -> Bool {
        (try? daemon.client.job(id).summary.state) == state
    }

    /// Runs a job of this name to this state, and says what was run for it.
    private func run(
        _ name: String, lies: [String] = [], to state: JobState = .done,
        _ check: (TestDaemon, FakeSlurm, String) throws -> Void
    ) async throws {
        let slurm = try FakeSlurm()
        try await withDaemon(configure: slurm.configure) { daemon, clock in
            for lie in lies { try slurm.say(lie) }
            let id = try daemon.client.submit(manifest: clusterManifest(name), name: "x").id
            await pass(clock) { isAt(daemon, id, state) }
            try check(daemon, slurm, id)
        }
    }

    private static let each = ["m1-1", "m2-1", "shared-1", "whole-1"]

    @Test func `a job is cut, computed elsewhere, and published here`() async throws {
        try await run("ok-c") { daemon, slurm, _ in
            #expect(slurm.units.sorted() == Self.each)
            #expect(slurm.units.first == "shared-1" && slurm.units.last == "whole-1")
            #expect(daemon.results(of: "ok-c").count == 1)
        }
    }

    @Test func `a job whose folders no rename moves exclusively is published as well`()
        async throws
    {
        // As on NFS, where a state folder of a cluster lies.
        let plan = FaultPlan(hasExclusiveRenames: false)
        try await FaultPlan.$current.withValue(plan) {
            try await run("ok-x") { daemon, slurm, id in
                #expect(slurm.units.sorted() == Self.each)
                #expect(daemon.results(of: "ok-x").count == 1)
                let job = try? daemon.client.job(id)
                #expect(job != nil && job?.summary.failure == nil)
            }
        }
        // What the try wrote is taken, and then published.
        #expect(plan.refusedRenames >= 2)
    }

    @Test(arguments: [
        ["lost-answer"], ["empty-list"], ["failing-list"], ["lost-answer", "empty-list"],
    ])
    func `a queue that lies makes nothing run twice`(_ lies: [String]) async throws {
        try await run("ok-l", lies: lies) { _, slurm, _ in
            #expect(slurm.units.sorted() == Self.each)
        }
    }

    @Test(arguments: ["node", "lost", "stop"])
    func `a unit that ended too early goes on in another try`(_ how: String) async throws {
        try await run("\(how)-u") { _, slurm, _ in
            #expect(slurm.units.sorted() == ["m1-1", "m1-2"] + Self.each.dropFirst())
        }
    }

    @Test func `a unit that failed says why the job did`() async throws {
        try await run("user-u", to: .failed) { daemon, slurm, id in
            let detail = try daemon.client.job(id)
            #expect(detail.summary.failure?.message == "no such thing")
            #expect(!slurm.units.contains("whole-1"))
        }
    }

    @Test(arguments: ["ok-s", "hang-s"])
    func `an owner's share is charged with what her units ran, not with what they waited`(
        _ name: String
    ) async throws {
        let slurm = try FakeSlurm()
        let bench = try await QueueBench(TestDaemon(), ManualClock(), slurm.configure)
        let id = try await bench.submit(name, manifest: clusterManifest(name))
        if name.hasPrefix("hang") {
            await pass(bench.clock) { slurm.units.contains("m1-1") }
            bench.clock.advance(milliseconds: 3_600_000)
            _ = try await bench.queue.cancel(id, by: Caller(user: 1, isAdmin: false))
            try await bench.wait(for: id, .cancelled, step: 5_000)
            // The second model may be done, too.
            let used = try #require(try bench.index.usage().first)
            #expect((0.9...2.1).contains(used.seconds), "\(used)")
        } else {
            try await bench.wait(for: id, .done, step: 5_000)
            let used = try #require(try bench.index.usage().first)
            #expect(abs(used.seconds - 4) < 0.01, "\(used)")
        }
        await bench.stop()
    }

    @Test func `a cancelled job is taken out of the queue`() async throws {
        let slurm = try FakeSlurm()
        try await withDaemon(configure: slurm.configure) { daemon, clock in
            let id = try daemon.client.submit(manifest: clusterManifest("hang-c"), name: "x").id
            await pass(clock) { slurm.units.contains("m1-1") }
            _ = try daemon.client.cancel(id)
            await pass(clock) { isAt(daemon, id, .cancelled) }
            #expect(!slurm.states.values.contains("RUNNING"))
        }
    }

    @Test func `what was cancelled while the daemon stopped is no part of the retry`() async throws
    {
        let slurm = try FakeSlurm()
        let folder = try TestFolder()
        let state = folder.file("state")
        var id = ""
        try await withDaemon(state: state, configure: slurm.configure) { daemon, clock in
            id = try daemon.client.submit(manifest: clusterManifest("gate-r"), name: "x").id
            await pass(clock) { slurm.units.contains("m1-1") }
            // The queue is not asked again before the daemon ends.
            _ = try daemon.client.cancel(id)
        }
        try await withDaemon(state: state, configure: slurm.configure) { daemon, clock in
            await pass(clock) { isAt(daemon, id, .cancelled) }
            #expect(!slurm.states.values.contains("RUNNING"))
            let before = slurm.tokens
            try slurm.say("open")
            _ = try daemon.client.retry(id)
            await pass(clock) { isAt(daemon, id, .done) }
            // All of it under names of its own, from the first unit on.
            #expect(slurm.units.dropFirst(before.count).sorted() == Self.each)
            #expect(Set(slurm.tokens).count == slurm.tokens.count)
        }
    }

    @Test func `a job that only waits is taken out of the queue as well`() async throws {
        let slurm = try FakeSlurm()
        let folder = try TestFolder()
        let state = folder.file("state")
        var id = ""
        try await withDaemon(state: state, configure: slurm.configure) { daemon, clock in
            id = try daemon.client.submit(manifest: clusterManifest("gate-w"), name: "x").id
            await pass(clock) { slurm.units.contains("m1-1") }
        }
        // The next daemon makes the index anew, and there the job was never started.
        // SQLite's own files go when the last connection is let go, a moment later.
        #expect(await eventually { !TestFolder.exists(state.appending("db/index.sqlite-wal")) })
        try FileManager.default.removeItem(atPath: state.appending("db").string)
        try await withDaemon(
            state: state,
            configure: { configuration in
                slurm.configure(&configuration)
                configuration.limits.clusterSlots = 0
            },
            { daemon, clock in
                #expect(isAt(daemon, id, .queued))
                _ = try daemon.client.cancel(id)
                await pass(clock) { isAt(daemon, id, .cancelled) }
                #expect(!slurm.states.values.contains("RUNNING"))
                let units = daemon.state.appending("jobs/\(id)/units")
                #expect(!TestFolder.exists(units.appending("plan.json")))
            })
    }

    /// Sends a job whose unit does not end, and stops the daemon.
    private func leave(_ name: String, in state: FilePath, at slurm: FakeSlurm) async throws
        -> String
    {
        var id = ""
        try await withDaemon(state: state, configure: slurm.configure) { daemon, clock in
            id = try daemon.client.submit(manifest: clusterManifest(name), name: "x").id
            await pass(clock) { slurm.units.contains("m1-1") }
        }
        return id
    }

    /// Lets four pauses pass, in which it stays so.
    private func stays(_ clock: ManualClock, _ isSo: () -> Bool) async {
        let end = clock.now + 120_000
        await pass(clock) { clock.now >= end || !isSo() }
        #expect(isSo())
    }

    @Test func `what is cancelled while the settings have no cluster waits for it`() async throws {
        let slurm = try FakeSlurm()
        let folder = try TestFolder()
        let state = folder.file("state")
        let id = try await leave("hang-n", in: state, at: slurm)
        let units = state.appending("jobs/\(id)/units")
        try await withDaemon(
            state: state,
            configure: { configuration in
                slurm.configure(&configuration)
                configuration.cluster = nil
            },
            { daemon, clock in
                _ = try daemon.client.cancel(id)
                await pass(clock) { TestFolder.exists(units.appending("cancelled")) }
                await stays(clock) { isAt(daemon, id, .cancelling) }
                #expect(slurm.states.values.contains("RUNNING"))
            })
        try await withDaemon(state: state, configure: slurm.configure) { daemon, clock in
            await pass(clock) { isAt(daemon, id, .cancelled) }
            #expect(!slurm.states.values.contains("RUNNING"))
            #expect(!TestFolder.exists(units.appending("plan.json")))
        }
    }

    @Test func `what is cancelled while its plan cannot be read waits until it can`() async throws {
        let slurm = try FakeSlurm()
        let folder = try TestFolder()
        let state = folder.file("state")
        let id = try await leave("hang-p", in: state, at: slurm)
        let units = state.appending("jobs/\(id)/units")
        // A link has its name: it is there, and is not read.
        let (plan, kept) = (units.appending("plan.json"), units.appending("kept"))
        try FileManager.default.moveItem(atPath: plan.string, toPath: kept.string)
        try FileManager.default.createSymbolicLink(
            atPath: plan.string, withDestinationPath: kept.string)
        try await withDaemon(state: state, configure: slurm.configure) { daemon, clock in
            _ = try daemon.client.cancel(id)
            await pass(clock) { TestFolder.exists(units.appending("cancelled")) }
            await stays(clock) { isAt(daemon, id, .cancelling) }
            #expect(slurm.states.values.contains("RUNNING"))
            // At once: without a plan nothing would be looked for.
            try Syscalls.rename(kept, to: plan)
            await pass(clock) { isAt(daemon, id, .cancelled) }
            #expect(!slurm.states.values.contains("RUNNING"))
        }
    }

    @Test func `what a finished job has in the queue is taken out at the next start`() async throws
    {
        let slurm = try FakeSlurm()
        let folder = try TestFolder()
        let state = folder.file("state")
        let id = try await leave("hang-o", in: state, at: slurm)
        try await withDaemon(
            state: state,
            configure: { configuration in
                slurm.configure(&configuration)
                configuration.cluster = nil
                configuration.limits.transientDelaysMilliseconds = []
            },
            { daemon, clock in await pass(clock) { isAt(daemon, id, .failed) } })
        #expect(slurm.states.values.contains("RUNNING"))
        try await withDaemon(state: state, configure: slurm.configure) { daemon, clock in
            await pass(clock) { !slurm.states.values.contains("RUNNING") }
            let plan = state.appending("jobs/\(id)/units/plan.json")
            await pass(clock) { !TestFolder.exists(plan) }
            #expect(isAt(daemon, id, .failed))
        }
    }

    @Test func `a forecast for the cluster ends with the daemon`() async throws {
        let slurm = try FakeSlurm()
        try await withDaemon(configure: slurm.configure) { daemon, _ in
            for name in ["plan-hang-1", "plan-hang-2"] {
                _ = try daemon.client.submit(manifest: clusterManifest(name), name: "x")
            }
            #expect(await eventually { slurm.planner != nil })
        }
        let planner = try #require(slurm.planner)
        // It was killed; that it is gone is the kernel's to do.
        #expect(await eventually { !TestDaemon.isAlive(planner) })
        #expect(slurm.tokens.isEmpty)
    }

    @Test func `the next daemon goes on with what is at the cluster`() async throws {
        let slurm = try FakeSlurm()
        let folder = try TestFolder()
        let state = folder.file("state")
        var id = ""
        try await withDaemon(state: state, configure: slurm.configure) { daemon, clock in
            id = try daemon.client.submit(manifest: clusterManifest("gate-c"), name: "x").id
            await pass(clock) { slurm.units.contains("m1-1") }
        }
        try slurm.say("open")
        try await withDaemon(state: state, configure: slurm.configure) { daemon, clock in
            await pass(clock) { isAt(daemon, id, .done) }
            #expect(slurm.units.sorted() == Self.each)
            let attempts = try daemon.client.job(id).attempts
            #expect(attempts.count == 1)
        }
    }

    @Test func `a program that is replaced while units wait costs tries, and not the job`()
        async throws
    {
        let slurm = try FakeSlurm()
        let folder = try TestFolder()
        let state = folder.file("state")
        let id = try await leave("other-p", in: state, at: slurm)
        try slurm.say("open")
        // One try asks for the earlier daemon's program; the next meets a node that is late.
        try await withDaemon(state: state, configure: slurm.configure) { daemon, clock in
            await pass(clock) { isAt(daemon, id, .done) }
            #expect(slurm.units.sorted() == ["m1-1", "m1-2", "m1-3"] + Self.each.dropFirst())
            let attempts = try daemon.client.job(id).attempts
            #expect(attempts.count == 1)
        }
    }

    @Test func `jobs of the cluster take no slot of this machine`() async throws {
        let slurm = try FakeSlurm()
        try await withDaemon(
            configure: { configuration in
                slurm.configure(&configuration)
                configuration.limits.slots = 1
            },
            { daemon, clock in
                let ids = try ["gate-1", "gate-2"].map {
                    try daemon.client.submit(manifest: clusterManifest($0), name: "x").id
                }
                await pass(clock) { slurm.units.count { $0 == "m1-1" } == 2 }
                for id in ids { #expect(isAt(daemon, id, .running)) }
                try slurm.say("open")
                for id in ids { await pass(clock) { isAt(daemon, id, .done) } }
            })
    }

    @Test func `a server without a cluster says so at once`() async throws {
        try await withDaemon { daemon, _ in
            #expect(throws: (any Error).self) {
                _ = try daemon.client.submit(manifest: clusterManifest("ok-n"), name: "x")
            }
        }
    }
}
