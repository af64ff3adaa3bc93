// A queue with its files, its index and real workers, without a daemon around it.

import Daemon
import DurableIO
import Foundation
import Jobs
import Logging
import Store
import SystemPackage
import Testing

/// A queue that has started, on the state folder of `daemon`.
struct QueueBench {
    let daemon: TestDaemon
    let clock: ManualClock
    let index: IndexDatabase
    let queue: JobQueue

    init(
        _ daemon: TestDaemon, _ clock: ManualClock,
        _ change: (inout DaemonConfiguration) -> Void = { _ in }
    ) async throws {
        self.daemon = daemon
        self.clock = clock
        let folders = StateFolders(state: daemon.state)
        try folders.make()
        var configuration = DaemonConfiguration(
            folders: folders, modelRoots: [daemon.state.appending("models")], dataRoots: [],
            worker: daemon.folder.file("worker"))
        configuration.clock = clock.daemonClock
        configuration.grace = .seconds(1)
        change(&configuration)
        index = try IndexDatabase(path: folders.index)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        queue = JobQueue(
            settings: LiveConfiguration(configuration), index: index, health: Health(),
            notifier: Notifier(environment: [:], process: 0), logger: logger)
        try await queue.recover(claimed: [])
        await queue.start()
    }

    /// - Parameter manifest: nil for the usual one.
    func record(
        _ name: String, by owner: Int = 1, manifest: Data? = nil
    ) throws -> JobRecord {
        let manifest = manifest ?? Data(TestDaemon.manifest(name).utf8)
        return JobRecord(
            id: JobIdentifier.make(now: clock.now), source: name, owner: owner,
            submittedAtMilliseconds: clock.now, manifestDigest: "",
            description: try ManifestParser.parse(bytes: manifest, name: name))
    }

    func submit(
        _ name: String, by owner: Int = 1, manifest: Data? = nil
    ) async throws -> String {
        let manifest = manifest ?? Data(TestDaemon.manifest(name).utf8)
        let record = try record(name, by: owner, manifest: manifest)
        return try await queue.admit(record, manifest: Array(manifest)).id
    }

    func summary(_ id: String) async throws -> JobSummary {
        try await queue.detail(id).summary
    }

    /// Waits for a state, while time passes if `step` is not 0.
    func wait(
        for id: String, _ state: JobState, step: Int = 0,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let isReached = await eventually {
            clock.advance(milliseconds: step)
            return try await summary(id).state == state
        }
        let last = try await summary(id)
        #expect(isReached, "\(last)", sourceLocation: sourceLocation)
    }

    func stop() async { await queue.drain() }

    func orders(_ id: String) throws -> [String] {
        try index.events(of: id).filter { $0.type != JobState.queued.rawValue }
            .map { "\($0.type) \($0.data)" }.filter { $0.contains(#""by":"#) }
    }
}
