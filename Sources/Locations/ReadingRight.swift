// The confused deputy: the daemon may read what the person who submitted a job may not. Whatever a
// job names must be readable for that person, with the right to pass through every folder above it.

package import DurableIO
package import Failures
package import Jobs
package import SystemPackage

/// Whoever submitted a job may not read what it names.
package struct ReadingDenied: ClassifiedFailure, Equatable, CustomStringConvertible {
    /// `model` or `data`.
    package let kind: String
    /// What was to be read.
    package let path: FilePath
    package let user: UInt32
    package let missing: MissingRight

    package var failureClass: FailureClass { .user }

    package var description: String {
        let status = missing.status
        let mode = String(status.permissions & 0o7777, radix: 8)
        let right =
            missing.path == path
            ? "may not read it" : "may not pass the folder `\(missing.path)`"
        let letters = missing.path == path ? (status.kind == .folder ? "rx" : "r") : "x"
        return "\(kind) `\(path)`: user \(user), who submitted the job, \(right) (mode \(mode), "
            + "owner \(status.owner), group \(status.group)"
            + (missing.hasList ? ", and an access list" : "")
            + "); the server reads nothing for people that they may not read themselves: give "
            + "the right (setfacl -m u:\(user):\(letters) `\(missing.path)`, or chmod "
            + "o+\(letters)), or put the file where its readers may read it"
    }
}

/// What a job names, held against the rights of one person.
package struct ReadingRight: Sendable {
    private let reader: FileReader

    package init(_ reader: FileReader) {
        self.reader = reader
    }

    /// - Throws: `ReadingDenied`, `SystemCallError`.
    package func check(_ model: LocatedModel) throws {
        try check(model.folder, kind: "model") { Self.loaded.contains($0.extension ?? "") }
    }

    /// The folders of a cache's model that tell which revisions it has.
    /// - Throws: `ReadingDenied`, `SystemCallError`.
    func check(cached model: FilePath) throws {
        guard let model = RealPath.of(model) else { return }
        for part in ["snapshots", "refs"] {
            guard let path = RealPath.of(model.appending(part)), path.starts(with: model) else {
                continue
            }
            try check([.read, .search], path, "model")
        }
    }

    /// Whether the reader may be told that nothing is at a path: not where a folder on the way is
    /// closed, behind which the answer would tell names.
    /// - Throws: `ReadingDenied` as for a file that is there; `SystemCallError`.
    func check(wayTo path: FilePath, below root: FilePath, kind: String) throws {
        var folder = path.lexicallyNormalized()
        var rest: [FilePath.Component] = []
        while let name = folder.lastComponent {
            folder.removeLastComponent()
            rest.append(name)
            guard let real = RealPath.of(folder) else { continue }
            guard real.starts(with: root),
                let missing = try FileAccess.missingRight(.search, on: real, for: reader)
            else { return }
            throw ReadingDenied(
                kind: kind, path: rest.reversed().reduce(real) { $0.appending($1) },
                user: reader.user, missing: missing)
        }
    }

    /// What loaders open; other files of the folder are nobody's business. One that is opened all
    /// the same is held against `ReadGuard`.
    private static let loaded: Set = ["json", "safetensors", "model", "jinja", "gguf", "txt"]

    /// A file, or a folder with the files in it.
    /// - Throws: `ReadingDenied`, `SystemCallError`.
    package func check(_ data: Located) throws {
        try check(data.path, kind: "data") { _ in true }
    }

    private func check(
        _ path: FilePath, kind: String, where isRead: (FilePath.Component) -> Bool
    ) throws {
        guard let path = RealPath.of(path), let status = try Syscalls.stat(path) else { return }
        guard status.kind == .folder else { return try check(.read, path, kind) }
        try check([.read, .search], path, kind)
        for entry in try DirectoryScan.entries(of: path)
        where !entry.name.string.hasPrefix(".") && entry.kind != .folder && isRead(entry.name) {
            // Where a link leads, and through which folders, is what counts.
            guard let file = RealPath.of(path.appending(entry.name)) else { continue }
            try check(.read, file, kind)
        }
    }

    private func check(_ rights: AccessList.Rights, _ path: FilePath, _ kind: String) throws {
        guard let missing = try FileAccess.missingRight(rights, on: path, for: reader) else {
            return
        }
        throw ReadingDenied(kind: kind, path: path, user: reader.user, missing: missing)
    }
}

extension FileReader {
    package init(_ submitter: Submitter) {
        self.init(
            user: UInt32(clamping: submitter.user),
            groups: Set(submitter.groups.map { UInt32(clamping: $0) }))
    }
}
