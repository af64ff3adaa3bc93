// Two tries of one unit at the same time: a queue that takes a node for dead does not end what runs
// there.

import Client
import Daemon
import DurableIO
import Foundation
import Jobs
import SystemPackage
import Testing

@Suite(.serialized) struct ClusterTryTests {
    /// Runs a job of this name to its end.
    private func run(
        _ name: String, _ check: (TestDaemon, FakeSlurm, String) async throws -> Void
    ) async throws {
        let slurm = try FakeSlurm()
        try await withDaemon(configure: slurm.configure) { daemon, clock in
            let id = try daemon.client.submit(manifest: clusterManifest(name), name: "x").id
            await pass(clock) { (try? daemon.client.job(id).summary.state.isFinal) == true }
            try await check(daemon, slurm, id)
        }
    }

    /// The job's results, of its only ones.
    private func results(_ daemon: TestDaemon, _ name: String) throws -> FilePath {
        daemon.home.appending(try #require(daemon.results(of: name).first))
    }

    private func partial(_ daemon: TestDaemon) -> [String] {
        TestFolder.names(in: daemon.state.appending("results"))
            .filter { $0.hasSuffix(JobRecord.partialSuffix) }
    }

    @Test func `a first try that goes on writing after it was declared dead harms nothing`()
        async throws
    {
        try await run("ghost-g") { daemon, slurm, id in
            #expect(try daemon.client.job(id).summary.state == .done)
            #expect(slurm.units.count { $0 == "m1-2" } == 1)
            #expect(slurm.units.count { $0 == "whole-2" } == 1)
            let results = try self.results(daemon, "ghost-g")
            #expect(TestFolder.text(results.appending("report.json")).contains("ghost-g"))
            // It writes on where nobody looks, and what it writes is left to it.
            #expect(await eventually { partial(daemon).count == 1 })
            let before = TestFolder.names(in: results)
            try slurm.say("open")
            let whole = daemon.state.appending("jobs/\(id)/units/whole")
            let hasEnded = await eventually {
                TestFolder.names(in: whole).contains {
                    $0.hasPrefix("outcome-") && $0.hasSuffix("-whole-1.json")
                }
            }
            #expect(hasEnded)
            #expect(TestFolder.names(in: results) == before)
            #expect(try daemon.client.job(id).summary.state == .done)
        }
    }

    @Test func `the results are those of the try whose file counts`() async throws {
        try await run("late-g") { daemon, slurm, id in
            #expect(try daemon.client.job(id).summary.state == .done)
            #expect(slurm.units.contains("whole-2"))
            let names = TestFolder.names(in: try results(daemon, "late-g"))
            #expect(names.contains("first") && !names.contains("second"))
            // Nobody needs the other any more.
            #expect(await eventually { !slurm.states.values.contains("RUNNING") })
        }
    }

    @Test func `a try that kept something gets as much time again, one that did not gets more`()
        async throws
    {
        let slurm = try FakeSlurm()
        // The forecast of a model is half an hour, and three times that is asked for.
        try slurm.folder.write("long*|1:00:00|2:00:00\n", to: slurm.folder.file("limits"))
        try await withDaemon(configure: slurm.configure) { daemon, clock in
            let id = try daemon.client.submit(manifest: clusterManifest("limit-k"), name: "x").id
            await pass(clock) { (try? daemon.client.job(id).summary.state) == .done }
            #expect(slurm.minutes(of: "m1") == [90, 90, 120])
            // The last one's are on record.
            let unit = daemon.state.appending("jobs/\(id)/units/m1")
            let record = TestFolder.text(unit.appending("submission.json"))
            #expect(record.contains(#""minutes":120"#), "\(record)")
        }
    }

    @Test func `what ended tries wrote for themselves is gone with the job`() async throws {
        try await run("stop-l") { daemon, _, id in
            let state = try daemon.client.job(id).summary.state
            #expect(state == .done)
            #expect(partial(daemon).isEmpty)
            let unit = daemon.state.appending("jobs/\(id)/units/m1")
            let tries = TestFolder.names(in: unit).filter { $0.hasPrefix("layerfold-") }
            #expect(tries.count == 2)
            for tried in tries {
                #expect(!TestFolder.exists(unit.appending(tried).appending("partial")))
            }
        }
    }

    @Test func `half results of a try are deleted, and not only put aside`() async throws {
        try await run("halt-t") { daemon, slurm, id in
            let state = try daemon.client.job(id).summary.state
            #expect(state == .done)
            #expect(slurm.units.contains("whole-1") && slurm.units.contains("whole-2"))
            let names = TestFolder.names(in: try results(daemon, "halt-t"))
            #expect(!names.contains("half"))
            #expect(partial(daemon).isEmpty)
            let hasGone = await eventually {
                !TestFolder.names(in: daemon.state.appending("results")).contains {
                    $0.hasPrefix(".trash-")
                }
            }
            #expect(hasGone, "the bytes are freed")
        }
    }

    @Test func `what earlier attempts had put aside goes with the end of the job`() async throws {
        let slurm = try FakeSlurm()
        try await withDaemon(configure: slurm.configure) { daemon, clock in
            let id = try daemon.client.submit(manifest: clusterManifest("gate-a"), name: "x").id
            await pass(clock) { slurm.units.contains("m1-1") }
            // A worker that lived on kept it from being removed at once.
            let job = daemon.state.appending("jobs/\(id)")
            let aside = job.appending(".units-before-01A/m1")
            try FileManager.default.createDirectory(
                atPath: aside.string, withIntermediateDirectories: true)
            try slurm.say("open")
            await pass(clock) { (try? daemon.client.job(id).summary.state) == .done }
            #expect(!TestFolder.names(in: job).contains { $0.hasPrefix(".units-before-") })
        }
    }

    @Test func `what nobody knows the end of is removed after a week without a word`() throws {
        let folder = try TestFolder()
        func scratch(_ job: String) -> FilePath {
            folder.file("jobs/\(job)/units/m1/layerfold-A-m1-1/partial")
        }
        for job in ["over", "there"] {
            try FileManager.default.createDirectory(
                atPath: scratch(job).string, withIntermediateDirectories: true)
        }
        // A job whose plan is there may have units at the cluster: nothing of it is touched.
        try folder.write(
            #"{"version":1,"attempt":"A","units":[{"name":"whole","title":"t","needs":[],"scope":"#
                + #""whole","description":"#
                + String(decoding: JSONEncoder().encode(try description()), as: UTF8.self) + "}]}",
            to: folder.file("jobs/there/units/plan.json"))
        let now = Int(Date().timeIntervalSince1970 * 1_000)
        let day = 86_400_000
        func sweep(_ days: Int) -> [String] {
            TryLeftovers.sweep(jobs: folder.file("jobs"), now: now + days * day)
        }
        #expect(sweep(6).isEmpty)
        #expect(TestFolder.exists(scratch("over")))
        // A worker says that it lives in a file of its own.
        let beat = scratch("over").removingLastComponent().appending("heartbeat.json")
        try folder.write("{}", to: beat)
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: Double(now / 1_000) + 4 * 86_400)],
            ofItemAtPath: beat.string)
        #expect(sweep(8).isEmpty)
        #expect(TestFolder.exists(scratch("over")))
        try FileManager.default.removeItem(atPath: beat.string)
        #expect(sweep(8).isEmpty)
        #expect(!TestFolder.exists(scratch("over")))
        #expect(TestFolder.exists(scratch("there")))
    }

    @Test func `what cannot be removed, or read, keeps nothing else from going`() throws {
        let folder = try TestFolder()
        let jobs = folder.file("jobs")
        let scratches = ["a", "b", "c"].map {
            jobs.appending("\($0)/units/m1/layerfold-A-m1-1/partial")
        }
        for scratch in scratches {
            try FileManager.default.createDirectory(
                atPath: scratch.string, withIntermediateDirectories: true)
            try folder.write("", to: scratch.appending("model"))
        }
        // Where the folder of units should be.
        for job in ["0", "z"] {
            try FileManager.default.createDirectory(
                atPath: jobs.appending(job).string, withIntermediateDirectories: true)
            try folder.write("", to: jobs.appending("\(job)/units"))
        }
        let now = Int(Date().timeIntervalSince1970 * 1_000) + 8 * 86_400_000
        let plan = FaultPlan(.error(.permissionDenied), atCall: 1, among: [.unlink])
        let reasons = FaultPlan.$current.withValue(plan) {
            TryLeftovers.sweep(jobs: jobs, now: now)
        }
        #expect(plan.hasFired)
        #expect(scratches.count { TestFolder.exists($0) } == 1)
        #expect(reasons.count == 3, "\(reasons)")
        #expect(reasons.count { $0.contains("/partial/model") } == 1, "\(reasons)")
        for job in ["0", "z"] {
            let units = jobs.appending("\(job)/units").string
            #expect(reasons.count { $0.contains(units) } == 1, "\(reasons)")
        }
    }

    @Test func `what was put aside goes where nothing took its place`() throws {
        let folder = try TestFolder()
        let job = folder.file("jobs/a")
        try FileManager.default.createDirectory(
            atPath: job.appending(".units-before-01A/m1").string,
            withIntermediateDirectories: true)
        #expect(TryLeftovers.sweep(jobs: folder.file("jobs"), now: 0).isEmpty)
        #expect(TestFolder.names(in: job).isEmpty)
    }

    private func description() throws -> JobDescription {
        try ManifestParser.parse(bytes: clusterManifest("x"), name: "x")
    }
}
