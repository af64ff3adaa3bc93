// Removal of a folder with all that is in it. Links are removed, never followed.

package import DurableIO
package import SystemPackage

package enum FolderTree {
    /// Results are two levels deep; anything deeper than this was not made by a worker.
    private static let depthMax = 16

    package static func remove(_ folder: FilePath) throws(SystemCallError) {
        try remove(folder, depth: 0)
    }

    private static func remove(_ folder: FilePath, depth: Int) throws(SystemCallError) {
        guard depth < depthMax else {
            throw SystemCallError(.rmdir, folder, .tooManySymbolicLinkLevels)
        }
        for entry in try DirectoryScan.entries(of: folder) {
            let path = folder.appending(entry.name)
            if entry.kind == .folder {
                try remove(path, depth: depth + 1)
            } else {
                try Syscalls.unlink(path)
            }
        }
        try Syscalls.rmdir(folder)
    }
}
