// The inbox's parts on real files: names, settling, claims, rejections, hints.

import Daemon
import DurableIO
import Foundation
import Glibc
import Jobs
import SystemPackage
import Testing

@Suite struct InboxPartsTests {
    @Test func `names are sorted into manifests, strangers and misnomers`() {
        for name in [
            "a.yaml", "A-1.yml", "0.x_y.json", String(repeating: "a", count: 123) + ".yaml",
        ] {
            guard case .manifest = InboxName(name) else {
                Issue.record("\(name) is a manifest")
                continue
            }
        }
        for name in [
            ".a.yaml", "a.yaml~", "a.yaml.tmp", "a.part", ".a.yaml.swp", "a", "yaml", ".yaml",
            "4913",
            "a.yaml.filepart", "README.md",
        ] {
            #expect(InboxName(name) == .ignored, "\(name)")
        }
        for name in [
            "a b.yaml", "-a.yaml", "_a.yml", "ä.json", String(repeating: "a", count: 124) + ".yaml",
        ] {
            guard case .unfit = InboxName(name) else {
                Issue.record("\(name) is a misnomer")
                continue
            }
        }
        #expect(InboxName("night.run.yaml") == .manifest(stem: "night.run"))
    }

    @Test func `a file is ready when it was moved in, or has not changed for a while`() throws {
        let folder = try TestFolder()
        let path = folder.file("x.yaml")
        try folder.write("a", to: path)
        var settling = Settling(settleTime: .seconds(2))
        let start = ContinuousClock.now
        let first = try #require(try Syscalls.stat(path))
        #expect(settling.verdict(on: "x.yaml", first, movedIn: true, now: start) == .ready)
        #expect(
            settling.verdict(on: "x.yaml", first, movedIn: false, now: start) == .wait(.seconds(2)))
        #expect(
            settling.verdict(on: "x.yaml", first, movedIn: false, now: start + .seconds(1.5))
                == .wait(.seconds(0.5)))
        try folder.write("ab", to: path)
        let second = try #require(try Syscalls.stat(path))
        #expect(
            settling.verdict(on: "x.yaml", second, movedIn: false, now: start + .seconds(2.5))
                == .wait(.seconds(2)), "it has grown meanwhile")
        #expect(
            settling.verdict(on: "x.yaml", second, movedIn: false, now: start + .seconds(4.5))
                == .ready)
        settling.keep(only: [])
        #expect(
            settling.verdict(on: "x.yaml", second, movedIn: false, now: start + .seconds(9))
                == .wait(.seconds(2)), "a name that was gone begins anew")
    }

    @Test func `a claim takes exactly the file that was looked at`() throws {
        let folder = try TestFolder()
        let spool = folder.file("spool")
        try Syscalls.makeFolders(spool)
        let source = folder.file("x.yaml")
        try folder.write("one", to: source)
        let status = try #require(try Syscalls.stat(source))
        let id = JobIdentifier.make(now: 1)
        let claim = Claim(id: id, name: "x.yaml", spool: spool)

        // Somebody swaps the file between the look and the claim: it is put back.
        try folder.write("two", to: folder.file("other"))
        try Syscalls.rename(folder.file("other"), to: source)
        #expect(try !claim.take(source, expecting: status))
        #expect(TestFolder.text(source) == "two")
        #expect(TestFolder.names(in: spool).isEmpty)

        let now = try #require(try Syscalls.stat(source))
        #expect(try claim.take(source, expecting: now))
        #expect(!TestFolder.exists(source))
        #expect(try Claim.all(in: spool) == [claim])
        #expect(throws: SystemCallError.self) { try claim.take(source, expecting: now) }
    }

    @Test func `a claim keeps its identifier, its name and the number of parses`() throws {
        let folder = try TestFolder()
        let id = JobIdentifier.make(now: 1)
        var claim = Claim(id: id, name: "night.run.yaml", spool: folder.path)
        try folder.write("x", to: claim.path)
        try claim.countParse()
        try claim.countParse()
        let found = try #require(try Claim.all(in: folder.path).first)
        #expect((found.id, found.parses, found.name) == (id, 2, "night.run.yaml"))
        try folder.write("x", to: folder.file("lost+found"))
        try folder.write("x", to: folder.file("\(id).x.y"))
        #expect(try Claim.all(in: folder.path).count == 1, "strangers in the spool are left alone")
    }

    @Test func `rejected files of one name do not overwrite each other`() throws {
        let folder = try TestFolder()
        let rejected = folder.file("rejected")
        try Syscalls.makeFolders(rejected)
        for text in ["one", "two", "three"] {
            try folder.write(text, to: folder.file("x.yaml"))
            let error = ManifestError(line: 3, column: 7, path: "a", problem: text)
            try Rejection.reject(
                folder.file("x.yaml"), name: "x.yaml", error: error, into: rejected)
        }
        #expect(
            TestFolder.names(in: rejected) == [
                "x-2.error.json", "x-2.yaml", "x-3.error.json", "x-3.yaml", "x.error.json",
                "x.yaml",
            ])
        #expect(TestFolder.text(rejected.appending("x-2.yaml")) == "two")
        let error = try JSONDecoder().decode(
            ManifestError.self,
            from: Data(TestFolder.text(rejected.appending("x-2.error.json")).utf8))
        #expect((error.line, error.column, error.problem) == (3, 7, "two"))
    }

    @Test func `the watch tells of moves, writes and the loss of the folder`() async throws {
        let folder = try TestFolder()
        let inbox = folder.file("inbox")
        try Syscalls.makeFolders(inbox)
        let (stream, continuation) = AsyncStream<InboxHint>.makeStream()
        let watch = try InboxWatch(inbox) { continuation.yield($0) }
        var hints = stream.makeAsyncIterator()
        try folder.drop("x", into: inbox, as: "x.yaml")
        #expect(await hints.next() == .changed, "the hidden file was written")
        #expect(await hints.next() == .movedIn("x.yaml"))
        try folder.write("y", to: inbox.appending("y.yaml"))
        #expect(await hints.next() == .changed)
        try Syscalls.rename(inbox, to: folder.file("gone"))
        #expect(await hints.next() == .folderGone)
        _ = watch.status
    }

    @Test func `an overflow of the event queue, and any truncation, is only a hint to look`() {
        func event(mask: Int, name: [UInt8] = []) -> [UInt8] {
            func word(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(value >> (8 * $0) & 255) } }
            return word(-1) + word(mask) + word(0) + word(name.count) + name
        }
        let overflow = event(mask: Int(IN_Q_OVERFLOW))
        let moved = event(mask: Int(IN_MOVED_TO), name: Array("a.yaml".utf8) + [0, 0])
        #expect(InboxWatch.hints(in: overflow + moved) == [.changed, .movedIn("a.yaml")])
        #expect(InboxWatch.hints(in: event(mask: Int(IN_IGNORED))) == [.folderGone])
        for count in 0..<moved.count {
            #expect(InboxWatch.hints(in: Array(moved.prefix(count))).isEmpty)
        }
    }
}
