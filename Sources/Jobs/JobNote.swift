// A short text that people keep with a job.

/// `note.json` in the job's folder: what its owner or an admin wrote about it last.
package struct JobNote: Sendable, Equatable, Codable {
    package static let fileName = "note.json"
    package static let bytesMax = 65_536
    /// Of the text, in UTF-8.
    package static let textBytesMax = 4_096

    package var text: String
    /// User number of who wrote it.
    package var by: Int
    /// Milliseconds since 1970 UTC.
    package var atMilliseconds: Int

    package init(text: String, by: Int, atMilliseconds: Int) {
        self.text = text
        self.by = by
        self.atMilliseconds = atMilliseconds
    }

    private enum CodingKeys: String, CodingKey {
        case text, by
        case atMilliseconds = "at_ms"
    }
}
