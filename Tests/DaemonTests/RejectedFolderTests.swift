// Rejected files and their notes: whose they are, how many, and what a crash leaves; hints beside.

import DurableIO
import Foundation
import Glibc
import Jobs
import SystemPackage
import Testing

@testable import Daemon

@Suite struct RejectedFolderTests {
    private let folder: TestFolder
    private let rejected: RejectedFolder

    init() throws {
        folder = try TestFolder()
        var limits = RejectedFolder.Limits()
        limits.countMax = 3
        limits.ageMaxMilliseconds = 10_000
        rejected = RejectedFolder(folder.file("rejected"), limits: limits)
    }

    private func note(_ file: String, owner: Int?, _ problem: String = "p") -> RejectedFile {
        RejectedFile(
            file: file, reason: .manifest, owner: owner, rejectedAtMilliseconds: 7,
            error: ManifestError(line: 3, column: 7, path: "a", problem: problem))
    }

    @discardableResult
    private func reject(
        _ name: String, owner: Int?, _ text: String = "x", modified seconds: Int? = nil
    ) throws -> FilePath {
        let component = try #require(FilePath.Component(name))
        try folder.write(text, to: folder.file("source"))
        let path = try rejected.take(
            folder.file("source"), name: component, note(name, owner: owner, text))
        if let seconds { try Syscalls.setModified(path, seconds: seconds) }
        return path
    }

