// What keeps the daemon from doing all of its work, for `systemctl status`, the log and
// `layerfold doctor`. Whoever finds something says so here, under a topic of its own.

import Synchronization

package final class Health: Sendable {
    /// What may be wrong, each apart from the others. The word is a label of the metrics.
    package enum Topic: String, Sendable, CaseIterable, Comparable {
        case adminGroup = "admin group"
        case cluster, deployment
        case foreignFiles = "foreign files"
        case inbox
        /// Told by the queue, which keeps the reason itself.
        case index
        case letters, proxy, settings, tokens
        /// Discarded results that cannot be removed.
        case trash
        /// What may not be looked into among the results of people who may have only so many.
        case uncounted = "uncounted results"
        /// What starts of workers met.
        case workerSocket = "worker socket"
        /// What the self-check finds of it.
        case workerSocketPlace = "worker socket place"

        package static func < (left: Topic, right: Topic) -> Bool { left.rawValue < right.rawValue }
    }

    private let reasons = Mutex<[Topic: [String]]>([:])
    private let witness: any Witness

    package init(witness: any Witness = Witnesses()) { self.witness = witness }

    /// Replaces what is known of a topic; nothing means that all is well again.
    /// - Returns: what was not known before, for the log.
    @discardableResult
    package func set(_ topic: Topic, _ now: [String]) -> [String] {
        reasons.withLock { reasons in
            let before = reasons[topic] ?? []
            reasons[topic] = now.isEmpty ? nil : now
            // Within the lock, so that who looks on hears it in the order in which it happened.
            if now != before { witness.hear(.problems(topic: topic, now)) }
            return now.filter { !before.contains($0) }
        }
    }

    /// Every reason, each with its cure, in a fixed order.
    package var problems: [String] {
        reasons.withLock { reasons in
            reasons.sorted { $0.key < $1.key }.flatMap(\.value)
        }
    }
}
