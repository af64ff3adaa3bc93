// Bytes to tree: YAML through Yams, cut down to what a manifest needs. Anchors, aliases and tags
// are refused (300 bytes of aliases can stand for 269 MB: js-yaml #738), and so is everything
// that would let a small file cost much.

import Failures
import Foundation
import Yams

package enum ManifestLimits {
    /// A manifest is a page of text; 1 MiB leaves room for generated ones.
    package static let bytesMax = 1_048_576
    package static let depthMax = 32
    package static let nodesMax = 20_000
    package static let pathBytesMax = 4_096
    package static let ratiosMax = 64
    package static let entriesMax = 64
    package static let layersMax = 4_096
    /// Each pair of calibration sets is a row of the report, and each set a forward pass.
    package static let setsMax = 16
    /// Yams resolves aliases, and hashes keys, before we see a node. Eight aliases cannot stand
    /// for more than twenty times the file.
    static let aliasCandidatesMax = 8
}

struct ManifestReader {
    private let lines: [[Unicode.Scalar]]
    private var nodes = 0

    /// - Throws: `ManifestError` for anything that is not a manifest's kind of YAML.
    static func read(_ bytes: Data) throws -> ManifestNode {
        guard bytes.count <= ManifestLimits.bytesMax else {
            throw ManifestError(
                line: 1, column: 1, path: "", problem: "the file is too large",
                expected: "at most \(ManifestLimits.bytesMax) bytes",
                found: "\(bytes.count) bytes")
        }
        let lines = try decodedLines(bytes)
        try refuseAliasBomb(lines)
        var text = String(decoding: bytes, as: UTF8.self)
        if text.unicodeScalars.first == byteOrderMark {
            text.unicodeScalars.removeFirst()
        }
        var reader = ManifestReader(lines: lines)
        guard let root = try composed(text, lines) else { throw empty }
        let node = try reader.converted(root, depth: 1)
        if case .missing = node.content { throw empty }
        return node
    }

    private init(lines: [[Unicode.Scalar]]) {
        self.lines = lines
    }

    private static let byteOrderMark: Unicode.Scalar = "\u{FEFF}"

    private static let empty = ManifestError(
        line: 1, column: 1, path: "", problem: "the file is empty",
        hint: "start with `version: 1`, `name:`, `model:` and `compress:`")

    // MARK: Text

    /// The text in lines as libyaml counts them, without a leading byte order mark.
    private static func decodedLines(_ bytes: Data) throws -> [[Unicode.Scalar]] {
        var lines: [[Unicode.Scalar]] = [[]]
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var previous: Unicode.Scalar?
        decoding: while true {
            switch decoder.decode(&iterator) {
            case .emptyInput: break decoding
            case .error:
                throw ManifestError(
                    line: lines.count, column: lines[lines.count - 1].count + 1, path: "",
                    problem: "the file is not valid UTF-8 here",
                    hint: "save the file as UTF-8")
            case .scalarValue(let scalar):
                defer { previous = scalar }
                if scalar == byteOrderMark, previous == nil { continue }
                if scalar == "\n", previous == "\r" { continue }
                if isLineBreak(scalar) {
                    lines.append([])
                    continue
                }
                lines[lines.count - 1].append(scalar)
                guard isAllowed(scalar) else {
                    let code = String(scalar.value, radix: 16, uppercase: true)
                    throw ManifestError(
                        line: lines.count, column: lines[lines.count - 1].count, path: "",
                        problem: "the character with the code \(code) (hexadecimal) is not text",
                        hint: "remove it")
                }
            }
        }
        return lines
    }

