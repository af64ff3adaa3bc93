// HellaSwag (Zellers et al. 2019, arXiv 1905.07830) from its jsonl, prepared as
// lm-evaluation-harness 0.4.13 does (tasks/hellaswag/utils.py).

import Catalogue
import PythonText
import Texts

struct HellaSwagTask: QuestionTask {
    let name = "hellaswag"
    let isNormalised = true

    func questions(at path: String, _ parameters: Parameters) throws -> QuestionSet {
        var set = QuestionSet()
        for record in try TaskFiles.records(path) {
            let context =
                try record.text("ctx_a") + " " + PythonText.capitalize(try record.text("ctx_b"))
            let endings = try record.texts("endings").map(Self.prepared)
            guard let answer = try record.label("label") else {
                set.leftOut.append("\(record.place): has no label")
                continue
            }
            guard endings.indices.contains(answer) else {
                set.leftOut.append(
                    "\(record.place): label \(answer) is none of its \(endings.count) endings")
                continue
            }
            set.questions.append(
                Question(
                    origin: record.place,
                    context: Self.prepared(try record.text("activity_label") + ": " + context),
                    choices: endings, answer: answer))
        }
        return set
    }

    /// Leaves the marks of WikiHow out. White space goes first, so that a bracket removed at the
    /// end leaves the space before it: the harness does the same.
    static func prepared(_ text: String) -> String {
        let plain = PythonText.replace(PythonText.strip(text), " [title]", ". ")
        return PythonText.replace(PythonText.removingBrackets(plain), "  ", " ")
    }
}
