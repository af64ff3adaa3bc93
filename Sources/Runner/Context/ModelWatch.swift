// Whether the files of an opened model still hold the bytes that its digest stands for. Looked at
// when a stage ends, before anything is recorded: a look costs one call of the kernel for each
// file.

import DurableIO
import Foundation
import Store
import SystemPackage

final class ModelWatch {
    private let files: [MappedFile]
    private let folder: String
    /// Of all the bytes, read again.
    private let again: () throws -> Digest
    private var seen: [FileIdentity]
    private var digest: Digest?
    /// Whether every later change shows in a time of change.
    private var isSettled = false

    /// A file changed this recently may change again without its time telling (racy git): there are
    /// file systems that count in seconds.
    static let settleSeconds = 2.0
    /// The same where times have digits below a millisecond: those move with the kernel's clock,
    /// at least each hundredth of a second.
    private static let settleSecondsOfFineTimes = 0.05

    init(_ files: [MappedFile], in folder: String, again: @escaping () throws -> Digest) {
        self.files = files
        self.folder = folder
        self.again = again
        seen = files.map(\.identity)
    }

    /// Whether what is read of files from `now` on is told from all that is written later, by any
    /// file system.
    ///
    /// - Parameter now: seconds since 1970.
    static func isSettled(_ files: [FileIdentity], now: Double) -> Bool {
        files.allSatisfy { now - newest($0) > settleSeconds }
    }

    /// As above, where what the times look like says how the file system counts.
    static func isSettledHere(_ files: [FileIdentity], now: Double) -> Bool {
        files.allSatisfy { file in
            let isFine = file.changedNanoseconds % 1_000_000 != 0
            return now - newest(file) > (isFine ? settleSecondsOfFineTimes : settleSeconds)
        }
    }

    private static func newest(_ file: FileIdentity) -> Double {
        Double(max(file.modifiedNanoseconds, file.changedNanoseconds)) * 1e-9
    }

    /// From here on the bytes are known.
    ///
    /// - Parameter start: when their reading began, in seconds since 1970.
    func know(_ digest: Digest, readFrom start: Double) {
        self.digest = digest
        isSettled = Self.isSettledHere(seen, now: start)
    }

    /// - Throws: `MappedFileError.changed` or `.lost`; `InputChanged` where other bytes hide behind
    ///   a change of rights or names, or behind the clock's tick.
    func check() throws {
        let now = try files.enumerated().map { try $1.unchanged(since: seen[$0]) }
        let touched = files.indices.first { now[$0] != seen[$0] }
        if touched == nil, isSettled || digest == nil { return }
        let file = touched.map { files[$0].path.string } ?? folder
        let start = Date.now.timeIntervalSince1970
        guard let digest, try again() == digest else {
            let expected = digest.map { "\($0.hex.prefix(12))…" } ?? "that was being read"
            throw InputChanged(
                file: file,
                found: "other bytes, or other rights, than before; expected the model \(expected)")
        }
        for (index, file) in files.enumerated()
        where try file.unchanged(since: now[index]) != now[index] {
            throw InputChanged(
                file: file.path.string, found: "a file that is touched again and again")
        }
        seen = now
        isSettled = Self.isSettledHere(now, now: start)
    }
}
