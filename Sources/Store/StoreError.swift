// What can go wrong with the store as a whole. Damage of a single object is not an error: it is a
// miss, with a finding that tells what was seen.

package import DurableIO
package import Failures
package import SystemPackage

package enum StoreError: DiskFailure, Sendable {
    /// The kernel refused; the error names call, path and remedy.
    case system(SystemCallError)
    /// The folder holds a store of another format.
    case formatUnknown(path: FilePath, found: String)
    /// The index was written by a newer program.
    case indexNewer(path: FilePath, found: Int, known: Int)
    /// The index lies where another machine may write.
    case indexOnNetwork(path: FilePath, kind: String)
    /// Another process has the index open for writing.
    case indexInUse(path: FilePath, process: Int32?)
    /// An action names an output that is not in the store.
    case outputMissing(stage: String, role: String, digest: Digest)
    /// An object does not fit where the caller wants it.
    case objectTooLarge(digest: Digest, byteCount: Int, bytesMax: Int)
    /// A pin with an owner or a reason that cannot be.
    case pinInvalid(owner: String)
    /// SQLite refused.
    case index(path: FilePath, reason: String, FailureClass, isDiskFull: Bool)
}

extension StoreError {
    package var failureClass: FailureClass {
        switch self {
        case .system(let error): error.failureClass
        case .index(_, _, let failureClass, _): failureClass
        case .formatUnknown, .indexNewer, .indexOnNetwork: .user
        // The other process ends; the stage runs again.
        case .indexInUse, .outputMissing: .transient
        case .objectTooLarge, .pinInvalid: .bug
        }
    }
}

extension StoreError {
    /// Whether the disk (or the quota) is full, so that freeing space can help.
    package var isDiskFull: Bool {
        switch self {
        case .system(let error): error.isDiskFull
        case .index(_, _, _, let isDiskFull): isDiskFull
        default: false
        }
    }

    /// SQLite refused, with the class and the word on a full disk that its error has.
    static func index(_ path: FilePath, _ error: any Error) -> Self {
        .index(
            path: path, reason: "\(error)", FailureClass(of: error),
            isDiskFull: DiskFailures.isDiskFull(error))
    }
}

extension StoreError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .system(let error):
            error.description
        case .formatUnknown(let path, let found):
            "`\(path)` says `\(found)` but this program reads `layerfold-store 1`: "
                + "use the program that wrote it, or name another state folder"
        case .indexNewer(let path, let found, let known) where found < known:
            "the index `\(path)` has schema \(found), of an earlier layerfold, and this program reads "
                + "\(known): start its daemon once, which brings the index up to date"
        case .indexNewer(let path, let found, let known):
            "the index `\(path)` has schema \(found) and this program knows \(known): nothing was "
                + "changed; install the newer layerfold again, or move the file away and run "
                + "`layerfold store rebuild-index` (that forgets the jobs listed in it)"
        case .indexOnNetwork(let path, let kind):
            "the index `\(path)` would lie on a network file system (\(kind)), where SQLite's "
                + "write-ahead log is not safe: put the state folder on a disk of this machine"
        case .indexInUse(let path, let process):
            "the index `\(path)` is open in process \(process.map(String.init) ?? "unknown"): "
                + "stop that process, or ask it through its socket"
        case .outputMissing(let stage, let role, let digest):
            "stage \(stage) cannot be recorded: its output `\(role)`, object \(digest), is not in "
                + "the store or is damaged; run the stage again"
        case .objectTooLarge(let digest, let byteCount, let bytesMax):
            "object \(digest) has \(byteCount) bytes, more than the \(bytesMax) allowed here: "
                + "read it in pieces"
        case .pinInvalid(let owner):
            "a pin of `\(owner)` cannot be set: an owner has 1 to 64 of A-Z a-z 0-9 _ - and a "
                + "reason at most 4096 bytes"
        case .index(let path, let reason, _, _):
            "the index `\(path)` failed: \(reason); `layerfold store rebuild-index` makes a new "
                + "one from the files"
        }
    }
}
