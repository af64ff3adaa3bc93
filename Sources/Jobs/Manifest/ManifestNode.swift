// A manifest's tree with the place of every key and value, before anything is typed.

import Failures

/// A place in the manifest's text, from 1; columns count Unicode scalars.
struct Place: Sendable, Equatable {
    var line: Int
    var column: Int
}

struct ManifestNode: Sendable {
    struct Entry: Sendable {
        let key: String
        let place: Place
        let value: ManifestNode
    }

    indirect enum Content: Sendable {
        /// Nothing was written, or `null` or `~`.
        case missing
        case plain(String)
        case quoted(String)
        case list([ManifestNode])
        case map([Entry])
    }

    let place: Place
    let content: Content

    /// What stands here, in words, short enough for a message.
    var found: String {
        switch content {
        case .missing: "nothing"
        case .plain(let text): Self.shortened(text)
        case .quoted(let text): "the text `\(Self.shortened(text))`"
        case .list(let items): "a list of \(items.count)"
        case .map(let entries): "a mapping of \(entries.count)"
        }
    }

    /// The start of a text, on one line: one character may hold any number of accents.
    static func shortened(_ text: String) -> String {
        let start = text.prefix(60)
        let line = OneLine.text(String(start), bytesMax: 240)
        return start.endIndex == text.endIndex ? line : line + "..."
    }
}
