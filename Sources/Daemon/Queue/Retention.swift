// Which results are removed because of their age, number or size, and when. Pure: nobody looks at a
// disk or a clock here.

import Jobs

/// Results of a finished job that lie on the disk.
struct KeptResults: Sendable, Equatable {
    let job: String
    let owner: Int
    let bytes: Int
    /// When the job finished; milliseconds since 1970.
    let finishedAt: Int
    /// When their removal was announced last; nil: never.
    var announcedAt: Int?
}

/// What is to be done with results that a rule does not keep.
struct RetentionStep: Sendable, Equatable {
    enum Action: Sendable, Equatable {
        /// Tell, and do nothing.
        case announce
        /// It was told, and not long enough ago.
        case wait
        case remove
    }

    let results: KeptResults
    let action: Action
    /// Why the rule does not keep them, in words.
    let reason: String
    /// Not removed before this time.
    let removedAt: Int
}

enum Retention {
    /// Between the announcement and the deed: a day, so that everybody who looks once a day sees
    /// it.
    static let noticeMilliseconds = 86_400_000
    /// An announcement holds for a week. Whoever switches a rule off and on again later is told
    /// anew.
    static let validMilliseconds = 7 * noticeMilliseconds
    private static let dayMilliseconds = 86_400_000

    /// - Returns: a step for everything that the rule does not keep, the soonest removed first.
    static func steps(
        for kept: [KeptResults], by rule: RetentionRule, now: Int
    ) -> [RetentionStep] {
        let byOwner = Dictionary(grouping: kept) { $0.owner }
        return byOwner.values.flatMap { steps(forOne: $0, by: rule, now: now) }
            .sorted { ($0.removedAt, $0.results.job) < ($1.removedAt, $1.results.job) }
    }

    /// Of one user, newest first: what is beyond a limit goes.
    private static func steps(
        forOne kept: [KeptResults], by rule: RetentionRule, now: Int
    ) -> [RetentionStep] {
        let newest = kept.sorted { ($1.finishedAt, $1.job) < ($0.finishedAt, $0.job) }
        var bytes = 0
        return newest.enumerated().compactMap { place, results in
            bytes = bytes.addingClamped(results.bytes)
            let reason: String
            if let days = rule.days, now - results.finishedAt > days * dayMilliseconds {
                reason = "finished more than \(days) days ago"
            } else if let count = rule.count, place >= count {
                reason = "not among the newest \(count) results of this user"
            } else if let limit = rule.bytes, bytes > limit, place > 0 {
                // The newest stays, however large: nothing older made room for it.
                reason = "results of this user take more than \(limit) bytes"
            } else {
                return nil
            }
            return step(results, reason, now: now)
        }
    }

    private static func step(
        _ results: KeptResults, _ reason: String, now: Int
    ) -> RetentionStep {
        guard let announced = results.announcedAt, now >= announced,
            now - announced <= validMilliseconds
        else {
            return RetentionStep(
                results: results, action: .announce, reason: reason,
                removedAt: now + noticeMilliseconds)
        }
        let time = announced + noticeMilliseconds
        return RetentionStep(
            results: results, action: now >= time ? .remove : .wait, reason: reason,
            removedAt: time)
    }
}

/// Whether a user's results take more than they may.
package enum ResultsQuota {
    /// - Parameters:
    ///   - bytes: what the results of the user take.
    ///   - limit: the most they may take; nil: no limit.
    /// - Returns: why no further job of the user is taken, and what helps; nil where it may.
    package static func obstacle(owner: Int, bytes: Int, limit: Int?) -> String? {
        guard let limit, bytes > limit else { return nil }
        return "results of user \(owner) take \(bytes) bytes, and \(limit) are allowed "
            + "(setting `results_per_user`): remove or move \(bytes - limit) bytes away, such as by "
            + "`layerfold rm ID --results`; files in the inbox are taken then"
    }

    /// - Parameters:
    ///   - bytes: what results take that are to be kept as well.
    ///   - kept: what the results of the user take already.
    /// - Returns: why they may not be kept, and what helps; nil where they may.
    package static func obstacle(
        to bytes: Int, owner: Int, kept: Int, limit: Int?
    ) -> String? {
        guard let limit else { return nil }
        let whole = kept.addingClamped(bytes)
        guard whole > limit else { return nil }
        let found =
            "the results take \(bytes) bytes, those that user \(owner) has \(kept), and "
            + "\(limit) are allowed in all (setting `results_per_user`): "
        return found
            + (bytes > limit
                ? "they never fit; cancel the job and ask for fewer or smaller models, or ask an "
                    + "administrator for more"
                : "remove or move \(whole - limit) bytes away, such as by "
                    + "`layerfold rm ID --results`; the job goes on by itself then")
    }
}
