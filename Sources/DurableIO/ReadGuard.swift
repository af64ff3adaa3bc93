// A process that reads for somebody else opens below some folders only what that person may read.
// It is asked of the open file, not of its name, so that a name that is changed between a look and
// the opening gains nothing (the confused deputy: docs/DECISIONS.md).

import Synchronization
package import SystemPackage

/// For whom, and below which folders, this process reads.
package struct ReadGuard: Sendable {
    private let reader: FileReader
    private let roots: [FilePath]
    private let own: [FilePath]

    /// - Parameters:
    ///   - roots: real paths. What neither is named nor lies below one of them is the process's
    ///     own business.
    ///   - own: folders of the process itself, which may lie below a root; what is named below
    ///     one of them was named by the process, not by the person.
    package init(for reader: FileReader, below roots: [FilePath], except own: [FilePath] = []) {
        self.reader = reader
        self.roots = roots
        self.own = own
    }

    private static let current = Mutex<ReadGuard?>(nil)

    /// Of this process; every file that `Syscalls.open` opens for reading is held against it.
    static var installed: ReadGuard? { current.withLock { $0 } }

    /// To be called once, before the process reads anything for that person.
    package static func install(_ lent: ReadGuard?) {
        current.withLock { $0 = lent }
    }

    func allows(_ descriptor: FileDescriptor, named path: FilePath) -> Bool {
        if isOwn(path) { return true }
        guard let real = Syscalls.path(of: descriptor) else { return !isBelowRoot(path) }
        return allows(real: real, named: path)
    }

    /// - Parameter real: where the open file lies.
    package func allows(real: FilePath, named path: FilePath) -> Bool {
        if isOwn(path) { return true }
        guard isBelowRoot(real) else { return !isBelowRoot(path) }
        do {
            return try FileAccess.missingRight(.read, on: real, for: reader) == nil
        } catch {
            // Nobody can tell: the job can try again, a secret cannot be taken back.
            return false
        }
    }

    private func isOwn(_ path: FilePath) -> Bool {
        own.contains { path.starts(with: $0) }
    }

    private func isBelowRoot(_ path: FilePath) -> Bool {
        roots.contains { path.starts(with: $0) }
    }
}
