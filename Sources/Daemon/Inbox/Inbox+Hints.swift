// The hints that lie in the inbox: written, counted and removed.

import DurableIO
import SystemPackage

extension Inbox {
    /// Says in the inbox what became of a file, while its owner has few hints there.
    func hint(
        _ kind: InboxHint.Kind, of name: FilePath.Component, _ owner: Int?, _ text: String
    ) {
        let key = owner.map(String.init) ?? RejectedFolder.unowned
        guard hintCounts[key, default: 0] < InboxHint.countMax else { return }
        hintCounts[key, default: 0] += 1
        let verb =
            switch kind {
            case .rejected: "was rejected"
            case .stays: "stays in the inbox"
            }
        InboxHint(kind, of: name, owner: owner)
            .write("\(name.printed) \(verb): \(text)\n", into: folders.inbox)
    }

    /// A file of the same name and owner became a job: what was told of the last one is over.
    func removeHints(of name: FilePath.Component, owner: Int) {
        for kind in InboxHint.Kind.allCases {
            InboxHint(kind, of: name, owner: owner).remove(from: folders.inbox)
        }
    }

    /// Counts our hints, and removes old ones and those of files that stayed and are gone.
    /// - Parameter names: all that the inbox holds.
    func countHints(_ names: [FilePath.Component]) {
        let now = configuration.clock.now()
        hintCounts = [:]
        let hints = names.filter { InboxHint.owner(ofHint: $0) != nil }
        if hints.isEmpty { return }
        let others = Set(names.map { RejectedFolder.shortened($0.printed) })
        for hint in hints {
            let path = folders.inbox.appending(hint)
            guard let owner = InboxHint.owner(ofHint: hint),
                let status = try? Syscalls.stat(path), InboxHint.isOurs(hint, status)
            else { continue }
            let age = now - Int(status.modifiedNanoseconds / 1_000_000)
            let isOver = InboxHint.file(ofStaying: hint).map { !others.contains($0) } ?? false
            if age > InboxHint.ageMaxMilliseconds || isOver {
                try? Syscalls.unlink(path)
            } else {
                hintCounts[owner, default: 0] += 1
            }
        }
    }
}
