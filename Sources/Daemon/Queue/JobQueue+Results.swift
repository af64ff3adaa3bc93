// What results take, by user; and what a rule of retention removes of them, a day after it was
// told.

import Failures
import Jobs
import Logging
import Store

/// What the queue knows of the results on disk.
struct ResultsAccount {
    /// By user number; as of the last count.
    var bytes: [Int: Int] = [:]
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
        let reason = ResultsQuota.obstacle(
            to: bytes, owner: record.owner, kept: resultBytes(of: record.owner),
            limit: configuration.resultsPerUser)
        live[record.id]?.refusedBytes = reason == nil ? nil : bytes
        // Another one that is done at the same time finds them among the owner's.
        if reason == nil { account.bytes[record.owner, default: 0] += bytes }
        return reason
    }

    /// Whether there is room now for results that were refused. Of those that an earlier daemon
    /// refused nobody knows the size: they are made again, and looked at then.
    func isThereQuota(for id: String) -> Bool {
        guard let job = live[id], let bytes = job.refusedBytes else { return true }
        return ResultsQuota.obstacle(
            to: bytes, owner: job.record.owner, kept: resultBytes(of: job.record.owner),
            limit: configuration.resultsPerUser) == nil
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

    /// Counts now, and once an hour: results are moved and removed without us, and grow old.
    func beginCounting() {
        countResults()
        account.timer = Task {
            while true {
                do { try await configuration.clock.sleep(Self.interval) } catch { return }
                countResults()
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
            take(await census.take())
            account.counting = nil
            if account.isOutdated { countResults() }
        }
    }

    private func take(_ counted: [CountedResults]) {
        do {
            var kept: [KeptResults] = []
            var bytes: [Int: Int] = [:]
            for results in counted {
                // A row tells when, and whose results are that lie in no folder of a user.
                let isNeeded = configuration.retention != nil || results.owner == nil
                let row = isNeeded ? try index.job(results.job) : nil
                guard let owner = results.owner ?? row?.owner else { continue }
                bytes[owner, default: 0] += results.bytes
                if let row, live[row.id] == nil, let finished = row.finishedAt {
                    kept.append(
                        KeptResults(
                            job: row.id, owner: row.owner, bytes: results.bytes,
                            finishedAt: finished, announcedAt: nil))
                }
            }
            account.bytes = bytes
            if let rule = configuration.retention { try retain(kept, by: rule) }
        } catch {
            logger.warning(
                "results cannot be counted", metadata: ["reason": "\(FaultText.describe(error))"])
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
            account.bytes[row.owner, default: 0] -= try removeResults(of: row, by: nil)
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
