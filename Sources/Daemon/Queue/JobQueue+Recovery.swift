// What happens between the start of the daemon and its first new worker. The order matters: rows
// first, which say what becomes of each job; then workers are taken over or killed; then outcomes
// of the others are read, since only a dead worker writes no more.

import DurableIO
import Failures
import Glibc
import Jobs
import Logging
import Store
import SystemPackage

extension JobQueue {
    /// Brings index, folders and processes together. Nothing is started before `start`.
    /// - Parameter claimed: identifiers of claims in the spool, whose folders may be unfinished.
    /// - Throws: where the index or a folder cannot be read at all; `NewerFormat`, before anything
    ///   is changed, where a newer daemon wrote the index.
    package func recover(claimed: Set<String>) throws {
        try index.refuseNewerWords()
        try restoreAudit()
        try finishRemovals()
        try restoreRows(claimed: claimed)
        try noteModels()
        let running = try index.attempts(inState: AttemptState.running.rawValue)
        var entries: [QueueState.Entry] = []
        for row in try index.jobs(in: JobState.allCases.filter { !$0.isFinal }.map(\.rawValue)) {
            do {
                if let entry = try restored(row) { entries.append(entry) }
            } catch let error as JobFolder.Unreadable {
                try fail(row, error.description)
            }
        }
        let adoptable = adoptable(running, by: entries)
        let staying = killOrphans(running, except: adoptable)
        let remote = Set(entries.map(\.id).filter(isAtCluster))
        entries = try entries.map { entry in
            if let worker = staying[entry.id] { return try held(entry, by: worker) }
            var entry = entry
            let isRemote = remote.contains(entry.id)
            entry.startedAt = adoptable[entry.id].map(uptime(of:))
            // What nothing at the cluster waits for is cancelled at once; a worker that is here
            // has its place here, wherever its job would run by the settings of today.
            if isRemote || adoptable[entry.id] != nil || entry.state == .cancelling {
                entry.isRemote = isRemote
            }
            return entry
        }
        process(.admitted(entries))
        for entry in entries where entry.state == .cancelling && entry.isRemote {
            adoptRemote(entry, running.last { $0.job == entry.id })
        }
        for entry in entries where entry.state == .running {
            if remote.contains(entry.id),
                let attempt = running.last(where: { $0.job == entry.id })
            {
                adoptRemote(entry, attempt)
                continue
            }
            if let attempt = adoptable[entry.id], let worker = attempt.worker {
                adopt(entry, attempt, worker)
            } else {
                importEnd(of: entry, attempt: running.last { $0.job == entry.id })
            }
        }
        try closeAttempts(running)
        keepAudit()
        discardUnowned()
        takeOutOrphans()
        try restoreShares()
    }

    /// Makes the rows of jobs that only have a folder: the index was lost, or the daemon died
    /// between the folder and the row.
    private func restoreRows(claimed: Set<String>) throws {
        let known = try index.jobIdentifiers()
        for entry in try DirectoryScan.entries(of: folders.jobs) {
            let id = entry.name.string
            guard entry.kind == .folder, JobIdentifier.isValid(id), !known.contains(id),
                !claimed.contains(id)
            else { continue }
            do {
                try restoreRow(JobFolder(folders.job(id)))
            } catch let error as JobFolder.Unreadable {
                logger.error(
                    "a job's folder is damaged and stays as it is", metadata: ["reason": "\(error)"]
                )
            }
        }
    }

    /// Rows of earlier daemons do not say which model a job is about: its record is asked, once.
    /// One that cannot be read now is asked again at the next start.
    private func noteModels() throws {
        var models: [String: String] = [:]
        for id in try index.jobsWithoutModel() {
            do { models[id] = try JobFolder(folders.job(id)).model() ?? "" } catch { continue }
        }
        try index.setModels(models)
    }

    private func restoreRow(_ folder: JobFolder) throws {
        guard let record = try folder.record() else {
            // Nobody was told that this job was accepted.
            logger.warning(
                "removing an unfinished submission", metadata: ["path": "\(folder.path)"])
            do throws(SystemCallError) { try FolderTree.remove(folder.path) } catch {
                logger.warning(
                    "the files of an unfinished submission stay", metadata: ["reason": "\(error)"])
            }
            return
        }
        var row = Self.newRow(record)
        if let end = try folder.end() {
            Self.apply(end, to: &row)
            if let outcome = folder.outcome() {
                usageOfFolders.append(
                    UsageRow(
                        owner: record.owner, seconds: outcome.seconds,
                        asOf: end.finishedAtMilliseconds))
            }
        } else if Publisher.isPublished(record, in: folders.results) {
            row.state = JobState.done.rawValue
        } else if folder.outcome()?.result == .succeeded {
            row.state = JobState.publishing.rawValue
        }
        logger.notice("found a job that the index does not have", metadata: ["job": "\(record.id)"])
        _ = try index.insertJob(row)
    }

