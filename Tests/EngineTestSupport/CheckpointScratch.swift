// A folder for one test, removed with it; and the committed files it may copy.

package import Checkpoint
import Foundation
package import SystemPackage
import TestSupport

package final class CheckpointScratch {
    package let path: FilePath

    /// - parent: Default: the system's temporary folder.
    package init(in parent: String = NSTemporaryDirectory()) throws {
        path = FilePath(parent).appending("checkpoint-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            atPath: path.string, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path.string) }

    /// Everything in the folder, hidden files too, sorted.
    package var names: [String] {
        get throws {
            try FileManager.default.contentsOfDirectory(atPath: path.string).sorted()
        }
    }

    package func folder(_ name: String) throws -> FilePath {
        let folder = path.appending(name)
        try FileManager.default.createDirectory(
            atPath: folder.string, withIntermediateDirectories: true)
        return folder
    }

    @discardableResult
    package func write(_ bytes: [UInt8], _ name: String) throws -> FilePath {
        let file = path.appending(name)
        try Data(bytes).write(to: URL(fileURLWithPath: file.string))
        return file
    }

    package static func bytes(_ path: FilePath) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: path.string)))
    }

    /// Files written by the Python libraries (Scripts/make_checkpoint_goldens.py).
    package static let goldens = FilePath(Places.fixtures.path).appending("checkpoint")
}

extension OutputTensor {
    /// A tensor of given bytes, written in pieces of `pieceByteCount`.
    package static func bytes(
        _ name: String, _ dtype: DType, _ shape: [Int], _ bytes: [UInt8],
        pieceByteCount: Int = 1_000
    ) -> OutputTensor {
        .produce(name, dtype, shape) { sink in
            var start = 0
            while start < bytes.count {
                let end = min(start + pieceByteCount, bytes.count)
                let piece = Array(bytes[start..<end])
                try sink.write(unsafe piece.span.bytes)
                start = end
            }
        }
    }
}

extension StoredTensor {
    package var allBytes: [UInt8] {
        withBytes { span in unsafe span.withUnsafeBytes { unsafe Array($0) } }
    }
}
