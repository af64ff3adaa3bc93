// Whose work counts, and what becomes of the rest.

import Cluster
import Failures
import Jobs
import Logging
import SystemPackage

extension ClusterDriver {
    /// The whole job is done: what the try wrote that counts becomes the job's results.
    func takeResults(_ job: Running) throws {
        guard let unit = job.plan.units.last?.name, let token = job.counting[unit] else { return }
        let partial = FilePath(job.request.resultsDirectory)
        try tryFolders(job, token).takeResults(to: partial)
    }

    func tryFolders(_ job: Running, _ token: UnitToken) -> TryFolders {
        job.folders.tried(
            "\(token)", unit: token.unit, partial: FilePath(job.request.resultsDirectory))
    }

    /// Removes what tries of a unit wrote for themselves that have no worker any more. Those of
    /// which nobody knows are left to `TryLeftovers`.
    /// - Parameter isOver: whether the job has ended: before that, an attempt file may still come
    ///   that makes a try count.
    func removeLeftovers(of unit: String, _ job: Running, isOver: Bool) {
        var ended: Set<String> = isOver ? job.over : []
        for (_, outcome) in job.folders.outcomes(unit, job.plan.attempt, besides: [])
        where isOver || outcome.result != .succeeded {
            ended.insert(outcome.token)
        }
        let partial = FilePath(job.request.resultsDirectory)
        for token in job.folders.tries(unit) where ended.contains(token) {
            do {
                try job.folders.tried(token, unit: unit, partial: partial).removeLeftovers()
            } catch {
                logger.warning(
                    "what a try at the cluster left stays",
                    metadata: [
                        "job": "\(job.request.job)", "reason": "\(FaultText.describe(error))",
                    ])
            }
        }
    }
}
