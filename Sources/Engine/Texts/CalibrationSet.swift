// The texts an analysis looks at, read from local files: plain text, JSON lines, MMLU folders.

import DurableIO
package import Failures
import Foundation
package import JSON
import SystemPackage
import TensorMath

/// Where calibration texts come from and how many are taken.
package struct CalibrationSource: Sendable, Equatable {
    package enum Dataset: String, Sendable {
        /// One running text; samples are windows of it, see `CalibrationSet.windows`.
        case text
        /// One JSON object a line, the text in `field`.
        case jsonl
        /// A folder with `<split>/<subject>_<split>.csv`: question, A, B, C, D, answer.
        case mmlu
    }

    package var dataset: Dataset
    package var path: String
    /// MMLU: dev, val or test.
    package var split: String
    /// jsonl: number of samples; nil takes all. Of a text the windows are drawn.
    package var samples: Int?
    /// MMLU: questions per subject.
    package var samplesPerSubject: Int
    /// MMLU: one subject or the subjects of one category; nil takes all.
    package var subject: String?
    package var field: String
    package var seed: UInt64

    package init(
        dataset: Dataset, path: String, split: String = "dev", samples: Int? = nil,
        samplesPerSubject: Int = 1, subject: String? = nil, field: String = "text", seed: UInt64 = 1
    ) {
        self.dataset = dataset
        self.path = path
        self.split = split
        self.samples = samples
        self.samplesPerSubject = samplesPerSubject
        self.subject = subject
        self.field = field
        self.seed = seed
    }
}

/// One text with the name of where it came from.
package struct CalibrationSample: Sendable, Equatable {
    package var origin: String
    package var text: String
}

package enum CalibrationError: ClassifiedFailure, Equatable, CustomStringConvertible {
    case unreadable(path: String, reason: String, FailureClass)
    case empty(path: String)
    case notUTF8(path: String, line: Int)
    case tooLarge(path: String, bytes: Int, limit: Int)
    case badLine(path: String, line: Int, problem: String)
    case noSubjects(path: String, pattern: String)
    case noSuchSubject(path: String, subject: String)
    case noPrefixToken(path: String)
    case onlyEmpty(path: String, count: Int)
    case tooShort(path: String)

    package var failureClass: FailureClass {
        switch self {
        case .unreadable(_, _, let failureClass): failureClass
        case .empty, .notUTF8, .tooLarge, .badLine, .noSubjects, .noSuchSubject, .noPrefixToken,
            .onlyEmpty, .tooShort:
            .user
        }
    }

    package var description: String {
        switch self {
        case .unreadable(let path, let reason, _): "\(path): cannot be read: \(reason)"
        case .empty(let path): "\(path): holds no text; a calibration set needs at least one line"
        case .notUTF8(let path, let line):
            "\(path):\(line): is not UTF-8 text; convert the file first"
        case .tooLarge(let path, let bytes, let limit):
            "\(path): \(bytes) bytes, the limit is \(limit); give a smaller sample"
        case .badLine(let path, let line, let problem): "\(path):\(line): \(problem)"
        case .noSubjects(let path, let pattern):
            "\(path): holds no file \(pattern); give the folder that has dev/, val/ or test/ in it"
        case .noSuchSubject(let path, let subject):
            "\(path): has no subject \(quoted(subject)) and none of a category of that name; subjects "
                + "are named as their files are, without the split"
        case .noPrefixToken(let path):
            "\(path): names neither a bos_token nor an eos_token, and an empty context needs one; "
                + "add one to tokenizer_config.json"
        case .onlyEmpty(let path, let count):
            "\(path): all \(count) texts are empty; a calibration set needs at least one that is not"
        case .tooShort(let path):
            "\(path): no sample has two tokens, so that no loss can be measured on them; give longer "
                + "texts, or a larger `max_tokens`"
        }
    }
}

