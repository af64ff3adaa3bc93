// What results take, by user; and what a rule of retention removes of them, a day after it was
// told.

import DurableIO
import Failures
import Jobs
import Logging
import Store
import SystemPackage

/// What the queue knows of the results on disk.
struct ResultsAccount {
    /// Room that a job was given among the results of its owner, and has not filled yet.
    struct Promise {
        let owner: Int
        /// nil for results of which nobody knows the size.
        let bytes: Int?
    }

    /// By user number; as of the last count.
    var bytes: [Int: Int] = [:]
    /// By job.
    var promised: [String: Promise] = [:]
    /// Jobs whose results are in place: the next count has them, and their promises are kept.
    var placed: Set<String> = []
    var notice = RetentionNotice(announced: [])
    /// One pass over the results; another one follows where something changed meanwhile.
    var counting: Task<Void, Never>?
    var isOutdated = false
    /// When it was counted last for jobs that are held, by the clock that never jumps.
    var roomCountedAt: Int?
    var timer: Task<Void, Never>?
}

extension JobQueue {
    private static let eventType = "retention-announced"
    private static let interval = Duration.seconds(3_600)

    /// Bytes of the results of a user, as of the last count; 0 before the first.
    package func resultBytes(of owner: Int) -> Int { account.bytes[owner] ?? 0 }

    /// Why no further job of the user may start; nil where it may.
    package func resultsObstacle(of owner: Int) -> String? {
        ResultsQuota.obstacle(
            owner: owner, bytes: resultBytes(of: owner), limit: configuration.resultsPerUser)
    }

    /// Why the results of a job that is done may not be put in place; nil where they may. What
    /// its owner has is counted for it: at a start nothing is known, and results go without us.
    func quotaObstacle(to record: JobRecord) async -> String? {
        guard configuration.resultsPerUser != nil else { return nil }
        // In place already, or lost: that is for who publishes to tell.
        let bytes = await census.bytes(of: record.partialResultsName)
        guard bytes > 0 else { return nil }
        await countNow()
        let reason = obstacle(to: bytes, of: record)
        live[record.id]?.refusedBytes = reason == nil ? nil : bytes
        // Another one that is done at the same time finds them among the owner's.
        if reason == nil {
            account.promised[record.id] = .init(owner: record.owner, bytes: bytes)
        }
        return reason
    }

    /// Counts what is promised to the owner's other jobs as if it were there.
    private func obstacle(to bytes: Int, of record: JobRecord) -> String? {
        let others = account.promised.filter {
            $0.key != record.id && $0.value.owner == record.owner
        }
        let promised = others.values.reduce(0) { $0.addingClamped($1.bytes ?? 0) }
        return ResultsQuota.obstacle(
            to: bytes, owner: record.owner,
            kept: resultBytes(of: record.owner).addingClamped(promised),
            limit: configuration.resultsPerUser)
    }

    /// Whether there is room now for results that were refused; it is the job's then. Of those
    /// that an earlier daemon refused nobody knows the size: they are made again, one at a time of
    /// each owner and the oldest first, and looked at then.
    func isThereQuota(for id: String) -> Bool {
        guard let job = live[id], let hold = state.entries[id]?.hold, hold == HoldReason.quota
        else { return false }
        // Without a limit nobody has to share.
        guard configuration.resultsPerUser != nil else { return true }
        let isThere =
            job.refusedBytes.map { obstacle(to: $0, of: job.record) == nil } ?? isNextUnknown(id)
        if isThere {
            account.promised[id] = .init(owner: job.record.owner, bytes: job.refusedBytes)
        }
        return isThere
    }

    /// Whether it is the turn of a job of whose results nobody knows the size.
    private func isNextUnknown(_ id: String) -> Bool {
        guard let entry = state.entries[id] else { return false }
        let isOneMade = account.promised.values.contains {
            $0.owner == entry.owner && $0.bytes == nil
        }
        let isOneOlder = state.entries.values.contains { other in
            guard other.owner == entry.owner, other.hold == HoldReason.quota else { return false }
            return other.sequence < entry.sequence && live[other.id]?.refusedBytes == nil
        }
        return !isOneMade && !isOneOlder
    }

    /// A promise is over when the job waits for something else, ends, or has its results counted.
    func keepPromises(_ id: String, _ record: QueueRecord) {
        guard account.promised[id] != nil else { return }
        switch record {
        case .done: account.placed.insert(id)
        case .held, .failed, .cancelled: account.promised[id] = nil
        case .queued, .running, .publishing, .cancelling: break
        }
    }

    /// Returns when results were counted that were there when it was called: after two passes at
    /// most, whoever else has something counted meanwhile.
    func countNow() async {
        // Began before us: not enough.
        let before = account.counting
        countResults()
        await (before ?? account.counting)?.value
        if before != nil { await account.counting?.value }
    }

    /// Counts for a job that is held: once for all that are looked at about the same time.
    /// - Parameter now: by the clock that never jumps.
    func countForRoom(now: Int) async {
        let interval = configuration.limits.roomCheckMilliseconds
        // A job is looked at once in each interval, and a look may begin a little late.
        let most = interval - interval / 10
        if let counted = account.roomCountedAt, now - counted < most {
            await account.counting?.value
            return
        }
        account.roomCountedAt = now
        await countNow()
    }

    /// What will be removed; nil where nothing ever is.
    var retentionNotice: RetentionNotice? {
        configuration.retention == nil ? nil : account.notice
    }

    /// Counts now, and once an hour: results are moved and removed without us, and grow old. What
    /// could not be deleted may have been opened by then.
    func beginCounting() {
        countResults()
        account.timer = Task {
            while true {
                do { try await configuration.clock.sleep(Self.interval) } catch { return }
                countResults()
                emptyTrash()
            }
        }
    }

