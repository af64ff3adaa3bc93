// Folders on their way to a final name: whose are alive, whatever their numbers say.

import DurableIO
import SystemPackage
import Testing

@Suite struct UnfinishedFolderTests {
    private static func abandoned(_ parent: FilePath) -> [String] {
        var found: [String] = []
        UnfinishedFolder.forEachAbandoned(in: parent, prefix: ".job-", suffix: ".partial") {
            found.append($0.lastComponent?.string ?? "")
        }
        return found.sorted()
    }

    /// Containers' processes often have the same number, which may be a dead one here.
    @Test func `two owners have two folders, and none finds the other's abandoned`() throws {
        let parent = try TemporaryFolder()
        let first = try UnfinishedFolder(in: parent.path, prefix: ".job-", suffix: ".partial")
        let second = try UnfinishedFolder(in: parent.path, prefix: ".job-", suffix: ".partial")
        #expect(first.path != second.path)
        #expect(Self.abandoned(parent.path) == [])
        let names = try parent.names
        #expect(names.count == 2 && names.allSatisfy { $0.contains("@") })
        withExtendedLifetime(first) {}
        withExtendedLifetime(second) {}
    }

    @Test func `what a dead owner left here is found, in its old and its new form`() throws {
        let parent = try TemporaryFolder()
        var machine = ""
        do {
            let dead = try UnfinishedFolder(in: parent.path, prefix: ".job-", suffix: ".partial")
            machine = String(
                dead.path.string.drop { $0 != "@" }.dropFirst().dropLast(".partial".count))
        }
        let owned = try #require(try parent.names.first)
        for name in [
            ".job-4194304.partial", ".job-7-0@elsewhere.partial", ".job-mine.partial",
            ".job-.partial", ".other-7.partial", ".job-7",
        ] { try Syscalls.mkdir(parent.path.appending(name)) }
        try write("x", to: parent.path.appending(".job-8.partial"))
        #expect(Self.abandoned(parent.path) == [".job-4194304.partial", owned].sorted())
        #expect(!machine.isEmpty && owned.hasSuffix("@\(machine).partial"))
    }

    @Test func `renamed, it is no longer looked for, and the name is free`() throws {
        let parent = try TemporaryFolder()
        do {
            let folder = try UnfinishedFolder(in: parent.path, prefix: ".job-", suffix: ".partial")
            try Syscalls.rename(folder.path, to: parent.path.appending("job-1"))
        }
        #expect(Self.abandoned(parent.path) == [])
        #expect(try parent.names == ["job-1"])
    }
}
