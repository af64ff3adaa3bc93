// Why a job is held: the words that index, orders and command line share.

/// Why a job that waits is not started. Files and the index hold the raw value.
package enum HoldReason: String, Sendable, Codable, CaseIterable {
    /// Its owner wants it to wait.
    case user
    /// An admin wants it to wait; only an admin lets it go.
    case admin
    /// The disk was full; goes on by itself when there is room.
    case disk
    /// With this job's the results of its owner would take more than they may; goes on by itself
    /// when there is room among them.
    case quota

    /// Whether the server looks now and then if the reason still holds.
    package var endsByItself: Bool {
        switch self {
        case .disk, .quota: true
        case .user, .admin: false
        }
    }
}
