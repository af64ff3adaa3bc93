// MMLU from its csv folders (Hendrycks et al. 2021, arXiv 2009.03300), asked as
// lm-evaluation-harness 0.4.13 asks it, and as the published MKA pipeline does.

import Catalogue
import Foundation
import JSON
import PythonText
import Texts

/// A row of an MMLU file.
struct MMLURow {
    let origin: String
    let question: String
    let options: [String]
    let letter: String

    static let letters = ["A", "B", "C", "D"]

    /// `PATH/SPLIT/SUBJECT_SPLIT.csv`: question, A, B, C, D, answer; no header.
    static func read(_ path: String) throws -> [MMLURow] {
        try parseCSV(try CalibrationSet.readText(path), file: path).map { record in
            guard record.fields.count == 6 else {
                throw EvaluationError.badLine(
                    path: path, line: record.line,
                    problem: "has \(record.fields.count) fields, 6 were expected: question, A, B, "
                        + "C, D, answer")
            }
            return MMLURow(
                origin: "\(path):\(record.line)", question: record.fields[0],
                options: Array(record.fields[1...4]), letter: record.fields[5])
        }
    }

    /// Place of the answer; nil where it is none of the letters.
    var answer: Int? { Self.letters.firstIndex(of: letter) }

    /// Whether both are the same, wherever they stand.
    func asks(the other: MMLURow) -> Bool {
        question == other.question && options == other.options && letter == other.letter
    }
}

/// The folders and files of MMLU.
struct MMLUFolder {
    let path: String
    let split: String

    init(_ path: String, _ parameters: Parameters) {
        self.path = path
        split = parameters["split"]?.text ?? "test"
    }

    /// Subjects of the split, sorted.
    func subjects() throws(EvaluationError) -> [String] {
        let suffix = "_\(split).csv"
        let names = TaskFiles.names(in: "\(path)/\(split)", suffix: suffix)
        guard !names.isEmpty else {
            throw .noSuchFile(
                path: "\(path)/\(split)", expected: "a folder of files SUBJECT\(suffix)")
        }
        return names.map { String($0.dropLast(suffix.count)) }
    }

    func file(_ subject: String, _ split: String) -> String {
        "\(path)/\(split)/\(subject)_\(split).csv"
    }

    func files(shots: Int) throws(EvaluationError) -> [String] {
        try subjects().flatMap { subject in
            (shots > 0 ? [file(subject, "dev")] : []) + [file(subject, split)]
        }
    }

    /// The first `count` rows of the dev split. A question of that split is no example of itself.
    ///
    /// - Parameter dev: its rows.
    private func examples(
        _ dev: [MMLURow], of subject: String, before question: MMLURow, count: Int
    ) throws(EvaluationError) -> [MMLURow] {
        guard count > 0 else { return [] }
        let path = file(subject, "dev")
        let rows = split == "dev" ? dev.filter { !$0.asks(the: question) } : dev
        guard rows.count >= count else {
            throw .tooFewShots(path: path, found: rows.count, wanted: count)
        }
        if let wrong = rows.prefix(count).first(where: { $0.answer == nil }) {
            throw .badLine(
                path: path, line: Int(wrong.origin.dropFirst(path.count + 1)) ?? 0,
                problem: "the answer is \(quoted(wrong.letter)); an example needs A, B, C or D")
        }
        return Array(rows.prefix(count))
    }

    /// Questions of all subjects; what cannot be asked is counted.
    func questions(
        shots: Int, _ prompt: (_ subject: String, _ examples: [MMLURow], _ row: MMLURow) -> String
    ) throws -> QuestionSet {
        var set = QuestionSet()
        set.categories = MMLUCategories.bySubject
        for subject in try subjects() {
            let rows = try MMLURow.read(file(subject, split))
            if rows.isEmpty {
                set.leftOut.append("\(file(subject, split)): holds no question")
                continue
            }
            let dev = shots > 0 ? try MMLURow.read(file(subject, "dev")) : []
            for row in rows {
                guard let answer = row.answer else {
                    set.leftOut.append(
                        "\(row.origin): the answer \"\(row.letter)\" is none of A, B, C, D")
                    continue
                }
                let examples = try examples(dev, of: subject, before: row, count: shots)
                set.questions.append(
                    Question(
                        origin: row.origin, subject: subject,
                        context: prompt(subject, examples, row), choices: MMLURow.letters,
                        answer: answer))
            }
        }
        return set
    }
}

/// As lm-evaluation-harness: tasks/mmlu/default.
struct MMLUTask: QuestionTask {
    let name = "mmlu"

    func files(at path: String, _ parameters: Parameters) throws -> [String] {
        try MMLUFolder(path, parameters).files(shots: parameters.integer("shots"))
    }

    func questions(at path: String, _ parameters: Parameters) throws -> QuestionSet {
        try MMLUFolder(path, parameters).questions(shots: parameters.integer("shots")) {
            subject, examples, row in
            "The following are multiple choice questions (with answers) about "
                + subject.replacingOccurrences(of: "_", with: " ") + ".\n\n"
                + examples.map { Self.text($0) + " " + $0.letter + "\n\n" }.joined()
                + Self.text(row)
        }
    }

    static func text(_ row: MMLURow) -> String {
        PythonText.strip(row.question)
            + zip(MMLURow.letters, row.options).map { "\n\($0). \($1)" }.joined() + "\nAnswer:"
    }
}

/// As the published MKA pipeline: two spaces before the subject, questions as they are, no BOS,
/// never cut, and a choice is the last token of the bare letter.
struct OfficialMMLUTask: QuestionTask {
    let name = "mmlu-official"
    let rule = PromptRule.bareLastToken

    func files(at path: String, _ parameters: Parameters) throws -> [String] {
        try MMLUFolder(path, parameters).files(shots: parameters.integer("shots"))
    }

    func questions(at path: String, _ parameters: Parameters) throws -> QuestionSet {
        try MMLUFolder(path, parameters).questions(shots: parameters.integer("shots")) {
            subject, examples, row in
            "The following are multiple choice questions (with answers) about  "
                + subject.replacingOccurrences(of: "_", with: " ") + ".\n\n"
                + examples.map { Self.text($0) + " " + $0.letter + "\n\n" }.joined()
                + Self.text(row)
        }
    }

    private static func text(_ row: MMLURow) -> String {
        row.question
            + zip(MMLURow.letters, row.options).map { "\n\($0). \(cell($1))" }.joined()
            + "\nAnswer:"
    }

    /// What pandas reads as "not a number" comes out of it as the text `nan`.
    private static func cell(_ text: String) -> String {
        missing.contains(text) ? "nan" : text
    }

    private static let missing: Set<String> = [
        "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
        "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
    ]
}
