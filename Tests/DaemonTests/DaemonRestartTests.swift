// The daemon stopped or killed in every state: no job is lost, none is done twice.

import Client
import Daemon
import DurableIO
import Foundation
import Glibc
import Jobs
import Store
import SystemPackage
import Testing

@Suite(.serialized, .enabled(if: TestDaemon.isBuilt, "layerfoldd is not built"))
struct DaemonRestartTests {
    @Test func `SIGTERM puts the running job back into the queue`() async throws {
        let daemon = try TestDaemon()
        try await daemon.start()
        try daemon.drop("gate-t")
        let worker = try await daemon.worker(of: "gate-t")
        #expect(daemon.stop() == 0, "\(daemon.logText)")
        #expect(!TestDaemon.isAlive(worker), "the worker outlives the daemon")
        try await daemon.start()
        _ = try await daemon.worker(of: "gate-t", run: 2)
        try daemon.open("gate-t")
        let summary = try await daemon.wait(for: "gate-t", .done)
        let attempts = try daemon.client.job(summary.id).attempts.map(\.state)
        #expect(attempts == [.stopped, .succeeded])
    }

    @Test func `an index of a newer daemon is refused by name`() async throws {
        let daemon = try TestDaemon()
        let id = JobIdentifier.make(now: 1_000)
        try Self.insert(
            JobRow(
                id: id, name: "ok-newer", owner: 0, manifestDigest: "", state: "paused",
                submittedAt: 1_000), into: daemon)
        try daemon.launch()
        let process = try #require(daemon.process)
        #expect(await eventually { !process.isRunning })
        #expect(daemon.logText.contains("job \(id) has the state `paused`"), "\(daemon.logText)")
    }

    /// Closes the index before it returns.
    private static func insert(_ row: JobRow, into daemon: TestDaemon) throws {
        let index = try IndexDatabase(path: daemon.state.appending("db/index.sqlite"))
        _ = try index.insertJob(row)
    }

    @Test func `a worker that ignores SIGTERM does not keep the daemon from stopping`() async throws
    {
        let daemon = try TestDaemon()
        try await daemon.start()
        try daemon.drop("deaf-t")
        let worker = try await daemon.worker(of: "deaf-t")
        #expect(daemon.stop() == 0)
        #expect(!TestDaemon.isAlive(worker))
    }

    @Test func `after kill -9 in the middle of a job, the job is run again and no orphan lives`()
        async throws
    {
        let daemon = try TestDaemon()
        try await daemon.start()
        try daemon.drop("deaf-k")
        try daemon.drop("ok-k")
        let orphan = try await daemon.worker(of: "deaf-k")
        #expect(await eventually { try daemon.client.jobs().jobs.count == 2 })
        daemon.killHard()
        #expect(TestDaemon.isAlive(orphan), "this worker does not look at its input")
        try await daemon.start()
        #expect(!TestDaemon.isAlive(orphan), "the orphan was killed before anything was started")
        _ = try await daemon.worker(of: "deaf-k", run: 2)
        let job = try #require(try daemon.job(named: "deaf-k"))
        #expect(job.state == .running)
        _ = try daemon.client.cancel(job.id)
        try await daemon.wait(for: "ok-k", .done)
        #expect(daemon.runs(of: "ok-k").count == 1)
    }

    @Test func `a worker that keeps to the rules ends with its daemon`() async throws {
        let daemon = try TestDaemon()
        try await daemon.start()
        try daemon.drop("hang-k")
        let worker = try await daemon.worker(of: "hang-k")
        daemon.killHard()
        #expect(await eventually { !TestDaemon.isAlive(worker) }, "it reads the end of its input")
    }

    @Test func `an outcome that nobody read is imported, not computed again`() async throws {
        let daemon = try TestDaemon()
        try await daemon.start()
        try daemon.drop("late-1")
        _ = try await daemon.worker(of: "late-1")
        let id = try await daemon.wait(for: "late-1", .running).id
        let outcome = daemon.state.appending("jobs").appending(id).appending("outcome.json")
        #expect(await eventually { TestFolder.exists(outcome) })
        daemon.killHard()
        try await daemon.start()
        try await daemon.wait(for: "late-1", .done)
        #expect(daemon.runs(of: "late-1").count == 1)
        #expect(daemon.results(of: "late-1").count == 1)
    }

