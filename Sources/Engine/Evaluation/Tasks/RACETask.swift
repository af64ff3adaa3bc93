// RACE (Lai et al. 2017, arXiv 1704.04683), the high-school part, asked as lm-evaluation-harness
// 0.4.13 asks it (tasks/race, version 3.0): one question per article, its last; the earlier ones
// stand before it with their answers.

import Catalogue
import JSON
import Texts

struct RACETask: QuestionTask {
    let name = "race"

    func files(at path: String, _ parameters: Parameters) throws -> [String] {
        guard TaskFiles.isFolder(path) else { return [path] }
        for folder in ["\(path)/test/high", "\(path)/high", path] {
            let names = TaskFiles.names(in: folder, suffix: ".txt")
            if !names.isEmpty { return names.map { "\(folder)/\($0)" } }
        }
        throw EvaluationError.noSuchFile(
            path: path, expected: "a folder with test/high/*.txt, high/*.txt or *.txt, or a jsonl")
    }

    func questions(at path: String, _ parameters: Parameters) throws -> QuestionSet {
        let articles =
            TaskFiles.isFolder(path)
            ? try files(at: path, parameters).map(Self.article(file:))
            : try Self.articles(rows: path)
        var set = QuestionSet()
        for article in articles {
            if let problem = article.fault {
                set.leftOut.append("\(article.origin): \(problem)")
                continue
            }
            guard let last = article.problems.last, let answer = TaskFiles.letter(last.answer)
            else {
                set.leftOut.append("\(article.origin): holds no question")
                continue
            }
            set.questions.append(
                Question(
                    origin: article.origin, context: article.context, choices: last.options,
                    answer: answer))
        }
        return set
    }

    // MARK: Articles

    struct Problem: Equatable {
        var question: String
        var options: [String]
        /// A letter.
        var answer: String
    }

    struct Article: Equatable {
        var origin: String
        var text: String
        var problems: [Problem]

        /// Why the article cannot be asked about; nil where it can.
        var fault: String? {
            for problem in problems {
                guard problem.options.count == 4 else {
                    return "a question has \(problem.options.count) options, 4 were expected"
                }
                guard let answer = TaskFiles.letter(problem.answer), answer < 4 else {
                    return "the answer \"\(problem.answer)\" is none of A, B, C, D"
                }
            }
            return nil
        }

        /// Only for articles without fault.
        var context: String {
            var text = "Article: " + self.text + "\n\n"
            for problem in problems.dropLast() {
                let option = problem.options[TaskFiles.letter(problem.answer) ?? 0]
                if problem.question.hasSuffix("  _  .") {
                    // Python's question[:-5]: the gap is filled, one space stays before it.
                    text += String(problem.question.unicodeScalars.dropLast(5)) + option + "\n"
                } else {
                    text += "Question: " + problem.question + "\nAnswer: " + option + "\n"
                }
            }
            return text + (problems.last?.question ?? "")
        }
    }

    /// The published layout: a file per article.
    private static func article(file: String) throws -> Article {
        let text = try CalibrationSet.readText(file)
        let record = TaskRecord(
            path: file, line: 1, object: try TaskFiles.object(text[...], file, line: 1))
        let questions = try record.list("questions")
        let options = try record.list("options")
        let answers = try record.list("answers")
        guard questions.count == options.count, questions.count == answers.count else {
            throw record.problem(
                "has \(questions.count) questions, \(options.count) lists of options and "
                    + "\(answers.count) answers; expected equal numbers")
        }
        let problems = try questions.indices.map { index in
            try problem(
                JSONObject([
                    ("question", questions[index]), ("options", options[index]),
                    ("answer", answers[index]),
                ]), named: "question \(index + 1)", of: record)
        }
        return Article(origin: file, text: try record.text("article"), problems: problems)
    }

    /// A row per question, as Hugging Face has it (rows of one article are grouped in order), or
    /// a row per article with all its `problems`, as the harness downloads it.
    private static func articles(rows path: String) throws -> [Article] {
        var articles: [Article] = []
        var places: [String: Int] = [:]
        for record in try TaskFiles.records(path) {
            let text = try record.text("article")
            guard record.object["problems"] == nil else {
                articles.append(
                    Article(origin: record.place, text: text, problems: try problems(of: record)))
                continue
            }
            let problem = Problem(
                question: try record.text("question"), options: try record.texts("options"),
                answer: try record.text("answer"))
            if let place = places[text] {
                articles[place].problems.append(problem)
            } else {
                places[text] = articles.count
                articles.append(Article(origin: record.place, text: text, problems: [problem]))
            }
        }
        return articles
    }

    /// The list in `problems`: as JSON, or in Python's spelling inside a text.
    private static func problems(of record: TaskRecord) throws -> [Problem] {
        var elements: [JSONValue]
        if let text = record.object["problems"]?.string {
            do throws(PythonLiteralFault) {
                guard case .array(let read) = try PythonLiteral.parse(text) else {
                    throw .unexpected(offset: 0, expected: "a list")
                }
                elements = read
            } catch {
                throw record.problem("field `problems`: \(error)")
            }
        } else {
            elements = try record.list("problems")
        }
        return try elements.enumerated().map { index, element in
            guard case .object(let object) = element else {
                throw record.problem("problem \(index + 1) is \(element.kind), not an object")
            }
            return try problem(object, named: "problem \(index + 1)", of: record)
        }
    }

    private static func problem(
        _ object: JSONObject, named name: String, of record: TaskRecord
    ) throws(EvaluationError) -> Problem {
        guard let question = object["question"]?.string, let answer = object["answer"]?.string,
            case .array(let elements) = object["options"]
        else {
            throw record.problem(
                "\(name) is not a question with a text, a list of options and a letter")
        }
        let options = elements.compactMap(\.string)
        guard options.count == elements.count else {
            throw record.problem("\(name) has an option that is no text")
        }
        return Problem(question: question, options: options, answer: answer)
    }
}
