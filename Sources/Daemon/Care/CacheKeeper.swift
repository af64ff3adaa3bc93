// Keeps the store within its size: looks from time to time, and collects beyond the high mark. Work
// under way is safe: what was used since the oldest running job was started stays.

import DurableIO
import Failures
import Jobs
package import Logging
package import Store
import SystemPackage

package actor CacheKeeper {
    private struct Preview {
        let bytesMax: Int?
        let workingSince: Int?
        let at: Int
        let report: CollectorReport
    }

    /// A page that is loaded again and again keeps no collection waiting.
    private static let freshMilliseconds = 5_000

    private let live: LiveConfiguration
    private var configuration: DaemonConfiguration { live.current }
    private let logger: Logger
    private let witness: any Witness
    private var wasOverLimit = false
    private var lastPreview: Preview?
    /// Paths that could not be removed when they were told last.
    private var lastStuck: [String] = []
    private nonisolated let executor = BlockingExecutor(label: "layerfoldd.cache")

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    package init(
        _ settings: LiveConfiguration, logger: Logger, witness: any Witness = Witnesses()
    ) {
        live = settings
        self.witness = witness
        self.logger = logger
    }

    /// Looks after the store until the task is cancelled.
    package func run(_ queue: JobQueue) async {
        while !Task.isCancelled {
            do { try await configuration.clock.sleep(configuration.cacheInterval) } catch {
                return
            }
            let report = collect(workingSince: await queue.workingSince())
            if let report, report.removesAnything { await queue.note(report, by: nil) }
        }
    }

    /// Removes what the limits ask for, now. What goes wrong is logged and tried again later.
    /// - Parameter workingSince: when the oldest job that is at work was started, milliseconds
    ///   since 1970 UTC; nil where none is.
    /// - Returns: What was done; nil where there is no store yet, or it failed.
    @discardableResult
    package func collect(workingSince: Int?) -> CollectorReport? {
        let watch = Stopwatch()
        do {
            return try collect(keeping: nil, workingSince: workingSince)
        } catch {
            witness.hear(.collectionFailed(seconds: watch.seconds))
            logger.error(
                "the store could not be collected; trying again later",
                metadata: ["reason": "\(FaultText.describe(error))"])
            return nil
        }
    }

    /// Removes what nothing names, and what is worth least beyond a limit, now.
    /// - Parameter bytesMax: what may stay; nil for what the settings say.
    /// - Returns: What was done; nil where there is no store yet.
    func collect(keeping bytesMax: Int?, workingSince: Int?) throws -> CollectorReport? {
        guard try hasStore() else { return nil }
        lastPreview = nil
        let watch = Stopwatch()
        let report = try ContentStore(state: configuration.folders.state, packingThreads: 0)
            .collect(policy(keeping: bytesMax, workingSince))
        tell(report)
        witness.hear(.collected(Occurrence.Collection(report, seconds: watch.seconds)))
        return report
    }

    /// What `collect` would do now; nothing is removed.
    func preview(keeping bytesMax: Int?, workingSince: Int?) throws -> CollectorReport? {
        guard try hasStore() else { return nil }
        let now = configuration.clock.uptime()
        if let last = lastPreview, last.bytesMax == bytesMax, last.workingSince == workingSince,
            (0..<Self.freshMilliseconds).contains(now - last.at)
        {
            return last.report
        }
        var policy = policy(keeping: bytesMax, workingSince)
        policy.isDryRun = true
        // Not a store that is only read: what time it is there, a file of its own tells.
        let report = try ContentStore(state: configuration.folders.state, packingThreads: 0)
            .collect(policy)
        lastPreview = Preview(
            bytesMax: bytesMax, workingSince: workingSince, at: now, report: report)
        return report
    }

    private func hasStore() throws -> Bool {
        try Syscalls.stat(configuration.folders.store.appending("FORMAT")) != nil
    }

    private func policy(keeping bytesMax: Int?, _ workingSince: Int?) -> CollectorPolicy {
        var policy = CollectorPolicy()
        policy.limit =
            bytesMax.map { .bounds(CacheBounds($0)) } ?? .limits(configuration.cacheLimits)
        policy.workingSince = workingSince
        return policy
    }

    private func tell(_ report: CollectorReport) {
        if report.removesAnything {
            logger.notice(
                "removed from the store",
                metadata: [
                    "actions": "\(report.actions.count)", "objects": "\(report.objects.count)",
                    "bytes": "\(report.freedBytes)", "kept_bytes": "\(report.keptBytes)",
                    "seconds_to_compute": "\(Int(report.lostSeconds))",
                ])
        }
        let stuck = report.stuck.map(\.string).sorted()
        if let first = stuck.first, stuck != lastStuck {
            logger.warning(
                """
                some of the store may not be removed, because it is somebody else's or a folder; \
                give it to the daemon's user, or remove it by hand
                """, metadata: ["count": "\(stuck.count)", "first": "\(first)"])
        }
        lastStuck = stuck
        if report.isOverLimit, !wasOverLimit {
            logger.warning(
                """
                the store is larger than it may be: what is in use, young or pinned exceeds the \
                limit alone; raise `cache: size`, or unpin
                """,
                metadata: [
                    "protected_bytes": "\(report.protectedBytes)",
                    "kept_bytes": "\(report.keptBytes)",
                    "limit_bytes": "\(report.bounds?.high ?? 0)",
                ])
        }
        wasOverLimit = report.isOverLimit
    }
}

extension CollectorReport {
    var removesAnything: Bool { !objects.isEmpty || !actions.isEmpty }
}

extension Occurrence.Collection {
    init(_ report: CollectorReport, seconds: Double) {
        self.init(
            actions: report.actions.count, objects: report.objects.count,
            freedBytes: report.freedBytes, keptBytes: report.keptBytes,
            limitBytes: report.bounds?.high, isOverLimit: report.isOverLimit, seconds: seconds)
    }
}

extension JobQueue {
    /// When the oldest job was started that has a worker, is published, or waits for its next try;
    /// milliseconds since 1970 UTC. Nil where none is.
    package func workingSince() -> Int? {
        live.values.compactMap { job in
            // A held one may wait for days, and takes from the cache what is there by then.
            let isHeld = job.row.state == JobState.held.rawValue
            let isWaiting = job.row.state == JobState.queued.rawValue && job.row.notBefore == nil
            return isHeld || isWaiting ? nil : job.row.startedAt
        }.min()
    }
}
