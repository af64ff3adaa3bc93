// The answer to `GET /v1/inbox`: what lies in the inbox and why, and what was rejected.

/// For `layerfold doctor`. What is not in an older daemon's answer is optional.
package struct InboxReport: Sendable, Equatable, Codable {
    package struct Entry: Sendable, Equatable, Codable {
        /// On one line; what is no visible text is written as %XX.
        package var name: String
        package var reason: String

        package init(name: String, reason: String) {
            self.name = name
            self.reason = reason
        }
    }

    package struct Rejected: Sendable, Equatable, Codable {
        /// The name in the inbox, on one line.
        package var name: String
        /// User number; nil where it is not known who put the file there.
        package var owner: Int?
        /// A word such as `manifest`, `crash_on_parse`; `earlier` for a file that an earlier
        /// version put aside, where anybody of the group may have written the error.
        package var reason: String
        package var problem: String
        /// Where the file or the note about it lies.
        package var path: String
        /// Milliseconds since 1970 UTC.
        package var rejectedAtMilliseconds: Int?

        package init(
            name: String, owner: Int?, reason: String, problem: String, path: String,
            rejectedAtMilliseconds: Int?
        ) {
            self.name = name
            self.owner = owner
            self.reason = reason
            self.problem = problem
            self.path = path
            self.rejectedAtMilliseconds = rejectedAtMilliseconds
        }

        private enum CodingKeys: String, CodingKey {
            case name, owner, reason, problem, path
            case rejectedAtMilliseconds = "rejected_at_ms"
        }
    }

    package var inbox: String
    /// Why nothing can be taken; nil where all is well.
    package var problem: String?
    /// What is wrong with the folder, though files are taken.
    package var warnings: [String]?
    /// Files that stay, at most 100.
    package var staying: [Entry]
    /// Files that stay and are not in the list.
    package var more: Int?
    /// Rejected files, the newest first, at most 100.
    package var rejected: [Rejected]?

    package init(
        inbox: String, problem: String?, warnings: [String] = [], staying: [Entry],
        more: Int = 0, rejected: [Rejected] = []
    ) {
        self.inbox = inbox
        self.problem = problem
        self.warnings = warnings
        self.staying = staying
        self.more = more
        self.rejected = rejected
    }
}
