// Results that say to be larger than any disk: files with holes, which whoever owns a folder makes
// with one command.

import DurableIO
import Glibc
import Jobs
import Logging
import Store
import SystemPackage
import Testing

@testable import Daemon

/// Folders where a file may say to be nearly as large as an `Int`.
private enum HugeFiles {
    /// Whole pages of memory.
    static let byteCount = Int.max - 4_095
    /// ext4 holds no such files.
    static let places = ["/tmp", "/dev/shm", "/var/tmp"]

    /// The first place that holds such a file.
    static let place: String? = places.first { place in
        let name = JobIdentifier.make(now: DaemonClock.system.now()).suffix(10)
        let file = FilePath("\(place)/lf-huge-\(name)")
        defer { try? Syscalls.unlink(file) }
        return (try? make(file)) == true
    }

    /// - Returns: whether the file system holds it.
    static func make(_ file: FilePath) throws -> Bool {
        let descriptor = try Syscalls.open(file, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
        defer { try? Syscalls.close(descriptor, file) }
        return ftruncate(descriptor.rawValue, byteCount) == 0
    }
}

@Suite(.enabled(if: HugeFiles.place != nil, "no file system here holds files of 8 EiB"))
struct HugeResultsTests {
    private static let owner = 4_242
    private let folder: TestFolder
    private let clock = ManualClock()

    init() throws {
        folder = try TestFolder(in: HugeFiles.place ?? "")
    }

    private func fill(_ results: FilePath) throws {
        try Syscalls.makeFolders(results)
        for name in ["a", "b"] {
            let isMade = try HugeFiles.make(results.appending(name))
            try #require(isMade)
        }
    }

    @Test func `a folder of huge files takes as much as can be said`() throws {
        try fill(folder.file("results"))
        #expect(FolderTree.byteCount(of: folder.file("results")) == .max)
    }

    @Test func `huge files of one user take her own room, and no other's`() async throws {
        let folders = StateFolders(state: folder.file("state"))
        try folders.make()
        var configuration = DaemonConfiguration(
            folders: folders, modelRoots: [], dataRoots: [], worker: "/bin/false")
        configuration.clock = clock.daemonClock
        configuration.resultsPerUser = 1_000
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        for name in ["one", "two"] {
            let id = JobIdentifier.make(now: clock.now)
            try fill(folders.results.appending("\(Self.owner)/\(name)-\(id)"))
        }
        let queue = JobQueue(
            settings: LiveConfiguration(configuration),
            index: try IndexDatabase(path: folders.index), health: Health(),
            notifier: Notifier(environment: [:], process: 0), logger: logger)
        try await queue.recover(claimed: [])
        await queue.countNow()
        #expect(await queue.resultBytes(of: Self.owner) == .max)
        #expect(await queue.resultsObstacle(of: Self.owner) != nil)
        #expect(await queue.resultsObstacle(of: 7) == nil)
    }
}