    private static func isLineBreak(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0A, 0x0D, 0x85, 0x2028, 0x2029: true
        default: false
        }
    }

    /// YAML 1.2, production c-printable, without line breaks.
    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x20...0x7E, 0xA0...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD: true
        case 0x10000...0x10FFFF: true
        default: false
        }
    }

    /// Counts what could be an alias: `*` at the start of a word, before a name.
    private static func refuseAliasBomb(_ lines: [[Unicode.Scalar]]) throws {
        var count = 0
        for (index, line) in lines.enumerated() {
            for column in line.indices where line[column] == "*" {
                let startsWord =
                    column == 0 || " \t[{,:?-".unicodeScalars.contains(line[column - 1])
                let next = column + 1 < line.count ? line[column + 1] : " "
                guard startsWord, next.properties.isAlphabetic || isNameSign(next) else { continue }
                count += 1
                if count > ManifestLimits.aliasCandidatesMax {
                    throw refused("aliases (*name)", at: Place(line: index + 1, column: column + 1))
                }
            }
        }
    }

    private static func isNameSign(_ scalar: Unicode.Scalar) -> Bool {
        ("0"..."9").contains(scalar) || scalar == "_" || scalar == "-"
    }

    private static func refused(_ what: String, at place: Place) -> ManifestError {
        ManifestError(
            line: place.line, column: place.column, path: "",
            problem: "\(what) are not allowed here",
            hint: "write the value out; a text that starts with such a character goes in quotes")
    }

    // MARK: Yams

    private static func composed(
        _ text: String, _ lines: [[Unicode.Scalar]]
    ) throws -> Node? {
        do {
            return try Parser(yaml: text, encoding: .utf8).singleRoot()
        } catch let error as YamlError {
            var error = translated(error)
            // libyaml may put the end of a text without a final newline into a line of its own.
            if error.line > lines.count {
                (error.line, error.column) = (lines.count, lines[lines.count - 1].count + 1)
            }
            throw error
        }
    }

    private static func translated(_ error: YamlError) -> ManifestError {
        switch error {
        case .composer(_, let problem, let mark, _) where problem.contains("another document"):
            ManifestError(
                line: mark.line, column: mark.column, path: "",
                problem: "the file holds more than one document",
                hint: "one file, one job: put what follows `---` into a file of its own")
        case .composer(_, _, let mark, _):
            refused("aliases (*name)", at: Place(line: mark.line, column: mark.column))
        case .scanner(let context, let problem, let mark, _),
            .parser(let context, let problem, let mark, _):
            notYAML(context, problem, mark)
        case .duplicatedKeysInMapping(let duplicates, let context):
            ManifestError(
                line: context.mark.line, column: context.mark.column, path: "",
                problem: "the key `\(ManifestNode.shortened(duplicates.first ?? ""))` is written "
                    + "more than once, here for the first time",
                hint: "keep one of them")
        default:
            ManifestError(
                line: 1, column: 1, path: "", problem: "the file cannot be read as YAML",
                found: ManifestNode.shortened(FaultText.describe(error)))
        }
    }

    private static func notYAML(
        _ context: YamlError.Context?, _ problem: String, _ mark: Mark
    ) -> ManifestError {
        var text = "not valid YAML: \(problem)"
        if let context {
            text += " (\(context.text), which starts in line \(context.mark.line))"
        }
        let hint: String? =
            problem.contains("cannot start any token")
            ? "indent with spaces, not tabs; put a text that starts with @ or ` in quotes"
            : problem.contains("mapping values are not allowed")
                ? "check the indentation; a text that holds `: ` goes in quotes" : nil
        return ManifestError(
            line: mark.line, column: mark.column, path: "", problem: text, hint: hint)
    }

    // MARK: Tree

    private mutating func converted(_ node: Node, depth: Int) throws -> ManifestNode {
        let place = Place(line: node.mark?.line ?? 1, column: node.mark?.column ?? 1)
        nodes += 1
        guard nodes <= ManifestLimits.nodesMax else {
            throw ManifestError(
                line: place.line, column: place.column, path: "",
                problem: "the file holds too many values",
                expected: "at most \(ManifestLimits.nodesMax)")
        }
        guard depth <= ManifestLimits.depthMax else {
            throw ManifestError(
                line: place.line, column: place.column, path: "",
                problem: "the file is nested too deeply",
                expected: "at most \(ManifestLimits.depthMax) levels")
        }
        // An alias comes out as its anchor's node, so every alias is caught here too.
        if node.anchor != nil || character(at: place) == "&" {
            throw Self.refused("anchors (&name) and aliases (*name)", at: place)
        }
        if character(at: place) == "!" {
            throw Self.refused("tags (!name)", at: place)
        }
        switch node {
        case .scalar(let scalar):
            return ManifestNode(place: place, content: Self.content(of: scalar))
        case .sequence(let sequence):
            var items: [ManifestNode] = []
            for item in sequence { items.append(try converted(item, depth: depth + 1)) }
            return ManifestNode(place: place, content: .list(items))
        case .mapping(let mapping):
            var entries: [ManifestNode.Entry] = []
            for (key, value) in mapping {
                entries.append(try convertedEntry(key, value, depth: depth + 1))
            }
            return ManifestNode(place: place, content: .map(entries))
        case .alias:
            throw Self.refused("aliases (*name)", at: place)
        }
    }

    private mutating func convertedEntry(
        _ key: Node, _ value: Node, depth: Int
    ) throws -> ManifestNode.Entry {
        let keyNode = try converted(key, depth: depth)
        switch keyNode.content {
        case .plain(let text), .quoted(let text):
            let value = try converted(value, depth: depth)
            return ManifestNode.Entry(key: text, place: keyNode.place, value: value)
        default:
            throw ManifestError(
                line: keyNode.place.line, column: keyNode.place.column, path: "",
                problem: "a key must be a word", found: keyNode.found)
        }
    }

    private static func content(of scalar: Node.Scalar) -> ManifestNode.Content {
        guard scalar.style == .plain else { return .quoted(scalar.string) }
        switch scalar.string {
        case "", "~", "null", "Null", "NULL": return .missing
        default: return .plain(scalar.string)
        }
    }

    private func character(at place: Place) -> Unicode.Scalar? {
        guard lines.indices.contains(place.line - 1) else { return nil }
        let line = lines[place.line - 1]
        return line.indices.contains(place.column - 1) ? line[place.column - 1] : nil
    }
}
