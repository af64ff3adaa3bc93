// Names and groups as the system has them. On a thread of its own: a directory service may be slow,
// and is not asked again for each row or picture of a page.

import DurableIO

struct Person: Sendable, Hashable {
    let name: String
    let groups: Set<Int>
}

actor People {
    private struct Known<Value: Sendable> {
        let value: Value
        let at: Int
    }

    /// How long groups count: who is no admin any more is none after that.
    private static let groupMilliseconds = 60_000
    /// How long names count.
    private static let nameMilliseconds = 600_000
    private static let countMax = 1_024

    private let uptime: @Sendable () -> Int
    private var knownGroups: [Int: Known<Set<Int>>] = [:]
    private var knownNames: [Int: Known<String?>] = [:]
    private var knownNumbers: [String: Known<Int>] = [:]
    private nonisolated let executor = BlockingExecutor(label: "layerfoldd.people")

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    init(uptime: @escaping @Sendable () -> Int) {
        self.uptime = uptime
    }

    func find(_ user: Int) -> Person {
        Person(name: name(of: user) ?? "\(user)", groups: groups(of: user))
    }

    /// Names by user number; `user 1001` where the system has none.
    func names(of users: some Sequence<Int> & Sendable) -> [Int: String] {
        var names: [Int: String] = [:]
        for user in users where names[user] == nil {
            names[user] = name(of: user) ?? "user \(user)"
        }
        return names
    }

    /// The number of a user; nil where nobody is called that.
    func number(named name: String) -> Int? {
        let now = uptime()
        if let known = knownNumbers[name], now - known.at < Self.groupMilliseconds {
            return known.value
        }
        // Nobody who is new has to wait.
        guard let user = Accounts.number(named: name).map(Int.init) else { return nil }
        if knownNumbers.count >= Self.countMax { knownNumbers = [:] }
        knownNumbers[name] = Known(value: user, at: now)
        return user
    }

    private func name(of user: Int) -> String? {
        let now = uptime()
        if let known = knownNames[user],
            now - known.at < (known.value == nil ? Self.groupMilliseconds : Self.nameMilliseconds)
        {
            return known.value
        }
        if knownNames.count >= Self.countMax { knownNames = [:] }
        let name = UInt32(exactly: user).flatMap(Accounts.name)
        knownNames[user] = Known(value: name, at: now)
        return name
    }

    private func groups(of user: Int) -> Set<Int> {
        let now = uptime()
        if let known = knownGroups[user], now - known.at < Self.groupMilliseconds {
            return known.value
        }
        if knownGroups.count >= Self.countMax { knownGroups = [:] }
        let groups = Set(
            UInt32(exactly: user).map { Accounts.reader($0).groups.map(Int.init) } ?? [])
        // Who exists has one at least: a directory that did not answer is asked again.
        if !groups.isEmpty { knownGroups[user] = Known(value: groups, at: now) }
        return groups
    }
}
