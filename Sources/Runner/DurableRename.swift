// A folder gets its final name unless the name is taken.

import DurableIO
import SystemPackage

enum DurableRename {
    /// - Returns: false if the name is taken.
    static func rename(_ source: FilePath, to target: FilePath) throws -> Bool {
        do throws(SystemCallError) {
            try Syscalls.renameExclusively(source, to: target)
        } catch {
            guard error.errno == .fileExists else { throw error }
            return false
        }
        try Syscalls.syncFolder(target.removingLastComponent())
        return true
    }
}
