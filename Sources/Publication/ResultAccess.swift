// Whose results are: she may read them, move them and remove them, though the daemon made them and
// has no right to give files away. An access list, which a file's owner may write, does that
// (docs/DECISIONS.md).

package import DurableIO
import Glibc
package import SystemPackage

/// Who gets what of a folder of results.
package struct ResultAccess: Sendable, Equatable {
    /// User number of the owner.
    package let owner: UInt32
    /// Whether the group of the folder reads them, too.
    package let groupReads: Bool

    package init(owner: UInt32, groupReads: Bool) {
        self.owner = owner
        self.groupReads = groupReads
    }

    /// Of folders: all that is needed to move and remove what is in them.
    package var folders: AccessList { list(.all, group: [.read, .search]) }

    /// Of files. Whoever may write their folder can replace them; nobody writes into them.
    package var files: AccessList { list(.read, group: .read) }

    /// Of what is made later in folders, by their owner: the daemon lists and removes it with the
    /// results that it lies among, whatever the owner's umask.
    package var makings: AccessList {
        var makings = folders
        makings.users = [geteuid(): .all]
        return makings
    }

    private func list(_ rights: AccessList.Rights, group: AccessList.Rights) -> AccessList {
        var list = AccessList(
            owner: rights.union([.read, .write]), group: groupReads ? group : [], others: [])
        list.users[owner] = rights
        list.mask = rights.union(group)
        return list
    }

    /// The daemon's user needs no list on its own files, and root none on anybody's.
    private var isNeeded: Bool { owner != 0 && owner != geteuid() }

    /// Gives the owner her rights to the folder and all in it, the folder itself last: before
    /// that, she cannot touch what is not whole.
    ///
    /// - Returns: false where the file system knows no access lists; then modes alone speak.
    func grant(_ folder: FilePath, _ entries: [ResultTree.Entry]) throws(SystemCallError) -> Bool {
        guard isNeeded else {
            try narrow(folder)
            return true
        }
        do throws(SystemCallError) {
            for entry in entries.reversed() {
                let path = folder.pushing(FilePath(entry.path))
                switch entry.status.kind {
                case .regular: try Syscalls.setAccessList(path, files)
                case .folder: try open(path)
                case .symbolicLink, .other: continue
                }
            }
            try open(folder)
            return true
        } catch {
            guard error.meansNoAccessLists else { throw error }
            try narrow(folder)
            return false
        }
    }

    private func open(_ folder: FilePath) throws(SystemCallError) {
        try Syscalls.setDefaultAccessList(folder, makings)
        try Syscalls.setAccessList(folder, folders)
    }

    /// What a mode can say: others nothing, and the group only where it reads.
    private func narrow(_ folder: FilePath) throws(SystemCallError) {
        try Syscalls.chmod(folder, groupReads ? 0o750 : 0o700)
    }

    /// Makes the folder that holds all results of the owner, or gives her what she lacks there.
    ///
    /// - Throws: with `notDirectory` where something else has the name.
    package func prepareHome(_ home: FilePath) throws(SystemCallError) {
        if try Syscalls.stat(home) == nil {
            try Syscalls.makeFolders(home, mode: 0o750)
        }
        guard try Syscalls.stat(home)?.kind == .folder else {
            throw SystemCallError(.mkdir, home, .notDirectory)
        }
        _ = try grant(home, [])
    }
}
