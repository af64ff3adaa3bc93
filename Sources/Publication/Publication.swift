// How results get into place, for the daemon and for a run in the foreground alike: everything is
// durable, then the folder gets its name, then DONE says that it is whole (docs/JOB_FORMAT.md).

package import DurableIO
import Glibc
package import SystemPackage

/// A folder of results; whole where and only where it holds DONE.
package struct Publication {
    /// The folder under its final name.
    package let folder: FilePath

    package init(_ folder: FilePath) {
        self.folder = folder
    }

    private static let doneName = "DONE"
    /// The version of the folder's layout.
    private static let doneText = "layerfold-results 1\n"

    private var done: FilePath { folder.appending(Self.doneName) }

    /// Whether the results are in place.
    package var isDone: Bool { (try? Syscalls.stat(done)) ?? nil != nil }

    /// Gives `partial`, a folder on the same file system, its final name once all that was
    /// written there is durable.
    ///
    /// - Throws: with `.fileExists` where the name is taken; then nothing has changed.
    package func place(_ partial: FilePath) throws(SystemCallError) {
        let descriptor = try Syscalls.open(partial, O_RDONLY | O_DIRECTORY)
        defer { try? Syscalls.close(descriptor, partial) }
        try Syscalls.syncfs(descriptor, partial)
        try Syscalls.renameExclusively(partial, to: folder)
        try Syscalls.syncFolder(folder.removingLastComponent())
    }

    /// Writes DONE, last of all; doing it again changes nothing.
    package func finish() throws {
        try DurableFile.write(Array(Self.doneText.utf8), to: done)
    }
}
