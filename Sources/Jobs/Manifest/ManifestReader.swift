// Bytes to tree: YAML, cut down to what a manifest needs. Anchors, aliases and tags are refused
// (300 bytes of aliases can stand for 269 MB: js-yaml #738), and so is everything that would let a
// small file cost much: each where it stands, before anything is made of it.

import Foundation

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
}

struct ManifestReader {
    private let lines: [[Unicode.Scalar]]
    private let events: YAMLEvents
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
        try refuseDirectives(lines)
        var reader = ManifestReader(lines: lines, events: YAMLEvents(withoutMark(bytes)))
        return try reader.document()
    }

    /// Whether the text holds comments and nothing else.
    static func isBlank(_ bytes: Data) throws -> Bool {
        try decodedLines(bytes).allSatisfy { line in
            let first = line.first { $0 != " " && $0 != "\t" }
            return first == nil || first == "#"
        }
    }

    private init(lines: [[Unicode.Scalar]], events: YAMLEvents) {
        self.lines = lines
        self.events = events
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

    private static func withoutMark(_ bytes: Data) -> Data {
        let mark = Data(String(byteOrderMark).utf8)
        return bytes.starts(with: mark) ? bytes.dropFirst(mark.count) : bytes
    }

    /// libyaml holds each directive against all before it, and has done so with a million bytes of
    /// them before it gives the first event. They only serve tags, which are refused as well.
    private static func refuseDirectives(_ lines: [[Unicode.Scalar]]) throws {
        let start = Array("%TAG".unicodeScalars)
        guard let index = lines.firstIndex(where: { $0.starts(with: start) }) else { return }
        throw ManifestError(
            line: index + 1, column: 1, path: "",
            problem: "a line that starts with %TAG is not allowed here",
            hint: "remove it: tags (!name) are refused")
    }

    private static func refused(_ what: String, at place: Place) -> ManifestError {
        ManifestError(
            line: place.line, column: place.column, path: "",
            problem: "\(what) are not allowed here",
            hint: "write the value out; a text that starts with such a character goes in quotes")
    }

    // MARK: Events

    private func next() throws -> YAMLEvent {
        do { return try events.next() } catch {
            var error = Self.notYAML(error)
            // libyaml may put the end of a text without a final newline into a line of its own.
            if error.line > lines.count {
                (error.line, error.column) = (lines.count, lines[lines.count - 1].count + 1)
            }
            throw error
        }
    }

    private static func notYAML(_ error: YAMLSyntaxError) -> ManifestError {
        var text = "not valid YAML: \(error.problem)"
        if let context = error.context {
            text += " (\(context.text), which starts in line \(context.line))"
        }
        let hint: String? =
            error.problem.contains("cannot start any token")
            ? "indent with spaces, not tabs; put a text that starts with @ or ` in quotes"
            : error.problem.contains("mapping values are not allowed")
                ? "check the indentation; a text that holds `: ` goes in quotes" : nil
        return ManifestError(
            line: error.place.line, column: error.place.column, path: "", problem: text, hint: hint)
    }

    // MARK: Tree

    /// The only document of the text.
    private mutating func document() throws -> ManifestNode {
        _ = try next()  // The stream's start.
        guard case .documentStart = try next().kind else { throw Self.empty }
        let root = try node(try next(), depth: 1)
        _ = try next()  // The document's end.
        let end = try next()
        guard case .streamEnd = end.kind else {
            throw ManifestError(
                line: end.place.line, column: end.place.column, path: "",
                problem: "the file holds more than one document",
                hint: "one file, one job: put what follows `---` into a file of its own")
        }
        if case .missing = root.content { throw Self.empty }
        return root
    }

    /// The value that starts with this event, up to its end.
    private mutating func node(_ start: YAMLEvent, depth: Int) throws -> ManifestNode {
        try check(start, depth: depth)
        switch start.kind {
        case .scalar(let text, let isPlain):
            return ManifestNode(place: start.place, content: Self.content(text, isPlain))
        case .listStart:
            return ManifestNode(place: start.place, content: .list(try items(depth: depth + 1)))
        case .mapStart:
            return ManifestNode(place: start.place, content: .map(try entries(depth: depth + 1)))
        case .streamStart, .streamEnd, .documentStart, .documentEnd, .listEnd, .mapEnd, .alias:
            preconditionFailure("libyaml never puts this in the place of a value")
        }
    }

    private mutating func items(depth: Int) throws -> [ManifestNode] {
        var items: [ManifestNode] = []
        while true {
            let event = try next()
            if case .listEnd = event.kind { return items }
            items.append(try node(event, depth: depth))
        }
    }

    private mutating func entries(depth: Int) throws -> [ManifestNode.Entry] {
        var entries: [ManifestNode.Entry] = []
        var places: [String: Place] = [:]
        while true {
            let event = try next()
            if case .mapEnd = event.kind { return entries }
            let key = try key(event, depth: depth)
            if let first = places.updateValue(event.place, forKey: key) {
                throw ManifestError(
                    line: first.line, column: first.column, path: "",
                    problem: "the key `\(ManifestNode.shortened(key))` is written more than once, "
                        + "here for the first time",
                    hint: "keep one of them")
            }
            let value = try node(try next(), depth: depth)
            entries.append(ManifestNode.Entry(key: key, place: event.place, value: value))
        }
    }

    private mutating func key(_ event: YAMLEvent, depth: Int) throws -> String {
        try check(event, depth: depth)
        let found: String
        switch event.kind {
        case .scalar(let text, let isPlain):
            switch Self.content(text, isPlain) {
            case .plain(let text), .quoted(let text): return text
            default: found = "nothing"
            }
        case .listStart: found = "a list"
        default: found = "a mapping"
        }
        throw ManifestError(
            line: event.place.line, column: event.place.column, path: "",
            problem: "a key must be a word", found: found)
    }

    /// Whether a value or key may start here.
    private mutating func check(_ start: YAMLEvent, depth: Int) throws {
        let place = start.place
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
        if case .alias = start.kind { throw Self.refused("aliases (*name)", at: place) }
        if start.hasAnchor { throw Self.refused("anchors (&name) and aliases (*name)", at: place) }
        // libyaml keeps quiet about the tag that is only `!`.
        if character(at: place) == "!" { throw Self.refused("tags (!name)", at: place) }
    }

    private static func content(_ text: String, _ isPlain: Bool) -> ManifestNode.Content {
        guard isPlain else { return .quoted(text) }
        switch text {
        case "", "~", "null", "Null", "NULL": return .missing
        default: return .plain(text)
        }
    }

    private func character(at place: Place) -> Unicode.Scalar? {
        guard lines.indices.contains(place.line - 1) else { return nil }
        let line = lines[place.line - 1]
        return line.indices.contains(place.column - 1) ? line[place.column - 1] : nil
    }
}
