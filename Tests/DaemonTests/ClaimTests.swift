// What is taken out of the inbox is what was looked at, or goes back; on real files.

import Daemon
import DurableIO
import Foundation
import Glibc
import Jobs
import SystemPackage
import Testing

@Suite struct ClaimTests {
    private let folder: TestFolder
    private let spool: FilePath
    private let inbox: FilePath
    private let source: FilePath

    init() throws {
        folder = try TestFolder()
        spool = folder.file("spool")
        inbox = folder.file("inbox")
        source = inbox.appending("x.yaml")
        try Syscalls.makeFolders(spool)
        try Syscalls.makeFolders(inbox)
        try folder.write("one", to: source)
    }

    /// Looks at `x.yaml`, lets `swap` happen, takes what has the name then.
    private func taken(_ swap: () throws -> Void) throws -> (Claim, FileStatus, Takeover) {
        let seen = try #require(try Syscalls.stat(source))
        try swap()
        let claim = Claim(id: JobIdentifier.make(now: 1), of: "x.yaml", spool: spool)
        try claim.take(source)
        let taken = try #require(try Syscalls.stat(claim.path))
        return (claim, taken, Takeover(of: taken, named: InboxName("x.yaml"), seen: seen))
    }

    private func replace(_ make: (String) throws -> Void) throws {
        try Syscalls.unlink(source)
        try make(source.string)
    }

    @Test func `the file that was looked at is read`() throws {
        let (claim, _, verdict) = try taken {}
        #expect(verdict == .read)
        #expect(try Claim.all(in: spool) == [claim])
        #expect(!TestFolder.exists(source))
        #expect(throws: SystemCallError.self) { try claim.take(source) }
        #expect(try FileSnapshot.read(claim.path, bytesMax: 10).bytes == Array("one".utf8))
    }

    @Test func `a hard link in its place is rejected, though its bytes and times are alike`()
        throws
    {
        let secret = folder.file("secret")
        try folder.write("two", to: secret)
        let (_, _, other) = try taken { try replace { _ = unsafe link(secret.string, $0) } }
        #expect(Self.reason(other) == .hardLinks)
        // The same file, which got a second name after the look.
        try folder.write("one", to: source)
        let (_, _, same) = try taken {
            _ = unsafe link(source.string, folder.file("second").string)
        }
        #expect(Self.reason(same) == .hardLinks)
    }

    private static func reason(_ verdict: Takeover) -> Refusal.Reason? {
        if case .reject(let refusal) = verdict { refusal.reason } else { nil }
    }

    @Test func `links, pipes and sockets in its place are rejected, folders go back`() throws {
        for make: (String) -> CInt in [
            { unsafe symlink("/etc/shadow", $0) }, { unsafe mkfifo($0, 0o600) },
        ] {
            if TestFolder.exists(source) { try Syscalls.unlink(source) }
            try folder.write("one", to: source)
            let (claim, _, verdict) = try taken { try replace { _ = make($0) } }
            #expect(Self.reason(verdict) == .notAFile)
            #expect(throws: (any Error).self) { try FileSnapshot.read(claim.path, bytesMax: 10) }
        }
        try folder.write("one", to: source)
        let (claim, _, verdict) = try taken { try replace { _ = unsafe mkdir($0, 0o700) } }
        #expect(verdict == .putBack)
        #expect(try claim.putBack(into: inbox) == "x.yaml")
    }

    @Test func `another file, or another content, goes back under a free name`() throws {
        let (claim, _, other) = try taken {
            try folder.write("two", to: folder.file("other"))
            try Syscalls.rename(folder.file("other"), to: source)
        }
        #expect(other == .putBack)
        // Its name is taken again by now.
        try folder.write("three", to: source)
        #expect(try claim.putBack(into: inbox) == "x-2.yaml")
        #expect(TestFolder.text(inbox.appending("x-2.yaml")) == "two")
        #expect(TestFolder.text(source) == "three")
        #expect(TestFolder.names(in: spool).isEmpty)
        let (_, _, grown) = try taken { try folder.write("three, and more", to: source) }
        #expect(grown == .putBack)
    }

    @Test func `a claim keeps its identifier, its name and the number of parses`() throws {
        let id = JobIdentifier.make(now: 1)
        var claim = Claim(id: id, name: "night.run.yaml", spool: spool)
        try folder.write("x", to: claim.path)
        try claim.countParse()
        try claim.countParse()
        let found = try #require(try Claim.all(in: spool).first)
        #expect((found.id, found.parses, found.name) == (id, 2, "night.run.yaml"))
        try folder.write("x", to: spool.appending("lost+found"))
        try folder.write("x", to: spool.appending("\(id).x.y"))
        #expect(try Claim.all(in: spool).count == 1, "strangers in the spool are left alone")
    }

    @Test func `any name can be claimed, and an unfit one stays unfit`() throws {
        for bytes in [
            Array("two\nlines.yaml".utf8), [0xE4] + Array(".yml".utf8),
            Array((String(repeating: "n", count: 249) + ".json").utf8),
        ] {
            let name = try #require(FilePath.Component(bytes: bytes))
            try folder.write("x", to: inbox.appending(name))
            let claim = Claim(id: JobIdentifier.make(now: 2), of: name, spool: spool)
            try claim.take(inbox.appending(name))
            let found = try #require(try Claim.all(in: spool).first { $0.id == claim.id })
            guard case .unfit = InboxName(found.component) else {
                Issue.record("\(found.name) would become a job")
                return
            }
            try Syscalls.unlink(claim.path)
        }
    }

    @Test func `bytes count as whole only where nobody can have written meanwhile`() throws {
        let snapshot = try FileSnapshot.read(source, bytesMax: 3)
        let before = snapshot.before
        func read(_ bytes: String, after: FileStatus, isOpen: Bool?, age: Int64) -> FileSnapshot {
            FileSnapshot(
                bytes: Array(bytes.utf8), before: before, after: after, isOpenForWriting: isOpen,
                beganAtNanoseconds: before.changedNanoseconds + age)
        }
        let old = FileSnapshot.freshNanoseconds
        try folder.write("four", to: source)
        let later = try #require(try Syscalls.stat(source))
        #expect(read("one", after: before, isOpen: nil, age: old).isWhole)
        #expect(!read("one", after: before, isOpen: nil, age: old - 1).isWhole, "within a tick")
        #expect(read("one", after: before, isOpen: false, age: 0).isWhole, "the kernel vouches")
        #expect(read("one", after: before, isOpen: nil, age: -1).isWhole, "a clock that is ahead")
        #expect(!read("one", after: before, isOpen: true, age: old).isWhole)
        #expect(!read("one", after: later, isOpen: nil, age: old).isWhole)
        #expect(!read("on", after: before, isOpen: nil, age: old).isWhole)
        let writer = try Syscalls.open(source, O_WRONLY)
        #expect(try !FileSnapshot.read(source, bytesMax: 4).isWhole)
        try Syscalls.close(writer, source)
        #expect(throws: SmallFile.TooLarge.self) { try FileSnapshot.read(source, bytesMax: 2) }
    }
}
