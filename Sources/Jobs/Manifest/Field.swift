// One value of the manifest with its path, read as a type or refused with a place and a remedy.

import Catalogue
import Foundation

struct Field {
    let node: ManifestNode
    let path: String
    /// Whether what stands here, and below, is not for all who read errors.
    var isPrivate = false

    func error(
        _ problem: String, expected: String? = nil, found: String? = nil, hint: String? = nil
    ) -> ManifestError {
        ManifestError(
            line: node.place.line, column: node.place.column, path: path, problem: problem,
            expected: expected, found: isPrivate ? nil : found, hint: hint)
    }

    func wrongType(_ expected: String, hint: String? = nil) -> ManifestError {
        if case .missing = node.content {
            return error("has no value", expected: expected, hint: hint)
        }
        return error("wrong type", expected: expected, found: node.found, hint: hint)
    }

    /// The words of a plain or quoted scalar.
    func text(_ expected: String = "a text") throws -> String {
        switch node.content {
        case .plain(let text), .quoted(let text): return text
        default: throw wrongType(expected)
        }
    }

    func flag() throws -> Bool {
        guard case .plain(let text) = node.content else { throw wrongType("true or false") }
        switch text {
        case "true", "True", "TRUE": return true
        case "false", "False", "FALSE": return false
        default: throw wrongType("true or false", hint: "write true or false")
        }
    }

    /// - Parameter words: what is expected; the range where left out.
    func integer(in range: ClosedRange<Int>, _ words: String? = nil) throws -> Int {
        let expected =
            words ?? "a whole number from \(range.lowerBound) to \(range.upperBound)"
        guard case .plain(let text) = node.content else {
            throw wrongType(expected, hint: quotesHint)
        }
        let digits = text.utf8.drop { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") }
        guard
            text.utf8.count - digits.count <= 1, !digits.isEmpty,
            digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { throw wrongType(expected) }
        guard let value = Int(text), range.contains(value) else {
            throw error("out of range", expected: expected, found: node.found)
        }
        return value
    }

    /// A number as YAML 1.2 writes them. Not-a-number and the infinities pass: callers refuse
    /// them with words of their own.
    func anyNumber(_ expected: String) throws -> Double {
        guard case .plain(let text) = node.content else {
            throw wrongType(expected, hint: quotesHint)
        }
        switch text.lowercased() {
        case ".nan", "nan", "-nan", "+nan": return .nan
        case ".inf", "+.inf", "inf", "+inf", "infinity", "+infinity": return .infinity
        case "-.inf", "-inf", "-infinity": return -.infinity
        default: break
        }
        let allowed = text.utf8.allSatisfy { "0123456789+-.eE".utf8.contains($0) }
        guard allowed, let value = Double(text) else {
            throw wrongType(
                expected,
                hint: text.hasSuffix("%")
                    ? "write a share such as 0.25, not a percentage"
                    : Self.withPoint(text).map { "write \($0): numbers have a decimal point" })
        }
        return value
    }

    /// - Parameter words: accepted as well, by the caller; named in errors.
    func number(in range: ClosedRange<Double>, or words: [String] = []) throws -> Double {
        let expected =
            "a number from \(range.lowerBound) to \(range.upperBound)"
            + words.map { " or `\($0)`" }.joined()
        let value = try anyNumber(expected)
        guard value.isFinite else {
            throw error("not a finite number", expected: expected, found: node.found)
        }
        guard range.contains(value) else {
            throw error("out of range", expected: expected, found: node.found)
        }
        return value
    }

    func numberOrWord(in range: ClosedRange<Double>, _ words: [String]) throws -> ParameterValue {
        if let text = try? text(), words.contains(text) { return .text(text) }
        return .number(try number(in: range, or: words))
    }

    func integer(of numbers: [Int]) throws -> Int {
        let expected = numbers.map { "\($0)" }.joined(separator: " | ")
        let value = try integer(in: Int.min...Int.max)
        guard numbers.contains(value) else {
            throw error("out of range", expected: expected, found: node.found)
        }
        return value
    }

    func integerOrWord(in range: ClosedRange<Int>, _ words: [String]) throws -> ParameterValue {
        if let text = try? text(), words.contains(text) { return .text(text) }
        guard case .plain(let text) = node.content, Int(text) != nil else {
            throw wrongType(
                "a whole number from \(range.lowerBound) to \(range.upperBound)"
                    + words.map { " or `\($0)`" }.joined(), hint: quotesHint)
        }
        return .integer(try integer(in: range))
    }

    func choice(of words: [String], called what: String) throws -> String {
        let expected = words.joined(separator: " | ")
        let word = try text(expected)
        guard words.contains(word) else {
            let near = Spelling.nearest(to: word, in: words)
            throw error(
                "unknown \(what)", expected: expected, found: node.found,
                hint: near.map { "did you mean `\($0)`?" })
        }
        return word
    }

    func list(_ expected: String, countMax: Int) throws -> [Field] {
        guard case .list(let items) = node.content else {
            let one: String? =
                if !isPrivate, case .plain(let text) = node.content { text } else { nil }
            throw wrongType(
                expected,
                hint: one.map { "write [\(ManifestNode.shortened(Self.withPoint($0) ?? $0))]" }
                    ?? "write [a, b], or one `- ` line for each")
        }
        guard items.count <= countMax else {
            throw error(
                "too many entries", expected: "at most \(countMax)", found: "\(items.count)")
        }
        return items.enumerated().map {
            Field(node: $1, path: "\(path)[\($0)]", isPrivate: isPrivate)
        }
    }

    /// A number that was written with a decimal comma, with a point; nil for anything else.
    static func withPoint(_ text: String) -> String? {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let isNumber =
            parts.count == 2
            && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy { ("0"..."9").contains($0) } }
        return isNumber ? "\(parts[0]).\(parts[1])" : nil
    }