    /// Counts soon, beside the queue.
    func countResults() {
        guard account.counting == nil else {
            account.isOutdated = true
            return
        }
        account.isOutdated = false
        account.counting = Task {
            // What is put in place meanwhile may have come too late for this count.
            let placed = account.placed
            let unfinished = Set(live.keys)
            if take(await census.take(), unfinished) {
                for id in placed { account.promised[id] = nil }
                account.placed.subtract(placed)
            }
            account.counting = nil
            if account.isOutdated { countResults() }
        }
    }

    /// - Parameter unfinished: jobs that were not over when the count began.
    /// - Returns: whether the count is known now.
    private func take(_ count: ResultsCount, _ unfinished: Set<String>) -> Bool {
        tellUncounted(count.uncounted)
        do {
            var kept: [String: KeptResults] = [:]
            var found: Set<String> = []
            var bytes = count.others
            for results in count.results {
                // Those of a job that goes on are asked for when it is done.
                let isOver = live[results.job] == nil && !unfinished.contains(results.job)
                guard isOver || !results.isPartial else { continue }
                // A row tells when, what its results are called, and whose they are that lie in no
                // folder of a user.
                let isNeeded =
                    configuration.retention != nil || results.owner == nil
                    || account.promised[results.job] != nil
                let row = isNeeded ? try index.job(results.job) : nil
                guard let owner = results.owner ?? row?.owner else { continue }
                bytes[owner] = results.bytes.addingClamped(bytes[owner] ?? 0)
                // What one user has put into her folder says nothing of the jobs of others.
                guard let row, results.belong(to: row) else { continue }
                found.insert(row.id)
                guard live[row.id] == nil, let finished = row.finishedAt else { continue }
                // In both places that results may have: they go together.
                let other = kept[row.id]?.bytes ?? 0
                kept[row.id] = KeptResults(
                    job: row.id, owner: row.owner, bytes: results.bytes.addingClamped(other),
                    finishedAt: finished, announcedAt: nil)
            }
            account.bytes = bytes
            // What is in place is counted, also before anybody has said so: it needs no promise.
            for id in found { account.promised[id] = nil }
            if let rule = configuration.retention { try retain(Array(kept.values), by: rule) }
            return true
        } catch {
            logger.warning(
                "results cannot be counted", metadata: ["reason": "\(FaultText.describe(error))"])
            return false
        }
    }

    /// Tells in whose folders something is in no count. Without the names that people gave: on a
    /// private server they are not for everybody.
    private func tellUncounted(_ reasons: [Int: SystemCallError]) {
        var texts: [Int: String] = [:]
        for owner in reasons.keys where configuration.resultsPerUser != nil {
            texts[owner] =
                "in `\(folders.results.appending(String(owner)))` is what layerfoldd may not look "
                + "into: it does not count towards `results_per_user` (the log says why); look at "
                + "it as root"
        }
        let news = health.set(.uncounted, texts.sorted { $0.key < $1.key }.map(\.value))
        for (owner, text) in texts where news.contains(text) {
            logger.warning(
                "results are not counted",
                metadata: [
                    "owner": "\(owner)",
                    "reason": "\(reasons[owner].map { "\($0)" } ?? "")",
                ])
        }
    }

    private func retain(_ kept: [KeptResults], by rule: RetentionRule) throws {
        let now = configuration.clock.now()
        let kept = try kept.map { results in
            var results = results
            results.announcedAt = try index.events(of: results.job)
                .last { $0.type == Self.eventType }?.at
            return results
        }
        var notice = RetentionNotice(announced: [])
        for step in Retention.steps(for: kept, by: rule, now: now) {
            // An owner may have made her results into what cannot be removed: that is no reason to
            // keep those of others.
            do {
                if try take(step, now: now) { continue }
                notice.announced.append(
                    .init(
                        job: step.results.job, owner: step.results.owner,
                        bytes: step.results.bytes, reason: step.reason,
                        removedAtMilliseconds: step.removedAt))
            } catch {
                logger.warning(
                    "a rule of retention cannot be followed",
                    metadata: [
                        "job": "\(step.results.job)", "owner": "\(step.results.owner)",
                        "reason": "\(FaultText.describe(error))",
                    ])
            }
        }
        account.notice = notice
    }

    /// - Returns: whether the results are removed, or their job is.
    private func take(_ step: RetentionStep, now: Int) throws -> Bool {
        switch step.action {
        case .announce: try announce(step, now: now)
        case .wait: break
        case .remove:
            guard let row = try index.job(step.results.job) else { return true }
            // Not below 0: they may have grown since they were counted.
            let freed = try removeResults(of: row, by: nil)
            account.bytes[row.owner] = max(0, resultBytes(of: row.owner) - freed)
            return true
        }
        return false
    }

    private func announce(_ step: RetentionStep, now: Int) throws {
        struct EventData: Encodable {
            let reason: String
            let bytes: Int
            let notBefore: Int

            private enum CodingKeys: String, CodingKey {
                case reason, bytes
                case notBefore = "removed_at_ms"
            }
        }
        let results = step.results
        let data = EventData(
            reason: step.reason, bytes: results.bytes, notBefore: step.removedAt)
        try index.commit([
            .init(
                event: EventRow(
                    at: now, job: results.job, type: Self.eventType,
                    data: String(decoding: try JobJSON.encode(data), as: UTF8.self)))
        ])
        logger.notice(
            "results will be removed tomorrow",
            metadata: [
                "job": "\(results.job)", "owner": "\(results.owner)",
                "bytes": "\(results.bytes)", "reason": "\(step.reason)",
            ])
    }
}
