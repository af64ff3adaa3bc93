// The daemon's small parts: identifiers, lines, logs, processes, publishing, notifications.

import Daemon
import DurableIO
import Failures
import Foundation
import Glibc
import Jobs
import Store
import SystemPackage
import Testing

@Suite struct PartsTests {
    @Test func `identifiers sort by time and are unique`() {
        let early = JobIdentifier.make(now: 1_000)
        let late = JobIdentifier.make(now: 1_001)
        #expect(early < late)
        #expect(JobIdentifier.isValid(early))
        #expect(Set((0..<1_000).map { _ in JobIdentifier.make(now: 5) }).count == 1_000)
        for text in ["", "x", "../../etc/passwd/aaaaaaaaaa", String(repeating: "I", count: 26)] {
            #expect(!JobIdentifier.isValid(text), "\(text)")
        }
    }

    @Test func `lines come out whole, whatever the pieces, and long ones are dropped`() {
        let text =
            Array("one\n\ntwo\n".utf8) + [UInt8](repeating: 0x78, count: 20)
            + Array("\nfour\nfi".utf8)
        for size in 1...text.count {
            var splitter = LineSplitter(bytesMax: 10)
            var lines: [[UInt8]] = []
            for start in stride(from: 0, to: text.count, by: size) {
                lines += splitter.append(Array(text[start..<min(start + size, text.count)]))
            }
            #expect(lines.map { String(decoding: $0, as: UTF8.self) } == ["one", "two", "four"])
        }
    }

    @Test func `a log stays within two files of its size`() throws {
        let folder = try TestFolder()
        let path = folder.file("worker.log")
        do {
            var log = BoundedLog(path, bytesMax: 100)
            for number in 0..<100 { log.append(Array("line \(number) .......\n".utf8)) }
            log.append([UInt8](repeating: 0x78, count: 500))
        }
        let sizes = try ["worker.log", "worker.log.1"].map {
            try #require(try Syscalls.stat(folder.file($0))).byteCount
        }
        #expect(sizes.allSatisfy { $0 <= 100 && $0 > 0 }, "\(sizes)")
        var log = BoundedLog(path, bytesMax: 1_000)
        log.append(Array("more\n".utf8))
        #expect(TestFolder.text(path).hasSuffix("xmore\n"), "a log is continued, not cut")
    }

    @Test func `a process is known by number, start and boot`() async throws {
        let own = try #require(ProcessIdentity(of: Int(getpid())))
        #expect(own.isAlive)
        let later = ProcessIdentity(
            process: own.process, start: own.start + 1, boot: own.boot)
        #expect(!later.isAlive, "another process of the same number")
        later.kill()
        let elsewhere = ProcessIdentity(process: own.process, start: own.start, boot: "other")
        #expect(!elsewhere.isAlive, "another boot")
        elsewhere.kill()
        #expect(ProcessIdentity(of: 4_194_305) == nil, "no such process")
    }

    private func record(_ id: String) throws -> JobRecord {
        let text = "{version: 1, model: m, compress: [{method: reverse, ratios: [0.5]}]}"
        return JobRecord(
            id: id, source: "x.yaml", owner: 0, submittedAtMilliseconds: 1, manifestDigest: "",
            description: try ManifestParser.parse(bytes: Data(text.utf8), name: "x"))
    }

