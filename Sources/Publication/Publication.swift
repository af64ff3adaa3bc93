// How results get into place, for the daemon and for a run in the foreground alike: DONE lists all
// files with their digests, everything is durable, then the folder gets its name. Whoever sees the
// name sees whole results (docs/JOB_FORMAT.md).

import DurableIO
package import Failures
import Glibc
package import SystemPackage

/// What keeps results from being put in place.
package enum PublicationError: ClassifiedFailure, Equatable, CustomStringConvertible {
    /// A file is not as it was when its digest was made.
    case changed(path: String, expected: Int, found: Int)
    case noFile(path: String)

    package var failureClass: FailureClass {
        // Another try writes them anew.
        .transient
    }

    package var description: String {
        switch self {
        case .changed(let path, let expected, let found):
            "\(path): expected \(expected) bytes, as when it was written, found \(found); "
                + "somebody changed it: leave unfinished results alone, then try again"
        case .noFile(let path):
            "\(path): neither a file nor a folder, and results hold nothing else; somebody put "
                + "it there: leave unfinished results alone, then try again"
        }
    }
}

/// A folder of results; whole where and only where it holds DONE.
package struct Publication {
    /// The folder under its final name.
    package let folder: FilePath

    package init(_ folder: FilePath) {
        self.folder = folder
    }

    package static let doneName = "DONE"
    /// Digests that whoever made the files left with them; gone when they are in place.
    package static let digestsName = ".digests"
    private static let doneBytesMax = 64 << 20

    /// Whether the results are in place.
    package var isDone: Bool { (try? Syscalls.stat(folder.appending(Self.doneName))) ?? nil != nil }

    /// What DONE says; nil where there is none.
    /// - Throws: `DoneFault`, `SystemCallError`, `SmallFile.TooLarge`.
    package func done() throws -> DoneRecord? {
        let path = folder.appending(Self.doneName)
        guard try Syscalls.stat(path) != nil else { return nil }
        let bytes = try SmallFile.read(path, bytesMax: Self.doneBytesMax)
        return try DoneRecord(text: String(decoding: bytes, as: UTF8.self), of: folder.string)
    }

    /// Gives `partial`, a folder on the same file system, its final name once DONE lists all that
    /// was written there and everything is durable. Doing it again after an interruption at any
    /// point goes on where it ended.
    ///
    /// - Parameters:
    ///   - known: digests of files; those of others are taken now.
    ///   - access: who gets the results. Default: as the modes have it.
    /// - Returns: false where the owner could not be given her rights, because the file system
    ///   knows no access lists.
    /// - Throws: `PublicationError`, `SystemCallError`: with `.fileExists` where the name is taken,
    ///   by a folder that was there before.
    package func place(
        _ partial: FilePath, known: [ResultFile] = [], access: ResultAccess? = nil
    ) throws -> Bool {
        let digests = partial.appending(Self.digestsName)
        let left = try Self.left(digests)
        let entries = try Self.seal(partial, known + left)
        if try Syscalls.stat(digests) != nil { try Syscalls.unlink(digests) }
        let isGranted = try access?.grant(partial, entries) ?? true
        let descriptor = try Syscalls.open(partial, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        defer { try? Syscalls.close(descriptor, partial) }
        try Syscalls.syncfs(descriptor, partial)
        try Syscalls.renameExclusively(partial, to: folder)
        try Syscalls.syncFolder(folder.removingLastComponent())
        return isGranted
    }

    /// Completes a folder that an earlier version named before it wrote DONE.
    package func finish() throws {
        if isDone { return }
        _ = try Self.seal(folder, [])
    }

    /// Leaves the digests of files that are known already beside them, for `place`.
    package static func leave(_ known: [ResultFile], in partial: FilePath) throws {
        try DurableFile.write(
            Array(DoneRecord.text(of: known).utf8), to: partial.appending(digestsName))
    }

    private static func left(_ digests: FilePath) throws -> [ResultFile] {
        guard try Syscalls.stat(digests) != nil else { return [] }
        let bytes = try SmallFile.read(digests, bytesMax: doneBytesMax)
        // What cannot be read is computed again.
        let record = try? DoneRecord(
            text: String(decoding: bytes, as: UTF8.self), of: digests.string)
        if case .files(let files)? = record { return files }
        return []
    }

    /// Writes DONE of all that lies in the folder.
    private static func seal(
        _ folder: FilePath, _ known: [ResultFile]
    ) throws -> [ResultTree.Entry] {
        var entries: [ResultTree.Entry] = []
        for entry in try ResultTree.entries(of: folder) where entry.path != digestsName {
            // Of a DONE that was being written when its writer died.
            if entry.path.hasPrefix(".\(doneName)."), entry.path.hasSuffix(".tmp") {
                try Syscalls.unlink(folder.pushing(FilePath(entry.path)))
            } else {
                entries.append(entry)
            }
        }
        let known = Dictionary(known.map { ($0.path, $0) }) { first, _ in first }
        let files = try entries.filter { $0.status.kind != .folder }.map { entry in
            let path = folder.pushing(FilePath(entry.path))
            guard entry.status.kind == .regular else {
                throw PublicationError.noFile(path: path.string)
            }
            guard let file = known[entry.path] else {
                return ResultFile(
                    path: entry.path, byteCount: entry.status.byteCount,
                    sha256: try ResultTree.digest(of: path))
            }
            guard file.byteCount == entry.status.byteCount else {
                throw PublicationError.changed(
                    path: path.string, expected: file.byteCount, found: entry.status.byteCount)
            }
            return file
        }
        try DurableFile.write(
            Array(DoneRecord.text(of: files).utf8), to: folder.appending(doneName))
        return entries + [
            ResultTree.Entry(path: doneName, status: try status(folder.appending(doneName)))
        ]
    }

    private static func status(_ path: FilePath) throws -> FileStatus {
        guard let status = try Syscalls.stat(path) else {
            throw SystemCallError(.stat, path, .noSuchFileOrDirectory)
        }
        return status
    }
}