package enum CalibrationSet {
    /// Raised whenever the same texts give other samples than before.
    package static func version(of dataset: CalibrationSource.Dataset) -> Int {
        dataset == .text ? 2 : 3
    }

    /// A data file may be this large.
    package static let bytesMax = 1 << 30
    /// A line may be most of its file.
    package static let jsonLimits = JSONLimits(bytes: bytesMax)

    /// Files the samples come from, for the digest of the set, in a fixed order.
    package static func files(_ source: CalibrationSource) throws(CalibrationError) -> [String] {
        guard source.dataset == .mmlu else { return [source.path] }
        let folder = source.path + "/" + source.split
        let suffix = "_\(source.split).csv"
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: folder) } catch {
            throw .unreadable(
                path: folder, reason: "the folder is missing or not readable",
                FailureClass(of: error))
        }
        let found = names.filter { $0.hasSuffix(suffix) && !$0.hasPrefix(".") }.sorted()
        guard !found.isEmpty else { throw .noSubjects(path: folder, pattern: "*" + suffix) }
        guard let wanted = source.subject else { return found.map { folder + "/" + $0 } }
        let chosen = found.filter { name in
            let subject = String(name.dropLast(suffix.count))
            return subject == wanted || MMLUCategories.bySubject[subject] == wanted
        }
        guard !chosen.isEmpty else { throw .noSuchSubject(path: folder, subject: wanted) }
        return chosen.map { folder + "/" + $0 }
    }

    /// Reads and samples the texts; which ones is decided by the seed alone.
    ///
    /// - Parameter leave: told of each text that is drawn and empty, by its origin; another is
    ///   drawn in its place as long as there are any.
    package static func load(
        _ source: CalibrationSource, leavingOut leave: (String) -> Void = { _ in }
    ) throws -> [CalibrationSample] {
        let samples: [CalibrationSample]
        switch source.dataset {
        case .text:
            let text = try readText(source.path)
            samples =
                text.allSatisfy(\.isWhitespace)
                ? [] : [CalibrationSample(origin: source.path, text: text)]
        case .jsonl: samples = try lines(source, leave) { try jsonField($0, $1, source) }
        case .mmlu: samples = try questions(source)
        }
        guard !samples.isEmpty else { throw CalibrationError.empty(path: source.path) }
        return samples
    }

    /// Samples of a tokenised text: it is cut into windows of `length` tokens, end to end, and
    /// `count` of them are drawn, in the text's order. A last shorter piece is left out, unless it
    /// is all there is.
    package static func windows(
        of tokens: [Int32], length: Int, count: Int?, seed: UInt64
    ) -> [[Int32]] {
        precondition(length > 0, "a window holds tokens")
        let total = tokens.count / length
        guard total > 0 else { return tokens.isEmpty ? [] : [tokens] }
        var generator = SeededGenerator(seed: seed)
        return generator.sample(count ?? total, of: total).map {
            Array(tokens[$0 * length..<($0 + 1) * length])
        }
    }

    /// The text of a file, or a built-in one.
    package static func readText(_ path: String) throws(CalibrationError) -> String {
        let bytes: [UInt8]
        do {
            bytes =
                try BuiltInText.bytes(path)
                ?? SmallFile.read(following: FilePath(path), bytesMax: bytesMax)
        } catch let error as SmallFile.TooLarge {
            throw .tooLarge(path: path, bytes: error.byteCount, limit: bytesMax)
        } catch is LFSPointer.Found {
            throw .unreadable(path: path, reason: "it " + LFSPointer.advice, .user)
        } catch {
            throw .unreadable(path: path, reason: cause(of: error), FailureClass(of: error))
        }
        guard let text = String(bytes: bytes, encoding: .utf8) else {
            throw .notUTF8(path: path, line: firstBrokenLine(bytes))
        }
        return text
    }

    private static func cause(of error: any Error) -> String {
        switch (error as? SystemCallError)?.errno {
        case .isDirectory: "it is a folder; name a file of text"
        case .noSuchFileOrDirectory, .notDirectory: "no such file"
        case .permissionDenied: "whoever runs this may not read it (chmod o+r, or a group)"
        default: FaultText.describe(error)
        }
    }

    /// The first line, from 1, that is no UTF-8: no sequence of UTF-8 holds the byte of a line end.
    private static func firstBrokenLine(_ bytes: [UInt8]) -> Int {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        return 1 + (lines.firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? 0)
    }

    private static func lines(
        _ source: CalibrationSource, _ leave: (String) -> Void,
        _ text: (String, Int) throws -> String
    ) throws -> [CalibrationSample] {
        // Only these end a line: a JSON string may hold U+2028 and the other separators of
        // Unicode as they are.
        let all = try readText(source.path).split(
            omittingEmptySubsequences: false
        ) { $0 == "\n" || $0 == "\r\n" || $0 == "\r" }
        var undrawn = all.indices.filter { !all[$0].allSatisfy(\.isWhitespace) }
        let lineCount = undrawn.count
        let wanted = source.samples ?? lineCount
        var generator = SeededGenerator(seed: source.seed)
        var samples: [(line: Int, sample: CalibrationSample)] = []
        // Each round draws as many as are missing, and more the more rounds there were.
        var more = 1
        while samples.count < wanted, !undrawn.isEmpty {
            let missing = wanted - samples.count
            let places = generator.sample(max(missing, more), of: undrawn.count)
            more = more == 1 ? 2 * missing : 2 * more
            var found: [(line: Int, sample: CalibrationSample)] = []
            for place in places {
                let line = undrawn[place]
                let sample = CalibrationSample(
                    origin: "\(source.path):\(line + 1)",
                    text: try text(String(all[line]), line + 1))
                if sample.text.allSatisfy(\.isWhitespace) {
                    leave(sample.origin)
                } else {
                    found.append((line, sample))
                }
            }
            samples += generator.sample(missing, of: found.count).map { found[$0] }
            let drawn = Set(places)
            undrawn = undrawn.indices.filter { !drawn.contains($0) }.map { undrawn[$0] }
        }
        guard lineCount == 0 || !samples.isEmpty else {
            throw CalibrationError.onlyEmpty(path: source.path, count: lineCount)
        }
        return samples.sorted { $0.line < $1.line }.map(\.sample)
    }

    private static func jsonField(
        _ line: String, _ number: Int, _ source: CalibrationSource
    ) throws -> String {
        func bad(_ problem: String) -> CalibrationError {
            .badLine(path: source.path, line: number, problem: problem)
        }
        let value: JSONValue
        do throws(JSONFault) {
            value = try JSONValue(parsing: line, limits: jsonLimits, pythonNumbers: true)
        } catch {
            throw bad("is not JSON: byte \(error.offset + 1): \(error)")
        }
        guard case .object(let object) = value else {
            throw bad("is not a JSON object, but \(value.kind)")
        }
        guard let text = object[source.field]?.string else {
            throw bad(object.unfit(source.field, expected: "a text"))
        }
        return text
    }

    /// Questions as the MKA pipeline asks them: question, options, "Answer:", no examples.
    private static func questions(_ source: CalibrationSource) throws -> [CalibrationSample] {
        var generator = SeededGenerator(seed: source.seed)
        return try files(source).flatMap { file in
            let records = try parseCSV(try readText(file), file: file)
            return try generator.sample(source.samplesPerSubject, of: records.count).map { index in
                let record = records[index]
                guard record.fields.count == 6 else {
                    throw CalibrationError.badLine(
                        path: file, line: record.line,
                        problem: "has \(record.fields.count) fields, 6 were expected: question, "
                            + "A, B, C, D, answer")
                }
                let options = zip("ABCD", record.fields[1...4]).map { "\($0). \($1)" }
                return CalibrationSample(
                    origin: "\(file):\(record.line)",
                    text: record.fields[0] + "\n" + options.joined(separator: "\n") + "\nAnswer:")
            }
        }
    }
}
