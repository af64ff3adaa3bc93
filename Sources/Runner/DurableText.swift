// A text file that appears whole.

import DurableIO
package import SystemPackage

package enum DurableText {
    /// Replaces `path` with `text`, durably.
    package static func write(
        _ text: String, to path: FilePath, permissions: CInterop.Mode = 0o640
    ) throws {
        var file = try DurableFile.begin(beside: path)
        let bytes = Array(text.utf8)
        try unsafe file.write(bytes.span.bytes)
        try file.publish(as: path, permissions: permissions)
    }
}

/// Bytes that appear whole, for verbs that write one file.
package enum RawFile {
    package static func write(_ bytes: [UInt8], to path: FilePath) throws {
        var file = try DurableFile.begin(beside: path)
        try unsafe file.write(bytes.span.bytes)
        try file.publish(as: path, permissions: 0o644)
    }
}
