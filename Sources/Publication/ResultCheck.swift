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
    /// There, and not listed. Whoever put them there may know why: they change nothing of the rest.
    package var extra: [String] = []
    /// There, and not to be read by whoever asks.
    package var unread: [Change] = []
    /// False for results of the first form, of which nothing can be compared.
    package var hasDigests = true

    package var isSound: Bool {
        missing.isEmpty && changed.isEmpty && extra.isEmpty && unread.isEmpty
    }

    /// Reads all files of the folder. Needs neither store nor daemon.
    ///
    /// - Throws: `DoneFault`, `SystemCallError` where the folder itself cannot be looked into.
    package static func run(_ folder: FilePath) throws -> ResultCheck {
        guard let done = try Publication(folder).done() else {
            throw DoneFault.missing(folder: folder.string)
        }
        let entries = try ResultTree.entries(of: folder)
        var check = ResultCheck()
        guard case .files(let files) = done else {
            check.hasDigests = false
            check.fileCount = entries.count { $0.status.kind == .regular }
            return check
        }
        check.fileCount = files.count
        var found: [String: FileStatus] = [:]
        for entry in entries where entry.status.kind != .folder {
            found[entry.path] = entry.status
        }
        for file in files {
            guard let status = found.removeValue(forKey: file.path) else {
                check.missing.append(file.path)
                continue
            }
            check.compare(file, status, in: folder)
        }
        check.extra = found.keys.sorted()
        return check
    }

    private mutating func compare(
        _ file: ResultFile, _ status: FileStatus, in folder: FilePath
    ) {
        func tell(_ reason: String) {
            changed.append(Change(path: file.path, reason: reason))
        }
        guard status.kind == .regular else { return tell("expected a file, found something else") }
        guard status.byteCount == file.byteCount else {
            return tell("expected \(file.byteCount) bytes, found \(status.byteCount)")
        }
        do {
            let digest = try ResultTree.digest(of: folder.pushing(FilePath(file.path)))
            byteCount += file.byteCount
            guard digest == file.sha256 else {
                return tell("expected the digest \(file.sha256), found \(digest)")
            }
        } catch {
            unread.append(Change(path: file.path, reason: "\(error)"))
        }
    }
}
