// Data files of tasks: JSON lines and csv tables, every fault named by file and line.

import Foundation
import JSON
import Texts

/// A JSON object of a line, with what a question needs read out of it.
struct TaskRecord {
    let path: String
    let line: Int
    let object: JSONObject

    var place: String { "\(path):\(line)" }

    func text(_ key: String) throws(EvaluationError) -> String {
        guard let text = object[key]?.string else { throw unfit(key, "a text") }
        return text
    }

    func texts(_ key: String) throws(EvaluationError) -> [String] {
        let kind = "a list of at least two texts"
        guard case .array(let elements) = object[key], elements.count >= 2 else {
            throw unfit(key, kind)
        }
        let texts = elements.compactMap(\.string)
        guard texts.count == elements.count else { throw unfit(key, kind) }
        return texts
    }

    func list(_ key: String) throws(EvaluationError) -> [JSONValue] {
        guard case .array(let elements) = object[key] else { throw unfit(key, "a list") }
        return elements
    }

    /// A number, a number as text, true or false; nil for "" and null (no label).
    func label(_ key: String) throws(EvaluationError) -> Int? {
        switch object[key] {
        case .string(let text):
            if text.isEmpty { return nil }
            guard let number = Int(text) else { throw unfit(key, "a whole number") }
            return number
        case .number(let number):
            // Tables that went through pandas hold 1.0 for 1.
            guard let whole = Int(exactly: number.double) else {
                throw unfit(key, "a whole number")
            }
            return whole
        case .bool(let flag): return flag ? 1 : 0
        case nil, .null: return nil
        default: throw unfit(key, "a whole number")
        }
    }

    func problem(_ problem: String) -> EvaluationError {
        .badLine(path: path, line: line, problem: problem)
    }

    private func unfit(_ key: String, _ kind: String) -> EvaluationError {
        problem(object.unfit(key, expected: kind))
    }
}

enum TaskFiles {
    static func isFolder(_ path: String) -> Bool {
        let attributes = try? FileManager.default.attributesOfItem(
            atPath: URL(filePath: path).resolvingSymlinksInPath().path)
        return attributes?[.type] as? FileAttributeType == .typeDirectory
    }

    static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    /// Names in a folder that end with `suffix`, sorted.
    static func names(in folder: String, suffix: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasSuffix(suffix) && !$0.hasPrefix(".") }.sorted()
    }

    /// Lines that hold something, with their numbers from 1.
    static func lines(_ path: String) throws -> [(number: Int, text: Substring)] {
        // Only these end a line: a JSON string may hold Unicode's other separators as they are.
        var text = try CalibrationSet.readText(path)
        if text.unicodeScalars.first == "\u{FEFF}" { text.unicodeScalars.removeFirst() }
        let all = text.split(omittingEmptySubsequences: false) {
            $0 == "\n" || $0 == "\r\n" || $0 == "\r"
        }
        return all.enumerated().compactMap { index, line in
            line.allSatisfy(\.isWhitespace) ? nil : (index + 1, line)
        }
    }

    /// A file of JSON objects, one a line.
    static func records(_ path: String) throws -> [TaskRecord] {
        try lines(path).map { number, text in
            TaskRecord(path: path, line: number, object: try object(text, path, line: number))
        }
    }

    /// A JSON object; `line` is the number of the text's first line in its file.
    static func object(
        _ text: Substring, _ path: String, line: Int
    ) throws(EvaluationError) -> JSONObject {
        let bytes = Array(text.utf8)
        let value: JSONValue
        do throws(JSONFault) {
            value = try JSONValue(
                parsing: bytes.span, limits: CalibrationSet.jsonLimits, pythonNumbers: true)
        } catch {
            let place = TextPlace.of(offset: error.offset, in: bytes.span)
            throw .badLine(
                path: path, line: line + place.line - 1,
                problem: "is not JSON: column \(place.column): \(error)")
        }
        guard case .object(let object) = value else {
            throw .badLine(
                path: path, line: line, problem: "is not a JSON object, but \(value.kind)")
        }
        return object
    }

    /// Place of an answer given as a letter, `A` the first.
    static func letter(_ text: String) -> Int? {
        let scalars = Array(text.unicodeScalars)
        guard scalars.count == 1, ("A"..."Z").contains(scalars[0]) else { return nil }
        return Int(scalars[0].value) - 65
    }
}
