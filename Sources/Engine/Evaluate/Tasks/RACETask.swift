// RACE (Lai et al. 2017, arXiv 1704.04683), the high-school part, asked as lm-evaluation-harness
// 0.4.13 asks it (tasks/race, version 3.0): one question per article, its last; the earlier ones
// stand before it with their answers.

import Catalogue
import Foundation

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
        guard
            let value = try? JSONSerialization.jsonObject(
                with: Data(try CalibrationSet.readText(file).utf8)),
            let object = value as? [String: Any], let text = object["article"] as? String,
            let questions = object["questions"] as? [String],
            let options = object["options"] as? [[String]],
            let answers = object["answers"] as? [String],
            questions.count == options.count, questions.count == answers.count
        else {
            throw EvaluationError.badLine(
                path: file, line: 1,
                problem: "is not a JSON object with article, and questions, options and answers of "
                    + "equal number")
        }
        let problems = questions.indices.map {
            Problem(question: questions[$0], options: options[$0], answer: answers[$0])
        }
        return Article(origin: file, text: text, problems: problems)
    }

    /// Hugging Face's layout: a row per question; rows of one article are grouped in order.
    private static func articles(rows path: String) throws -> [Article] {
        var articles: [Article] = []
        var places: [String: Int] = [:]
        for record in try TaskFiles.records(path) {
            let text = try record.text("article")
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
}
