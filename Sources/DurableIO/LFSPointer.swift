// What Git leaves in the place of a large file that was not fetched: a few lines that name it.

package import Failures

package enum LFSPointer {
    /// Source: the specification of Git LFS, docs/spec.md.
    private static let start = Array("version https://git-lfs.github.com/spec/v1".utf8)
    private static let bytesMax = 1024

    package static let advice =
        "is a Git LFS pointer, not the file itself: run `git lfs pull` in its folder"

    package static func isPointer(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.count >= start.count, bytes.count <= bytesMax else { return false }
        return start.indices.allSatisfy { start[$0] == bytes[$0] }
    }

    /// A file that a person named is a pointer.
    package struct Found: ClassifiedFailure, Equatable, CustomStringConvertible {
        let path: String
        package var failureClass: FailureClass { .user }
        package var description: String { "\(path): \(advice)" }
    }
}
