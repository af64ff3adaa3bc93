// The copy of the audit log beside the jobs: what it keeps, and what an index gets back of it.

import DurableIO
import Logging
import Store
import SystemPackage
import Testing

@testable import Daemon

@Suite struct AuditFileTests {
    private static func act(_ number: Int) -> NumberedEvent {
        (
            number,
            EventRow(
                at: 1_000 + number, job: number % 3 == 0 ? nil : "J\(number)", type: "hold",
                data: #"{"admin":true,"by":\#(number)}"#)
        )
    }

    private static func isEqual(_ some: [NumberedEvent], _ others: [NumberedEvent]) -> Bool {
        some.count == others.count && zip(some, others).allSatisfy { $0 == $1 }
    }

    /// An index with acts 1 to `count`, and the copy beside it, which is empty.
    private struct World {
        let folder: TestFolder
        let folders: StateFolders
        let index: IndexDatabase
        let file: AuditFile

        init(acts count: Int) throws {
            folder = try TestFolder()
            folders = StateFolders(state: folder.file("state"))
            try folders.make()
            index = try IndexDatabase(path: folders.index)
            file = AuditFile(in: folders.jobs)
            try index.commit((1...count).map { .init(event: AuditFileTests.act($0).event) })
        }

        var path: FilePath { folders.jobs.appending(AuditFile.name) }
        var text: String { TestFolder.text(path) }

        func start() async throws {
            try await AuditFileTests.queue(index, folders).recover(claimed: [])
        }
    }

    private static func queue(_ index: IndexDatabase, _ folders: StateFolders) -> JobQueue {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let configuration = DaemonConfiguration(
            folders: folders, modelRoots: [], dataRoots: [], worker: "/bin/false")
        return JobQueue(
            settings: LiveConfiguration(configuration), index: index, health: Health(),
            notifier: Notifier(environment: [:], process: 0), logger: logger)
    }

    @Test func `what is appended is read again, behind half a line as well`() throws {
        let folder = try TestFolder()
        let file = AuditFile(in: folder.path)
        #expect(try file.events().isEmpty)
        try file.append([Self.act(1), Self.act(4)])
        try file.append([Self.act(7)])
        #expect(try file.contents().damaged == 0)
        let path = folder.file(AuditFile.name)
        let text = TestFolder.text(path)
        try folder.write(text + #"{"seq":8,"at":10"#, to: path)
        try file.append([Self.act(9)])
        let events = try file.events()
        #expect(Self.isEqual(events, [1, 4, 7, 9].map(Self.act)), "\(events)")
        let kept = try file.contents()
        #expect(kept.numbers == [1, 4, 7, 9])
        #expect(kept.damaged == 1 && kept.places == ["`\(path)`:4"])
        #expect(try Syscalls.stat(path)?.permissions == 0o600)
    }

    @Test func `two files of a size are kept, and the newest acts are among them`() throws {
        let folder = try TestFolder()
        let file = AuditFile(in: folder.path, bytesMax: 1_000)
        for number in 1...100 { try file.append([Self.act(number)]) }
        let names = TestFolder.names(in: folder.path).sorted()
        #expect(names == ["audit.jsonl", "audit.jsonl.1"])
        for name in names {
            #expect(try (Syscalls.stat(folder.file(name))?.byteCount ?? 0) <= 1_000)
        }
        let kept = try file.events()
        #expect(kept.count >= 10)
        #expect(Self.isEqual(kept, (101 - kept.count...100).map(Self.act)), "the newest, in order")
        // A file that has just begun, and is lost, leaves the one before.
        try Syscalls.unlink(folder.file("audit.jsonl"))
        #expect(try (file.events().last?.sequence ?? 0) > 80)
    }

    @Test(arguments: [
        #"{\"by\":5"#, #"{\"admin\":true}"#, #"{\"by\":\"me\"}"#, "", "5",
    ])
    func `a line whose own JSON is damaged is passed over and told of by place`(data: String)
        throws
    {
        let folder = try TestFolder()
        let file = AuditFile(in: folder.path)
        try file.append([Self.act(1), Self.act(2), Self.act(3)])
        let path = folder.file(AuditFile.name)
        let text = TestFolder.text(path).replacing(
            #"{\"admin\":true,\"by\":2}"#, with: data)
        try folder.write(text, to: path)
        let events = try file.events()
        #expect(Self.isEqual(events, [1, 3].map(Self.act)), "\(events)")
        let kept = try file.contents()
        #expect(kept.numbers == [1, 3])
        #expect(kept.damaged == 1 && kept.places == ["`\(path)`:2"])
    }

    @Test
    func `an index made anew takes no damage, and one that has all fills the holes`()
        async throws
    {
        let folder = try TestFolder()
        let folders = StateFolders(state: folder.file("state"))
        try folders.make()
        let file = AuditFile(in: folders.jobs)
        let path = folders.jobs.appending(AuditFile.name)
        func queue(_ index: IndexDatabase) -> JobQueue { Self.queue(index, folders) }
        let full = try IndexDatabase(path: folders.index)
        try full.commit((1...5).map { .init(event: Self.act($0).event) })
        try file.append((1...5).map(Self.act))
        let lines = TestFolder.text(path).split(separator: "\n")
        let damaged = lines.enumerated().map {
            $0 == 2 ? String($1).replacing("by", with: "yb") : String($1)
        }
        try folder.write(damaged.joined(separator: "\n") + "\n", to: path)
        let fresh = try IndexDatabase(path: folder.file("fresh.sqlite"))
        try await queue(fresh).recover(claimed: [])
        #expect(try fresh.acts(after: 0, countMax: 9).map(\.sequence) == [1, 2, 4, 5])
        try await queue(full).recover(claimed: [])
        #expect(Self.isEqual(try file.events(), (1...5).map(Self.act)), "caught up")
        #expect(
            TestFolder.text(path).split(separator: "\n").count == 6, "and each only once")
        try await queue(full).recover(claimed: [])
        #expect(TestFolder.text(path).split(separator: "\n").count == 6)
    }

    @Test func `a hole is filled where there is room, and pushes no newer act out`() throws {
        let folder = try TestFolder()
        let file = AuditFile(in: folder.path, bytesMax: 1_000)
        try file.append((1...5).map(Self.act))
        let before = TestFolder.text(folder.file(AuditFile.name))
        let old = (6...20).map(Self.act)
        #expect(throws: AuditFile.NoRoom(count: 15, path: folder.file(AuditFile.name))) {
            try file.append(old, isFill: true)
        }
        #expect(TestFolder.names(in: folder.path) == [AuditFile.name])
        #expect(TestFolder.text(folder.file(AuditFile.name)) == before, "all of them or none")
        try file.append([Self.act(6)], isFill: true)
        #expect(Self.isEqual(try file.events(), (1...6).map(Self.act)))
    }

    @Test func `acts that made room are not taken for a hole, behind one that was filled`()
        async throws
    {
        let world = try World(acts: 8)
        // The third was damaged once, and copied again behind the fifth; then the first four left.
        let kept = [5, 3, 6, 7, 8]
        try world.file.append(kept.map(Self.act))
        #expect(try world.file.contents().first == 5)
        try await world.start()
        #expect(Self.isEqual(try world.file.events(), kept.sorted().map(Self.act)))
        #expect(
            world.text.split(separator: "\n").count
                == kept.count)
    }

