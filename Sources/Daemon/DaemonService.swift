// The daemon put together: lock, index, recovery; then inbox, queue and API side by side; then a
// stop that loses nothing.

import Dispatch
import DurableIO
package import Failures
import Glibc
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

        package var description: String {
            switch self {
            case .alreadyRunning(let state, let process):
                "process \(process.map(String.init) ?? "unknown") serves `\(state)` already: stop "
                    + "it, or give this daemon another state folder"
            case .workerMissing(let path):
                "the worker `\(path)` is not an executable file: install layerfold there, or "
                    + "correct the setting `worker`"
            case .socketPathTooLong(let path):
                "`\(path)` is too long for a socket (\(StatusServer.pathBytesMax) bytes): use a "
                    + "state folder with a shorter path"
            }
        }
    }

    private let configuration: DaemonConfiguration
    private let notifier: Notifier
    private let logger: Logger
    private let onReady: @Sendable () -> Void

    /// - Parameter onReady: is called when jobs are taken and clients served.
    package init(
        configuration: DaemonConfiguration, notifier: Notifier, logger: Logger,
        onReady: @escaping @Sendable () -> Void = {}
    ) {
        self.configuration = configuration
        self.notifier = notifier
        self.logger = logger
        self.onReady = onReady
    }

    /// Runs until graceful shutdown or cancellation.
    package func run() async throws {
        let folders = configuration.folders
        try check(folders)
        try folders.make()
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
            configuration: configuration, index: index, notifier: notifier, logger: logger)
        let inbox = Inbox(configuration: configuration, queue: queue, logger: logger)
        try await queue.recover(claimed: Set(Claim.all(in: folders.spool).map(\.id)))
        await inbox.finishClaims()
        try await serve(queue, inbox)
        // The lock is let go only now, when nothing of this process touches the folder any more.
        _ = consume lock
        logger.notice("stopped")
    }

    private func check(_ folders: StateFolders) throws {
        guard folders.socket.string.utf8.count <= StatusServer.pathBytesMax else {
            throw StartError.socketPathTooLong(folders.socket)
        }
        let worker = configuration.worker
        guard unsafe worker.withPlatformString({ unsafe access($0, X_OK) }) == 0 else {
            throw StartError.workerMissing(worker)
        }
        let group = configuration.adminGroup
        if group != DaemonConfiguration.usualAdminGroup, Callers.group(named: group) == nil {
            logger.warning(
                "the setting `admin_group` names no group, so only root and this user are admins",
                metadata: ["group": "\(group)"])
        }
    }

    private func serve(_ queue: JobQueue, _ inbox: Inbox) async throws {
        let server = try StatusServer(configuration: configuration, queue: queue, inbox: inbox)
        try await withThrowingTaskGroup { group in
            group.addTask { await server.run() }
            await queue.start()
            group.addTask { await inbox.run() }
            group.addTask { await self.report(queue) }
            let keeper = CacheKeeper(configuration, logger: logger)
            group.addTask { await keeper.run(queue) }
            let reload = reloadSource(inbox)
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
            notifier.stopping(timeout: configuration.grace + .seconds(30))
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

    /// SIGHUP: look through the inbox now. SIGPIPE: ignored.
    private func reloadSource(_ inbox: Inbox) -> any DispatchSourceSignal {
        signal(SIGHUP, SIG_IGN)
        // A client that hangs up must not end the daemon.
        signal(SIGPIPE, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: SIGHUP, queue: .main)
        let notifier = notifier
        source.setEventHandler {
            notifier.reloading()
            inbox.look()
            notifier.ready("looking through the inbox")
        }
        source.resume()
        return source
    }
}