    @Test func `publishing can be repeated after an interruption anywhere`() async throws {
        let folder = try TestFolder()
        let results = folder.file("results")
        try Syscalls.makeFolders(results)
        let record = try record(JobIdentifier.make(now: 1))
        let partial = results.appending(record.partialResultsName)
        let final = results.appending(record.resultsName)
        let calls: Set<SystemCall> = [
            .rename, .fsync, .open, .write, .syncfs, .stat, .close, .chmod,
        ]
        var number = 1
        var fired = true
        while fired {
            try? FileManager.default.removeItem(atPath: final.string)
            try Syscalls.makeFolders(partial)
            try folder.write("{}", to: partial.appending("report.json"))
            let plan = FaultPlan(.death, atCall: number, among: calls)
            let publisher = Publisher(results: results)
            _ = await FaultPlan.$current.withValue(plan) { await publisher.publish(record) }
            fired = plan.hasFired
            if TestFolder.exists(final.appending("DONE")) {
                #expect(TestFolder.exists(final.appending("report.json")), "call \(number)")
            }
            // The next daemon does it again.
            #expect(await publisher.publish(record) == nil, "call \(number)")
            let done = TestFolder.text(final.appending("DONE"))
            #expect(done.hasPrefix("layerfold-results 2\n") && done.hasSuffix(" 2 report.json\n"))
            #expect(done.split(separator: "\n").count == 2, "call \(number): \(done)")
            #expect(TestFolder.exists(final.appending("report.json")))
            #expect(!TestFolder.exists(partial))
            number += 1
        }
        #expect(number > 5, "the sweep met several calls")
    }

    @Test func `a record of a newer daemon is refused by name`() throws {
        let folder = try TestFolder()
        var newer = try record(JobIdentifier.make(now: 1))
        newer.version = 2
        try JobFolder(folder.path).accept(manifest: [], record: newer)
        let error = #expect(throws: NewerFormat.self) { try JobFolder(folder.path).record() }
        #expect(error?.description.contains("job.json` has the version `2`") == true)
    }

    @Test func `words of the index that are not known are refused, not taken for others`() throws {
        var job = JobRow(
            id: "J", name: "n", owner: 0, manifestDigest: "", state: "paused", submittedAt: 1)
        #expect(throws: NewerFormat.self) { try job.knownState() }
        #expect(try job.knownFailureClass() == nil)
        job.failureClass = "weather"
        #expect(throws: NewerFormat.self) { try job.knownFailureClass() }
        let attempt = AttemptRow(id: "A", job: "J", state: "asleep", startedAt: 1)
        let error = #expect(throws: NewerFormat.self) { try attempt.knownState() }
        #expect(error?.known == ["running", "succeeded", "failed", "transient", "lost", "stopped"])
    }

    @Test func `results that are not there are a bug, not a success`() async throws {
        let folder = try TestFolder()
        let publisher = Publisher(results: folder.path)
        let failure = await publisher.publish(try record(JobIdentifier.make(now: 1)))
        #expect(failure?.failureClass == .bug)
    }

    @Test func `discarded results vanish, links in them are not followed`() async throws {
        let folder = try TestFolder()
        let results = folder.file("results")
        let record = try record(JobIdentifier.make(now: 1))
        let partial = results.appending(record.partialResultsName)
        try Syscalls.makeFolders(partial.appending("mka-r0.5"))
        try folder.write("keep", to: folder.file("keep"))
        _ = unsafe symlink(folder.file("keep").string, partial.appending("link").string)
        _ = unsafe symlink(folder.path.string, partial.appending("folder").string)
        try Publisher.discard(record, in: results)
        #expect(!TestFolder.exists(partial))
        #expect(await Publisher(results: results).emptyTrash().isEmpty)
        #expect(TestFolder.names(in: results).isEmpty)
        #expect(TestFolder.text(folder.file("keep")) == "keep")
    }