    @Test func `a cancellation survives kill -9`() async throws {
        let daemon = try TestDaemon()
        daemon.arguments = ["--grace-seconds", "60"]
        try await daemon.start()
        try daemon.drop("deaf-c")
        let orphan = try await daemon.worker(of: "deaf-c")
        let id = try await daemon.wait(for: "deaf-c", .running).id
        #expect(try daemon.client.cancel(id).state == .cancelling)
        daemon.killHard()
        try await daemon.start()
        try await daemon.wait(for: "deaf-c", .cancelled)
        #expect(!TestDaemon.isAlive(orphan))
        #expect(daemon.runs(of: "deaf-c").count == 1)
    }

    @Test func `claims that were not finished become jobs once`() async throws {
        let daemon = try TestDaemon()
        let spool = daemon.state.appending("spool")
        try Syscalls.makeFolders(spool)
        // Killed right after the claim.
        let early = JobIdentifier.make(now: 1_000)
        try daemon.folder.write(
            TestDaemon.manifest("ok-early"), to: spool.appending("\(early).0.ok-early.yaml"))
        // Killed by a parse for the second time.
        let poison = JobIdentifier.make(now: 2_000)
        try daemon.folder.write(
            TestDaemon.manifest("ok-poison"), to: spool.appending("\(poison).2.poison.yaml"))
        try await daemon.start()
        let summary = try await daemon.wait(for: "ok-early", .done)
        #expect(summary.id == early, "the identifier was given by the claim")
        #expect(
            TestFolder.text(daemon.rejected.appending("poison.error.json")).contains("crashed"))
        #expect(TestFolder.names(in: spool).isEmpty)
        // Killed between the row and the removal of the claim: the job is not taken twice.
        daemon.killHard()
        try daemon.folder.write(
            TestDaemon.manifest("ok-early"), to: spool.appending("\(early).1.ok-early.yaml"))
        try await daemon.start()
        #expect(await eventually { TestFolder.names(in: spool).isEmpty })
        #expect(try daemon.client.jobs().jobs.count == 1)
        // A job that came back would run before this one.
        try daemon.drop("ok-after")
        try await daemon.wait(for: "ok-after", .done)
        #expect(daemon.runs(of: "ok-early").count == 1)
    }

    @Test func `without its index the daemon finds every job in its folder`() async throws {
        let daemon = try TestDaemon()
        try await daemon.start()
        try daemon.drop("ok-d")
        try await daemon.wait(for: "ok-d", .done)
        try daemon.drop("user-d")
        try await daemon.wait(for: "user-d", .failed)
        try daemon.drop("gate-d")
        _ = try await daemon.worker(of: "gate-d")
        let cancelled = try daemon.submit("ok-c")
        _ = try daemon.client.cancel(cancelled)
        let queued = try daemon.submit("ok-e")
        let acts = try daemon.client.audit(AuditQuery()).events
        #expect(acts.map(\.verb) == ["submit", "cancel", "submit", "submit", "submit", "submit"])
        daemon.stop()
        try FileManager.default.removeItem(atPath: daemon.state.appending("db").string)
        try await daemon.start()
        try await daemon.wait(for: "gate-d", .running)
        #expect(try daemon.client.audit(AuditQuery()).events == acts, "who did what, once each")
        _ = try daemon.client.hold(queued)
        let next = try daemon.client.audit(AuditQuery()).events
        #expect(next.first?.verb == "hold" && Array(next.dropFirst()) == acts)
        _ = try daemon.client.release(queued)
        let states = try daemon.client.jobs().jobs.map { "\($0.name) \($0.state.rawValue)" }
        #expect(
            states == [
                "ok-d done", "user-d failed", "gate-d running", "ok-c cancelled", "ok-e queued",
            ], "in the order of their arrival")
        #expect(try daemon.job(named: "user-d")?.failure?.message == "no such model")
        try daemon.open("gate-d")
        try await daemon.wait(for: "ok-e", .done)
        #expect(try daemon.job(named: "ok-e")?.id == queued)
        #expect(daemon.runs(of: "ok-d").count == 1)
        #expect(daemon.runs(of: "user-d").count == 1)
    }

    @Test func `unfinished submissions and stray results are cleared away`() async throws {
        let daemon = try TestDaemon()
        let id = JobIdentifier.make(now: 1_000)
        let job = daemon.state.appending("jobs").appending(id)
        try Syscalls.makeFolders(job)
        try daemon.folder.write("text", to: job.appending("manifest.raw"))
        let damaged = daemon.state.appending("jobs").appending(JobIdentifier.make(now: 2_000))
        try Syscalls.makeFolders(damaged)
        try daemon.folder.write("{", to: damaged.appending("job.json"))
        let partial = daemon.state.appending("results").appending(".x-\(id).partial")
        try Syscalls.makeFolders(partial.appending("deep"))
        try daemon.folder.write("text", to: partial.appending("deep").appending("file"))
        try await daemon.start()
        #expect(!TestFolder.exists(job))
        #expect(TestFolder.exists(damaged), "what cannot be read is not removed")
        #expect(
            await eventually { TestFolder.names(in: daemon.state.appending("results")).isEmpty })
        try daemon.drop("ok-x")
        try await daemon.wait(for: "ok-x", .done)
    }

    @Test func `a second daemon is refused and names the first`() async throws {
        let daemon = try TestDaemon()
        try await daemon.start()
        let second = Process()
        second.executableURL = URL(filePath: TestDaemon.program.string)
        second.arguments = [
            "--state", daemon.state.string, "--worker", daemon.folder.file("worker").string,
        ]
        let pipe = Pipe()
        second.standardError = pipe
        try second.run()
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        second.waitUntilExit()
        #expect(second.terminationStatus != 0)
        let first = try #require(daemon.process?.processIdentifier)
        #expect(text.contains("process \(first) "), "\(text)")
        #expect(try daemon.client.status().process == Int(first), "the first goes on")
    }

    private static let strace = "/usr/bin/strace"
    private static let hasStrace = FileManager.default.isExecutableFile(atPath: strace)

    /// The n-th of these calls in any thread of the daemon or its worker is its last.
    @Test(
        .enabled(if: hasStrace, "strace is not installed"),
        arguments: ["fsync", "rename,renameat2", "unlink", "fdatasync", "fchmod"], 1...5)
    func `kill -9 at the n-th durable step loses no job and doubles none`(
        calls: String, number: Int
    ) async throws {
        let daemon = try TestDaemon()
        try StateFolders(state: daemon.state).make()
        try daemon.drop("ok-0")
        try daemon.drop("ok-1")
        try daemon.launch(wrapper: [
            Self.strace, "-f", "-qq", "-o", "/dev/null", "-e", "trace=\(calls)", "-e",
            "inject=\(calls):signal=KILL:when=\(number)", "--",
        ])
        let traced = try #require(daemon.process)
        // Either the kill comes, or the number is beyond the calls of two jobs.
        #expect(
            await eventually {
                try !traced.isRunning || daemon.client.status().jobs["done"] == 2
            })
        if let living = try? daemon.client.status().process { kill(Int32(living), SIGKILL) }
        traced.waitUntilExit()
        try await daemon.start()
        #expect(
            await eventually { try daemon.client.status().jobs["done"] == 2 }, "\(daemon.logText)")
        for name in ["ok-0", "ok-1"] {
            #expect(daemon.results(of: name).count == 1)
            #expect(try daemon.client.jobs().jobs.count { $0.name == name } == 1)
        }
        #expect(TestFolder.names(in: daemon.inbox).isEmpty)
        #expect(TestFolder.names(in: daemon.rejected).isEmpty)
        #expect(TestFolder.names(in: daemon.state.appending("spool")).isEmpty)
        let results = daemon.home
        #expect(await eventually { TestFolder.names(in: results).count == 2 })
        for name in TestFolder.names(in: results) {
            #expect(TestFolder.exists(results.appending(name).appending("DONE")))
        }
    }

    @Test(arguments: 1...12)
    func `kill -9 at any moment loses no job and doubles none`(round: Int) async throws {
        let daemon = try TestDaemon()
        try await daemon.start()
        for number in 0..<6 { try daemon.drop("ok-\(number)") }
        // A different moment in each round, over the time that six jobs take.
        try await Task.sleep(for: .milliseconds(round * 17))
        daemon.killHard()
        try await daemon.start()
        #expect(
            await eventually { try daemon.client.status().jobs["done"] == 6 }, "\(daemon.logText)")
        let names = TestFolder.names(in: daemon.home)
        #expect(names.count == 6)
        for number in 0..<6 {
            #expect(daemon.results(of: "ok-\(number)").count == 1)
            #expect(try daemon.client.jobs().jobs.count { $0.name == "ok-\(number)" } == 1)
        }
        #expect(TestFolder.names(in: daemon.inbox).isEmpty)
        #expect(TestFolder.names(in: daemon.state.appending("spool")).isEmpty)
    }
}
