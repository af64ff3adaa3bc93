// A file of a job's results. Owners may put links where files were, so the folder is held open, and
// neither it nor the file may be a link: nothing of somebody else is read for them.

import DurableIO
import Failures
import Glibc
import SystemPackage

enum ResultFile {
    struct TooLarge: ClassifiedFailure, CustomStringConvertible {
        let path: FilePath
        let bytesMax: Int
        var failureClass: FailureClass { .user }
        var description: String { "`\(path)` holds more than \(bytesMax >> 20) MiB" }
    }

    /// - Throws: `SystemCallError`, `TooLarge`, with the path that people know.
    static func read(
        _ name: FilePath.Component, in folder: FilePath, bytesMax: Int
    ) throws -> [UInt8] {
        let path = folder.appending(name)
        let descriptor = try Syscalls.open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        defer { try? Syscalls.close(descriptor, folder) }
        let held = FilePath("/proc/self/fd/\(descriptor.rawValue)").appending(name)
        do {
            return try SmallFile.read(held, bytesMax: bytesMax)
        } catch let error as SystemCallError {
            throw SystemCallError(error.call, path, error.errno)
        } catch let error as SmallFile.TooLarge {
            throw TooLarge(path: path, bytesMax: error.bytesMax)
        }
    }
}