    @Test func `each owner has a folder, and no file there overwrites another`() throws {
        for text in ["one", "two", "three"] { try reject("x.yaml", owner: 1_001, text) }
        try reject("x.yaml", owner: 1_002, "other")
        try reject("x.yaml", owner: nil)
        let alice = rejected.folder(of: 1_001)
        #expect(
            TestFolder.names(in: alice) == [
                "x-2.error.json", "x-2.yaml", "x-3.error.json", "x-3.yaml", "x.error.json",
                "x.yaml",
            ])
        #expect(TestFolder.text(alice.appending("x-2.yaml")) == "two")
        #expect(TestFolder.text(rejected.folder(of: 1_002).appending("x.yaml")) == "other")
        #expect(TestFolder.names(in: rejected.path) == ["1001", "1002", "unowned"])
        // The group may look, and nobody but the daemon may change anything.
        #expect(try Syscalls.stat(alice)?.permissions == 0o750)
        let path = alice.appending("x-2.error.json")
        #expect(try Syscalls.stat(path)?.permissions == 0o640)
        let data = Data(TestFolder.text(path).utf8)
        #expect(try JSONDecoder().decode(RejectedFile.self, from: data).owner == 1_001)
        let error = try JSONDecoder().decode(ManifestError.self, from: data)
        #expect((error.line, error.column, error.problem) == (3, 7, "two"), "as it always was")
    }

    @Test func `a manifest that is called like a note is not taken for one`() throws {
        try reject("x.error.json", owner: 5, "manifest")
        try reject("x.yaml", owner: 5, "other")
        let names = TestFolder.names(in: rejected.folder(of: 5))
        #expect(names == ["x-error.error.json", "x-error.json", "x.error.json", "x.yaml"])
    }

    @Test func `the newest are listed first`() throws {
        try reject("a.yaml", owner: 1, modified: 100)
        try reject("c.yaml", owner: 2, modified: 300)
        try reject("b.yaml", owner: nil, modified: 200)
        let newest = try rejected.newest(2)
        #expect(newest.map(\.file.file) == ["c.yaml", "b.yaml"])
        #expect(newest.map(\.file.owner) == [2, nil])
    }

    @Test func `old rejections, and those beyond the number, are removed with their notes`()
        throws
    {
        for number in 1...5 {
            try reject("n\(number).yaml", owner: 1, modified: 1_000 + number)
        }
        try reject("long-ago.yaml", owner: 2, modified: 900)
        try reject("lately.yaml", owner: 2, modified: 1_000)
        #expect(try rejected.prune(now: 1_006_000) == 3)
        #expect(
            TestFolder.names(in: rejected.folder(of: 1)) == [
                "n3.error.json", "n3.yaml", "n4.error.json", "n4.yaml", "n5.error.json", "n5.yaml",
            ])
        #expect(
            TestFolder.names(in: rejected.folder(of: 2)) == ["lately.error.json", "lately.yaml"])
        #expect(try rejected.prune(now: 1_006_000) == 0)
    }

    @Test func `a rejection that dies at any call leaves no file without its reason`() throws {
        let source = folder.file("x.yaml")
        let target = rejected.folder(of: 1)
        var number = 1
        var fired = true
        while fired {
            try? FileManager.default.removeItem(atPath: rejected.path.string)
            try folder.write("x", to: source)
            let plan = FaultPlan(.death, atCall: number)
            FaultPlan.$current.withValue(plan) {
                _ = try? rejected.take(source, name: "x.yaml", note("x.yaml", owner: 1))
            }
            fired = plan.hasFired
            let isMoved = TestFolder.exists(target.appending("x.yaml"))
            #expect(isMoved != TestFolder.exists(source), "call \(number): neither lost nor twice")
            if isMoved { #expect(TestFolder.exists(target.appending("x.error.json"))) }
            number += 1
        }
        #expect(number > 8, "the sweep met several calls")
        #expect(!TestFolder.exists(source))
    }

    // MARK: Private servers

    /// What a person may, by the access list where there is one, else by the mode.
    private func may(
        _ rights: AccessList.Rights, _ path: FilePath, _ user: UInt32
    ) throws -> Bool {
        let status = try #require(try Syscalls.stat(path))
        let list =
            try Syscalls.accessList(path) ?? AccessList(permissions: status.permissions)
        // A member of the group that the folder is for.
        let reader = FileReader(user: user, groups: [status.group])
        return list.allows(rights, to: reader, owner: status.owner, group: status.group)
    }

    @Test func `on a private server the group reads nothing of what was rejected`() throws {
        let (ann, bob): (UInt32, UInt32) = (4_711, 4_712)
        // What was put there before is closed as well.
        let old = try reject("old.yaml", owner: Int(bob)).removingLastComponent()
        #expect(try may([.read, .search], old, ann))
        let closed = RejectedFolder(rejected.path, isPrivate: true)
        try closed.closeIfPrivate()
        try folder.write("x", to: folder.file("source"))
        let anns = try closed.take(
            folder.file("source"), name: "x.yaml", note("x.yaml", owner: Int(ann)))
        try folder.write("x", to: folder.file("source"))
        let unowned = try closed.take(
            folder.file("source"), name: "y.yaml", note("y.yaml", owner: nil))
        for path in [old, unowned.removingLastComponent(), anns.removingLastComponent()] {
            for user in [ann, bob] where path.lastComponent?.string != "\(user)" {
                for right in [AccessList.Rights.read, .search, .write] {
                    #expect(try !may(right, path, user), "user \(user): \(path)")
                }
            }
        }
        for path in [anns, unowned] { #expect(try !may(.read, path, bob), "\(path)") }
        // Where this file system keeps no lists, all is the daemon's alone.
        guard try Syscalls.accessList(anns) != nil else { return }
        let home = anns.removingLastComponent()
        #expect(try may([.read, .search], home, ann) && may(.read, anns, ann))
        #expect(try !may(.write, home, ann) && !may(.write, anns, ann))
    }

    // MARK: Earlier versions

    @Test func `only a folder of our own is shown as what an earlier version rejected`() throws {
        let secret = folder.file("secret")
        try Syscalls.makeFolders(secret)
        try folder.write("x", to: secret.appending("job.yaml"))
        let place = folder.file("inbox-rejected")
        let earlier = EarlierRejected(place)
        #expect(!earlier.isThere && earlier.entries(9).isEmpty)
        _ = unsafe symlink(secret.string, place.string)
        #expect(!earlier.isThere && earlier.entries(9).isEmpty, "a link that any member may make")
        try Syscalls.unlink(place)
        try Syscalls.rename(secret, to: place)
        let stranger = EarlierRejected(place, user: geteuid() + 1)
        #expect(!stranger.isThere && stranger.entries(9).isEmpty)
        #expect(earlier.isThere && earlier.entries(9).map(\.name) == ["job.yaml"])
        // Nothing beyond what is shown is asked for.
        for number in 0..<50 { try folder.write("x", to: place.appending("n\(number).yaml")) }
        let plan = FaultPlan()
        FaultPlan.$current.withValue(plan) { #expect(earlier.entries(3).count == 3) }
        #expect(plan.trace.count { $0.call == .stat } == 4, "the folder and three files")
    }

    @Test func `a link that is called as the earlier place is a stranger in the inbox`()
        async throws
    {
        let bench = try InboxBench()
        let place = bench.folders.earlierRejected
        try Syscalls.makeFolders(place)
        _ = await bench.inbox.scan(movedIn: [])
        #expect(await bench.inbox.report().staying.isEmpty)
        try Syscalls.rmdir(place)
        _ = unsafe symlink(bench.folders.jobs.string, place.string)
        _ = await bench.inbox.scan(movedIn: [])
        #expect(await bench.inbox.report().staying.map(\.name) == ["rejected"])
    }

    // MARK: Hints

    @Test func `a hint replaces our own and nothing else`() throws {
        let hint = InboxHint(.rejected, of: "x.yaml", owner: 7)
        #expect(hint.fileName == "x.yaml.rejected-7.txt")
        let path = folder.file(hint.fileName)
        hint.write("one\n", into: folder.path)
        hint.write("two\n", into: folder.path)
        #expect(TestFolder.text(path) == "two\n")
        #expect(try Syscalls.stat(path)?.permissions == 0o644)
        hint.remove(from: folder.path)
        #expect(!TestFolder.exists(path))
        // A folder of that name, as anything that is not ours, is left alone.
        try Syscalls.makeFolders(path)
        hint.write("three\n", into: folder.path)
        hint.remove(from: folder.path)
        #expect(try Syscalls.stat(path)?.kind == .folder)
        #expect(TestFolder.names(in: folder.path) == [hint.fileName])
    }

    @Test func `only names of hints are taken for hints`() {
        let names: [(FilePath.Component, String?)] = [
            ("x.yaml.rejected-1000.txt", "1000"), ("x.yaml.stays-1000.txt", "1000"),
            ("x.rejected-unowned.txt", "unowned"), ("x.yaml", nil), ("rejected-1000.txt", nil),
            ("x.yaml.rejected-1000.yaml", nil), ("x.yaml.refused-1000.txt", nil),
            ("x.yaml.rejected-1-2.txt", nil),
        ]
        for (name, owner) in names { #expect(InboxHint.owner(ofHint: name) == owner, "\(name)") }
    }

    @Test func `what stays is told of once, and of nobody more than a number`() {
        var staying = StayingFiles()
        func name(_ number: Int) -> FilePath.Component { .init("f\(number)") ?? "f" }
        let countMax = StayingFiles.countMax
        for number in 0..<countMax {
            #expect(staying.note(name(number), owner: 1, "r") == .file)
        }
        #expect(staying.note(name(0), owner: 1, "r") == .none)
        #expect(staying.note(name(0), owner: 1, "s") == .file, "another reason")
        #expect(staying.note(name(countMax), owner: 1, "r") == .manyFiles)
        #expect(staying.note(name(countMax + 1), owner: 1, "r") == .none)
        #expect(staying.note("z", owner: 2, "r") == .file, "another's file is not hidden by them")
        #expect(staying.entries(1_000).count == countMax + 1)
        #expect(staying.countBeyond(listed: 100) == countMax + 1 - 100 + 2)
        // One of them is gone: the next is told of.
        staying.keep(only: Set((1...countMax).map(name) + ["z"]))
        #expect(staying.note(name(countMax), owner: 1, "r") == .file)
        #expect(staying.countBeyond(listed: 1_000) == 0)
    }

    @Test func `a folder that lets people take each other's files is told of`() throws {
        let path = folder.file("inbox")
        try Syscalls.makeFolders(path)
        func warnings(_ mode: UInt32, user: UInt32 = geteuid()) throws -> [String] {
            _ = unsafe Glibc.chmod(path.string, mode)
            let status = try #require(try Syscalls.stat(path))
            return InboxFolder.warnings(status, path: path, user: user)
        }
        #expect(try warnings(0o1770).isEmpty)
        #expect(try warnings(0o750).isEmpty)
        #expect(try warnings(0o770).first?.contains("chmod +t") == true)
        #expect(try warnings(0o702).first?.contains("chmod +t") == true)
        #expect(try warnings(0o1772).map { $0.contains("anybody") } == [true])
        #expect(try warnings(0o702).last?.contains("chmod o-w") == true)
        #expect(try warnings(0o1770, user: 4_711).first?.contains("belongs to user") == true)
    }
}
