// Stage `questions`: a benchmark's files as tokenised questions, once for all models that share
// the tokenizer.

import Catalogue
import Checkpoint
import Evaluation
import Foundation
import JSON
import Jobs
import Model
import Store
import SystemPackage
import Texts

/// Tokenised questions with the digest of their bytes.
struct StoredQuestions {
    let prepared: PreparedQuestions
    let digest: Digest
}

struct QuestionStage: Stage {
    let name = "questions"
    let version = 4
    let task: any QuestionTask
    let inputs: StageInputs
    private let path: String
    private let parameters: Parameters
    private let encoder: PromptEncoder
    /// The task's files.
    private let data: ReadFiles

    /// Reads the data for their digest.
    init(
        _ task: any QuestionTask, at path: String, _ parameters: Parameters,
        tokenizer: IdentifiedTokenizer, encoder: PromptEncoder, _ progress: ProgressReporter
    ) throws {
        self.task = task
        self.path = path
        self.parameters = parameters
        self.encoder = encoder
        data = try ReadFiles(try task.files(at: path, parameters)) {
            try Self.digest(of: $0, progress)
        }
        inputs = [
            (role: "tokenizer", digest: tokenizer.digest), (role: "data", digest: data.digest),
        ]
    }

    var params: KeyJSON {
        let names = parameters.values.keys.filter { $0 != "path" }
        return [
            "parameters": parameters.canonical(Array(names)),
            "prefix": .integer(Int(encoder.prefixID ?? -1)), "task": .string(task.name),
        ]
    }

    var detail: String {
        let count = data.files.count
        return "\(task.name), \(count) file\(count == 1 ? "" : "s")"
    }

    /// It is done before anything is planned, because all counts come from it.
    var work: Work { .none }

    func assumed(_ unknown: StageResult) throws -> StoredQuestions {
        throw unknown.lost("questions")
    }

    func compute(_ outputs: inout StageOutputs, _ cache: StageCache) throws {
        let prepared = try data.whileUnchanged(
            { try task.files(at: path, parameters) },
            {
                try PreparedQuestions(
                    task, at: path, parameters, encoder: encoder, observer: cache.progress)
            })
        try outputs.put("questions", try QuestionFile.encode(prepared), elementBytes: 4)
    }

    func decode(_ stored: StageResult) throws -> StoredQuestions {
        guard let prepared = try QuestionFile.decode(try stored.archive("questions")) else {
            throw stored.lost("questions")
        }
        return StoredQuestions(prepared: prepared, digest: try stored.digest("questions"))
    }

    private static func digest(of file: String, _ progress: ProgressReporter) throws -> Digest {
        try progress.checkpoint()
        guard FileManager.default.isReadableFile(atPath: file) else {
            throw EvaluationError.noSuchFile(path: file, expected: "a file of the task's data")
        }
        return try MappedBytes.digest(FilePath(file))
    }
}

/// Tokenised questions as a file of arrays.
private enum QuestionFile {
    private struct Names: Codable {
        var subjects: [String]
        var categories: [String: String]
        var leftOut: [String]
    }

    static func encode(_ prepared: PreparedQuestions) throws -> [UInt8] {
        let questions = prepared.questions
        var subjects: [String] = []
        var numbers: [String: Int32] = [:]
        for question in questions where numbers[question.subject] == nil {
            numbers[question.subject] = Int32(subjects.count)
            subjects.append(question.subject)
        }
        let names = Names(
            subjects: subjects, categories: prepared.categories, leftOut: prepared.leftOut)
        let text = [UInt8](try JobJSON.encode(names))
        let choices = questions.flatMap(\.continuations)
        var archive = TensorArchive()
        func add(_ name: String, _ values: [Int32]) {
            archive.add(name, shape: [values.count], integers: values)
        }
        add("names", text.map(Int32.init))
        add("subject", questions.map { numbers[$0.subject, default: 0] })
        add("answer", questions.map { Int32($0.answer) })
        add("context_count", questions.map { Int32($0.context.count) })
        add("context", questions.flatMap(\.context))
        add("choices", questions.map { Int32($0.continuations.count) })
        add("choice_count", choices.map { Int32($0.count) })
        add("choice", choices.flatMap { $0 })
        add("length", questions.flatMap { $0.lengths.map(Int32.init) })
        return archive.bytes
    }

    /// Nil where the arrays do not fit each other.
    static func decode(_ archive: TensorArchive) throws -> PreparedQuestions? {
        guard let text = archive.integers("names"), let subject = archive.integers("subject"),
            let answer = archive.integers("answer"),
            let contexts = cut(archive, "context", by: "context_count"),
            let counts = archive.integers("choices"),
            let choices = cut(archive, "choice", by: "choice_count"),
            let lengths = archive.integers("length"), lengths.count == choices.count,
            counts.allSatisfy({ $0 >= 0 }),
            counts.reduce(0, { $0 + Int($1) }) == choices.count,
            subject.count == answer.count, subject.count == contexts.count,
            subject.count == counts.count,
            let names = try? JSONDecoder().decode(
                Names.self, from: Data(text.map { UInt8(truncatingIfNeeded: $0) })),
            subject.allSatisfy({ names.subjects.indices.contains(Int($0)) })
        else { return nil }
        var place = 0
        let questions = subject.indices.map { index in
            let range = place..<place + Int(counts[index])
            place = range.upperBound
            return TokenisedQuestion(
                subject: names.subjects[Int(subject[index])], context: contexts[index],
                continuations: Array(choices[range]), lengths: lengths[range].map(Int.init),
                answer: Int(answer[index]))
        }
        return PreparedQuestions(
            questions: questions, categories: names.categories, leftOut: names.leftOut)
    }

    private static func cut(
        _ archive: TensorArchive, _ name: String, by countName: String
    ) -> [[Int32]]? {
        guard let values = archive.integers(name), let counts = archive.integers(countName),
            counts.allSatisfy({ $0 >= 0 }), counts.reduce(0, { $0 + Int($1) }) == values.count
        else { return nil }
        var start = 0
        return counts.map { count in
            defer { start += Int(count) }
            return Array(values[start..<start + Int(count)])
        }
    }
}
