// Names and groups as the system has them. On a thread of its own: a directory service may be slow,
// and is not asked again for each picture of a page.

import DurableIO

struct Person: Sendable, Hashable {
    let name: String
    let groups: Set<Int>
}

actor People {
    private struct Known {
        let person: Person
        let at: Int
    }

    /// How long an answer counts: who is no admin any more is none after that.
    static let milliseconds = 60_000
    private static let countMax = 1_024

    private let uptime: @Sendable () -> Int
    private var known: [Int: Known] = [:]
    private var numbers: [String: (user: Int, at: Int)] = [:]
    private nonisolated let executor = BlockingExecutor(label: "layerfoldd.people")

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    init(uptime: @escaping @Sendable () -> Int) {
        self.uptime = uptime
    }

    func find(_ user: Int) -> Person {
        let now = uptime()
        if let known = known[user], now - known.at < Self.milliseconds { return known.person }
        if known.count >= Self.countMax { known = [:] }
        let number = UInt32(exactly: user)
        let person = Person(
            name: number.flatMap(Accounts.name) ?? "\(user)",
            groups: Set(number.map { Accounts.reader($0).groups.map(Int.init) } ?? []))
        known[user] = Known(person: person, at: now)
        return person
    }

    /// The number of a user; nil where nobody is called that.
    func number(named name: String) -> Int? {
        let now = uptime()
        if let known = numbers[name], now - known.at < Self.milliseconds { return known.user }
        // Nobody who is new has to wait.
        guard let user = Accounts.number(named: name).map(Int.init) else { return nil }
        if numbers.count >= Self.countMax { numbers = [:] }
        numbers[name] = (user, now)
        return user
    }
}