    @Test func `a start fills no hole of a copy that is full`() async throws {
        let world = try World(acts: 3)
        try world.file.append([Self.act(1)])
        let damage = String(repeating: "x", count: AuditFile.bytesMax)
        try world.folder.write(world.text + damage + "\n", to: world.path)
        let full = try Syscalls.stat(world.path)?.byteCount
        // It is the newest, and there is none that makes room for it.
        try AuditFile(in: world.folders.jobs, bytesMax: .max / 4).append([Self.act(3)])
        try await world.start()
        #expect(
            !TestFolder.exists(FilePath("\(world.path).1")), "the newest would go with the next")
        #expect(try Syscalls.stat(world.path)?.byteCount ?? 0 > full ?? 0)
        #expect(Self.isEqual(try world.file.events(), [1, 3].map(Self.act)))
    }

    @Test func `what fills a hole begins no file, and is not taken for the oldest`() async throws {
        let world = try World(acts: 5)
        func numbers() -> [String] {
            world.text.split(separator: "\n").map { line in
                String(line.split(separator: #""seq":"#).last?.prefix { $0.isNumber } ?? "")
            }
        }
        // The file before the last one is there, with a hole; the last is lost, with the newest.
        try world.file.append([3, 5].map(Self.act))
        try Syscalls.rename(world.path, to: FilePath("\(world.path).1"))
        try await world.start()
        #expect(!TestFolder.exists(world.path), "nothing is newer: the hole waits")
        try world.index.commit([.init(event: Self.act(6).event)])
        try await world.start()
        #expect(numbers() == ["6", "4"])
        // The file before makes room, and what it held is no hole.
        try Syscalls.rename(world.path, to: FilePath("\(world.path).1"))
        try world.file.append([Self.act(7)])
        try world.index.commit([.init(event: Self.act(7).event)])
        #expect(try world.file.contents().first == 6)
        try await world.start()
        #expect(numbers() == ["7"])
    }
}
