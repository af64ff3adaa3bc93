// The daemon put together: lock, index, recovery; then inbox, queue and API side by side; then a
// stop that loses nothing.

import Dispatch
import DurableIO
package import Failures
import Glibc
package import HTTP
package import Logging
import ServiceLifecycle
import Store
package import SystemPackage

package struct DaemonService: Service {
    /// Why the daemon does not start.
    package enum StartError: ClassifiedFailure, CustomStringConvertible {
        package var failureClass: FailureClass { .user }

        /// Another daemon has this state folder.
        case alreadyRunning(state: FilePath, process: Int32?)
        case workerMissing(FilePath)
        case socketPathTooLong(FilePath)
        /// The start-up self-check: what is wrong with the place, each with its cure.
        case misplaced([String])

        package var description: String {
            switch self {
            case .alreadyRunning(let state, let process):
                "process \(process.map(String.init) ?? "unknown") serves `\(state)` already: stop "
                    + "it, or give this daemon another state folder"
            case .workerMissing(let path):
                "the worker `\(path)` is not an executable file: install layerfold there, or "
                    + "correct the setting `worker`"
            case .socketPathTooLong(let path):
                "`\(path)` is too long for a socket (\(UnixAddress.pathBytesMax) bytes): use a "
                    + "state folder with a shorter path"
            case .misplaced(let reasons): reasons.joined(separator: "\n")
            }
        }
    }

    private let configuration: DaemonConfiguration
    private let source: SettingsSource?
    private let isService: Bool
    private let sockets: [PassedSockets.Socket]
    private let notifier: Notifier
    private let logger: Logger
    private let onReady: @Sendable () -> Void

    /// - Parameters:
    ///   - source: where a reload reads the settings; nil where there is nothing to read.
    ///   - isService: whether a service manager started this process.
    ///   - sockets: that it passed, and that listen already.
    ///   - onReady: is called when jobs are taken and clients served.
    package init(
        configuration: DaemonConfiguration, source: SettingsSource? = nil, isService: Bool = false,
        sockets: [PassedSockets.Socket] = [], notifier: Notifier, logger: Logger,
        onReady: @escaping @Sendable () -> Void = {}
    ) {
        self.configuration = configuration
        self.source = source
        self.isService = isService
        self.sockets = sockets
        self.notifier = notifier
        self.logger = logger
        self.onReady = onReady
    }

    /// Runs until graceful shutdown or cancellation.
    package func run() async throws {
        Self.ignoreSignals()
        let folders = configuration.folders
        let live = LiveConfiguration(configuration)
        let telling = Telling(live, logger: logger)
        let health = Health(witness: telling.witness)
        for text in health.set(.settings, live.problems) {
            logger.error("start", metadata: ["reason": "\(text)"])
        }
        let selfCheck = SelfCheck(live, health: health, isService: isService, logger: logger)
        notifier.status("checking the place")
        try check(folders)
        // Before anything is made in what may be somebody else's, and again when all is there.
        try await refuseMisplaced(selfCheck, isDeep: false)
        try folders.make()
        try makeDefaultRoots()
        try await refuseMisplaced(selfCheck, isDeep: true)
        guard let lock = try FileLock.acquire(folders.lock) else {
            throw StartError.alreadyRunning(
                state: folders.state, process: FileLock.holder(of: folders.lock))
        }
        try Inbox.requireRename(folders)
        notifier.status("checking the index")
        let index = try IndexDatabase(path: folders.index)
        if case .replaced(let damaged, let reason) = index.opening {
            logger.error(
                "the index was damaged and is made anew from the files",
                metadata: ["damaged": "\(damaged)", "reason": "\(reason)"])
        }
        let queue = JobQueue(
            settings: live, index: index, health: health, notifier: notifier, logger: logger,
            witness: telling.witness)
        let inbox = Inbox(settings: live, queue: queue, logger: logger)
        try await queue.recover(claimed: Set(Claim.all(in: folders.spool).map(\.id)))
        await inbox.finishClaims()
        try await serve(live, queue, inbox, selfCheck, telling.around(queue))
        // The lock is let go only now, when nothing of this process touches the folder any more.
        _ = consume lock
        logger.notice("stopped")
    }

    private func check(_ folders: StateFolders) throws {
        guard folders.socket.string.utf8.count <= UnixAddress.pathBytesMax else {
            throw StartError.socketPathTooLong(folders.socket)
        }
        try Self.requireWorker(configuration.worker)
    }

    static func requireWorker(_ worker: FilePath) throws {
        guard unsafe worker.withPlatformString({ unsafe access($0, X_OK) }) == 0 else {
            throw StartError.workerMissing(worker)
        }
    }

    private func refuseMisplaced(_ selfCheck: SelfCheck, isDeep: Bool) async throws {
        // At the first look, folders that are made next are not there yet.
        let reasons = await selfCheck.look(isDeep: isDeep, tells: isDeep)
        guard let first = reasons.first else { return }
        notifier.status("cannot start: \(first)")
        throw StartError.misplaced(reasons)
    }

    /// Roots that nobody set are the daemon's own, and are made like its other folders.
    private func makeDefaultRoots() throws {
        let state = configuration.folders.state
        for root in configuration.modelRoots + configuration.dataRoots
        where root.removingLastComponent() == state {
            try Syscalls.makeFolders(root, mode: 0o755)
        }
    }

    private func serve(
        _ live: LiveConfiguration, _ queue: JobQueue, _ inbox: Inbox, _ selfCheck: SelfCheck,
        _ desk: Telling.Desk
    ) async throws {
        let keeper = CacheKeeper(live, logger: logger, witness: queue.witness)
        let server = try StatusServer(
            settings: live, queue: queue, inbox: inbox, keeper: keeper, sockets: sockets,
            logger: logger, besides: { desk.routes })
        let reloader = DaemonReload(
            source, live: live, health: queue.health, notifier: notifier, logger: logger)
        try await withThrowingTaskGroup { group in
            group.addTask { await server.run() }
            group.addTask { await desk.run(server) }
            await queue.start()
            group.addTask { await inbox.run() }
            group.addTask { await self.report(queue) }
            group.addTask { await keeper.run(queue) }
            group.addTask { await selfCheck.run() }
            let reload = Self.reloadSource { await reloader.reload(queue, inbox, selfCheck) }
            defer { reload.cancel() }
            notifier.ready(await queue.statusLine())
            logger.notice("ready", metadata: ["state": "\(configuration.folders.state)"])
            onReady()
            group.addTask { try? await gracefulShutdown() }
            // The first to end is the shutdown, or a server that failed.
            let failure: (any Error)?
            do {
                try await group.next()
                failure = nil
            } catch {
                failure = error
            }
            notifier.stopping(timeout: live.current.grace + .seconds(30))
            await queue.drain()
            group.cancelAll()
            while let result = await group.nextResult() { _ = result }
            if let failure { throw failure }
        }
    }

    /// Tells the service manager that the queue answers, and what it does.
    private func report(_ queue: JobQueue) async {
        let interval = min(notifier.watchdogInterval ?? .seconds(10), .seconds(10))
        while !Task.isCancelled {
            // The queue's answer is the proof of life: a stuck queue must miss the watchdog.
            notifier.status(await queue.statusLine())
            if notifier.watchdogInterval != nil { notifier.watchdog() }
            do { try await Task.sleep(for: interval) } catch { return }
        }
    }

    private static func ignoreSignals() {
        // A reload that comes before there is anything to reload.
        signal(SIGHUP, SIG_IGN)
        // A client that hangs up must not end the daemon.
        signal(SIGPIPE, SIG_IGN)
    }

    private static func reloadSource(
        _ reload: @escaping @Sendable () async -> Void
    ) -> any DispatchSourceSignal {
        let source = DispatchSource.makeSignalSource(signal: SIGHUP, queue: .main)
        source.setEventHandler { Task { await reload() } }
        source.resume()
        return source
    }
}
