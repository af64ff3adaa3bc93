// What a reload of the settings changes, and what only a restart does.

/// Settings that were read again, held against those that the daemon started with.
package struct SettingsChange: Sendable, Equatable {
    /// The new settings, with the old values of what cannot change while the daemon runs.
    package let effective: ServerSettings
    /// Keys whose new values wait for a restart.
    package let waiting: [String]

    private typealias Key = WritableKeyPath<ServerSettings, String?> & Sendable

    /// Everything else is looked up whenever it is needed. The state folder holds the lock, the
    /// index and the socket; claims lead from one inbox into it.
    private static let fixed: [(key: String, path: any Key)] = [
        ("state", \.stateDirectory), ("inbox", \.inbox),
    ]

    package init(from start: ServerSettings, to read: ServerSettings) {
        var effective = read
        var waiting: [String] = []
        for (key, path) in Self.fixed where read[keyPath: path] != start[keyPath: path] {
            effective[keyPath: path] = start[keyPath: path]
            waiting.append(key)
        }
        self.effective = effective
        self.waiting = waiting
    }
}
