// Workers that are not children of the daemon. A real `Accept=yes` stands in for the service
// manager: systemd-socket-activate starts a process for each connection.

import Client
import Daemon
import DurableIO
import Foundation
import Glibc
import Jobs
import Synchronization
import SystemPackage
import TestSupport
import Testing

struct UnitEndTests {
    @Test(
        arguments: [
            ("ended success exited 0", .exited(code: 0)),
            ("ended exit-code exited 1", .exited(code: 1)),
            ("ended core-dump dumped SEGV", .signaled(11)),
            ("ended signal killed KILL", .signaled(9)),
        ] as [(String, WorkerExit)])
    func `the unit's last line says how the worker ended`(line: String, exit: WorkerExit) {
        #expect(UnitEnd(Array(line.utf8))?.exit == exit)
    }

    @Test func `memory that ran out is the service manager's word`() {
        let end = UnitEnd(Array("ended oom-kill killed KILL".utf8))
        guard case .outOfMemory(let text) = end?.exit else {
            Issue.record("\(String(describing: end))")
            return
        }
        #expect(text.contains("MemoryMax="))
    }

    @Test(arguments: ["", "ended", "ended a b", "ended a b c d", #"{"kind":"finished"}"#])
    func `other lines are no end`(line: String) {
        #expect(UnitEnd(Array(line.utf8)) == nil)
    }

    @Test func `only what the self-check cannot see is told at a start`() throws {
        let folder = try TestFolder()
        let file = folder.file("file")
        try folder.write("", to: file)
        func absence(at path: FilePath) -> String? {
            do {
                _ = try UnixSocket.connect(to: path)
                return "somebody listens"
            } catch {
                return UnitLauncher.absence(error)
            }
        }
        #expect(absence(at: folder.file("nothing")) == nil)
        #expect(absence(at: file.appending("below")) == nil)
        // Where nobody listens any more the kernel says what it says of any other file.
        #expect(absence(at: file)?.contains("`\(file)`") == true)
    }

    @Test func `the unit's word is read, though the worker was killed within a line`() throws {
        let file = Places.root.appending(path: "systemd/layerfold-worker@.service")
        let unit = try String(contentsOf: file, encoding: .utf8)
        let line = unit.split(separator: "\n").first { $0.hasPrefix("ExecStopPost=") }
        let words = try #require(line).split(separator: "\"")
        try #require(words.count == 3)
        #expect(words[2].split(separator: " ").count == 3)
        var text = words[1].replacing(#"\n"#, with: "\n").replacing("%%", with: "%")
        for value in ["signal", "killed", "SEGV"] {
            text = text.replacing("%s", with: value, maxReplacements: 1)
        }
        var splitter = LineSplitter(bytesMax: 100)
        let lines = splitter.append(Array(#"{"kind":"#.utf8)) + splitter.append(Array(text.utf8))
        #expect(lines.compactMap(UnitEnd.init).map(\.exit) == [.signaled(11)], "\(text)")
    }

    @Test func `a start that failed has neither code nor signal`() {
        #expect(
            UnitEnd(Array("ended resources  ".utf8))?.exit
                == .vanished("the worker's unit ended: resources  "))
    }
}

@Suite(
    .serialized,
    .enabled(if: TestDaemon.isBuilt, "layerfoldd is not built"),
    .enabled(if: WorkerUnits.isThere, "systemd-socket-activate is not installed"))
struct UnitWorkerTests {
    /// To work in `job` below the folder, on a model that is not there.
    private static func request(_ folder: TestFolder) throws -> WorkerRequest {
        let manifest = Data(TestDaemon.manifest("x").utf8)
        return WorkerRequest(
            job: "j", attempt: "a", stateDirectory: folder.file("state").string,
            jobDirectory: folder.file("job").string, modelRoots: [folder.file("models").string],
            dataRoots: [], resultsDirectory: folder.file("results").string,
            description: try ManifestParser.parse(bytes: manifest, name: "x"))
    }

    private static func parent(of process: Int32) -> Int32? {
        let text = TestFolder.text(FilePath("/proc/\(process)/stat"))
        let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
        return fields.count > 1 ? Int32(fields[1]) : nil
    }

    @Test func `a job is run by a process that is not the daemon's child`() async throws {
        let (daemon, units) = try await WorkerUnits.daemon()
        defer { withExtendedLifetime(units) {} }
        try await daemon.start()
        try daemon.drop("gate-u")
        let worker = try await daemon.worker(of: "gate-u")
        #expect(Self.parent(of: worker) != daemon.process?.processIdentifier)
        let id = try await daemon.wait(for: "gate-u", .running).id
        #expect(
            await eventually { try daemon.client.progress(of: id).history.count == 1 },
            "lines come over the connection")
        try daemon.open("gate-u")
        try await daemon.wait(for: "gate-u", .done)
        #expect(try daemon.client.status().degraded == nil)
        #expect(try daemon.client.progress(of: id).history.count == 4)
    }

    @Test(arguments: [true, false])
    func `the worker outlives its daemon, and the next one takes it over`(
        isStopped: Bool
    ) async throws {
        let (daemon, units) = try await WorkerUnits.daemon()
        defer { withExtendedLifetime(units) {} }
        try await daemon.start()
        try daemon.drop("gate-o")
        let worker = try await daemon.worker(of: "gate-o")
        let id = try await daemon.wait(for: "gate-o", .running).id
        try daemon.drop("ok-o")
        #expect(await eventually { try daemon.client.jobs().jobs.count == 2 })
        #expect(await eventually { try daemon.client.job(id).attempts.first?.process != nil })
        if isStopped { #expect(daemon.stop() == 0) } else { daemon.killHard() }
        #expect(TestDaemon.isAlive(worker))
        try await daemon.start()
        #expect(TestDaemon.isAlive(worker))
        #expect(try daemon.client.job(id).summary.state == .running)
        #expect(daemon.logText.contains("taking over the worker"), "\(daemon.logText)")
        #expect(daemon.runs(of: "ok-o").isEmpty, "the slot is taken")
        try daemon.open("gate-o")
        try await daemon.wait(for: "gate-o", .done)
        try await daemon.wait(for: "ok-o", .done)
        #expect(try daemon.client.job(id).attempts.map(\.state) == [.succeeded])
        #expect(daemon.runs(of: "gate-o").count == 1)
    }

    @Test func `what it finished while no daemon ran is imported`() async throws {
        let (daemon, units) = try await WorkerUnits.daemon()
        defer { withExtendedLifetime(units) {} }
        try await daemon.start()
        try daemon.drop("gate-i")
        let worker = try await daemon.worker(of: "gate-i")
        daemon.stop()
        try daemon.open("gate-i")
        #expect(await eventually { !TestDaemon.isAlive(worker) })
        try await daemon.start()
        try await daemon.wait(for: "gate-i", .done)
        #expect(daemon.runs(of: "gate-i").count == 1)
    }

    @Test func `a worker that was taken over is stopped by a cancellation`() async throws {
        let (daemon, units) = try await WorkerUnits.daemon()
        defer { withExtendedLifetime(units) {} }
        try await daemon.start()
        try daemon.drop("deaf-x")
        let worker = try await daemon.worker(of: "deaf-x")
        let id = try await daemon.wait(for: "deaf-x", .running).id
        #expect(await eventually { try daemon.client.job(id).attempts.first?.process != nil })
        daemon.killHard()
        try await daemon.start()
        #expect(try daemon.client.cancel(id).state == .cancelling)
        try await daemon.wait(for: "deaf-x", .cancelled)
        #expect(!TestDaemon.isAlive(worker))
    }

    @Test func `a cancelled worker ends, and one that is killed is an attempt that is lost`()
        async throws
    {
        let (daemon, units) = try await WorkerUnits.daemon()
        defer { withExtendedLifetime(units) {} }
        try await daemon.start()
        try daemon.drop("deaf-y")
        let deaf = try await daemon.worker(of: "deaf-y")
        let id = try await daemon.wait(for: "deaf-y", .running).id
        _ = try daemon.client.cancel(id)
        try await daemon.wait(for: "deaf-y", .cancelled)
        #expect(!TestDaemon.isAlive(deaf))
        try daemon.drop("crash-once-y")
        let done = try await daemon.wait(for: "crash-once-y", .done)
        #expect(try daemon.client.job(done.id).attempts.map(\.state) == [.lost, .succeeded])
    }

    @Test func `without its index the daemon runs no job beside a worker of it`() async throws {
        let (daemon, units) = try await WorkerUnits.daemon()
        defer { withExtendedLifetime(units) {} }
        try await daemon.start()
        try daemon.drop("gate-s")
        let stray = try await daemon.worker(of: "gate-s")
        let id = try await daemon.wait(for: "gate-s", .running).id
        let folder = daemon.state.appending("jobs").appending(id)
        #expect(
            await eventually { StrayWorkers.all(in: folder.removingLastComponent()).count == 1 })
        daemon.stop()
        try FileManager.default.removeItem(atPath: daemon.state.appending("db").string)
        try await daemon.start()
        #expect(!TestDaemon.isAlive(stray))
        _ = try await daemon.worker(of: "gate-s", run: 2)
        try daemon.open("gate-s")
        try await daemon.wait(for: "gate-s", .done)
    }

    @Test func `where nobody listens, workers are children, and that is told`() async throws {
        let daemon = try TestDaemon()
        let socket = daemon.folder.file("absent.sock")
        daemon.arguments = ["--worker-socket", socket.string]
        try await daemon.start()
        #expect(try daemon.client.status().degraded?.contains("`\(socket)`") == true)
        try daemon.drop("ok-f")
        try await daemon.wait(for: "ok-f", .done)
        #expect(daemon.logText.contains("workers are children of the daemon"), "\(daemon.logText)")
        let problems = try #require(try daemon.client.status().problems)
        #expect(problems.count == 1, "the self-check says it, the launcher need not: \(problems)")
    }

    @Test func `a worker that hangs up and stays is made to end before its attempt is over`()
        async throws
    {
        let folder = try TestFolder()
        let unit = folder.file("unit")
        try folder.write(
            """
            #!/bin/sh
            printf '{"kind":"greeting","process":%s}\\n' $$
            read -r request
            trap '' TERM
            exec <&- >&-
            while :; do sleep 0.05; done

            """, to: unit)
        _ = unsafe chmod(unit.string, 0o755)
        let units = try await WorkerUnits(in: folder, [unit.string])
        defer { withExtendedLifetime(units) {} }
        let grace = Duration.milliseconds(200)
        let launcher = UnitLauncher(
            socket: units.socket, grace: grace,
            fallback: WorkerLauncher(executable: "/bin/false", grace: grace), onAbsence: { _ in })
        let started = Mutex<ProcessIdentity?>(nil)
        let ending = await launcher.run(
            try Self.request(folder), log: folder.file("log"), stop: StopSwitch(),
            supervisor: Supervisor(SupervisionLimits(), ManualClock().daemonClock),
            onStart: { worker in started.withLock { $0 = worker } }, onLine: { _ in })
        guard case .vanished = ending.exit else {
            Issue.record("\(ending)")
            return
        }
        let worker = try #require(started.withLock { $0 })
        #expect(!worker.isAlive, "a second one would write beside it")
    }

    @Test func `a worker whose job has ended is not taken over`() async throws {
        let (daemon, units) = try await WorkerUnits.daemon()
        defer { withExtendedLifetime(units) {} }
        try await daemon.start()
        try daemon.drop("gate-e")
        let worker = try await daemon.worker(of: "gate-e")
        let id = try await daemon.wait(for: "gate-e", .running).id
        #expect(await eventually { try daemon.client.job(id).attempts.first?.process != nil })
        daemon.killHard()
        // As a daemon leaves it that died between the folder and the row.
        try JobFolder(daemon.state.appending("jobs").appending(id)).writeEnd(
            JobEnd(state: .cancelled, finishedAtMilliseconds: 1, failure: nil))
        try await daemon.start()
        #expect(!TestDaemon.isAlive(worker), "nobody would ever wait for it")
        #expect(try daemon.client.job(id).summary.state == .cancelled)
    }

    @Test func `a socket that gives no worker costs a try, not the job`() async throws {
        let daemon = try TestDaemon()
        let units = try await WorkerUnits(in: daemon.folder, ["/bin/true"])
        defer { withExtendedLifetime(units) {} }
        daemon.arguments = ["--worker-socket", units.socket.string]
        try await daemon.start()
        try daemon.drop("ok-n")
        #expect(
            await eventually { try daemon.job(named: "ok-n")?.notBeforeMilliseconds != nil },
            "\(daemon.logText)")
        #expect(try daemon.job(named: "ok-n")?.state == .queued)
    }

    @Test func `a cancellation does not wait for a worker that never greets`() async throws {
        let daemon = try TestDaemon()
        let units = try await WorkerUnits(in: daemon.folder, ["/bin/cat"])
        defer { withExtendedLifetime(units) {} }
        daemon.arguments = ["--worker-socket", units.socket.string]
        try await daemon.start()
        let id = try daemon.submit("ok-c")
        try await daemon.wait(for: "ok-c", .running)
        _ = try daemon.client.cancel(id)
        try await daemon.wait(for: "ok-c", .cancelled)
        #expect(daemon.stop() == 0)
    }

    @Test func `the real worker greets, and goes on when nobody listens any more`() async throws {
        let folder = try TestFolder()
        let units = try await WorkerUnits(
            in: folder, [TestDaemon.worker.string, "worker", "--unit"])
        defer { withExtendedLifetime(units) {} }
        let job = folder.file("job")
        try Syscalls.makeFolders(job)
        let request = try Self.request(folder)
        do {
            let socket = try UnixSocket.connect(to: units.socket)
            var greeting: [UInt8] = []
            while !greeting.contains(UInt8(ascii: "\n")) {
                let bytes = try socket.receive(bytesMax: 4_096)
                try #require(!bytes.isEmpty, "it ended without a greeting")
                greeting += bytes
            }
            let process = try WorkerGreeting(line: Data(greeting)).process
            let worker = try #require(ProcessIdentity(of: process))
            #expect(worker.outlivesDaemon)
            try socket.send(Array(JobJSON.encode(request)) + [UInt8(ascii: "\n")])
            socket.shutDown()
        }
        let outcome = job.appending("outcome.json")
        #expect(await eventually { TestFolder.exists(outcome) })
        #expect(TestFolder.text(outcome).contains(#""class" : "user""#), "the model is not there")
        #expect(TestFolder.exists(job.appending("worker.log")))
        #expect(TestFolder.text(job.appending("progress.jsonl")).contains(#""kind":"failed""#))
    }
}
