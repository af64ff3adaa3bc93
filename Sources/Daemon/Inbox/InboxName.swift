// Which names in the inbox are manifests.

package enum InboxName: Sendable, Equatable {
    /// A manifest; the stem is the job's name where the manifest gives none.
    case manifest(stem: String)
    /// Something that people's programs leave: hidden files, unfinished copies, other types.
    case ignored
    /// Meant as a manifest by its extension, but not a name we take.
    case unfit(reason: String)

    package static let charactersMax = 128

    /// `[A-Za-z0-9][A-Za-z0-9._-]{0,127}` with the extension yaml, yml or json.
    package init(_ name: String) {
        guard !name.hasPrefix("."), let dot = name.lastIndex(of: "."),
            ["yaml", "yml", "json"].contains(name[name.index(after: dot)...])
        else {
            self = .ignored
            return
        }
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "._-".utf8.contains(byte)
            }
        }
        if name.utf8.count > Self.charactersMax {
            self = .unfit(reason: "the file's name is longer than \(Self.charactersMax) bytes")
        } else if !isPlain || name.hasPrefix("-") || name.hasPrefix("_") {
            self = .unfit(
                reason: "the file's name holds something else than letters, digits, `.`, `_` and "
                    + "`-`, or does not start with a letter or digit")
        } else {
            self = .manifest(stem: String(name[..<dot]))
        }
    }
}
