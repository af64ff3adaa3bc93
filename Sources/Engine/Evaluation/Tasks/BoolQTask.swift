// BoolQ (Clark et al. 2019, arXiv 1905.10044) from Google's jsonl or SuperGLUE's, asked as
// lm-evaluation-harness 0.4.13 asks it (tasks/super_glue/boolq).

import Catalogue
import JSON

struct BoolQTask: QuestionTask {
    let name = "boolq"

    func questions(at path: String, _ parameters: Parameters) throws -> QuestionSet {
        var set = QuestionSet()
        for record in try TaskFiles.records(path) {
            var passage = try record.text("passage")
            // SuperGLUE's passages begin with the title, Google's have it apart.
            if record.object["title"] != nil {
                passage = try record.text("title") + " -- " + passage
            }
            let key = record.object["label"] == nil ? "answer" : "label"
            guard let answer = try record.label(key), (0...1).contains(answer) else {
                set.leftOut.append("\(record.place): `\(key)` is neither true nor false")
                continue
            }
            set.questions.append(
                Question(
                    origin: record.place,
                    context: passage + "\nQuestion: " + (try record.text("question"))
                        + "?\nAnswer:",
                    choices: ["no", "yes"], answer: answer))
        }
        return set
    }
}
