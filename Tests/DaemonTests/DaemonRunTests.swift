// The daemon as people meet it: files in, results out, and every way a worker can end.

import Client
import Daemon
import DurableIO
import Failures
import Foundation
import Glibc
import Jobs
import SystemPackage
import Testing

@Suite(.serialized, .enabled(if: TestDaemon.isBuilt, "layerfoldd is not built"))
struct DaemonRunTests {
    @Test func `a job goes from the inbox to its results`() async throws {
        let daemon = try TestDaemon()
        try await daemon.start()
        try daemon.drop("ok-1")
        let summary = try await daemon.wait(for: "ok-1", .done)
        let detail = try daemon.client.job(summary.id)
        let results = try #require(detail.resultsDirectory)
        #expect(results.hasSuffix("/results/\(geteuid())/ok-1-\(summary.id)"))
        #expect(TestFolder.names(in: FilePath(results)) == ["DONE", "report.json", "reverse-r0.5"])
        #expect(TestFolder.names(in: daemon.inbox).isEmpty)
        #expect(TestFolder.names(in: daemon.state.appending("spool")).isEmpty)
        let job = daemon.state.appending("jobs").appending(summary.id)
        #expect(TestFolder.text(job.appending("manifest.raw")) == TestDaemon.manifest("ok-1"))
        #expect(detail.record?.description.compress.first?.method == "reverse")
        #expect(detail.attempts.map(\.state) == [.succeeded])
        #expect(detail.attempts.first?.exitCode == 0)
        let progress = try daemon.client.progress(of: summary.id)
        #expect(progress.history.count == 3, "started, finished, outcome: \(progress)")
        #expect(daemon.stop() == 0)
    }

    @Test func `a file that is copied in is taken when it is complete`() async throws {
        let daemon = try TestDaemon()
        // Long enough that a busy machine does not make the writer pause for as long.
        daemon.arguments = ["--settle-seconds", "3"]
        try await daemon.start()
        let path = daemon.inbox.appending("ok-slow.yaml")
        let text = TestDaemon.manifest("ok-slow")
        // A writer that is slower than the daemon looks, but never silent for the settle time.
        var written = ""
        for part in text.split(separator: "\n", omittingEmptySubsequences: false) {
            written += part + "\n"
            try daemon.folder.write(written, to: path)
            try await Task.sleep(for: .milliseconds(30))
        }
        try await daemon.wait(for: "ok-slow", .done)
        #expect(try daemon.client.jobs().jobs.count == 1)
        #expect(TestFolder.names(in: daemon.rejected).isEmpty)
    }

