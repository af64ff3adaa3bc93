// Workers that do not do what they should, as real processes, with a clock that the test moves.

import Client
import Daemon
import DurableIO
import Failures
import Foundation
import Glibc
import Jobs
import SystemPackage
import TestSupport
import Testing

@Suite(.serialized) struct WorkerLifeTests {
    /// Lets time pass, tick by tick, until the condition holds.
    private func pass(_ clock: ManualClock, until condition: () throws -> Bool) async -> Bool {
        await eventually {
            if try condition() { return true }
            clock.advance(milliseconds: 5_000)
            return false
        }
    }

    private func state(of name: String, _ daemon: TestDaemon) throws -> JobState? {
        try daemon.job(named: name)?.state
    }

    @Test func `a stopped worker is killed, and its job tried again`() async throws {
        try await withDaemon(configure: { $0.grace = .milliseconds(200) }) { daemon, clock in
            try daemon.drop("gate-stopped")
            let worker = try await daemon.worker(of: "gate-stopped")
            kill(worker, SIGSTOP)
            #expect(await pass(clock) { daemon.runs(of: "gate-stopped").count == 2 })
            #expect(!TestDaemon.isAlive(worker), "SIGTERM alone does not end what is stopped")
            try daemon.open("gate-stopped")
            let id = try await daemon.wait(for: "gate-stopped", .done).id
            let attempts = try daemon.client.job(id).attempts
            #expect(attempts.map(\.state) == [.lost, .succeeded])
            #expect(attempts.first?.exitSignal == Int(SIGKILL))
        }
    }

    @Test(arguments: ["hang-1", "deaf-1", "idle-1"])
    func `a worker that does nothing gives its place up, twice, then its job fails`(
        name: String
    ) async throws {
        try await withDaemon(configure: { $0.grace = .milliseconds(200) }) { daemon, clock in
            try daemon.drop(name)
            let worker = try await daemon.worker(of: name)
            #expect(await pass(clock) { try state(of: name, daemon) == .failed })
            let failure = try #require(try daemon.job(named: name)?.failure)
            #expect(failure.failureClass == .resource)
            #expect(failure.message.contains("was killed"), "\(failure.message)")
            #expect(daemon.runs(of: name).count == 2)
            #expect(!TestDaemon.isAlive(worker))
            try daemon.drop("ok-after")
            try await daemon.wait(for: "ok-after", .done)
        }
    }

    @Test func `a slow worker whose work moves is left alone`() async throws {
        try await withDaemon(configure: { $0.grace = .milliseconds(200) }) { daemon, clock in
            try daemon.drop("beat-1")
            _ = try await daemon.worker(of: "beat-1")
            let id = try await daemon.wait(for: "beat-1", .running).id
            func done() -> Int {
                guard case .progress(let line) = try? daemon.client.progress(of: id).last else {
                    return 0
                }
                return line.done
            }
            // Longer than any limit but that of a stage without a plan; a tick after each word.
            for _ in 0..<200 {
                let before = done()
                #expect(await eventually { done() > before })
                clock.advance(milliseconds: 5_000)
            }
            try daemon.open("beat-1")
            let summary = try await daemon.wait(for: "beat-1", .done)
            #expect(summary.attempts == 1)
            let history = try daemon.client.progress(of: id).history
            #expect(history.count == 3, "signs of life are not kept: \(history)")
        }
    }

    @Test func `a worker that has its outcome and does not end costs a minute, not the job`()
        async throws
    {
        try await withDaemon(configure: { $0.grace = .milliseconds(200) }) { daemon, clock in
            try daemon.drop("late-1")
            let worker = try await daemon.worker(of: "late-1")
            #expect(await pass(clock) { try state(of: "late-1", daemon) == .done })
            #expect(!TestDaemon.isAlive(worker))
            #expect(daemon.runs(of: "late-1").count == 1)
        }
    }

    @Test(arguments: [
        ("closed-1", "closed its outputs"), ("torn-1", "left no outcome"),
        ("alien-1", "left no outcome"),
    ])
    func `an attempt without an outcome of its own is lost, three times`(
        name: String, words: String
    ) async throws {
        try await withDaemon(configure: { $0.grace = .milliseconds(200) }) { daemon, _ in
            try daemon.drop(name)
            let failure = try await daemon.wait(for: name, .failed).failure
            #expect(failure?.failureClass == .bug)
            #expect(failure?.message.contains(words) == true, "\(failure?.message ?? "")")
            #expect(daemon.runs(of: name).count == 3)
        }
    }

    @Test func `noise on a worker's outputs does no harm`() async throws {
        try await withDaemon(configure: { $0.grace = .milliseconds(200) }) { daemon, _ in
            try daemon.drop("noise-1")
            let id = try await daemon.wait(for: "noise-1", .done).id
            #expect(try daemon.client.progress(of: id).history.count == 3)
            #expect(!(try daemon.client.log(of: id, from: nil)).bytes.isEmpty)
        }
    }

