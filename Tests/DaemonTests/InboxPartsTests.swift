// The inbox's parts on real files: names, settling, claims, rejections, hints.

import Daemon
import DurableIO
import Foundation
import Glibc
import Jobs
import Synchronization
import SystemPackage
import Testing

@Suite struct InboxPartsTests {
    @Test func `the inbox is for its group from the moment that it is there`() throws {
        var number = 1
        var fired = true
        while fired {
            let folder = try TestFolder()
            let folders = StateFolders(state: folder.file("state"))
            func rights() throws -> UInt32? {
                // The setgid bit is not to be had everywhere.
                try Syscalls.stat(folders.inbox).map { $0.permissions & 0o1777 }
            }
            let plan = FaultPlan(.death, atCall: number)
            FaultPlan.$current.withValue(plan) { try? folders.make() }
            fired = plan.hasFired
            #expect(try [nil, 0o1770].contains(rights()), "call \(number)")
            // The next start.
            try folders.make()
            #expect(try rights() == 0o1770, "call \(number), whatever the umask")
            number += 1
        }
        #expect(number > 12, "the sweep met all folders")
    }

    @Test func `names are sorted into manifests, strangers and misnomers`() {
        for name in [
            "a.yaml", "A-1.yml", "0.x_y.json", "UPPER.YAML", "b.Json",
            String(repeating: "a", count: 123) + ".yaml",
        ] {
            guard case .manifest = Self.kind(name) else {
                Issue.record("\(name) is a manifest")
                continue
            }
        }
        for name in [".a.yaml", ".a.yaml.swp", ".yaml", ".a.yaml.tmp"] {
            #expect(Self.kind(name) == .hidden, "\(name)")
        }
        for name in [
            "a.yaml~", "a.yaml.tmp", "a.part", "a", "yaml", "4913", "a.yaml.filepart", "README.md",
        ] {
            #expect(Self.kind(name) == .stranger, "\(name)")
        }
        for name in [
            "a b.yaml", "-a.yaml", "_a.yml", "ä.json", "a\n.yaml",
            String(repeating: "a", count: 124) + ".yaml",
        ] {
            guard case .unfit = Self.kind(name) else {
                Issue.record("\(name) is a misnomer")
                continue
            }
        }
        #expect(Self.kind("night.run.yaml") == .manifest(stem: "night.run"))
        guard case .unfit = Self.latin.map(InboxName.init) else {
            Issue.record("a name in Latin-1 is a misnomer")
            return
        }
    }

    private static func kind(_ name: String) -> InboxName? {
        FilePath.Component(name).map(InboxName.init)
    }

    /// `ä.yaml` in Latin-1: no UTF-8.
    private static let latin = FilePath.Component(bytes: [0xE4] + Array(".yaml".utf8))

