// What the folder itself must be, so that nobody takes another's file away. Pure.

package import DurableIO
import Glibc
package import SystemPackage

package enum InboxFolder {
    /// What is wrong with the folder and how to mend it; files are taken nevertheless.
    /// - Parameter user: who the daemon is.
    package static func warnings(
        _ status: FileStatus, path: FilePath, user: UInt32 = geteuid()
    ) -> [String] {
        // Of a symbolic link nothing is told by its own permissions.
        guard status.kind == .folder else { return [] }
        var warnings: [String] = []
        if status.owner != user {
            warnings.append(
                "`\(path)` belongs to user \(status.owner), who may take anybody's file out of it; "
                    + "the daemon is user \(user): `chown \(user) \(path)`")
        }
        let (writableByOthers, anybody, sticky): (UInt32, UInt32, UInt32) = (0o022, 0o002, 0o1000)
        if status.permissions & writableByOthers != 0, status.permissions & sticky == 0 {
            warnings.append(
                "in `\(path)` people may remove and replace each other's files, for it has no "
                    + "sticky bit: `chmod +t \(path)`")
        }
        if status.permissions & anybody != 0 {
            warnings.append(
                "anybody on this machine may put files into `\(path)`: `chmod o-w \(path)`")
        }
        return warnings
    }
}
