// What people ordered about a job that waits, in a file of its own, so that it outlives the index.

import Glibc
package import Jobs

/// `orders.json` in the job's folder; missing where nobody ordered anything.
package struct JobOrders: Sendable, Equatable, Codable {
    package static let currentVersion = 1
    package static let fileName = "orders.json"
    package static let bytesMax = 65_536

    package struct Hold: Sendable, Equatable, Codable {
        /// `user` or `admin`: the others are the server's own, and found again by it.
        package var kind: HoldReason
        /// A user number.
        package var by: Int
        package var atMilliseconds: Int

        private enum CodingKeys: String, CodingKey {
            case kind, by
            case atMilliseconds = "at_ms"
        }
    }

    package struct Priority: Sendable, Equatable, Codable {
        package var value: Int
        package var by: Int
        /// An admin's word counts among the jobs of all.
        package var isAdmin: Bool
        package var atMilliseconds: Int

        private enum CodingKeys: String, CodingKey {
            case value, by
            case isAdmin = "admin"
            case atMilliseconds = "at_ms"
        }
    }

    package var version = currentVersion
    package var hold: Hold?
    package var priority: Priority?
    /// When somebody retried it, or ended a hold of `user` or `admin`, last: since then it waits.
    /// nil where nobody did: it waits since its submission.
    package var queuedAtMilliseconds: Int?

    package init() {}

    /// In the place of a file that cannot be read: an admin may have wanted the job to wait.
    static var unreadable: JobOrders {
        var orders = JobOrders()
        orders.hold = .init(kind: .admin, by: Int(getuid()), atMilliseconds: 0)
        return orders
    }

    /// The place of a job by these orders and its manifest.
    ///
    /// As with nice(1), everybody may make way for others; only an admin may put a job before those
    /// of others.
    package func place(manifest: Int) -> (priority: Int, band: Int) {
        guard let priority else { return (manifest, min(0, manifest)) }
        return (priority.value, priority.isAdmin ? priority.value : min(0, priority.value))
    }

    private enum CodingKeys: String, CodingKey {
        case version, hold, priority
        case queuedAtMilliseconds = "queued_at_ms"
    }
}