    @Test func `what is kept of a worker's lines is bounded, in memory and on disk`() throws {
        let folder = try TestFolder()
        var history = ProgressHistory(file: folder.file("progress.jsonl"))
        let note = ProgressLine.note(message: String(repeating: "n", count: 60_000))
        for _ in 0..<100 { history.append(note) }
        #expect(history.lines.count == 17, "a MiB in all")
        let names = TestFolder.names(in: folder.path)
        #expect(names == ["progress.jsonl"], "\(names)")
    }

    private static func request(_ state: FilePath, model: String, roots: [String]) throws
        -> WorkerRequest
    {
        let text = "{version: 1, model: \(model), compress: [{method: reverse, ratios: [0.5]}]}"
        return WorkerRequest(
            job: "J", attempt: "A", stateDirectory: state.string, jobDirectory: state.string,
            modelRoots: roots, dataRoots: [],
            resultsDirectory: state.appending("results").string,
            description: try ManifestParser.parse(bytes: Data(text.utf8), name: "x"))
    }

    @Test(.enabled(if: TestDaemon.isBuilt, "layerfold is not built"))
    func `the real worker beats, is heard, and leaves its outcome`() async throws {
        let folder = try TestFolder()
        let launcher = WorkerLauncher(executable: TestDaemon.worker, grace: .seconds(1))
        let clock = ManualClock()
        let ending = await launcher.run(
            try Self.request(
                folder.path, model: "demo",
                roots: [Places.demoModel.deletingLastPathComponent().path]),
            log: folder.file("log"), stop: StopSwitch(),
            supervisor: Supervisor(SupervisionLimits(), clock.daemonClock),
            onStart: { _ in }, onLine: { _ in })
        #expect(ending.exit == .exited(code: 0), "\(TestFolder.text(folder.file("log")))")
        #expect(ending.overdue == nil && ending.memoryKill == nil)
        #expect((ending.peakBytes ?? 0) > 1 << 20, "it told what it holds")
        #expect(JobFolder(folder.path).outcome()?.result == .succeeded)
    }

    // MARK: Memory

    /// A control group of version 1 with 32 MiB, where this machine lets us have one.
    private static let group: FilePath? = {
        let path = FilePath("/sys/fs/cgroup/memory/layerfold-test-\(getpid())")
        guard unsafe mkdir(path.string, 0o755) == 0 else { return nil }
        let limit = path.appending("memory.limit_in_bytes").string
        guard (try? Data("33554432".utf8).write(to: URL(filePath: limit))) != nil,
            MemoryKills.read(path.appending("memory.oom_control").string) != nil
        else {
            _ = unsafe rmdir(path.string)
            return nil
        }
        return path
    }()

    @Test(.enabled(if: group != nil, "no control group of version 1 can be made here"))
    func `the kernel's own word tells a kill for memory`() async throws {
        let group = try #require(Self.group)
        defer { _ = unsafe rmdir(group.string) }
        let folder = try TestFolder()
        let script = folder.file("worker")
        // `tail` keeps the last line, and this one has no end.
        try folder.write("#!/bin/sh\nread -r request\nexec tail /dev/zero\n", to: script)
        _ = unsafe chmod(script.string, 0o755)
        let launcher = WorkerLauncher(
            executable: script, arguments: [], grace: .milliseconds(100))
        let request = try Self.request(folder.path, model: "m", roots: [])
        let clock = ManualClock()
        let ending = await launcher.run(
            request, log: folder.file("log"), stop: StopSwitch(),
            supervisor: Supervisor(SupervisionLimits(), clock.daemonClock),
            onStart: { worker in
                try Data("\(worker.process)".utf8).write(
                    to: URL(filePath: group.appending("cgroup.procs").string))
            }, onLine: { _ in })
        #expect(ending.exit == .signaled(9))
        #expect(ending.memoryKill?.file == group.appending("memory.oom_control").string)
        guard
            case .died(let failure) = AttemptEnd(outcome: nil, ending, isStopping: false)
        else {
            Issue.record("\(ending)")
            return
        }
        #expect(failure.failureClass == .resource)
        // And one that somebody kills in the same group is no such thing.
        let killed = await launcher.run(
            request, log: folder.file("log"), stop: StopSwitch(),
            supervisor: Supervisor(SupervisionLimits(), clock.daemonClock),
            onStart: { worker in
                try Data("\(worker.process)".utf8).write(
                    to: URL(filePath: group.appending("cgroup.procs").string))
                kill(pid_t(worker.process), SIGKILL)
            }, onLine: { _ in })
        #expect(killed.exit == .signaled(9) && killed.memoryKill == nil)
    }
}
