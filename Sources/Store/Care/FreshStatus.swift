// What a file is like now, not a while ago: in a folder of several machines a name may be answered
// for from memory.

import DurableIO
import Glibc
import SystemPackage

extension ContentStore {
    /// The status of a file as its server knows it: NFS promises that for a file that is opened
    /// (close-to-open), while a status by name may be as old as the attribute cache.
    /// - Returns: Nil where there is none. What cannot be opened is asked for by name.
    func freshStatus(_ path: FilePath) throws(SystemCallError) -> FileStatus? {
        let descriptor: FileDescriptor
        do throws(SystemCallError) {
            descriptor = try Syscalls.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
        } catch {
            return try error.isMissing ? nil : Syscalls.stat(path)
        }
        defer { try? Syscalls.close(descriptor, path) }
        return try Syscalls.stat(descriptor, path)
    }
}
