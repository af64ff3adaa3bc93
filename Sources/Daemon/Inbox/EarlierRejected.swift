// What an earlier version rejected, in the inbox itself. Everybody may give that name to something
// there, so only a folder of the daemon's own is looked into: the daemon lists no link's target and
// no stranger's folder.

import DurableIO
import Glibc
package import Jobs
package import SystemPackage

package struct EarlierRejected: Sendable {
    package let path: FilePath
    private let user: UInt32

    /// - Parameter user: who the daemon is.
    package init(_ path: FilePath, user: UInt32 = geteuid()) {
        self.path = path
        self.user = user
    }

    /// Whether the name stands for a folder of the daemon's own. In a sticky inbox nobody else can
    /// put anything in the place of one.
    package var isThere: Bool {
        guard let status = try? Syscalls.stat(path) else { return false }
        return status.kind == .folder && status.owner == user
    }

    /// The first files there. The errors beside them are not shown: any member of the group could
    /// have written those.
    package func entries(_ countMax: Int) -> [InboxReport.Rejected] {
        guard isThere, let entries = try? DirectoryScan.entries(of: path) else { return [] }
        return entries.filter { !$0.name.string.hasSuffix(".error.json") }.prefix(countMax)
            .compactMap { entry in
                guard let status = try? Syscalls.stat(path.appending(entry.name)) else {
                    return nil
                }
                return InboxReport.Rejected(
                    name: entry.name.printed, owner: Int(status.owner), reason: "earlier",
                    problem: "put aside by an earlier version, with the error beside it",
                    path: path.appending(entry.name.printed).string, rejectedAtMilliseconds: nil)
            }
    }

    /// Where nothing lies there any more, nobody should look for anything.
    func removeIfEmpty() {
        if isThere { try? Syscalls.rmdir(path) }
    }
}
