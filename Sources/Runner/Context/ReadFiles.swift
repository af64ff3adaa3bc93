// Small files that are read by their names, more than once: for the digest that keys have, and
// again by whoever makes something of them. In between they may become others.

import DurableIO
import Failures
import JSON
import Store
import SystemPackage

/// An input became another one while a job read it, or before what was made of it was kept.
struct InputChanged: ClassifiedFailure, CustomStringConvertible {
    let file: String
    /// In words, with what was expected.
    let found: String
    var failureClass: FailureClass { .user }
    var description: String {
        "\(file): input changed while it was in use: \(found); leave it alone until the job ends, "
            + "then retry"
    }
}

/// The contents of some files at one time, and what tells their states apart.
struct ReadFiles {
    private final class Seen { var identities: [String: FileIdentity?] = [:] }

    struct File: Equatable {
        let path: String
        let digest: Digest
        /// nil for what is no file, such as a text that the program carries.
        let identity: FileIdentity?
    }

    let files: [File]
    /// The identities that were found to hold the same contents.
    private let seen = Seen()
    private let read: (String) throws -> Digest

    /// - Parameter read: the digest of what a path leads to.
    init(_ paths: [String], digest read: @escaping (String) throws -> Digest) throws {
        self.read = read
        files = try paths.map { path in
            let identity = try? MappedFile(FilePath(path)).identity
            return File(path: path, digest: try read(path), identity: identity)
        }
    }

    /// Over names and contents.
    var digest: Digest {
        KeyJSON.array(
            files.map { file in
                [
                    "name": .string(FilePath(file.path).lastComponent?.string ?? file.path),
                    "sha256": .string(file.digest.hex),
                ]
            }
        ).digest
    }

    /// What `body` makes of the files, if they were the same all the while: the same contents
    /// before and after, and no change between that was taken back.
    ///
    /// - Parameter list: the paths, asked for again.
    func whileUnchanged<Value>(
        _ list: () throws -> [String], _ body: () throws -> Value
    ) throws -> Value {
        let value = try body()
        try Self.expect(files, try ReadFiles(try list(), digest: read).files)
        return value
    }

    static func expect(_ before: [File], _ after: [File]) throws {
        guard before.map(\.path) == after.map(\.path) else {
            let names = Set(before.map(\.path)).symmetricDifference(after.map(\.path))
            throw InputChanged(
                file: names.sorted().first ?? "",
                found: "\(after.count) files of its kind, expected \(before.count)")
        }
        for (was, now) in zip(before, after) {
            if was.digest != now.digest {
                throw InputChanged(
                    file: was.path,
                    found: "sha256 \(now.digest.hex.prefix(12))…, expected "
                        + "\(was.digest.hex.prefix(12))…")
            }
            if was.identity != now.identity {
                throw InputChanged(
                    file: was.path,
                    found: "the expected bytes, but written or touched between two readings")
            }
        }
    }

    /// Whether the files hold what they held. Read again only where they were touched.
    func expectContents() throws {
        for file in files {
            let identity = try? MappedFile(FilePath(file.path)).identity
            if identity == seen.identities[file.path] ?? file.identity { continue }
            let now = try? read(file.path)
            if now == file.digest {
                seen.identities[file.path] = identity
                continue
            }
            throw InputChanged(
                file: file.path,
                found: (now.map { "sha256 \($0.hex.prefix(12))…" } ?? "nothing that can be read")
                    + ", expected \(file.digest.hex.prefix(12))…")
        }
    }
}
