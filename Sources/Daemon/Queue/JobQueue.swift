// Carries out what `QueueState` decides: commits its records, then starts, stops and publishes.
// One actor on a thread of its own; no await lies between reading and changing its state.

import Cluster
import DurableIO
import Jobs
package import Logging
package import Store
import SystemPackage

package actor JobQueue {
    /// A job that is not finished, as this process knows it.
    struct Live {
        let record: JobRecord
        var row: JobRow
        /// The present or last attempt.
        var attempt: AttemptRow?
        var stop: StopSwitch?
        var ending: WorkerEnding?
        var backend = Occurrence.Backend.child
        /// When its worker was heard last, by the clock that never jumps; nil where nobody listens.
        var heardAt: Int?
        /// Bytes of results for which there was no room among those of the owner.
        var refusedBytes: Int?
    }

    private nonisolated let settings: LiveConfiguration
    nonisolated var configuration: DaemonConfiguration { settings.current }
    /// What keeps the daemon from its work, besides what is told here.
    package nonisolated let health: Health
    /// Hears what happens.
    nonisolated let witness: any Witness
    let folders: StateFolders
    let index: IndexDatabase
    let publisher: Publisher
    let forecaster: Forecaster
    let cluster: ClusterDriver
    let logger: Logger
    private let notifier: Notifier
    let startedAt: Int

    var state: QueueState
    var live: [String: Live] = [:]
    var progress: [String: ProgressHistory] = [:]
    /// Models of finished jobs that were listed last.
    var models: [String: String?] = [:]
    /// The forecast that is being made ahead.
    var planning: Task<Void, Never>?
    /// Owners of whom nobody could tell what they may read, and when they are asked for again.
    var unknownOwners: [Int: Int] = [:]
    /// Waits until the first of them is due.
    var unknownLook: Task<Void, Never>?
    /// The last forecast that was asked for to cut a job for the cluster.
    var clusterPlanning: Task<ClusterForecast?, Never>?
    /// What jobs used that only their folders tell of, until the shares are restored.
    var usageOfFolders: [UsageRow] = []
    /// Places of queued jobs, for people; nil after each event.
    var places: [String: Int]?
    var account = ResultsAccount()
    let census: ResultsCensus
    let submitters: Submitters
    /// Events that are not yet committed: before the start, or while the index refuses.
    private var pending: [QueueEvent] = []
    private(set) var isStarted = false
    /// Why the index cannot be written at present.
    private(set) var degraded: String?
    private var wakeTask: Task<Void, Never>?
    private var drainWaiters: [CheckedContinuation<Void, Never>] = []
    private var isStopped = false
    /// The number of the last act that is in the copy of the audit log.
    var auditKept = 0
    /// Jobs on hold, as last told.
    var heldTold = 0

    private nonisolated let executor = BlockingExecutor(label: "layerfoldd.queue")

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    /// - Parameters:
    ///   - notifier: is told a line about the queue whenever that changes.
    ///   - witness: hears what happens.
    package init(
        settings: LiveConfiguration, index: IndexDatabase, health: Health, notifier: Notifier,
        logger: Logger, witness: any Witness = Witnesses()
    ) {
        let configuration = settings.current
        self.settings = settings
        self.health = health
        self.witness = witness
        self.notifier = notifier
        folders = configuration.folders
        self.index = index
        self.logger = logger
        publisher = Publisher(
            results: configuration.folders.results, groupReads: !settings.current.isPrivate)
        census = ResultsCensus(results: configuration.folders.results)
        forecaster = Forecaster(settings)
        submitters = Submitters(configuration.directory)
        cluster = ClusterDriver(settings, health: health, publisher: publisher, logger: logger)
        state = QueueState(limits: configuration.limits)
        startedAt = configuration.clock.now()
    }

    /// Begins to start workers. Before this, events only gather.
    package func start() {
        isStarted = true
        process(.ticked)
        emptyTrash()
        beginCounting()
    }

    /// The settings were replaced: what was waiting for a limit may go on.
    package func settingsChanged() {
        state.replace(limits: configuration.limits, now: configuration.clock.uptime())
        process(.ticked)
        countResults()
    }

    /// Stops the workers that are children and puts their jobs back into the queue; workers in
    /// units of their own, or at the cluster, go on, and the next daemon finds them. Returns when
    /// nothing else runs.
    package func drain() async {
        let staying = live.filter { id, job in
            (job.attempt?.worker?.outlivesDaemon ?? false) || state.entries[id]?.isRemote == true
        }.keys
        process(.leaving(Set(staying)))
        for id in staying where state.entries[id] == nil { live[id] = nil }
        await cluster.stop()
        unknownLook?.cancel()
        planning?.cancel()
        await planning?.value
        // Behind the cluster's stop: a job whose forecast ends with it is not cut any more.
        clusterPlanning?.cancel()
        _ = await clusterPlanning?.value
        account.timer?.cancel()
        if isStopped { return }
        await withCheckedContinuation { drainWaiters.append($0) }
    }

    // MARK: Events

    /// Takes the event in and carries out what follows. Where the index cannot be written, the
    /// event waits, and everything after it: nothing is done that is not on record.
    func process(_ event: QueueEvent) {
        pending.enqueue(event)
        guard isStarted else { return }
        while let event = pending.first {
            var next = state
            let actions = next.handle(event, now: configuration.clock.uptime())
            let news = rowBefore(event)
            let changes: [IndexDatabase.JobChange]
            do {
                changes = try commit(actions, after: event, in: next)
            } catch {
                degrade("\(error)")
                return
            }
            pending.removeFirst()
            if degraded != nil { witness.hear(.problems(topic: .index, [])) }
            degraded = nil
            state = next
            places = nil
            tell(event, news, changes)
            actions.forEach(perform)
            if !actions.isEmpty { notifier.status(statusLine()) }
        }
        planAhead()
    }

    private func degrade(_ reason: String) {
        if degraded == nil {
            logger.error(
                "cannot record the queue's state; trying again", metadata: ["reason": "\(reason)"])
            witness.hear(.problems(topic: .index, [reason]))
        }
        degraded = reason
        let retryMilliseconds = 5_000
        wake(at: configuration.clock.uptime() + retryMilliseconds)
    }

    private func perform(_ action: QueueAction) {
        switch action {
        case .record(let id, let record):
            logger.info("\(record.state.rawValue)", metadata: ["job": "\(id)"])
            keepPromises(id, record)
            if record.state.isFinal {
                live[id] = nil
                progress[id] = nil
            }
        case .startWorker(let id, let attempt): startWorker(id, attempt: attempt)
        case .stopWorker(let id): live[id]?.stop?.stop()
        case .takeOut(let id, _):
            // Earlier attempts have their ends already.
            if let entry = state.entries[id] { adoptRemote(entry, nil) }
        case .publish(let id): publish(id)
        case .discardResults(let id): discardResults(id)
        case .checkRoom(let id, let hold): checkRoom(id, hold)
        case .askOwner(let id): askOwner(id)
        case .wake(let time): wake(at: time)
        case .stopped:
            isStopped = true
            drainWaiters.forEach { $0.resume() }
            drainWaiters = []
        }
    }

    private func wake(at time: Int) {
        wakeTask?.cancel()
        let delay = max(0, time - configuration.clock.uptime())
        wakeTask = Task {
            do { try await configuration.clock.sleep(.milliseconds(delay)) } catch { return }
            process(.ticked)
        }
    }

    // MARK: Publishing

    private func publish(_ id: String) {
        guard let record = live[id]?.record else { return }
        Task {
            // A folder that somebody removed is made anew.
            try? folders.make()
            if let reason = await quotaObstacle(to: record) {
                logger.notice(
                    "results are too many", metadata: ["job": "\(id)", "reason": "\(reason)"])
                return process(.overQuota(id: id, reason: reason))
            }
            let failure = await publisher.publish(record)
            if let notice = await publisher.takeNotice() {
                logger.warning("owners lack rights", metadata: ["reason": "\(notice)"])
            }
            process(.published(id: id, failure: failure))
            countResults()
        }
    }

    /// Whether results of the job are complete and only have to be put in place.
    func isComputed(_ record: JobRecord) -> Bool {
        let folder = JobFolder(folders.job(record.id))
        guard folder.outcome()?.result == .succeeded else { return false }
        // In the owner's folder anything may have the name that they are to get.
        if Publisher.isPublished(record, in: folders.results) { return true }
        return [record.partialResultsName, record.flatResultsName].contains {
            (try? Syscalls.stat(folders.results.appending($0))) ?? nil != nil
        }
    }

    private func discardResults(_ id: String) {
        do {
            guard let record = try JobFolder(folders.job(id)).record() else { return }
            try Publisher.discard(record, in: folders.results)
            emptyTrash()
        } catch {
            logger.warning(
                "partial results stay", metadata: ["job": "\(id)", "reason": "\(error)"])
        }
    }

    func emptyTrash() {
        Task {
            for problem in await publisher.emptyTrash(and: folders.jobs) {
                logger.warning("discarded results stay", metadata: ["reason": "\(problem)"])
            }
        }
    }
}
