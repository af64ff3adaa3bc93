// The inbox as people use it: slow writers, other mounts, names of every kind.

import Client
import Daemon
import DurableIO
import Foundation
import Glibc
import Jobs
import SystemPackage
import Testing

@Suite(.serialized, .enabled(if: TestDaemon.isBuilt, "layerfoldd is not built"))
struct InboxTests {
    private static let half = "version: 1\nmodel: models/demo\n"
    private static let rest = "compress: [{method: reverse, ratios: [0.5]}]\n"

    @Test func `a file that is open for writing waits for its writer, however slow`() async throws {
        let daemon = try TestDaemon()
        try Syscalls.makeFolders(daemon.inbox)
        // One writer came before the daemon, another comes after it.
        let early = try Writer(daemon.inbox.appending("ok-early.yaml"), Self.half)
        try await daemon.start()
        let late = try Writer(daemon.inbox.appending("ok-late.yaml"), Self.half)
        let empty = try Writer(daemon.inbox.appending("ok-empty.yaml"), "")
        // The daemon tells that it has looked at them and why they stay.
        #expect(
            await eventually {
                try daemon.client.inbox().staying.map(\.name)
                    == ["ok-early.yaml", "ok-empty.yaml", "ok-late.yaml"]
            }, "\(daemon.logText)")
        try daemon.drop("ok-other")
        try await daemon.wait(for: "ok-other", .done)
        #expect(try daemon.client.jobs().jobs.count == 1)
        try early.end(Self.rest)
        try late.end(Self.rest)
        try empty.end(Self.half + Self.rest)
        for name in ["ok-early", "ok-late", "ok-empty"] {
            try await daemon.wait(for: name, .done)
        }
        #expect(TestFolder.names(in: daemon.rejected).isEmpty)
        #expect(await eventually { try daemon.client.inbox().staying.isEmpty })
    }

    @Test func `a file that is renamed while it is written is not complete`() async throws {
        let daemon = try TestDaemon()
        try await daemon.start()
        let hidden = daemon.inbox.appending(".ok-moved.tmp")
        let writer = try Writer(hidden, Self.half)
        try Syscalls.rename(hidden, to: daemon.inbox.appending("ok-moved.yaml"))
        #expect(
            await eventually {
                try daemon.client.inbox().staying.map(\.name) == ["ok-moved.yaml"]
            })
        try writer.end(Self.rest)
        try await daemon.wait(for: "ok-moved", .done)
    }

    /// A program with a file open.
    private final class Writer {
        private let path: FilePath
        private let descriptor: FileDescriptor

        init(_ path: FilePath, _ text: String) throws {
            self.path = path
            descriptor = try Syscalls.open(path, O_WRONLY | O_CREAT, mode: 0o644)
            try write(text)
        }

        private func write(_ text: String) throws {
            let bytes = Array(text.utf8)
            try unsafe Syscalls.write(descriptor, path, bytes.span.bytes)
        }

        func end(_ text: String) throws {
            try write(text)
            try Syscalls.close(descriptor, path)
        }
    }

    @Test func `every name is taken, rejected, or told of`() async throws {
        let daemon = try TestDaemon()
        try await daemon.start()
        let text = Self.half + Self.rest
        func write(_ bytes: [UInt8]) throws {
            let name = try #require(FilePath.Component(bytes: bytes))
            let path = daemon.inbox.appending(name)
            let file = try Syscalls.open(path, O_WRONLY | O_CREAT, mode: 0o644)
            let content = Array(text.utf8)
            try unsafe Syscalls.write(file, path, content.span.bytes)
            try Syscalls.close(file, path)
        }
        let long = String(repeating: "n", count: 249)
        try write(Array((long.prefix(244) + ".yaml").utf8))
        try write(Array((long + "x.yaml").utf8))
        try write([0xE4] + Array(".yaml".utf8))
        try write(Array("two\nlines.yaml".utf8))
        try write(Array("-dash.yml".utf8))
        try write(Array("ok-UPPER.YAML".utf8))
        try write(Array("notes.txt".utf8))
        try write([0xFF, 0xFE])
        try write(Array("ok-tilde.yaml~".utf8))
        try Syscalls.makeFolders(daemon.inbox.appending("folder.yaml"))
        try await daemon.wait(for: "ok-UPPER", .done)
        let stem = String(repeating: "n", count: 128)
        for name in [stem, stem + "-2", "%E4", "two%0Alines", "-dash"] {
            let path = daemon.rejected.appending(name + ".error.json")
            #expect(await eventually { TestFolder.exists(path) }, "\(name): \(daemon.logText)")
        }
        let staying = ["%FF%FE", "folder.yaml", "notes.txt", "ok-tilde.yaml~"]
        #expect(
            await eventually { try daemon.client.inbox().staying.map(\.name) == staying },
            "\(daemon.logText)")
        for name in staying { #expect(daemon.logText.contains(name)) }
        #expect(daemon.inboxNames.count == staying.count)
        #expect(try daemon.client.jobs().jobs.count == 1)
    }

    private static let canMount: Bool = {
        guard let folder = try? TestFolder() else { return false }
        let path = folder.path.string
        guard unsafe mount(path, path, nil, UInt(MS_BIND), nil) == 0 else { return false }
        return unsafe umount2(path, Int32(MNT_DETACH)) == 0
    }()

    @Test(
        .enabled(if: canMount, "nothing can be mounted here"),
        arguments: ["inbox", "rejected", "tmpfs"])
    func `an inbox on another mount is refused at the start`(place: String) async throws {
        let daemon = try TestDaemon()
        let folders = StateFolders(state: daemon.state)
        try folders.make()
        let target = daemon.state.appending(place == "tmpfs" ? "inbox" : place)
        let mounted =
            place == "tmpfs"
            ? unsafe mount("tmpfs", target.string, "tmpfs", 0, "size=64k")
            : unsafe mount(target.string, target.string, nil, UInt(MS_BIND), nil)
        try #require(mounted == 0)
        defer { _ = unsafe umount2(target.string, Int32(MNT_DETACH)) }
        try daemon.launch()
        daemon.process?.waitUntilExit()
        #expect(daemon.process?.terminationStatus == 78)
        #expect(daemon.logText.contains("lies on another mount"), "\(daemon.logText)")
        #expect(TestFolder.names(in: folders.inbox).isEmpty, "the probe leaves nothing")
        #expect(TestFolder.names(in: folders.spool).isEmpty)
    }

    @Test(.enabled(if: canMount, "nothing can be mounted here"))
    func `a mount that comes over the inbox later is told of`() async throws {
        let daemon = try TestDaemon()
        try await daemon.start()
        #expect(try daemon.client.inbox().problem == nil)
        let path = daemon.inbox.string
        let mounted = unsafe mount("tmpfs", path, "tmpfs", 0, "size=64k")
        try #require(mounted == 0)
        defer { _ = unsafe umount2(path, Int32(MNT_DETACH)) }
        #expect(
            await eventually {
                try daemon.client.inbox().problem?.contains("another mount") == true
            }, "\(daemon.logText)")
        _ = unsafe umount2(path, Int32(MNT_DETACH))
        #expect(await eventually { try daemon.client.inbox().problem == nil })
    }
}
