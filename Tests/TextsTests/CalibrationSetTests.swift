// Calibration texts from files: which are taken, what the seed decides, how errors are told.

import EngineTestSupport
import Failures
import Foundation
import SystemPackage
import TensorMath
import Testing
import Texts

@Suite struct CalibrationSetTests {
    static func write(_ text: String, _ name: String = "data.txt") throws -> (
        CheckpointScratch, String
    ) {
        let scratch = try CheckpointScratch()
        return (scratch, try scratch.write(Array(text.utf8), name).string)
    }

    static let lines = (1...60).map { "{\"text\": \"line \($0)\"}" }.joined(separator: "\n")

    @Test("all lines that hold something are taken, with their places")
    func allLines() throws {
        let lines = ["one", "two", "three"].map { "{\"text\": \"\($0)\"}" }
        let (scratch, path) = try Self.write(
            "\(lines[0])\n\n  \t\r\n\(lines[1])\r\n\(lines[2])\n")
        let samples = try CalibrationSet.load(CalibrationSource(dataset: .jsonl, path: path))
        #expect(samples.map(\.text) == ["one", "two", "three"])
        #expect(samples.map(\.origin) == ["\(path):1", "\(path):4", "\(path):5"])
        withExtendedLifetime(scratch) {}
    }

    @Test("windows of a text lie end to end, whole, drawn by the seed in the text's order")
    func windows() throws {
        let tokens = (0..<103).map { Int32($0) }
        let all = CalibrationSet.windows(of: tokens, length: 10, count: nil, seed: 1)
        #expect(all.flatMap { $0 } == Array(tokens.prefix(100)))
        for length in 1...120 {
            for count in [1, 3, 200] {
                let windows = CalibrationSet.windows(
                    of: tokens, length: length, count: count, seed: 4)
                #expect(windows.count == max(1, min(count, 103 / length)))
                #expect(windows.allSatisfy { $0.count == min(length, 103) })
                let starts = windows.compactMap { $0.first.map(Int.init) }
                #expect(starts == starts.sorted() && Set(starts).count == starts.count)
                #expect(starts.allSatisfy { $0 % length == 0 })
            }
        }
        let draws = (0..<20).map {
            CalibrationSet.windows(of: tokens, length: 2, count: 5, seed: $0)
        }
        #expect(Set(draws).count == 20)
        #expect(CalibrationSet.windows(of: [], length: 4, count: 2, seed: 1) == [])
    }

    @Test("a seed takes the same sample again, another seed another one, in the file's order")
    func seeds() throws {
        let (scratch, path) = try Self.write(Self.lines)
        func load(_ seed: UInt64, _ samples: Int?) throws -> [String] {
            try CalibrationSet.load(
                CalibrationSource(dataset: .jsonl, path: path, samples: samples, seed: seed)
            ).map(\.text)
        }
        let first = try load(1, 10)
        #expect(first.count == 10 && Set(first).count == 10)
        #expect(try load(1, 10) == first)
        let numbers = first.compactMap { Int($0.dropFirst(5)) }
        #expect(numbers == numbers.sorted())
        #expect(Set(try (0..<20).map { try load($0, 10) }).count == 20)
        #expect(try load(1, 60).count == 60 && load(2, 1000).count == 60)
        withExtendedLifetime(scratch) {}
    }

    @Test("JSON lines give the named field, whatever separators their strings hold")
    func jsonLines() throws {
        let text =
            #"{"text": "a\nb", "n": 1}"# + "\n\n" + "{\"text\": \"x\u{2028}y\u{85}z\"}\r\n"
            + #"{"n": 2, "text": "é"}"#
        let (scratch, path) = try Self.write(text)
        let samples = try CalibrationSet.load(CalibrationSource(dataset: .jsonl, path: path))
        #expect(samples.map(\.text) == ["a\nb", "x\u{2028}y\u{85}z", "é"])
        #expect(samples.map(\.origin) == ["\(path):1", "\(path):3", "\(path):4"])
        withExtendedLifetime(scratch) {}
    }

