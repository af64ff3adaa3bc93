// What keeps the daemon from doing all of its work, for `systemctl status`, the log and
// `layerfold doctor`. Whoever finds something says so here, under a topic of its own.

import Synchronization

package final class Health: Sendable {
    private let reasons = Mutex<[String: [String]]>([:])
    private let witness: any Witness

    package init(witness: any Witness = Witnesses()) { self.witness = witness }

    /// Replaces what is known of a topic; nothing means that all is well again.
    /// - Returns: what was not known before, for the log.
    @discardableResult
    package func set(_ topic: String, _ now: [String]) -> [String] {
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
