// Whether there is room on the disk again, and the numbers for people.

import DurableIO
import SystemPackage

/// What a job that found the disk full waits for.
package struct DiskRoom: Sendable, Equatable {
    package let freeBytes: Int
    /// A gibibyte, or a twentieth of a small disk.
    package let neededBytes: Int

    package init(freeBytes: Int, totalBytes: Int) {
        self.freeBytes = freeBytes
        neededBytes = min(1 << 30, totalBytes / 20)
    }

    /// - Throws: `SystemCallError` where the file system does not say.
    init(at path: FilePath) throws {
        let space = try DiskSpace(at: path)
        self.init(freeBytes: space.freeBytes, totalBytes: space.totalBytes)
    }

    package var isThere: Bool { freeBytes >= neededBytes }

    /// - Parameter failure: what found the disk full, in words.
    package func reason(_ failure: String) -> String {
        "\(failure); \(freeBytes >> 20) MiB are free, and the job goes on by itself when "
            + "\(neededBytes >> 20) MiB are"
    }
}
