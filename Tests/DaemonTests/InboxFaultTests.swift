// Faults of the inbox that one user makes: huge, hostile, unfinished and special files; a parse
// that kills. The daemon stays up, its memory stays small, and the next job runs.

import Client
import Daemon
import DurableIO
import Foundation
import Glibc
import Jobs
import SystemPackage
import Testing

@Suite(.serialized, .enabled(if: TestDaemon.isBuilt, "layerfoldd is not built"))
struct InboxFaultTests {
    /// The most memory that the daemon has held, in bytes.
    private func peakBytes(_ daemon: TestDaemon) throws -> Int {
        let process = try #require(daemon.process?.processIdentifier)
        let line = TestFolder.text(FilePath("/proc/\(process)/status")).split(separator: "\n")
            .first { $0.hasPrefix("VmHWM:") }
        let words = try #require(line).split { !$0.isNumber }
        return try #require(words.first.flatMap { Int($0) }) * 1_024
    }

    private static let growthMax = 50_000_000
    private static let head = "version: 1\nmodel: demo\n"
    private static let tail = "compress: [{method: reverse, ratios: [0.5]}]\n"

    @Test func `hostile manifests are rejected with their place, in little memory`() async throws {
        let daemon = try TestDaemon()
        try await daemon.start()
        try daemon.drop("ok-before")
        try await daemon.wait(for: "ok-before", .done)
        let before = try peakBytes(daemon)
        let levels = zip("bcdefghi", "abcdefgh").map { name, lower in
            "\(name): &\(name) [" + String(repeating: "*\(lower),", count: 9) + "]\n"
        }
        let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + levels.joined()
        let deep = String(repeating: "[", count: 10_000)
        func ratio(_ text: String) -> String {
            Self.head + "compress: [{method: reverse, ratios: [\(text)]}]\n"
        }
        let hostile: [String: String] = [
            "bomb": bomb, "deep": Self.head + "compress: \(deep)\n",
            "deep-map": Self.head + String(repeating: "a: {", count: 10_000),
            "twice": Self.head + "model: demo\n" + Self.tail, "nul": Self.head + "\0" + Self.tail,
            "nan": ratio(".nan"), "huge": ratio("1e999"), "negative": ratio("-0.5"),
            "tag": Self.head + "name: !!python/object x\n" + Self.tail,
            "cut": Self.head + "compress: [{method: reverse, ratios: [0.",
            "up-name": Self.head + "name: ../../x\n" + Self.tail,
            "abs-name": Self.head + "name: /tmp/x\n" + Self.tail,
            "up-model": "version: 1\nmodel: ../../x\n" + Self.tail,
            "many": Self.head + "compress: [" + String(repeating: "{},", count: 30_000) + "]\n",
        ]
        for (name, text) in hostile {
            try daemon.folder.drop(text, into: daemon.inbox, as: "\(name).yaml")
        }
        for name in hostile.keys.sorted() {
            let path = daemon.rejected.appending("\(name).error.json")
            #expect(await eventually { TestFolder.exists(path) }, "\(name): \(daemon.logText)")
            let file = try JSONDecoder().decode(
                RejectedFile.self, from: Data(TestFolder.text(path).utf8))
            #expect(file.reason == .manifest)
            #expect(file.error.line >= 1 && file.error.column >= 1, "\(name): \(file.error)")
        }
        // These only look strange.
        try daemon.folder.drop(
            "\u{FEFF}" + TestDaemon.manifest("ok-bom").replacing("\n", with: "\r\n"),
            into: daemon.inbox, as: "ok-bom.yaml")
        try await daemon.wait(for: "ok-bom", .done)
        #expect(try peakBytes(daemon) - before < Self.growthMax)
        #expect(daemon.results(of: "ok-before").count == 1)
        #expect(TestFolder.names(in: daemon.home).count == 2)
    }

