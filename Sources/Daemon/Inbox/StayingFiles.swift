// Why files stay in the inbox: for whoever asks, and for the log, once each. Bounded for each
// owner, so that nobody's thousand files hide another's one, or fill the log. Pure.

package import Jobs
package import SystemPackage

package struct StayingFiles: Sendable {
    /// Files of one owner that are told of.
    package static let countMax = 200

    private struct Reason {
        let owner: UInt32
        let text: String
    }

    private var reasons: [FilePath.Component: Reason] = [:]
    private var counts: [UInt32: Int] = [:]
    /// Files beyond the number, of this look.
    private var beyond: [UInt32: Set<FilePath.Component>] = [:]

    package init() {}

    package enum News: Sendable, Equatable {
        /// Known already.
        case none
        case file
        /// From here on the owner's files are only counted.
        case manyFiles
    }

    /// - Returns: what is new in this, for the log.
    package mutating func note(
        _ name: FilePath.Component, owner: UInt32, _ text: String
    ) -> News {
        if let old = reasons[name] {
            if old.owner == owner, old.text == text { return .none }
            forget(name)
        }
        guard counts[owner, default: 0] < Self.countMax else {
            let isFirst = beyond[owner, default: []].isEmpty
            beyond[owner, default: []].insert(name)
            return isFirst ? .manyFiles : .none
        }
        beyond[owner]?.remove(name)
        reasons[name] = Reason(owner: owner, text: text)
        counts[owner, default: 0] += 1
        return .file
    }

    package mutating func forget(_ name: FilePath.Component) {
        guard let old = reasons.removeValue(forKey: name) else { return }
        counts[old.owner, default: 1] -= 1
    }

    /// Forgets files that are gone.
    package mutating func keep(only names: Set<FilePath.Component>) {
        for name in reasons.keys where !names.contains(name) { forget(name) }
        beyond = beyond.mapValues { $0.intersection(names) }
        counts = counts.filter { $0.value > 0 }
    }

    /// Files that stay and are not in the list.
    package func countBeyond(listed countMax: Int) -> Int {
        max(0, reasons.count - countMax) + beyond.values.reduce(0) { $0 + $1.count }
    }

    /// In the order of their names.
    package func entries(_ countMax: Int) -> [InboxReport.Entry] {
        reasons.map { .init(name: $0.printed, reason: $1.text) }
            .sorted { $0.name < $1.name }.prefix(countMax).map(\.self)
    }
}