    @Test func `what is no manifest is put aside with its reason`() async throws {
        let daemon = try TestDaemon()
        try await daemon.start()
        let inbox = daemon.inbox
        try daemon.folder.drop("version: 1\nmodle: m\n", into: inbox, as: "typo.yaml")
        let big = "version: 1\n#" + String(repeating: "x", count: 2_000_000)
        try daemon.folder.drop(big, into: inbox, as: "big.yaml")
        _ = unsafe mkfifo(inbox.appending("fifo.yaml").string, 0o600)
        _ = unsafe symlink("/etc/shadow", inbox.appending("link.yaml").string)
        try daemon.folder.write("version: 1\n", to: daemon.folder.file("other"))
        _ = unsafe link(daemon.folder.file("other").string, inbox.appending("hard.yaml").string)
        try Syscalls.makeFolders(inbox.appending("folder.yaml"))
        try daemon.folder.drop("x", into: inbox, as: "bad name.yaml")
        try daemon.folder.drop("x", into: inbox, as: "notes.txt")
        try daemon.folder.drop("", into: inbox, as: "empty.yaml")
        try daemon.folder.drop(
            "{version: 1, model: ../../etc, compress: [{method: reverse, ratios: [0.5]}]}",
            into: inbox, as: "escape.json")
        let expected = [
            "typo": "did you mean `model`?", "fifo": "not a regular file",
            "link": "not a regular file", "hard": "hard links", "bad name": "file's name",
            "empty": "empty", "escape": "upwards",
        ]
        for (stem, words) in expected {
            // Who made a hard link, the link does not tell.
            let folder = stem == "hard" ? daemon.rejected(of: "unowned") : daemon.rejected
            let path = folder.appending("\(stem).error.json")
            #expect(await eventually { TestFolder.exists(path) }, "\(stem): \(daemon.logText)")
            let error = try JSONDecoder().decode(
                ManifestError.self, from: Data(TestFolder.text(path).utf8))
            #expect(error.description.contains(words), "\(stem): \(error)")
        }
        let typo = try JSONDecoder().decode(
            ManifestError.self,
            from: Data(TestFolder.text(daemon.rejected.appending("typo.error.json")).utf8))
        #expect((typo.line, typo.column) == (2, 1))
        // The link itself was moved; what it names was never read.
        #expect(try Syscalls.stat(daemon.rejected.appending("link.yaml"))?.kind == .symbolicLink)
        // The error is written before the file is moved beside it. What is large may be somebody's
        // only copy of something else: it stays where she can remove it.
        let strangers = ["big.yaml", "folder.yaml", "notes.txt"]
        #expect(
            await eventually { daemon.inboxNames == strangers },
            "strangers stay where they are")
        #expect(try daemon.client.jobs().jobs.isEmpty)
        // And the next job runs.
        try daemon.drop("ok-after")
        try await daemon.wait(for: "ok-after", .done)
    }

    @Test func `the inbox may be replaced under the daemon`() async throws {
        let daemon = try TestDaemon()
        try await daemon.start()
        try Syscalls.rename(daemon.inbox, to: daemon.state.appending("inbox.old"))
        try Syscalls.makeFolders(daemon.inbox)
        try daemon.drop("ok-new")
        try await daemon.wait(for: "ok-new", .done)
    }

    @Test func `SIGHUP makes the daemon look at once`() async throws {
        let daemon = try TestDaemon()
        // No looks of its own, and no inotify event: a hard link raises none that we watch.
        daemon.arguments = ["--rescan-seconds", "3600", "--settle-seconds", "0"]
        try await daemon.start()
        let source = daemon.folder.file("source")
        try daemon.folder.write(TestDaemon.manifest("ok-hup"), to: source)
        _ = unsafe link(source.string, daemon.inbox.appending("ok-hup.yaml").string)
        _ = unsafe unlink(source.string)
        kill(try #require(daemon.process?.processIdentifier), SIGHUP)
        try await daemon.wait(for: "ok-hup", .done)
    }

    @Test func `a failure of the user is final, with the worker's words`() async throws {
        let daemon = try TestDaemon()
        try await daemon.start()
        try daemon.drop("user-1")
        let summary = try await daemon.wait(for: "user-1", .failed)
        #expect(summary.failure == .init(failureClass: .user, message: "no such model"))
        #expect(daemon.runs(of: "user-1").count == 1)
        #expect(daemon.results(of: "user-1").isEmpty)
    }

    @Test func `a worker that crashes twice is given up, with its last words`() async throws {
        let daemon = try TestDaemon()
        try await daemon.start()
        try daemon.drop("crash-1")
        let summary = try await daemon.wait(for: "crash-1", .failed)
        #expect(summary.failure?.failureClass == .bug)
        #expect(summary.failure?.message.contains("last words of crash-1") == true)
        #expect(summary.failure?.message.contains("signal 11") == true)
        #expect(daemon.runs(of: "crash-1").count == 2)
        let detail = try daemon.client.job(summary.id)
        #expect(detail.attempts.map(\.state) == [.lost, .lost])
        #expect(detail.attempts.allSatisfy { $0.exitSignal == 11 })
        // The journal has a reason for each end, in the daemon's own words.
        let ends = daemon.logText.split(separator: "\n").filter { $0.contains("attempt ended") }
        #expect(ends.count == 2)
        for end in ends {
            #expect(end.contains("died") && end.contains("signal 11"), "\(end)")
            #expect(end.contains("job=\(summary.id)"), "\(end)")
        }
        #expect(!daemon.logText.contains("last words"), "a worker's words are no journal line")
    }

    @Test func `a crash costs one attempt, not the job`() async throws {
        let daemon = try TestDaemon()
        try await daemon.start()
        try daemon.drop("crash-once-1")
        let summary = try await daemon.wait(for: "crash-once-1", .done)
        #expect(summary.attempts == 2)
    }

    @Test func `a killed worker's job is run again`() async throws {
        let daemon = try TestDaemon()
        try await daemon.start()
        try daemon.drop("gate-kill")
        let worker = try await daemon.worker(of: "gate-kill")
        let score = TestFolder.text(FilePath("/proc/\(worker)/oom_score_adj"))
        #expect(score == "500\n", "the kernel takes the worker before the daemon")
        kill(worker, SIGKILL)
        _ = try await daemon.worker(of: "gate-kill", run: 2)
        try daemon.open("gate-kill")
        let summary = try await daemon.wait(for: "gate-kill", .done)
        #expect(summary.attempts == 2)
        #expect(daemon.results(of: "gate-kill").count == 1)
    }

    @Test(arguments: ["hang-1", "deaf-1", "gate-c", "closed-1"])
    func `a running job can be cancelled, however its worker behaves`(name: String) async throws {
        let daemon = try TestDaemon()
        try await daemon.start()
        try daemon.drop(name)
        let worker = try await daemon.worker(of: name)
        let id = try await daemon.wait(for: name, .running).id
        let receipt = try daemon.client.cancel(id)
        #expect([.cancelling, .cancelled].contains(receipt.state))
        try await daemon.wait(for: name, .cancelled)
        #expect(await eventually { !TestDaemon.isAlive(worker) }, "the worker lives on")
        #expect(
            await eventually { TestFolder.names(in: daemon.state.appending("results")).isEmpty })
        #expect(try daemon.client.cancel(id).state == .cancelled, "twice is as good as once")
        // A cancelled job can be had again.
        #expect(try daemon.client.retry(id).state != .cancelled)
        _ = try await daemon.worker(of: name, run: 2)
    }

    @Test func `a queued job is cancelled at once, a finished one not at all`() async throws {
        let daemon = try TestDaemon()
        try await daemon.start()
        try daemon.drop("gate-q")
        try await daemon.wait(for: "gate-q", .running)
        let queued = try daemon.submit("ok-q")
        #expect(try daemon.client.cancel(queued).state == .cancelled)
        try daemon.open("gate-q")
        let done = try await daemon.wait(for: "gate-q", .done)
        #expect(throws: DaemonClient.ClientError.self) { try daemon.client.cancel(done.id) }
        #expect(throws: DaemonClient.ClientError.self) { try daemon.client.retry(done.id) }
        #expect(daemon.runs(of: "ok-q").isEmpty)
        #expect(try daemon.client.retry(queued).id == queued)
        try await daemon.wait(for: "ok-q", .done)
    }

    @Test func `a success without results is a bug`() async throws {
        let daemon = try TestDaemon()
        try await daemon.start()
        try daemon.drop("empty-1")
        let summary = try await daemon.wait(for: "empty-1", .failed)
        #expect(summary.failure?.failureClass == .bug)
        #expect(daemon.runs(of: "empty-1").count == 2, "somebody may have removed them: once more")
    }

    @Test func `a flood of output fills neither disk nor memory`() async throws {
        let daemon = try TestDaemon()
        try await daemon.start()
        try daemon.drop("flood-1")
        let id = try await daemon.wait(for: "flood-1", .done).id
        let job = daemon.state.appending("jobs").appending(id)
        for name in ["worker.log", "worker.log.1"] {
            let size = try Syscalls.stat(job.appending(name))?.byteCount ?? 0
            #expect(size <= BoundedLog.bytesMax, "\(name)")
        }
        #expect(try daemon.client.progress(of: id).history.count == 3)
        let (bytes, next) = try daemon.client.log(of: id, from: nil)
        #expect(String(decoding: bytes, as: UTF8.self).hasSuffix("line 299\n"))
        let more = try daemon.client.log(of: id, from: next)
        #expect(more.bytes.isEmpty && more.nextOffset == next)
    }

    @Test func `higher priority goes first, and a hundred jobs all run once`() async throws {
        let daemon = try TestDaemon()
        try await daemon.start()
        try daemon.drop("gate-first")
        try await daemon.wait(for: "gate-first", .running)
        for number in 0..<100 { try daemon.drop("ok-\(number)") }
        try daemon.drop("ok-urgent", priority: 10)
        #expect(await eventually { try daemon.client.status().jobs["queued"] == 101 })
        let list = try daemon.client.jobs().jobs
        #expect(list.first { $0.name == "ok-urgent" }?.ahead == 0)
        try daemon.open("gate-first")
        #expect(await eventually(within: 300) { try daemon.client.status().jobs["done"] == 102 })
        let names = daemon.runs.map(\.name)
        #expect(names.count == 102, "each is run once")
        #expect(Set(names).count == 102)
        #expect(Array(names.prefix(2)) == ["gate-first", "ok-urgent"])
    }
}
