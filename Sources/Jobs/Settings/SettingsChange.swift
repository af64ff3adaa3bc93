// What a reload of the settings changes, and what only a restart does.

/// Settings that were read again, held against those that the daemon started with.
package struct SettingsChange: Sendable, Equatable {
    /// The new settings, with the old values of what cannot change while the daemon runs.
    package let effective: ServerSettings
    /// Keys whose new values wait for a restart.
    package let waiting: [String]

    /// A key that waits: whether it was changed, and how the old value comes back.
    private struct Fixed: Sendable {
        let key: String
        let isChanged: @Sendable (ServerSettings, ServerSettings) -> Bool
        let restore: @Sendable (inout ServerSettings, ServerSettings) -> Void

        init<Value: Equatable & SendableMetatype>(
            _ key: String, _ path: any WritableKeyPath<ServerSettings, Value> & Sendable
        ) {
            self.key = key
            isChanged = { $0[keyPath: path] != $1[keyPath: path] }
            restore = { $0[keyPath: path] = $1[keyPath: path] }
        }
    }

    /// Everything else is looked up whenever it is needed. The state folder holds the lock, the
    /// index and the socket; claims lead from one inbox into it; sockets are made once.
    private static let fixed = [
        Fixed("state", \.stateDirectory), Fixed("inbox", \.inbox), Fixed("listen", \.listen),
        Fixed("proxy", \.proxy),
    ]

    package init(from start: ServerSettings, to read: ServerSettings) {
        var effective = read
        let waiting = Self.fixed.filter { $0.isChanged(start, read) }
        for key in waiting { key.restore(&effective, start) }
        self.effective = effective
        self.waiting = waiting.map(\.key)
    }
}
