// One file of a folder of results with its digest, and the text of DONE, which lists all of them.

package import Failures

/// A file of results, by its path in their folder.
package struct ResultFile: Sendable, Equatable {
    /// With `/` between folders.
    package let path: String
    package let byteCount: Int
    /// In lower-case hexadecimal digits.
    package let sha256: String

    package init(path: String, byteCount: Int, sha256: String) {
        self.path = path
        self.byteCount = byteCount
        self.sha256 = sha256
    }
}

/// DONE cannot be read.
package enum DoneFault: ClassifiedFailure, Equatable, CustomStringConvertible {
    case newer(folder: String, form: String)
    case damaged(folder: String, line: Int, text: String)
    case missing(folder: String)

    package var failureClass: FailureClass { .user }

    package var description: String {
        switch self {
        case .newer(let folder, let form):
            "\(folder)/DONE is of the form `\(form)`, and this program knows layerfold-results 1 "
                + "and 2: a newer one wrote it; use that"
        case .damaged(let folder, let line, let text):
            "\(folder)/DONE, line \(line): expected a digest of 64 digits, a number of bytes and "
                + "a path, found `\(text)`; the list itself was changed, so that nothing can be "
                + "compared with it"
        case .missing(let folder):
            "\(folder): holds no DONE, so it is no folder of results, or one that is not whole"
        }
    }
}

/// What DONE says.
package enum DoneRecord: Sendable, Equatable {
    /// The first form: the results are whole, and nothing is known of their bytes.
    case whole
    case files([ResultFile])

    private static let name = "layerfold-results"
    private static let digestDigits = 64
    private static let (newline, space, slash) = (
        UInt8(ascii: "\n"), UInt8(ascii: " "), UInt8(ascii: "/")
    )

    /// Sorted by the bytes of the paths, so that equal results have equal lists.
    package static func text(of files: [ResultFile]) -> String {
        let sorted = files.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        return "\(name) 2\n"
            + sorted.map { "\($0.sha256) \($0.byteCount) \(escaped($0.path))\n" }.joined()
    }

    /// - Parameter folder: for messages.
    package init(text: String, of folder: String) throws(DoneFault) {
        // Bytes, here and below: as Characters a separator may be one with what stands beside it,
        // as the end of a line is with a name that ends in a carriage return.
        let lines = text.utf8.split(separator: Self.newline).map { Substring($0) }
        switch lines.first.map(String.init) {
        case "\(Self.name) 1": self = .whole
        case "\(Self.name) 2":
            var files: [ResultFile] = []
            for (index, line) in lines.enumerated().dropFirst() {
                guard let file = Self.file(line) else {
                    throw .damaged(
                        folder: folder, line: index + 1, text: String(line.prefix(200)))
                }
                files.append(file)
            }
            self = .files(files)
        case let form? where form.hasPrefix("\(Self.name) "):
            throw .newer(folder: folder, form: String(form.prefix(40)))
        default:
            throw .damaged(folder: folder, line: 1, text: String((lines.first ?? "").prefix(200)))
        }
    }

    private static func file(_ line: Substring) -> ResultFile? {
        let parts = line.utf8.split(
            separator: space, maxSplits: 2, omittingEmptySubsequences: false
        ).map { Substring($0) }
        guard parts.count == 3, parts[0].utf8.count == digestDigits,
            parts[0].utf8.allSatisfy({ "0123456789abcdef".utf8.contains($0) }),
            let byteCount = Int(parts[1]), byteCount >= 0, let path = unescaped(parts[2]),
            isInside(path)
        else { return nil }
        return ResultFile(path: path, byteCount: byteCount, sha256: String(parts[0]))
    }

    /// A list may come from anywhere: what it names lies in the folder.
    private static func isInside(_ path: String) -> Bool {
        let steps = path.utf8.split(separator: slash, omittingEmptySubsequences: false)
            .map { Substring($0) }
        return steps.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
            && !path.utf8.contains(0)
    }

    /// A path on one line: a model's own files may be called anything.
    private static func escaped(_ path: String) -> String {
        var text = ""
        for scalar in path.unicodeScalars {
            switch scalar {
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    private static func unescaped(_ text: Substring) -> String? {
        var path = ""
        var scalars = text.unicodeScalars.makeIterator()
        while let scalar = scalars.next() {
            guard scalar == "\\" else {
                path.unicodeScalars.append(scalar)
                continue
            }
            switch scalars.next() {
            case "\\"?: path += "\\"
            case "n"?: path += "\n"
            default: return nil
            }
        }
        return path
    }
}