    @Test func `what is closed keeps nothing else from its end or from the count`() throws {
        let folder = try TestFolder()
        let top = folder.file("top")
        func fill() throws {
            for name in ["analysis", "empty", "fold"] {
                try Syscalls.makeFolders(top.appending(name))
            }
            for name in ["analysis/plot", "fold/model", "report"] {
                try folder.write("12345", to: top.appending(name))
            }
        }
        func remove(_ plan: FaultPlan) -> SystemCallError? {
            do {
                try FaultPlan.$current.withValue(plan) { try FolderTree.remove(top) }
                return nil
            } catch {
                return error as? SystemCallError
            }
        }
        try fill()
        // As where somebody has made a folder of her own that others may list.
        let listed = FaultPlan(.error(.permissionDenied), atCall: 1, among: [.unlink])
        #expect(remove(listed)?.path == top.appending("analysis/plot"))
        #expect(TestFolder.names(in: top) == ["analysis"])
        try fill()
        // Each folder is opened twice: to hold it and to list it.
        let closed = FaultPlan(.error(.permissionDenied), atCall: 3, among: [.open])
        #expect(remove(closed)?.path == top.appending("analysis"))
        #expect(TestFolder.names(in: top) == ["analysis"])
        try fill()
        let empty = FaultPlan(.error(.permissionDenied), atCall: 5, among: [.open])
        #expect(remove(empty) == nil, "nothing has to be listed for it")
        #expect(empty.hasFired && !TestFolder.exists(top))
        try fill()
        let count = FaultPlan(.error(.permissionDenied), atCall: 3, among: [.open])
        let size = FaultPlan.$current.withValue(count) { FolderTree.size(of: top) }
        #expect(size.bytes == 10 && size.uncounted?.path == top.appending("analysis"))
        #expect(FolderTree.size(of: top).bytes == 15)
        #expect(FolderTree.size(of: folder.file("nothing")).uncounted == nil)
    }

    @Test func `an interrupted acceptance can be repeated, at every kernel call`() throws {
        let folder = try TestFolder()
        var number = 1
        var fired = true
        while fired {
            let record = try record(JobIdentifier.make(now: number))
            let job = JobFolder(folder.file(record.id))
            let plan = FaultPlan(.death, atCall: number)
            FaultPlan.$current.withValue(plan) {
                try? job.accept(manifest: Array("text".utf8), record: record)
            }
            fired = plan.hasFired
            if TestFolder.exists(job.path) {
                let found = try job.record()
                #expect(found == nil || found == record, "call \(number): whole or not at all")
                if found != nil {
                    #expect(TestFolder.text(job.path.appending("manifest.raw")) == "text")
                }
            }
            try job.accept(manifest: Array("text".utf8), record: record)
            #expect(try job.record() == record)
            number += 1
        }
        #expect(number > 10)
    }

    @Test func `an outcome that makes no sense counts as none`() throws {
        let folder = try TestFolder()
        let job = JobFolder(folder.path)
        for text in [
            "", "{", "[]",
            #"{"version":9,"job":"J","attempt":"A","result":"succeeded","seconds":1,"peak_bytes":1}"#,
            #"{"version":1,"job":"J","attempt":"A","result":"failed","seconds":1,"peak_bytes":1}"#,
        ] {
            try folder.write(text, to: folder.file("outcome.json"))
            #expect(job.outcome() == nil, "\(text)")
        }
        let outcome = WorkerOutcome.succeeded(job: "J", attempt: "A", seconds: 1, peakBytes: 1)
        try JobJSON.encode(outcome).write(to: URL(filePath: folder.file("outcome.json").string))
        #expect(job.outcome() == outcome)
    }

    @Test func `the service manager hears what is going on`() throws {
        let folder = try TestFolder()
        let path = folder.file("notify")
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        defer { Glibc.close(socket) }
        let address = try #require(UnixAddress(path: path.string))
        let bound = unsafe address.lend { unsafe bind(socket, $0, $1) }
        try #require(bound == 0)
        func heard() -> String {
            var buffer = [UInt8](repeating: 0, count: 4_096)
            let count = unsafe recv(socket, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        }
        let notifier = Notifier(
            environment: ["NOTIFY_SOCKET": path.string, "WATCHDOG_USEC": "2000000"], process: 1)
        #expect(notifier.watchdogInterval == .seconds(1))
        notifier.ready("one\ntwo")
        #expect(heard() == "READY=1\nSTATUS=one two")
        notifier.watchdog()
        #expect(heard() == "WATCHDOG=1")
        notifier.stopping(timeout: .seconds(60))
        #expect(heard() == "STOPPING=1\nEXTEND_TIMEOUT_USEC=60000000")
        let other = Notifier(
            environment: ["WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "2"], process: 1)
        #expect(other.watchdogInterval == nil)
        other.ready("nobody listens")
    }
}