    private var quotesHint: String? {
        if case .quoted = node.content { "remove the quotes" } else { nil }
    }
}

/// A mapping whose keys are taken one by one.
struct FieldMap {
    let field: Field
    private let entries: [ManifestNode.Entry]

    init(_ field: Field, _ expected: String) throws {
        guard case .map(let entries) = field.node.content else {
            throw field.wrongType(expected)
        }
        self.field = field
        self.entries = entries
    }

    subscript(key: String) -> Field? {
        guard let entry = entries.first(where: { $0.key == key }) else { return nil }
        return Field(node: entry.value, path: path(of: key), isPrivate: field.isPrivate)
    }

    func required(_ key: String, hint: String) throws -> Field {
        if let field = self[key] { return field }
        // A misspelt key is told of where it stands, before it is told to be missing.
        if let entry = entries.first(where: { Spelling.nearest(to: $0.key, in: [key]) != nil }) {
            throw ManifestError(
                line: entry.place.line, column: entry.place.column,
                path: path(of: ManifestNode.shortened(entry.key)), problem: "unknown key",
                expected: key, found: ManifestNode.shortened(entry.key),
                hint: "did you mean `\(key)`?")
        }
        throw self.field.error("the key `\(key)` is missing", hint: hint)
    }

    /// - Throws: for the first key that is not among `known`.
    func refuseUnknown(besides known: [String], in place: String) throws {
        for entry in entries where !known.contains(entry.key) {
            let near = Spelling.nearest(to: entry.key, in: known)
            // Without the blank behind a colon the value is a part of the key.
            let key = field.isPrivate && near == nil ? nil : ManifestNode.shortened(entry.key)
            throw ManifestError(
                line: entry.place.line, column: entry.place.column,
                path: key.map(path) ?? field.path, problem: "unknown key in \(place)",
                expected: known.joined(separator: ", "), found: key,
                hint: near.map { "did you mean `\($0)`?" })
        }
    }

    private func path(of key: String) -> String {
        field.path.isEmpty ? key : "\(field.path).\(key)"
    }
}
