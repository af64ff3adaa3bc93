// What retention has announced and not yet done, for `layerfold doctor`.

/// Results that will be removed because of their age, number or size, unless somebody acts.
package struct RetentionNotice: Sendable, Equatable, Codable {
    package struct Entry: Sendable, Equatable, Codable {
        package var job: String
        package var owner: Int
        package var bytes: Int
        /// `finished more than 30 days ago`, `not among the newest 20 of this user`.
        package var reason: String
        /// Not removed before this time.
        package var removedAtMilliseconds: Int

        package init(
            job: String, owner: Int, bytes: Int, reason: String, removedAtMilliseconds: Int
        ) {
            self.job = job
            self.owner = owner
            self.bytes = bytes
            self.reason = reason
            self.removedAtMilliseconds = removedAtMilliseconds
        }

        private enum CodingKeys: String, CodingKey {
            case job, owner, bytes, reason
            case removedAtMilliseconds = "removed_at_ms"
        }
    }

    /// The soonest first.
    package var announced: [Entry]

    package init(announced: [Entry]) {
        self.announced = announced
    }
}