    private static func apply(_ end: JobEnd, to row: inout JobRow) {
        row.state = end.state.rawValue
        row.finishedAt = end.finishedAtMilliseconds
        row.reason = end.failure?.message
        row.failureClass = end.failure?.failureClass.rawValue
    }

    /// Kills the workers that an earlier daemon left, and waits until they are gone.
    /// - Parameter adoptable: attempts that go on.
    /// - Returns: those that are not gone, by job.
    private func killOrphans(
        _ attempts: [AttemptRow], except adoptable: [String: AttemptRow]
    ) -> [String: ProcessIdentity] {
        let adopted = Set(adoptable.values.compactMap { $0.worker?.process })
        let recorded = attempts.compactMap { row in row.worker.map { (row.job, $0) } }
        let orphans = recorded + StrayWorkers.all(in: folders.jobs).map { ($0.job, $0.worker) }
        var staying: [String: ProcessIdentity] = [:]
        for (job, orphan) in orphans where orphan.isAlive && !adopted.contains(orphan.process) {
            logger.warning(
                "killing the worker of an earlier daemon",
                metadata: ["job": "\(job)", "process": "\(orphan.process)"])
            orphan.kill()
            if !isGone(orphan) { staying[job] = orphan }
        }
        return staying
    }

    /// Waits for the end of a process that was killed, as long as a worker is given to end, but no
    /// longer than a start may take.
    private func isGone(_ process: ProcessIdentity) -> Bool {
        let pauseMicroseconds: UInt32 = 10_000
        let end = ContinuousClock.now + min(configuration.grace, .seconds(10))
        while process.isAlive {
            if ContinuousClock.now > end { return false }
            usleep(pauseMicroseconds)
        }
        return true
    }

    /// A worker that was killed and is still there hangs in the kernel, or is not ours to kill: a
    /// second one would write over what it may still write.
    private func held(
        _ entry: QueueState.Entry, by worker: ProcessIdentity
    ) throws -> QueueState.Entry {
        let reason =
            "process \(worker.process), a worker of an earlier daemon, was killed and does not end: "
            + "it hangs in the kernel, or belongs to another user; end it, then release the job"
        logger.error("\(reason)", metadata: ["job": "\(entry.id)"])
        guard [.running, .queued, .held].contains(entry.state), entry.hold != .admin,
            let job = live[entry.id]
        else { return entry }
        let hold = JobOrders.Hold(
            kind: .user, by: Int(getuid()), atMilliseconds: configuration.clock.now())
        var orders = JobOrders()
        do {
            let folder = JobFolder(folders.job(entry.id))
            orders = try folder.orders()
            orders.hold = hold
            try folder.write(orders)
        } catch is JobFolder.Unreadable {
            // They hold the job at each start, as long as nobody releases it.
            orders.hold = hold
        }
        var row = job.row
        (row.state, row.held, row.reason) = (
            JobState.held.rawValue, HoldReason.user.rawValue, reason
        )
        let event = EventRow(at: configuration.clock.now(), job: row.id, type: row.state)
        try index.commit([.init(job: row, event: event)])
        return self.entry(job.record, row, orders, state: .held, hold: .user)
    }

    /// - Returns: The job's entry; nil if it turns out to be finished.
    private func restored(_ row: JobRow) throws -> QueueState.Entry? {
        let folder = JobFolder(folders.job(row.id))
        guard let record = try folder.record() else {
            try fail(row, "the job's folder `\(folder.path)` is gone")
            return nil
        }
        if let end = try folder.end() {
            var row = row
            Self.apply(end, to: &row)
            try commitEnd(row)
            return nil
        }
        let (row, orders, hold) = try ordered(row, folder)
        let state = try row.knownState()
        return entry(record, row, orders, state: state, hold: hold)
    }