    @Test(
        "a JSON line that is none, or lacks the field, is told by file and line",
        arguments: [
            ("{\"text\": \"a\"}\n{\"text\": }", 2, "is not JSON: byte 10"),
            ("\n[1]\n", 2, "is not a JSON object, but a list"),
            (
                "{\"text\": \"a\"}\n\n{\"words\": \"b\", \"id\": 3}", 3,
                "has no field `text` with a text; it has `id`, `words`"
            ),
            ("{}", 1, "has no field `text` with a text; it has none"),
            ("{\"text\": \"a\", \"text\": \"b\"}", 1, "key `text` appears twice"),
            ("{\"text\": 5}", 1, "field `text` should be a text; it is 5"),
        ])
    func badJSONLines(text: String, line: Int, words: String) throws {
        let (scratch, path) = try Self.write(text)
        let error = #expect(throws: CalibrationError.self) {
            try CalibrationSet.load(CalibrationSource(dataset: .jsonl, path: path))
        }
        guard case .badLine(path, line, let problem) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(problem.contains(words), "\(problem)")
        #expect(error?.description.hasPrefix("\(path):\(line): ") == true)
        withExtendedLifetime(scratch) {}
    }

    @Test("files that are missing, empty, a folder or no UTF-8 each have their own error")
    func files() throws {
        let scratch = try CheckpointScratch()
        func load(_ path: String, _ dataset: CalibrationSource.Dataset = .text) throws {
            _ = try CalibrationSet.load(CalibrationSource(dataset: dataset, path: path))
        }
        let missing = scratch.path.appending("none.txt").string
        let folder = try scratch.folder("folder").string
        for (path, cause) in [(missing, "no such file"), (folder, "it is a folder")] {
            let error = #expect(throws: CalibrationError.self) { try load(path) }
            guard case .unreadable(path, let reason, .user) = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(reason.hasPrefix(cause))
        }
        let blank = try scratch.write(Array(" \n\t\n\r\n".utf8), "blank.txt").string
        let empty = try scratch.write([], "empty.txt").string
        for path in [blank, empty] {
            for dataset in [CalibrationSource.Dataset.text, .jsonl] {
                #expect(throws: CalibrationError.empty(path: path)) { try load(path, dataset) }
            }
        }
        let binary = try scratch.write([0x61, 0x0A, 0xC3, 0xA9, 0x0A, 0xFF, 0xFE], "binary.txt")
            .string
        #expect(throws: CalibrationError.notUTF8(path: binary, line: 3)) { try load(binary) }
    }

    @Test("the limit is on the file that a link leads to")
    func linkToLargeFile() throws {
        let scratch = try CheckpointScratch()
        let large = try scratch.write([], "large.txt").string
        let handle = try #require(FileHandle(forWritingAtPath: large))
        // A hole: it takes no space on the disk.
        try handle.truncate(atOffset: UInt64(CalibrationSet.bytesMax) + 1)
        try handle.close()
        let link = scratch.path.appending("link.txt").string
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: large)
        let expected = CalibrationError.tooLarge(
            path: link, bytes: CalibrationSet.bytesMax + 1, limit: CalibrationSet.bytesMax)
        #expect(throws: expected) { try CalibrationSet.readText(link) }
    }

    /// A folder with `dev/<subject>_dev.csv` of `questions` questions each.
    static func mmlu(_ subjects: [String], questions: Int) throws -> CheckpointScratch {
        let scratch = try CheckpointScratch()
        _ = try scratch.folder("dev")
        for subject in subjects {
            let text = (1...questions).map { "\"\(subject), \($0)?\",w,x,y,z,A" }
            try scratch.write(
                Array(text.joined(separator: "\n").utf8), "dev/\(subject)_dev.csv")
        }
        return scratch
    }

    @Test("MMLU asks as the published pipeline does, one question a subject, by subject")
    func mmluQuestions() throws {
        let scratch = try Self.mmlu(["zoology", "anatomy", "law"], questions: 1)
        try scratch.write(Array("not one of them".utf8), "dev/readme.txt")
        let source = CalibrationSource(dataset: .mmlu, path: scratch.path.string)
        let samples = try CalibrationSet.load(source)
        #expect(
            samples.map(\.text)
                == ["anatomy", "law", "zoology"].map {
                    "\($0), 1?\nA. w\nB. x\nC. y\nD. z\nAnswer:"
                })
        #expect(samples[0].origin == scratch.path.string + "/dev/anatomy_dev.csv:1")
        #expect(try CalibrationSet.files(source).count == 3)
    }

    @Test("MMLU takes a seeded choice of each subject's questions")
    func mmluSeeds() throws {
        let scratch = try Self.mmlu(["a", "b"], questions: 30)
        func load(_ seed: UInt64, _ count: Int) throws -> [String] {
            try CalibrationSet.load(
                CalibrationSource(
                    dataset: .mmlu, path: scratch.path.string, samplesPerSubject: count,
                    seed: seed)
            ).map(\.text)
        }
        #expect(try load(1, 5).count == 10)
        #expect(try load(1, 5) == load(1, 5))
        #expect(try load(1, 5) != load(2, 5))
        #expect(try load(1, 99).count == 60)
    }

    @Test("MMLU gives one subject, or those of a category")
    func mmluSubject() throws {
        let scratch = try Self.mmlu(["anatomy", "astronomy", "virology", "own"], questions: 1)
        func files(_ subject: String) throws -> [String] {
            try CalibrationSet.files(
                CalibrationSource(dataset: .mmlu, path: scratch.path.string, subject: subject)
            ).map { String($0.split(separator: "/").last ?? "") }
        }
        #expect(try files("own") == ["own_dev.csv"])
        #expect(try files("stem") == ["anatomy_dev.csv", "astronomy_dev.csv"])
        #expect(try files("other") == ["virology_dev.csv"])
        let error = #expect(throws: CalibrationError.self) { try files("humanities") }
        #expect(error?.description.contains("no subject `humanities`") == true)
    }

    @Test("MMLU folders without files and files with wrong lines are told by name")
    func mmluErrors() throws {
        let scratch = try Self.mmlu(["a"], questions: 1)
        let root = scratch.path.string
        let other = try scratch.folder("val").string
        #expect(throws: CalibrationError.noSubjects(path: other, pattern: "*_val.csv")) {
            try CalibrationSet.load(CalibrationSource(dataset: .mmlu, path: root, split: "val"))
        }
        #expect(throws: CalibrationError.self) {
            try CalibrationSet.load(CalibrationSource(dataset: .mmlu, path: root, split: "test"))
        }
        let file = try scratch.write(Array("\nq,a,b\n".utf8), "dev/a_dev.csv").string
        let short = #expect(throws: CalibrationError.self) {
            try CalibrationSet.load(CalibrationSource(dataset: .mmlu, path: root))
        }
        #expect(short?.description.hasPrefix("\(file):2: has 3 fields") == true)
        try scratch.write(Array("\"q,a,b".utf8), "dev/a_dev.csv")
        #expect(throws: CSVError.openQuote(file: file, line: 1)) {
            try CalibrationSet.load(CalibrationSource(dataset: .mmlu, path: root))
        }
    }

    @Test("for each text that is drawn and empty another is drawn, as long as there are any")
    func emptyTexts() throws {
        for (filled, empty) in [(40, 20), (3, 400), (1, 0), (1, 70)] {
            let lines =
                (0..<filled).map { #"{"text": "line \#($0)"}"# }
                + [String](repeating: #"{"text": " "}"#, count: empty)
            // Scattered, the same way each time.
            let all = lines.indices.map { lines[($0 * 97) % lines.count] }
            let (scratch, path) = try Self.write(all.joined(separator: "\n"))
            for samples in [1, 2, 10, nil] {
                var left: [String] = []
                let found = try CalibrationSet.load(
                    CalibrationSource(dataset: .jsonl, path: path, samples: samples)
                ) { left.append($0) }
                #expect(
                    found.count
                        == min(samples ?? .max, Set(all).subtracting([#"{"text": " "}"#]).count))
                #expect(found.allSatisfy { $0.text.hasPrefix("line ") })
                let places = found.compactMap { Int($0.origin.split(separator: ":").last ?? "") }
                #expect(places == places.sorted() && Set(places).count == places.count)
                #expect(Set(left).count == left.count && left.count <= empty)
            }
            withExtendedLifetime(scratch) {}
        }
        let (scratch, path) = try Self.write(#"{"text": ""}"# + "\n" + #"{"text": "\n"}"#)
        #expect(throws: CalibrationError.onlyEmpty(path: path, count: 2)) {
            try CalibrationSet.load(CalibrationSource(dataset: .jsonl, path: path))
        }
        withExtendedLifetime(scratch) {}
    }
}
