// Workers that a daemon takes over from an earlier one: what they leave in files is heard, and they
// have the limits of all others. Real processes, with a clock that the test moves.

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

@Suite(.serialized) struct AdoptedWorkerTests {
    /// A process in a job's folder that does what `script` says, and somebody who follows it.
    private final class Adoption: Sendable {
        let folder: TestFolder
        let worker: ProcessIdentity
        let supervisor: Supervisor
        let clock = ManualClock()
        private let told = Mutex<[ProgressLine]>([])
        private let end = Mutex<WorkerEnding?>(nil)

        var lines: [ProgressLine] { told.withLock { $0 } }
        var ending: WorkerEnding? { end.withLock { $0 } }
        var job: JobFolder { JobFolder(folder.path) }

        init(_ script: String, isReady: (JobFolder) -> Bool) async throws {
            let folder = try TestFolder()
            try folder.write(script, to: folder.file("worker"))
            let process = Process()
            // Foundation hands on a signal mask that may block TERM: `env` opens it.
            process.executableURL = URL(filePath: "/usr/bin/env")
            process.arguments = [
                "--default-signal", "/bin/sh", folder.file("worker").string, "worker", "--unit",
            ]
            process.currentDirectoryURL = URL(filePath: folder.path.string)
            process.standardInput = FileHandle.nullDevice
            try process.run()
            self.folder = folder
            worker = try #require(ProcessIdentity(of: Int(process.processIdentifier)))
            supervisor = Supervisor(SupervisionLimits(), clock.daemonClock)
            #expect(await eventually { isReady(JobFolder(folder.path)) })
            let adopted = AdoptedWorker(
                worker, in: JobFolder(folder.path), grace: .milliseconds(200))
            Task {
                let ending = await adopted.follow(
                    stop: StopSwitch(), supervisor: supervisor,
                    onLine: { line in self.told.withLock { $0.append(line) } })
                end.withLock { $0 = ending }
            }
        }

        deinit { worker.kill() }

        /// Lets time pass, tick by tick, until the process is gone and that is known.
        func passToTheEnd() async -> Bool {
            await eventually {
                if ending != nil { return true }
                clock.advance(milliseconds: 5_000)
                return false
            }
        }

        /// Lets time pass until one more beat is heard; no more than a tick for each beat that is
        /// there.
        func passOneBeat() async -> Bool {
            let before = lines.count
            var seen = ""
            return await eventually {
                if lines.count > before { return true }
                let text = TestFolder.text(job.heartbeat)
                if text != seen { clock.advance(milliseconds: 5_000) }
                seen = text
                return false
            }
        }
    }

    private static let beating = #"""
        echo '{"kind":"stage-started","stage":"merge"}' >>progress.jsonl
        i=0
        : >heartbeat.json
        while :; do
            i=$((i + 1))
            printf '{"kind":"heartbeat","moves":%s,"processor_seconds":0,"transferred_bytes":0,"peak_bytes":5}\n' \
                $i 1<>heartbeat.json
            sleep 0.01
        done