    /// The row as people ordered it last: an order is in the job's folder before it is here, and is
    /// only there where the index was lost.
    private func ordered(
        _ row: JobRow, _ folder: JobFolder
    ) throws -> (JobRow, JobOrders, HoldReason?) {
        var orders = JobOrders()
        var reason: String?
        do {
            orders = try folder.orders()
            reason = orders.hold.map { Self.reason(of: $0.kind, by: $0.by) }
        } catch let error as JobFolder.Unreadable {
            orders = .unreadable
            reason = "\(error); an admin may have held the job, and only an admin can release it"
        }
        let state = try row.knownState()
        guard state == .queued || state == .held else { return (row, orders, nil) }
        var known = row
        known.priority = orders.priority?.value
        let own = try row.knownHold().flatMap { $0.endsByItself ? $0 : nil }
        let hold = orders.hold?.kind ?? own
        known.state = (hold == nil ? JobState.queued : .held).rawValue
        known.held = hold?.rawValue
        if hold == nil, state == .held { known.reason = nil }
        if let reason { known.reason = reason }
        if known != row { try index.commit([.init(job: known)]) }
        return (known, orders, hold)
    }

    /// A job that was running when the daemon died has an outcome by now, or was interrupted.
    private func importEnd(of entry: QueueState.Entry, attempt: AttemptRow?) {
        live[entry.id]?.attempt = attempt
        let end = end(of: attempt?.id, job: entry.id, nil, isStopping: false)
        let seconds = outcome(of: attempt?.id, job: entry.id)?.seconds
        process(.ended(id: entry.id, attempt: entry.attempt, end, seconds: seconds))
    }

    private func fail(_ row: JobRow, _ reason: String) throws {
        logger.error("a job cannot go on", metadata: ["job": "\(row.id)", "reason": "\(reason)"])
        var row = row
        row.state = JobState.failed.rawValue
        row.finishedAt = configuration.clock.now()
        row.reason = reason
        row.failureClass = FailureClass.bug.rawValue
        try commitEnd(row)
    }

    /// Tells of an end that is found before the queue runs, and commits it.
    private func commitEnd(_ row: JobRow) throws {
        let unfinished = JobState.allCases.filter { !$0.isFinal }.map(\.rawValue)
        let others = try index.newestJobs(countMax: 2, in: unfinished, of: row.owner)
            .filter { $0.id != row.id }
        writeLetters([row]) { _ in others.count }
        let event = EventRow(at: configuration.clock.now(), job: row.id, type: row.state)
        try index.commit([.init(job: row, event: event)])
    }

    /// Attempts of jobs that are not running any more; those that are get their end with it.
    private func closeAttempts(_ attempts: [AttemptRow]) throws {
        try index.commit(
            attempts.filter { live[$0.job]?.attempt?.id != $0.id }.map {
                var row = $0
                row.state = AttemptState.stopped.rawValue
                row.finishedAt = configuration.clock.now()
                return IndexDatabase.JobChange(attempt: row)
            })
    }

    /// Moves partial results out of the way that no job will finish.
    private func discardUnowned() {
        let owned = Set(live.values.map(\.record.partialResultsName))
        let entries = (try? DirectoryScan.entries(of: folders.results)) ?? []
        for entry in entries {
            let name = entry.name.string
            guard name.hasPrefix("."), name.hasSuffix(JobRecord.partialSuffix),
                !owned.contains(name), !isOfTry(entry.name, besides: owned)
            else { continue }
            do {
                if try isKept(name) { continue }
                try Publisher.discard(name: name, in: folders.results)
            } catch {
                logger.warning("partial results stay", metadata: ["reason": "\(error)"])
            }
        }
        let reasons = TryLeftovers.sweep(jobs: folders.jobs, now: configuration.clock.now())
        if let first = reasons.first {
            logger.warning(
                "what tries at a cluster left stays",
                metadata: ["reason": "\(first)", "places": "\(reasons.count)"])
        }
    }

    /// Whether partial results are whole, and only their name was taken: a retry puts them in
    /// place.
    private func isKept(_ name: String) throws -> Bool {
        let id = String(name.dropLast(JobRecord.partialSuffix.count).suffix(JobIdentifier.length))
        guard JobIdentifier.isValid(id), let row = try index.job(id),
            row.state == JobState.failed.rawValue,
            row.failureClass == FailureClass.user.rawValue,
            JobRecord.resultsNames(ofJob: id, name: row.name, owner: row.owner).contains(name)
        else { return false }
        return JobFolder(folders.job(id)).outcome()?.result == .succeeded
    }

    /// Whether a folder is filled by a try at the cluster: of a job that is not over, or whose
    /// worker may live on.
    private func isOfTry(_ name: FilePath.Component, besides owned: Set<String>) -> Bool {
        owned.contains { name.string.hasPrefix(JobRecord.tryResultsPrefix(of: $0)) }
            || TryLeftovers.mayGrow(
                folders.results.appending(name), now: configuration.clock.now())
    }
}
