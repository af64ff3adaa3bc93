// PIQA (Bisk et al. 2020, arXiv 1911.11641) from its jsonl with labels beside it, asked as
// lm-evaluation-harness 0.4.13 asks it.

import Catalogue
import PythonText
import Texts

struct PIQATask: QuestionTask {
    let name = "piqa"
    let isNormalised = true

    /// A folder stands for its validation split.
    private func file(_ path: String) -> String {
        TaskFiles.isFolder(path) ? path + "/valid.jsonl" : path
    }

    /// `valid.jsonl` has its labels in `valid-labels.lst`.
    private func labels(_ file: String) -> String {
        (file.hasSuffix(".jsonl") ? String(file.dropLast(6)) : file) + "-labels.lst"
    }

    func files(at path: String, _ parameters: Parameters) throws -> [String] {
        let file = file(path)
        return [file] + (TaskFiles.exists(labels(file)) ? [labels(file)] : [])
    }

    func questions(at path: String, _ parameters: Parameters) throws -> QuestionSet {
        let file = file(path)
        let records = try TaskFiles.records(file)
        let listed = TaskFiles.exists(labels(file)) ? try TaskFiles.lines(labels(file)) : nil
        if let listed, listed.count != records.count {
            throw EvaluationError.badLine(
                path: labels(file), line: listed.last?.number ?? 1,
                problem: "holds \(listed.count) labels for \(records.count) questions")
        }
        var set = QuestionSet()
        for (index, record) in records.enumerated() {
            var answer = try record.label("label")
            if let listed {
                guard let number = Int(PythonText.strip(String(listed[index].text))) else {
                    throw EvaluationError.badLine(
                        path: labels(file), line: listed[index].number,
                        problem: "is no label; expected 0 or 1")
                }
                answer = number
            }
            guard let answer, (0...1).contains(answer) else {
                let found = answer.map { "label \($0)" } ?? "no label"
                set.leftOut.append("\(record.place): has \(found); expected 0 or 1")
                continue
            }
            set.questions.append(
                Question(
                    origin: record.place,
                    context: "Question: " + (try record.text("goal")) + "\nAnswer:",
                    choices: [try record.text("sol1"), try record.text("sol2")], answer: answer))
        }
        return set
    }
}
