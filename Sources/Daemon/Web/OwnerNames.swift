// Names of users, for pages. On a thread of its own: a directory service may be slow, and is not
// asked again for each row.

import DurableIO

actor OwnerNames {
    /// How long an answer counts.
    private static let milliseconds = 600_000
    private static let countMax = 1_024

    private let uptime: @Sendable () -> Int
    private var known: [Int: (name: String, at: Int)] = [:]
    private nonisolated let executor = BlockingExecutor(label: "layerfoldd.names")

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    init(uptime: @escaping @Sendable () -> Int) {
        self.uptime = uptime
    }

    /// By user number; the number itself where the system has no name.
    func find(_ users: some Sequence<Int> & Sendable) -> [Int: String] {
        let now = uptime()
        if known.count > Self.countMax { known = [:] }
        var names: [Int: String] = [:]
        for user in users where names[user] == nil {
            if let (name, at) = known[user], now - at < Self.milliseconds {
                names[user] = name
                continue
            }
            let name = UInt32(exactly: user).flatMap { Accounts.name(of: $0) } ?? "user \(user)"
            known[user] = (name, now)
            names[user] = name
        }
        return names
    }

    /// The number of a name, or of a number; nil where nobody is called that.
    func number(_ text: String) -> Int? {
        Accounts.number(named: text).map { Int($0) } ?? Int(text)
    }
}