    @Test func `a file of a terabyte is refused by its size alone, and stays its owner's`()
        async throws
    {
        let daemon = try TestDaemon()
        try await daemon.start()
        let before = try peakBytes(daemon)
        let sizes = ["two.yaml": 2 << 30, "sparse.yaml": 1 << 40]
        for (name, size) in sizes {
            let file = try Syscalls.open(
                daemon.inbox.appending(name), O_WRONLY | O_CREAT, mode: 0o644)
            #expect(ftruncate(file.rawValue, size) == 0)
            try Syscalls.close(file, "sparse")
        }
        #expect(
            await eventually {
                let staying = try daemon.client.inbox().staying
                return staying.map(\.name) == ["sparse.yaml", "two.yaml"]
                    && staying.allSatisfy { $0.reason.contains("too large") }
            }, "\(daemon.logText)")
        try daemon.drop("ok-after")
        try await daemon.wait(for: "ok-after", .done)
        #expect(try peakBytes(daemon) - before < Self.growthMax)
        for (name, size) in sizes {
            #expect(try Syscalls.stat(daemon.inbox.appending(name))?.byteCount == size)
        }
    }

    @Test func `sockets, devices and pipes are put aside unopened`() async throws {
        let daemon = try TestDaemon()
        try await daemon.start()
        let inbox = daemon.inbox
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { Glibc.close(socket) }
        let address = try #require(UnixAddress(path: inbox.appending("socket.yaml").string))
        let bound = unsafe address.lend { unsafe bind(socket, $0, $1) }
        #expect(bound == 0)
        _ = unsafe mkfifo(inbox.appending("pipe.yaml").string, 0o666)
        var names = ["pipe", "socket"]
        // A terminal would become ours, a tape would be wound back: neither is opened.
        if unsafe mknod(inbox.appending("device.yaml").string, S_IFCHR | 0o666, 0x0500) == 0 {
            names.append("device")
        }
        for name in names {
            let path = daemon.rejected.appending("\(name).error.json")
            #expect(await eventually { TestFolder.exists(path) }, "\(name): \(daemon.logText)")
            #expect(TestFolder.text(path).contains("not_a_file"))
        }
        try daemon.drop("ok-after")
        try await daemon.wait(for: "ok-after", .done)
    }

    private static let strace = "/usr/bin/strace"

    @Test(
        .enabled(
            if: FileManager.default.isExecutableFile(atPath: strace), "strace is not installed"))
    func `a manifest whose parse kills the daemon twice is put aside`() async throws {
        let daemon = try TestDaemon()
        let folders = StateFolders(state: daemon.state)
        try folders.make()
        try daemon.folder.drop(
            TestDaemon.manifest("ok-deadly"), into: daemon.inbox, as: "deadly.yaml")
        // Each time the daemon dies when it has noted that a parse begins.
        for _ in 1...2 {
            try daemon.launch(wrapper: [
                Self.strace, "-f", "-qq", "-o", "/dev/null", "-P", folders.spool.string, "-e",
                "trace=fsync", "-e", "inject=fsync:signal=KILL:when=1", "--",
            ])
            let process = try #require(daemon.process)
            #expect(await eventually { !process.isRunning }, "\(daemon.logText)")
        }
        #expect(try Claim.all(in: folders.spool).map(\.parses) == [2])
        try await daemon.start()
        let path = daemon.rejected.appending("deadly.error.json")
        #expect(await eventually { TestFolder.exists(path) }, "\(daemon.logText)")
        #expect(TestFolder.text(path).contains("crash_on_parse"))
        #expect(TestFolder.names(in: folders.spool).isEmpty)
        try daemon.drop("ok-after")
        try await daemon.wait(for: "ok-after", .done)
        #expect(try daemon.client.jobs().jobs.count == 1)
    }

    @Test func `no name of a file makes a line of the log`() async throws {
        let daemon = try TestDaemon()
        try await daemon.start()
        for name in ["a\n2026 critical layerfoldd: forged.yaml", "b\u{1B}[2J\u{202E}.txt"] {
            try daemon.folder.write("x", to: daemon.inbox.appending(name))
        }
        #expect(
            await eventually {
                daemon.logText.contains("%0A2026") && daemon.logText.contains("%1B[2J")
            }, "\(daemon.logText)")
        let lines = daemon.logText.split(separator: "\n")
        #expect(!lines.contains { $0.hasPrefix("2026 critical") })
        #expect(!daemon.logText.contains("\u{1B}") && !daemon.logText.contains("\u{202E}"))
        for name in TestFolder.names(in: daemon.inbox) + TestFolder.names(in: daemon.rejected)
        where name.contains("forged") {
            #expect(!name.contains("\n"), "\(name)")
        }
    }

    @Test func `what an earlier version put aside is shown while it is there`() async throws {
        let daemon = try TestDaemon()
        let earlier = StateFolders(state: daemon.state).earlierRejected
        try Syscalls.makeFolders(earlier)
        try daemon.folder.write("old", to: earlier.appending("old.yaml"))
        try daemon.folder.write("{\"problem\":\"forged\"}", to: earlier.appending("old.error.json"))
        try await daemon.start()
        let shown = try #require(try daemon.client.inbox().rejected)
        #expect(shown.map(\.name) == ["old.yaml"])
        #expect(shown.first?.reason == "earlier")
        #expect(shown.first?.problem.contains("forged") == false)
        daemon.stop()
        try FileManager.default.removeItem(atPath: earlier.appending("old.yaml").string)
        try FileManager.default.removeItem(atPath: earlier.appending("old.error.json").string)
        try await daemon.start()
        #expect(await eventually { !TestFolder.exists(earlier) })
    }
}