        """#

    @Test func `one that beats is left alone, and killed when it falls silent`() async throws {
        let adoption = try await Adoption(Self.beating) { TestFolder.exists($0.heartbeat) }
        // Longer than any limit but that of a stage without a plan.
        for _ in 0..<200 { try #require(await adoption.passOneBeat()) }
        #expect(adoption.ending == nil && adoption.supervisor.overdue == nil)
        let warning = ProgressLine.warning(message: "w")
        let file = try Syscalls.open(adoption.job.progress, O_WRONLY | O_APPEND)
        let bytes = try Array(warning.encoded()) + [UInt8(ascii: "\n")]
        try unsafe Syscalls.write(file, adoption.job.progress, bytes.span.bytes)
        try Syscalls.close(file, adoption.job.progress)
        for _ in 0..<2 { try #require(await adoption.passOneBeat()) }
        let others = adoption.lines.filter { line in
            if case .heartbeat = line { false } else { true }
        }
        #expect(others == [warning], "what it said to the daemon before is no news")
        kill(pid_t(adoption.worker.process), SIGSTOP)
        #expect(await adoption.passToTheEnd())
        #expect(adoption.ending?.overdue?.kind == .silent)
        #expect(adoption.ending?.peakBytes == 5)
        #expect(!adoption.worker.isAlive, "SIGTERM alone does not end what is stopped")
    }

    @Test func `one that leaves no beats is judged by its process`() async throws {
        let adoption = try await Adoption("exec sleep 1000\n") { _ in true }
        let start = adoption.clock.now
        #expect(await adoption.passToTheEnd())
        #expect(adoption.ending?.overdue?.kind == .still)
        #expect(adoption.clock.now - start >= 900_000, "it may come from before there were any")
        #expect(!adoption.worker.isAlive)
    }

    @Test func `one that had finished before it was taken over is given a minute`() async throws {
        let adoption = try await Adoption(
            """
            : >heartbeat.json
            echo '{"kind":"finished","outcome":"succeeded"}' >>progress.jsonl
            exec sleep 1000

            """
        ) { !TestFolder.text($0.progress).isEmpty }
        #expect(await adoption.passToTheEnd())
        #expect(adoption.ending?.overdue?.kind == .lingering)
        #expect(adoption.lines.isEmpty)
    }

    @Test func `what a process has done is the kernel's word`() throws {
        let ticks = sysconf(CInt(_SC_CLK_TCK))
        let files = [
            "/proc/7/stat":
                "7 (a) b 1 2) S 1 7 7 0 -1 4194560 1 0 0 0 \(3 * ticks) \(ticks) 900 900 20 0 1",
            "/proc/7/io": "rchar: 99\nread_bytes: 5\nwrite_bytes: 6\ncancelled_write_bytes: 7\n",
        ]
        let effort = try #require(ProcessEffort.of(7) { files[$0] })
        #expect(effort.processorSeconds == 4 && effort.moves == 4)
        #expect(effort.transferredBytes == 11)
        let untold = ProcessEffort.of(7) { $0.hasSuffix("stat") ? files[$0] : nil }
        #expect(untold?.transferredBytes == 0, "not all may read it")
        #expect(ProcessEffort.of(8) { files[$0] } == nil)
        #expect(ProcessEffort.of(Int(getpid())) != nil)
    }

    @Test(
        .enabled(if: TestDaemon.isBuilt, "layerfoldd is not built"),
        .enabled(if: WorkerUnits.isThere, "systemd-socket-activate is not installed"))
    func `one that hangs gives its place up, and its job is tried again`() async throws {
        let (first, units) = try await WorkerUnits.daemon()
        defer { withExtendedLifetime(units) {} }
        try await first.start()
        try first.drop("deaf-h")
        let worker = try await first.worker(of: "deaf-h")
        let id = try await first.wait(for: "deaf-h", .running).id
        #expect(await eventually { try first.client.job(id).attempts.first?.process != nil })
        #expect(first.stop() == 0)
        try await withDaemon(
            state: first.state,
            configure: {
                $0.workerSocket = units.socket
                $0.grace = .milliseconds(200)
            }
        ) { daemon, clock in
            #expect(TestDaemon.isAlive(worker))
            #expect(try daemon.client.job(id).summary.state == .running)
            let isTriedAgain = await eventually {
                if first.runs(of: "deaf-h").count == 2 { return true }
                clock.advance(milliseconds: 5_000)
                return false
            }
            #expect(isTriedAgain)
            #expect(!TestDaemon.isAlive(worker))
            let attempts = try daemon.client.job(id).attempts
            #expect(attempts.count == 2 && attempts.contains { $0.state == .lost })
            _ = try daemon.client.cancel(id)
            try await daemon.wait(for: "deaf-h", .cancelled)
        }
    }
}
