// When jobs that wait are expected to start: what runs, and the plans of those ahead. Pure.

/// A guess for people, from what is known; nothing is said of what rests on something unknown.
package enum ExpectedStarts {
    /// A job that waits.
    package struct Waiting: Sendable, Equatable {
        package let id: String
        /// What its plan says; nil where nobody planned it.
        package let seconds: Double?

        package init(id: String, seconds: Double?) {
            self.id = id
            self.seconds = seconds
        }
    }

    /// - Parameters:
    ///   - running: what is left of each job that runs, in seconds; nil where nobody knows.
    ///   - waiting: in the order of their start.
    ///   - slots: jobs that run at once.
    /// - Returns: seconds from now, by job. A place of unknown end counts as never free, so that
    ///   a time is too late rather than too early.
    package static func seconds(
        running: [Double?], waiting: [Waiting], slots: Int
    ) -> [String: Double] {
        var free = running.prefix(slots).map { $0.map { max(0, $0) } ?? .infinity }
        free += [Double](repeating: 0, count: max(0, slots - free.count))
        var expected: [String: Double] = [:]
        for job in waiting {
            guard let next = free.indices.min(by: { free[$0] < free[$1] }),
                free[next].isFinite
            else { break }
            expected[job.id] = free[next]
            free[next] += job.seconds.map { max(0, $0) } ?? .infinity
        }
        return expected
    }
}
