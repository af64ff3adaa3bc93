// Who reads what was rejected on a private server: its owner, by an access list, which the daemon
// may write on what is its own; and where the file system keeps none, nobody but the daemon, which
// tells the owner over the API.

import DurableIO
import Glibc
import SystemPackage

struct RejectedAccess {
    /// User number; nil where it is not known whose a file is.
    let owner: UInt32?

    init(owner: Int?) { self.owner = owner.flatMap { UInt32(exactly: $0) } }

    /// The owner lists it and passes through; nobody but the daemon changes anything.
    func close(folder: FilePath) throws(SystemCallError) {
        try close(folder, own: .all, owners: [.read, .search], mode: 0o700)
    }

    func close(file: FilePath) throws(SystemCallError) {
        try close(file, own: [.read, .write], owners: .read, mode: 0o600)
    }

    private func close(
        _ path: FilePath, own: AccessList.Rights, owners: AccessList.Rights, mode: CInterop.Mode
    ) throws(SystemCallError) {
        // The mode speaks for the daemon's own user, and root needs nobody's leave.
        guard let owner, owner != 0, owner != geteuid() else {
            return try Syscalls.chmod(path, mode)
        }
        var list = AccessList(owner: own, group: [], others: [])
        list.users[owner] = owners
        list.mask = owners
        do throws(SystemCallError) {
            try Syscalls.setAccessList(path, list)
        } catch {
            guard error.meansNoAccessLists else { throw error }
            try Syscalls.chmod(path, mode)
        }
    }
}
