// For whom a job reads: the kernel's word, with the groups that the system names.

/// The person who submitted a job. What a job names must be readable for this person, not only for
/// the daemon's user.
package struct Submitter: Sendable, Equatable, Codable {
    /// User number.
    package var user: Int
    /// Numbers of all groups, the first one among them.
    package var groups: [Int]

    package init(user: Int, groups: [Int]) {
        self.user = user
        self.groups = groups
    }

    private enum CodingKeys: String, CodingKey {
        case user = "uid"
        case groups = "gids"
    }
}
