// Why a job could not go on at the cluster, in words for people, with who has to act.

import Failures
package import Jobs

extension ClusterFailure {
    /// - Parameter lines: the end of what the unit's worker said; empty where it said nothing.
    package func failure(lines: String) -> WorkerOutcome.Failure {
        let said = lines.isEmpty ? "" : "; its log ends with:\n\(lines)"
        switch self {
        case .unit(_, let words):
            return .init(
                failureClass: words.failureClass, message: words.message,
                isDiskFull: words.isDiskFull)
        case .refused(let key, let text):
            return .init(
                failureClass: .user,
                message: "the queue refused unit `\(key.unit)`: \(text); correct `resources` of "
                    + "the manifest, or `cluster` of the settings")
        case .memory(let key):
            return .init(
                failureClass: .resource,
                message: "unit `\(key.unit)` ran out of the memory that the queue gave it: ask for "
                    + "more (`resources: memory`), or name a larger class in `cluster: "
                    + "memory_classes`; stages that are done are kept\(said)")
        case .time(let key, let times):
            return .init(
                failureClass: .resource,
                message: "unit `\(key.unit)` \(Self.words(of: times)); nothing that a next try "
                    + "could go on behind was kept in that time\(said)")
        case .lost(let key, let times, let how):
            return .init(
                failureClass: .resource,
                message: "unit `\(key.unit)` ended \(times) times without an attempt file; the "
                    + "last time \(how); look whether the nodes see the state folder and have the "
                    + "program, and into the queue's own log\(said)")
        case .interrupted(let key, let times, let how):
            return .init(
                failureClass: .resource,
                message: "unit `\(key.unit)` was interrupted \(times) times; the last time "
                    + "\(how); ask for more time (`resources: time`), or for another partition; "
                    + "stages that are done are kept\(said)")
        case .cancelledInQueue(let key, let reason):
            return .init(
                failureClass: .user,
                message: "somebody cancelled unit `\(key.unit)` in the queue (\(reason)): retry "
                    + "the job when it may run; stages that are done are kept")
        case .unsent(let key, let times, let text):
            let words = text.isEmpty ? "" : "; its last words: \(text)"
            return .init(
                failureClass: .transient,
                message: "unit `\(key.unit)` was sent \(times) times, and the queue has shown none "
                    + "of these\(words); look whether the queue's controller answers, and into "
                    + "its log")
        case .impossible(let key, let reason):
            return .init(
                failureClass: .user,
                message: "the queue can never start unit `\(key.unit)`: \(reason); "
                    + (QueueReason.cure(reason) ?? "look into the queue's own words"))
        }
    }

    /// What was asked for, why there is no more, and what to do.
    private static func words(of times: TimeLadder) -> String {
        let asked = times.minutes.last.map { "was over its time of \($0) min" }
        let smaller = "or let a step be smaller: fewer `samples`, more `cpus`"
        switch times.top {
        case .named:
            return "\(asked ?? ""), which `resources: time` names: name more, \(smaller)"
        case .partition(let minutes):
            return "\(asked ?? ""), and its partition gives \(minutes) min at most: name another "
                + "one (`resources: partition`), \(smaller)"
        case .doubled:
            return "\(asked ?? ""), the first one doubled \(times.minutes.count - 1) times (a "
                + "limit of the queue is not known): ask for more (`resources: time`), \(smaller)"
        case .unknown:
            return "was over the time that the queue gives where none is asked for: ask for some "
                + "(`resources: time`)"
        }
    }
}
