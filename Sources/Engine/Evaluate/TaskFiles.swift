// Data files of tasks: JSON lines and csv tables, every fault named by file and line.

import Foundation

/// A JSON object of a line, with what a question needs read out of it.
struct TaskRecord {
    let path: String
    let line: Int
    let object: [String: Any]

    var place: String { "\(path):\(line)" }

    func text(_ key: String) throws(EvaluationError) -> String {
        guard let text = object[key] as? String else { throw missing(key, "a text") }
        return text
    }

    func texts(_ key: String) throws(EvaluationError) -> [String] {
        guard let texts = object[key] as? [String], texts.count >= 2 else {
            throw missing(key, "a list of at least two texts")
        }
        return texts
    }

    /// A number, a number as text, true or false; nil for "" and null (no label).
    func label(_ key: String) throws(EvaluationError) -> Int? {
        switch object[key] {
        case let text as String:
            if text.isEmpty { return nil }
            guard let number = Int(text) else { throw missing(key, "a whole number") }
            return number
        case let number as NSNumber: return number.intValue
        case nil, is NSNull: return nil
        default: throw missing(key, "a whole number")
        }
    }

    private func missing(_ key: String, _ kind: String) -> EvaluationError {
        .badLine(
            path: path, line: line,
            problem: "has no field `\(key)` with \(kind); it has "
                + object.keys.sorted().joined(separator: ", "))
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
        let all = try CalibrationSet.readText(path).split(omittingEmptySubsequences: false) {
            $0 == "\n" || $0 == "\r\n" || $0 == "\r"
        }
        return all.enumerated().compactMap { index, line in
            line.allSatisfy(\.isWhitespace) ? nil : (index + 1, line)
        }
    }

    /// A file of JSON objects, one a line.
    static func records(_ path: String) throws -> [TaskRecord] {
        try lines(path).map { number, text in
            guard let value = try? JSONSerialization.jsonObject(with: Data(text.utf8)),
                let object = value as? [String: Any]
            else {
                throw EvaluationError.badLine(
                    path: path, line: number, problem: "is not a JSON object")
            }
            return TaskRecord(path: path, line: number, object: object)
        }
    }

    /// Place of an answer given as a letter, `A` the first.
    static func letter(_ text: String) -> Int? {
        let scalars = Array(text.unicodeScalars)
        guard scalars.count == 1, ("A"..."Z").contains(scalars[0]) else { return nil }
        return Int(scalars[0].value) - 65
    }
}
