// Names of jobs become parts of file names, so they are plain.

package enum JobName {
    package static let charactersMax = 64
    package static let rule =
        "1 to 64 letters, digits, `.`, `_` or `-`, starting with a letter or digit"

    /// `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`
    package static func isValid(_ name: String) -> Bool {
        guard name.utf8.count <= charactersMax, let first = name.utf8.first, isWord(first) else {
            return false
        }
        return name.utf8.allSatisfy { isWord($0) || "._-".utf8.contains($0) }
    }

    /// What commands call the newest job: no job's name.
    package static let latest = "latest"

    /// The model before the fold, among those that a job makes of it.
    package static let original = "original"

    /// Names in a job's results that are not of models: `original` in the report, the others in the
    /// folder.
    package static let reserved: Set = [
        original, "DONE", "manifest.yaml", "report.json", "report.html", "report.csv",
        "comparison.csv",
        "correlations.csv", "quantized.csv", "run.log", "README.md",
    ]

    /// Whether the name is one of these, or only capitals tell them apart.
    package static func isReserved(_ name: String) -> Bool {
        let name = name.lowercased()
        return reserved.contains { $0.lowercased() == name }
    }

    /// A letter or digit of ASCII.
    package static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
