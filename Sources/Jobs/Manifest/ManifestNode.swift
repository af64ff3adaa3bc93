// A manifest's tree with the place of every key and value, before anything is typed.

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

    static func shortened(_ text: String) -> String {
        let charactersMax = 60
        let visible = String(
            text.prefix(charactersMax).map { character in
                character.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F }
                    ? "?" : character
            })
        return text.count > charactersMax ? visible + "..." : visible
    }
}
