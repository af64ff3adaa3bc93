// The daemon looks after its store: within the size that is set, and never at the cost of work.

import DurableIO
import JSON
import Jobs
import Logging
import Store
import SystemPackage
import Testing

@testable import Daemon

@Suite struct CacheKeeperTests {
    private struct Fixture {
        let folder: TestFolder
        let store: ContentStore
        var configuration: DaemonConfiguration

        init() throws {
            folder = try TestFolder()
            configuration = DaemonConfiguration(
                folders: StateFolders(state: folder.path), modelRoots: [], dataRoots: [],
                worker: "/bin/false")
            configuration.cacheLimits.freeFloor = 0
            store = try ContentStore(state: folder.path, packingThreads: 0)
        }

        /// A step of one object, both last used `hours` ago.
        func step(_ number: Int, hours: Int) throws -> Digest {
            let object = try store.put([UInt8](repeating: UInt8(number), count: 1000))
            let key = ActionKey(
                stage: "embedding", stageVersion: 1, inputs: [:],
                params: ["number": .integer(number)], tool: "test")
            _ = try store.record(
                key, outputs: [ActionOutput(role: "x", object)], seconds: 1, peakBytes: 0)
            let now = DaemonClock.system.now() / 1000
            for folder in ["obj", "act"] {
                let hex = folder == "obj" ? object.digest.hex : key.digest.hex
                let name = "\(hex).\(folder == "obj" ? "zst" : "json")"
                try Syscalls.setModified(
                    store.layout.root.appending(folder).appending(String(hex.prefix(2)))
                        .appending(name), seconds: now - 3600 * hours)
            }
            return key.digest
        }

        var keeper: CacheKeeper {
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            return CacheKeeper(LiveConfiguration(configuration), logger: logger)
        }
    }

    @Test func `beyond the high mark it goes down to the low one, and leaves what a job uses`()
        async throws
    {
        var fixture = try Fixture()
        let old = try (1...4).map { try fixture.step($0, hours: 1000 - 100 * $0) }
        let size = try #require(
            await fixture.keeper.collect(workingSince: nil)
        ).keptBytes
        #expect(try fixture.store.actionKeys().count == 4, "no size is set")
        fixture.configuration.cacheLimits.size = size
        fixture.configuration.cacheLimits.high = 0.5
        fixture.configuration.cacheLimits.low = 0.5
        // A job began 750 hours ago: what was used since is its.
        let began = DaemonClock.system.now() - 750 * 3_600_000
        let first = try #require(await fixture.keeper.collect(workingSince: began))
        #expect(first.actions == [old[0], old[1]])
        #expect(first.lostSeconds == 2)
        fixture.configuration.cacheLimits.high = 0.3
        fixture.configuration.cacheLimits.low = 0.3
        let second = try #require(await fixture.keeper.collect(workingSince: began))
        #expect(second.actions.isEmpty)
        #expect(second.isOverLimit, "what is protected is told, and nothing is thrashed")
        #expect(second.protectedBytes == second.keptBytes)
        let third = try #require(await fixture.keeper.collect(workingSince: nil))
        #expect(third.actions == [old[2]])
    }

    @Test func `a job that is retried uses the cache since its new start`() async throws {
        let bench = try await QueueBench(TestDaemon(), ManualClock())
        let alice = Caller(user: 1, isAdmin: false)
        let first = bench.clock.now
        let id = try await bench.submit("gate-c")
        _ = try await bench.daemon.worker(of: "gate-c")
        #expect(await bench.queue.workingSince() == first)
        _ = try await bench.queue.cancel(id, by: alice)
        try await bench.wait(for: id, .cancelled)
        #expect(try await bench.summary(id).startedAtMilliseconds == first)
        bench.clock.advance(milliseconds: 60 * 86_400_000)
        _ = try await bench.queue.retry(id, by: alice)
        _ = try await bench.daemon.worker(of: "gate-c", run: 2)
        #expect(await bench.queue.workingSince() == first + 60 * 86_400_000)
        // It was retried by somebody, and lost nothing.
        #expect(try bench.index.job(id)?.lost == 0)
        #expect(try bench.index.job(id)?.attempts == 2)
        await bench.stop()
    }

    @Test func `where there is no store there is nothing to do, and none is made`() async throws {
        let folder = try TestFolder()
        let configuration = DaemonConfiguration(
            folders: StateFolders(state: folder.path), modelRoots: [], dataRoots: [],
            worker: "/bin/false")
        let keeper = CacheKeeper(
            LiveConfiguration(configuration), logger: Logger(label: "test"))
        #expect(await keeper.collect(workingSince: nil) == nil)
        #expect(!TestFolder.exists(folder.file("store")))
    }
}
