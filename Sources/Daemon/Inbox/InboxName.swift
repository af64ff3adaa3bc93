// Which names in the inbox are manifests.

import Jobs
package import SystemPackage

package enum InboxName: Sendable, Equatable {
    /// A manifest; the stem is the job's name where the manifest gives none.
    case manifest(stem: String)
    /// What people's programs hide: never looked at.
    case hidden
    /// Something else than a manifest, such as an unfinished copy: stays, and is told of.
    case stranger
    /// Meant as a manifest by its extension, but not a name we take.
    case unfit(reason: String)

    package static let charactersMax = 128
    private static let extensions = ["yaml", "yml", "json"].map { Array($0.utf8) }

    /// `[A-Za-z0-9][A-Za-z0-9._-]{0,127}` with the extension yaml, yml or json, in any case.
    package init(_ component: FilePath.Component) {
        let bytes = component.bytes
        guard bytes.first != UInt8(ascii: ".") else {
            self = .hidden
            return
        }
        guard let dot = bytes.lastIndex(of: UInt8(ascii: ".")),
            Self.extensions.contains(bytes[(dot + 1)...].map(Self.lowered))
        else {
            self = .stranger
            return
        }
        let isPlain = bytes.allSatisfy { JobName.isWord($0) || "._-".utf8.contains($0) }
        if bytes.count > Self.charactersMax {
            self = .unfit(reason: "the file's name is longer than \(Self.charactersMax) bytes")
        } else if !isPlain || !JobName.isWord(bytes[0]) {
            self = .unfit(
                reason: "the file's name holds something else than letters, digits, `.`, `_` and "
                    + "`-`, or does not start with a letter or digit")
        } else {
            self = .manifest(stem: String(decoding: bytes[..<dot], as: UTF8.self))
        }
    }

    private static func lowered(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}
