// `<state>/rejected/<owner>/`: files that could not become jobs, each with its note. The folders
// are the daemon's alone to change, so nobody deletes or forges another's note; the group reads
// them, as it reads the inbox, and a file keeps the permissions of its owner. So no right to give
// files away (CAP_CHOWN) is needed, and owners need no daemon to find out. On a private server not
// the group reads them, but each owner her own (RejectedAccess).

import DurableIO
import Foundation
import Jobs
package import SystemPackage

package struct RejectedFolder: Sendable {
    /// What is kept, so that nobody fills the disk with refusals.
    package struct Limits: Sendable, Hashable {
        /// Rejections of one owner; older ones are removed.
        package var countMax = 200
        /// Default: 30 days.
        package var ageMaxMilliseconds = 30 * 86_400_000

        package init() {}
    }

    /// Of a name in the folder, so that number, ending and the marks of a temporary file fit.
    static let stemBytesMax = 128
    private static let suffixBytesMax = 16
    private static let noteSuffix = ".error.json"
    /// Where the owner of a name is not known.
    static let unowned = "unowned"

    package let path: FilePath
    package let limits: Limits
    private let isPrivate: Bool

    /// - Parameter isPrivate: whether owners read their own only.
    package init(_ path: FilePath, limits: Limits = Limits(), isPrivate: Bool = false) {
        self.path = path
        self.limits = limits
        self.isPrivate = isPrivate
    }

    package func folder(of owner: Int?) -> FilePath {
        path.appending(owner.map(String.init) ?? Self.unowned)
    }

    /// Writes the note durably, then moves the file beside it. A crash in between leaves a note
    /// more, never a file without one.
    ///
    /// A name that is taken gets a number: `x-2.yaml`, `x-2.error.json`. One that is too long is
    /// cut, and what is no visible text in it is written as %XX.
    /// - Returns: the note's path.
    /// - Throws: `SystemCallError`.
    @discardableResult
    package func take(
        _ file: FilePath, name: FilePath.Component, _ note: RejectedFile
    ) throws -> FilePath {
        let folder = folder(of: note.owner)
        try Syscalls.makeFolders(folder, mode: isPrivate ? 0o700 : 0o750)
        let access = RejectedAccess(owner: note.owner)
        if isPrivate { try access.close(folder: folder) }
        let (stem, suffix) = Self.parts(of: name)
        let free = try Self.freeStem(stem, in: folder, countMax: 2 * limits.countMax)
        let bytes = try Array(JobJSON.encodePretty(note)) + [UInt8(ascii: "\n")]
        let notePath = folder.appending(free + Self.noteSuffix)
        try DurableFile.write(bytes, to: notePath, permissions: isPrivate ? 0o600 : 0o640)
        if isPrivate { try access.close(file: notePath) }
        try Syscalls.rename(file, to: folder.appending(free + suffix))
        try Syscalls.syncFolder(folder)
        return notePath
    }

    private static func parts(of name: FilePath.Component) -> (stem: String, suffix: String) {
        let name = name.printed
        let dot = name.lastIndex(of: ".") ?? name.endIndex
        var stem = shortened(String(name[..<dot]))
        // `x.error.json` would look like the note of another.
        if stem.hasSuffix(".error") { stem = stem.dropLast(6) + "-error" }
        let isShort = name[dot...].utf8.count <= suffixBytesMax
        return (stem, isShort ? String(name[dot...]) : "")
    }

    static func shortened(_ text: String) -> String {
        var text = text
        while text.utf8.count > stemBytesMax { text.removeLast() }
        return text
    }

    /// The last number is used again where all are taken.
    private static func freeStem(
        _ stem: String, in folder: FilePath, countMax: Int
    ) throws -> String {
        let taken = Set(try DirectoryScan.entries(of: folder).map(\.name.string))
        for number in 1..<countMax {
            let tried = number == 1 ? stem : "\(stem)-\(number)"
            let names = [noteSuffix, ".yaml", ".yml", ".json", ""].map { tried + $0 }
            // The note goes with every rejection, whatever the spelling of the file's ending.
            if taken.isDisjoint(with: names) { return tried }
        }
        return "\(stem)-\(countMax)"
    }

    // MARK: What is there

    /// Which owners have rejections here.
    private func owners() throws -> [FilePath] {
        guard try Syscalls.stat(path) != nil else { return [] }
        return try DirectoryScan.entries(of: path).filter { $0.kind == .folder }.map {
            path.appending($0.name)
        }
    }

    /// The newest rejections of all owners, newest first, with the paths of their notes.
    /// - Throws: `SystemCallError` where the folder cannot be listed.
    package func newest(_ countMax: Int) throws -> [(note: FilePath, file: RejectedFile)] {
        var found: [(time: Int64, note: FilePath)] = []
        for folder in try owners() {
            found += try Self.notes(in: folder).map { ($0.time, $0.path) }
        }
        return found.sorted { ($0.time, $0.note.string) > ($1.time, $1.note.string) }
            .prefix(countMax).compactMap { _, note in
                // One that cannot be read tells nothing; `ls` shows it.
                guard let bytes = try? SmallFile.read(note, bytesMax: RejectedFile.bytesMax),
                    let file = try? JSONDecoder().decode(RejectedFile.self, from: Data(bytes))
                else { return nil }
                return (note, file)
            }
    }

    private static func notes(in folder: FilePath) throws -> [(time: Int64, path: FilePath)] {
        try DirectoryScan.entries(of: folder).compactMap { entry in
            guard entry.kind == .regular, entry.name.string.hasSuffix(noteSuffix),
                let status = try Syscalls.stat(folder.appending(entry.name)),
                status.owner == ownUser
            else { return nil }
            return (status.modifiedNanoseconds, folder.appending(entry.name))
        }
    }

    // MARK: Removal

    /// Closes what was open to the group before the server was private. What lies in a folder that
    /// nobody passes through is closed with it.
    /// - Throws: `SystemCallError`.
    package func closeIfPrivate() throws {
        guard isPrivate else { return }
        for folder in try owners() {
            let name = folder.lastComponent?.string ?? ""
            try RejectedAccess(owner: Int(name)).close(folder: folder)
        }
    }

    /// Removes what is too old, or beyond the number that one owner may have here.
    /// - Returns: the number of rejections that were removed.
    /// - Throws: `SystemCallError`.
    @discardableResult
    package func prune(now milliseconds: Int) throws -> Int {
        var count = 0
        for folder in try owners() {
            let notes = try Self.notes(in: folder).sorted {
                ($0.time, $0.path.string) > ($1.time, $1.path.string)
            }
            for (index, note) in notes.enumerated() {
                let age = milliseconds - Int(note.time / 1_000_000)
                guard index >= limits.countMax || age > limits.ageMaxMilliseconds else { continue }
                try remove(note.path, in: folder)
                count += 1
            }
        }
        return count
    }

    /// The note goes last: while a file is there, so is its reason.
    private func remove(_ note: FilePath, in folder: FilePath) throws {
        let stem = String(note.lastComponent?.string.dropLast(Self.noteSuffix.count) ?? "")
        for entry in try DirectoryScan.entries(of: folder) where entry.kind != .folder {
            let rest = entry.name.string.dropFirst(stem.count)
            let isOfNote =
                entry.name.string.hasPrefix(stem)
                && (rest.isEmpty || rest.first == "." && rest.lastIndex(of: ".") == rest.startIndex)
            if isOfNote { try Syscalls.unlink(folder.appending(entry.name)) }
        }
        try Syscalls.unlink(note)
    }
}
