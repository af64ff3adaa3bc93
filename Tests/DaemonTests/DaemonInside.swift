// The daemon within the test's own process, so that time and disk can be had as the test likes.

import Client
import Daemon
import DurableIO
import HTTP
import Logging
import SystemPackage
import Testing

/// Runs a daemon around `body`, with the worker of `TestDaemon` and a clock of its own.
func withDaemon(
    state: FilePath? = nil, sockets: [PassedSockets.Socket] = [],
    configure: (inout DaemonConfiguration) -> Void = { _ in },
    _ body: (TestDaemon, ManualClock) async throws -> Void
) async throws {
    await Turn.ofDaemons.take()
    defer { Turn.ofDaemons.pass() }
    let daemon = try TestDaemon(state: state)
    let clock = ManualClock()
    var configuration = DaemonConfiguration(
        folders: StateFolders(state: daemon.state),
        modelRoots: [daemon.state.appending("models")], dataRoots: [],
        worker: daemon.folder.file("worker"))
    configuration.clock = clock.daemonClock
    configuration.grace = .seconds(1)
    // Files come in by renaming. One that came before the inbox was watched would have to rest, and
    // nobody looks again as long as the clock stands still.
    configuration.settleTime = .zero
    configure(&configuration)
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let service = DaemonService(
        configuration: configuration, sockets: sockets,
        notifier: Notifier(environment: [:], process: 0), logger: logger)
    let task = Task { try await service.run() }
    #expect(await eventually { (try? daemon.client.status()) != nil })
    do {
        try await body(daemon, clock)
    } catch {
        Issue.record("\(error)")
    }
    task.cancel()
    _ = await task.result
}
