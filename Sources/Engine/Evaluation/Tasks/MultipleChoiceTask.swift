// A lab's own questions: one JSON object a line with `context`, `choices`, `answer`, and `subject`
// where the figures shall be reported by subject.

import Catalogue
import JSON

struct MultipleChoiceTask: QuestionTask {
    let name = "multiple-choice"
    let isNormalised = true

    func questions(at path: String, _ parameters: Parameters) throws -> QuestionSet {
        var bySubject: [String: [Question]] = [:]
        var subjects: [String] = []
        var set = QuestionSet()
        for record in try TaskFiles.records(path) {
            let choices = try record.texts("choices")
            let letter = record.object["answer"]?.string.flatMap(TaskFiles.letter)
            let answer = try letter ?? record.label("answer")
            guard let answer, choices.indices.contains(answer) else {
                let found = answer.map { "answer \($0) (the first is 0)" } ?? "no answer"
                set.leftOut.append("\(record.place): has \(found), and \(choices.count) choices")
                continue
            }
            if let empty = choices.firstIndex(of: "") {
                set.leftOut.append("\(record.place): choice \(empty) is empty")
                continue
            }
            let subject = record.object["subject"] == nil ? "" : try record.text("subject")
            if bySubject[subject] == nil { subjects.append(subject) }
            bySubject[subject, default: []].append(
                Question(
                    origin: record.place, subject: subject, context: try record.text("context"),
                    choices: choices, answer: answer))
        }
        set.questions = subjects.flatMap { bySubject[$0, default: []] }
        return set
    }
}
