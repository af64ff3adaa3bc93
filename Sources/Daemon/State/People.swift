// Names and groups as the system has them. A directory service may be slow, and is not asked again
// for each row or picture of a page.

import Failures
import Jobs

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
    private let desk: DirectoryDesk

    init(_ directory: Directory = .system, uptime: @escaping @Sendable () -> Int) {
        desk = DirectoryDesk(directory)
        self.uptime = uptime
    }

    /// Whoever cannot be found out has the number for a name, and no groups.
    func find(_ user: Int) async -> Person {
        async let groups = groups(of: user)
        let name = await name(of: user) ?? "\(user)"
        return Person(name: name, groups: await groups)
    }

    /// Names by user number; `user 1001` where the system has none.
    func names(of users: some Sequence<Int> & Sendable) async -> [Int: String] {
        await withTaskGroup(of: (Int, String).self) { group in
            for user in Set(users) {
                group.addTask { (user, await self.name(of: user) ?? "user \(user)") }
            }
            var names: [Int: String] = [:]
            for await (user, name) in group { names[user] = name }
            return names
        }
    }

    /// The number of a user; nil where nobody is called that.
    /// - Throws: `ErrorDocument` where that cannot be found out now.
    func number(named name: String) async throws(ErrorDocument) -> Int? {
        let now = uptime()
        if let known = knownNumbers[name], now - known.at < Self.groupMilliseconds {
            return known.value
        }
        let found: UInt32?
        do { found = try await desk.number(named: name) } catch {
            throw ErrorDocument(code: .unavailable, message: FaultText.describe(error))
        }
        // Nobody who is new has to wait.
        guard let user = found.map(Int.init) else { return nil }
        if knownNumbers.count >= Self.countMax { knownNumbers = [:] }
        knownNumbers[name] = Known(value: user, at: now)
        return user
    }

    private func name(of user: Int) async -> String? {
        let now = uptime()
        if let known = knownNames[user],
            now - known.at < (known.value == nil ? Self.groupMilliseconds : Self.nameMilliseconds)
        {
            return known.value
        }
        var name: String?
        if let number = UInt32(exactly: user) {
            // A directory that did not answer is asked again.
            do { name = try await desk.name(of: number) } catch { return nil }
        }
        if knownNames.count >= Self.countMax { knownNames = [:] }
        knownNames[user] = Known(value: name, at: now)
        return name
    }

    private func groups(of user: Int) async -> Set<Int> {
        let now = uptime()
        if let known = knownGroups[user], now - known.at < Self.groupMilliseconds {
            return known.value
        }
        guard let number = UInt32(exactly: user),
            let found = try? await desk.groups(of: number)
        else { return [] }
        let groups = Set(found.map(Int.init))
        if knownGroups.count >= Self.countMax { knownGroups = [:] }
        // Who exists has one at least: a directory that had none is asked again.
        if !groups.isEmpty { knownGroups[user] = Known(value: groups, at: now) }
        return groups
    }
}
