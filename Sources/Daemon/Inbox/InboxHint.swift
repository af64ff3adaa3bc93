// A hint in the inbox itself, for people who only use `ls`: `x.yaml.rejected-1000.txt` says why and
// where. It is the daemon's own file: in the sticky inbox nobody else removes it, and one that
// somebody else made has another owner, and is no hint. Best effort: the note in `rejected` counts.

package import DurableIO
import Glibc
package import SystemPackage

package struct InboxHint: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        case rejected
        /// Stays until its owner changes something.
        case stays
    }

    /// Hints for one owner's files; more are not written.
    package static let countMax = 50
    /// Seven days; after that, people have looked, or never will.
    package static let ageMaxMilliseconds = 7 * 86_400_000

    package let kind: Kind
    /// The file it is about.
    package let name: FilePath.Component
    package let owner: Int?

    package init(_ kind: Kind, of name: FilePath.Component, owner: Int?) {
        self.kind = kind
        self.name = name
        self.owner = owner
    }

    package var fileName: String {
        RejectedFolder.shortened(name.printed)
            + ".\(kind.rawValue)-\(owner.map(String.init) ?? RejectedFolder.unowned).txt"
    }

    /// Whether a name in the inbox is that of a hint, for the files of whom.
    package static func owner(ofHint name: FilePath.Component) -> String? {
        let words = name.string.split(separator: ".")
        guard words.count >= 3, words.last == "txt" else { return nil }
        let parts = words[words.count - 2].split(separator: "-")
        guard parts.count == 2, Kind(rawValue: String(parts[0])) != nil else { return nil }
        return String(parts[1])
    }

    /// The file that a hint about one that stays is for, as hints write names.
    static func file(ofStaying name: FilePath.Component) -> String? {
        guard let owner = owner(ofHint: name) else { return nil }
        let suffix = ".\(Kind.stays.rawValue)-\(owner).txt"
        return name.string.hasSuffix(suffix) ? String(name.string.dropLast(suffix.count)) : nil
    }

    /// Whether this entry is a hint of ours.
    package static func isOurs(_ name: FilePath.Component, _ status: FileStatus) -> Bool {
        owner(ofHint: name) != nil && status.kind == .regular && status.owner == ownUser
    }

    /// Writes the hint in place of an older one of ours, and leaves what is not ours alone.
    package func write(_ text: String, into inbox: FilePath) {
        let path = inbox.appending(fileName)
        do {
            try Self.removeOurs(path)
            try DurableFile.write(
                Array(text.utf8), to: path, existing: .refuse, permissions: 0o644)
        } catch {
            return
        }
    }

    package func remove(from inbox: FilePath) {
        try? Self.removeOurs(inbox.appending(fileName))
    }

    private static func removeOurs(_ path: FilePath) throws(SystemCallError) {
        guard let name = path.lastComponent, let status = try Syscalls.stat(path),
            isOurs(name, status)
        else { return }
        try Syscalls.unlink(path)
    }
}
