// What is on disk of a unit: `jobs/<id>/units/<unit>/submission.json`, written before anything is
// sent, so that nothing is ever sent twice by a daemon that has forgotten it.

package struct UnitRecord: Sendable, Hashable, Codable {
    package static let currentVersion = 1
    package static let fileName = "submission.json"
    package static let bytesMax = 65_536

    package var version = currentVersion
    package var attempt: String
    /// Of the present try, counted from 1.
    package var number: Int
    /// The queue's identifier; nil before its answer, and where none came.
    package var id: String?
    package var counts: UnitCounts
    /// That the present try asked for; nil where it asked for none, and in records of earlier
    /// versions.
    package var minutes: Int?

    package init(
        attempt: String, number: Int, id: String? = nil, counts: UnitCounts = .init(),
        minutes: Int? = nil
    ) {
        self.attempt = attempt
        self.number = number
        self.id = id
        self.counts = counts
        self.minutes = minutes
    }
}

/// What has gone wrong with a unit so far.
package struct UnitCounts: Sendable, Hashable, Codable {
    /// Tries of which nobody knows how they ended, in a row.
    package var lost = 0
    /// Tries that ended before their time through nobody's fault, since one kept something.
    package var interrupted = 0
    /// Tries that kept nothing until their time was over: each is followed by one of more.
    package var timeouts = 0
    /// Times that it ran out of memory: each asks for the next class.
    package var memorySteps = 0

    package init() {}

    private enum CodingKeys: String, CodingKey {
        case lost, interrupted, timeouts
        case memorySteps = "memory_steps"
    }
}
