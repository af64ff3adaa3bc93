// Why the queue does not start a unit, where waiting does not help. Pure.

/// By Slurm's words (squeue(1), `job_reason_codes`). What is not here may pass: nodes that are
/// away, limits that others use up (`QOSGrp...`, `...PerUser...`), a partition that is down, a hold
/// that somebody may release. `PartitionNodeLimit` is said of nodes that are down as well.
package enum QueueReason {
    /// - Returns: what to do; nil where the unit may still start as it is.
    package static func cure(_ reason: String) -> String? {
        switch reason {
        case "PartitionTimeLimit", "AssocMaxWallDurationPerJobLimit",
            "QOSMaxWallDurationPerJobLimit":
            return "ask for less time (`resources: time`, or a smaller `cluster: time_factor`), or "
                + "of another `partition`, `qos` or `account`"
        case "BadConstraints":
            return "no node has what `constraint` and `extra` ask for: correct these of "
                + "`resources` and of `cluster`"
        case "PartitionConfig":
            return "its partition has no nodes that would do: correct `partition`, `cpus`, "
                + "`memory` and `extra` of `resources`"
        case "AccountNotAllowed", "InvalidAccount":
            return "correct `account` of `resources` or `cluster`, or have it allowed there"
        case "InvalidQOS", "QOSNotAllowed":
            return "correct `qos` of `resources` or `cluster`, or have it allowed there"
        case "ReservationDeleted":
            return "take `--reservation` out of `extra`, or name one that is there"
        case "DependencyNeverSatisfied":
            return "correct `resources: extra` or `cluster: extra`"
        default: return isLimitOfOne(reason) ? limit : nil
        }
    }

    private static let limit =
        "it asks for more, or for less, than one job may have there: correct `cpus`, `memory` and "
        + "`time` of `resources`, or name another `qos` or `account`"

    /// Limits that a job breaks by itself, whatever others do: `AssocMaxCpuPerJobLimit`,
    /// `QOSMaxMemoryPerNode`, `QOSMinCpuNotSatisfied`.
    private static func isLimitOfOne(_ reason: String) -> Bool {
        if reason.hasPrefix("QOSMin") { return true }
        guard reason.hasPrefix("AssocMax") || reason.hasPrefix("QOSMax") else { return false }
        return reason.contains("PerJob") || reason.contains("PerNode")
    }
}