    @Test func `any name is told of on one line, and two names never look alike`() throws {
        let names: [([UInt8], String)] = [
            (Array("a.yaml".utf8), "a.yaml"), ([0xE4, 0x2E, 0x79], "%E4.y"),
            (Array("ä".utf8), "ä"), (Array("a\nb".utf8), "a%0Ab"), (Array("%E4".utf8), "%25E4"),
            ([0xC3, 0x28], "%C3("), (Array("\u{202E}x".utf8), "%E2%80%AEx"),
        ]
        for (bytes, printed) in names {
            let name = try #require(FilePath.Component(bytes: bytes))
            #expect(name.bytes == bytes)
            #expect(name.printed == printed)
        }
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
        settling.distrust("x.yaml", second)
        #expect(
            settling.verdict(on: "x.yaml", second, movedIn: true, now: start + .seconds(10))
                == .wait(.seconds(2)), "we moved it in ourselves")
        try folder.write("abc", to: folder.file("other"))
        let other = try #require(try Syscalls.stat(folder.file("other")))
        #expect(
            settling.verdict(on: "x.yaml", other, movedIn: true, now: start + .seconds(10))
                == .ready, "this one somebody else moved in")
    }

    @Test func `a file is being written from its opening to its closing`() {
        func event(_ mask: CInt, _ name: FilePath.Component = "x.yaml", cookie: UInt32 = 0)
            -> InboxEvent
        {
            InboxEvent(mask: UInt32(mask), cookie: cookie, name: name)
        }
        let stories: [(String, [InboxEvent], Bool)] = [
            ("an editor pauses", [event(IN_CREATE), event(IN_OPEN), event(IN_MODIFY)], true),
            ("before the first byte", [event(IN_CREATE), event(IN_OPEN)], true),
            ("a link opens nothing", [event(IN_CREATE)], false),
            ("closed", [event(IN_CREATE), event(IN_OPEN), event(IN_CLOSE_WRITE)], false),
            (
                "created and only read",
                [event(IN_CREATE), event(IN_OPEN), event(IN_CLOSE_NOWRITE)],
                false
            ),
            ("read meanwhile", [event(IN_MODIFY), event(IN_OPEN), event(IN_CLOSE_NOWRITE)], true),
            ("read only", [event(IN_OPEN)], false),
            ("written again", [event(IN_MODIFY), event(IN_CLOSE_WRITE), event(IN_MODIFY)], true),
            ("deleted", [event(IN_MODIFY), event(IN_DELETE)], false),
            ("replaced by a whole one", [event(IN_MODIFY), event(IN_MOVED_TO, cookie: 7)], false),
            (
                "renamed while it is written",
                [
                    event(IN_MODIFY, ".x.tmp"), event(IN_MOVED_FROM, ".x.tmp", cookie: 7),
                    event(IN_MOVED_TO, cookie: 7),
                ], true
            ),
            (
                "the queue overflowed",
                [event(IN_MODIFY), InboxEvent(mask: UInt32(IN_Q_OVERFLOW))],
                false
            ),
        ]
        for (story, events, isWriting) in stories {
            var writers = Writers()
            events.forEach { writers.note($0) }
            #expect(writers.isWriting("x.yaml") == isWriting, "\(story)")
        }
    }

    @Test func `the kernel tells whether a file of ours is open for writing`() throws {
        let folder = try TestFolder()
        try #require(try FolderProbe.tellsWriters(in: folder.path))
        #expect(TestFolder.names(in: folder.path).isEmpty, "the probe leaves nothing")
        let path = folder.file("x.yaml")
        try folder.write("one", to: path)
        #expect(FolderProbe.isOpenForWriting(path) == false)
        let writer = try Syscalls.open(path, O_WRONLY)
        #expect(FolderProbe.isOpenForWriting(path) == true)
        try Syscalls.close(writer, path)
        let reader = try Syscalls.open(path, O_RDONLY)
        #expect(FolderProbe.isOpenForWriting(path) == false)
        try Syscalls.close(reader, path)
        #expect(FolderProbe.isOpenForWriting(folder.file("none")) == nil)
    }

    @Test func `the watch tells of moves, writes and the loss of the folder`() async throws {
        let folder = try TestFolder()
        let inbox = folder.file("inbox")
        try Syscalls.makeFolders(inbox)
        let heard = Mutex<[InboxEvent]>([])
        let watch = try InboxWatch(inbox) { events in heard.withLock { $0 += events } }
        func hears(_ mask: CInt, of name: FilePath.Component?) async -> Bool {
            await eventually {
                heard.withLock { events in
                    events.contains { $0.mask & UInt32(mask) != 0 && $0.name == name }
                }
            }
        }
        try folder.drop("x", into: inbox, as: "x.yaml")
        #expect(await hears(IN_CLOSE_WRITE, of: ".x.yaml.tmp"))
        #expect(await hears(IN_MOVED_TO, of: "x.yaml"))
        try folder.write("y", to: inbox.appending("y.yaml"))
        for mask in [IN_CREATE, IN_OPEN, IN_MODIFY, IN_CLOSE_WRITE] {
            #expect(await hears(mask, of: "y.yaml"))
        }
        try Syscalls.rename(inbox, to: folder.file("gone"))
        #expect(await hears(IN_MOVE_SELF, of: nil))
        _ = watch.status
    }

    @Test func `an overflow of the event queue, and any truncation, is only a hint to look`() {
        func event(mask: Int, name: [UInt8] = []) -> [UInt8] {
            func word(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(value >> (8 * $0) & 255) } }
            return word(-1) + word(mask) + word(0) + word(name.count) + name
        }
        let overflow = event(mask: Int(IN_Q_OVERFLOW))
        let moved = event(mask: Int(IN_MOVED_TO), name: Array("a.yaml".utf8) + [0, 0])
        #expect(
            InboxWatch.events(in: overflow + moved) == [
                InboxEvent(mask: UInt32(IN_Q_OVERFLOW)),
                InboxEvent(mask: UInt32(IN_MOVED_TO), name: "a.yaml"),
            ])
        #expect(
            InboxWatch.events(in: event(mask: Int(IN_MOVED_TO), name: [0xE4, 0])).first?.name?.bytes
                == [0xE4])
        for count in 0..<moved.count {
            #expect(InboxWatch.events(in: Array(moved.prefix(count))).isEmpty)
        }
    }
}
