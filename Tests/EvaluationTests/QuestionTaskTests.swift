// Benchmarks' files become the prompts that lm-evaluation-harness builds; what is wrong with a
// file is named by its place.

import Catalogue
import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import Evaluation

@Suite struct QuestionTaskTests {
    static let fixtures = Places.fixtures.appending(path: "Evaluate")

    private func write(_ text: String, _ name: String, in folder: TemporaryFolder) throws -> String
    {
        let file = folder.url.appending(path: name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
        return file.path
    }

    private func questions(
        _ task: String, _ path: String, _ values: [String: ParameterValue] = [:]
    ) throws -> QuestionSet {
        let parameters = Parameters(values).completed(with: Offer.task(task)?.parameters ?? [])
        return try #require(QuestionTasks.find(task)).chosen(at: path, parameters)
    }

    @Test("every task of questions is in the catalogue")
    func catalogue() {
        for task in QuestionTasks.all { #expect(Offer.task(task.name) != nil) }
        for task in GenerationTasks.all { #expect(Offer.task(task.name) != nil) }
        #expect(Offer.tasks.count == QuestionTasks.all.count + GenerationTasks.all.count + 2)
    }

    @Test("hellaswag: capitals are lowered, marks removed, a bracket leaves its space")
    func hellaswag() throws {
        let folder = try TemporaryFolder()
        let line = #"""
            {"activity_label":" Cooking","ctx_a":"A man [header] stands [title] there","ctx_b":"eats A BIG burger","endings":[" x  y   z ","and [substeps]","[a\nb]","d"],"label":"2"}
            """#
        let path = try write(
            line + "\n\n" + line.replacing("\"2\"", with: "\"\"") + "\n"
                + line.replacing("\"2\"", with: "9"), "h.jsonl", in: folder)
        let set = try questions("hellaswag", path)
        #expect(set.questions.count == 1)
        let question = try #require(set.questions.first)
        #expect(question.context == "Cooking: A man stands. there Eats a big burger")
        #expect(question.choices == ["x y  z", "and ", "[a\nb]", "d"])
        #expect(question.answer == 2)
        #expect(
            set.leftOut == [
                "\(path):3: has no label", "\(path):4: label 9 is none of its 4 endings",
            ])
    }

    @Test("race: earlier questions stand before the last one with their answers")
    func race() throws {
        let set = try questions("race", Self.fixtures.appending(path: "race").path)
        #expect(set.questions.count == 4)
        let context = set.questions[0].context
        #expect(context.hasPrefix("Article: The schoolmaster"))
        #expect(
            context.hasSuffix(
                "firewood.\n\nQuestion: What did the schoolmaster keep?\nAnswer: Bees\nAccording to "
                    + "the passage, a bee does not sting a quiet hand\nWhy did the children sell "
                    + "the honey?"))
        #expect(set.questions[0].answer == 2)
    }

    @Test("race: one article in all its layouts asks the same")
    func raceLayouts() throws {
        let folder = try TemporaryFolder()
        let article = #""article":"It's \"so\"\n\u00e9.""#
        _ = try write(
            "{" + article
                + #","questions":["Who?","Why  _  ."],"options":[["a'b","b","c","d"],["é\"","\\","g\n","h"]],"answers":["B","C"],"id":"x"}"#,
            "race/test/high/1.txt", in: folder)
        let rows = try write(
            "{" + article + #","question":"Who?","options":["a'b","b","c","d"],"answer":"B"}"#
                + "\n"
                + "{" + article
                + #","question":"Why  _  .","options":["é\"","\\","g\n","h"],"answer":"C"}"#,
            "rows.jsonl", in: folder)
        // As Python's str() writes the list of problems, inside a JSON string.
        let literal = try write(
            "{" + article
                + #","problems":"[{'question': 'Who?', 'answer': 'B', 'options': [\"a'b\", 'b', 'c', 'd']}, {'question': 'Why  _  .', 'answer': 'C', 'options': ['é\"', '\\\\', 'g\\n', 'h']}]"}"#,
            "literal.jsonl", in: folder)
        let list = try write(
            "{" + article
                + #","problems":[{"question":"Who?","answer":"B","options":["a'b","b","c","d"]},{"question":"Why  _  .","answer":"C","options":["é\"","\\","g\n","h"]}]}"#,
            "list.jsonl", in: folder)
        let wanted = try #require(questions("race", folder.path + "/race").questions.first)
        #expect(wanted.choices == ["é\"", "\\", "g\n", "h"] && wanted.answer == 2)
        #expect(
            wanted.context
                == "Article: It's \"so\"\né.\n\nQuestion: Who?\nAnswer: b\nWhy  _  .")
        for path in [rows, literal, list] {
            var found = try questions("race", path).questions
            #expect(found.count == 1)
            found[0].origin = wanted.origin
            #expect(found == [wanted], "\(path)")
        }
        let broken = try write(
            "{" + article + #","problems":"[{'question': 'Who?', 'answer': None}]"}"#, "b.jsonl",
            in: folder)
        #expect(
            throws: EvaluationError.badLine(
                path: broken, line: 1,
                problem: "field `problems`: not a list in Python's spelling: expected a text in "
                    + "quotes at character 33")
        ) { try questions("race", broken) }
    }

    @Test("race: a file that is no JSON is told by its line, one that lacks a field by the field")
    func brokenRace() throws {
        let folder = try TemporaryFolder()
        for (text, line, problem) in [
            ("{\"article\":\"x\",\n\"questions\":[}\n", 2, "column 14"),
            ("{\"article\":\"x\"}", 1, "has no field `questions`"),
            (
                #"{"article":"x","questions":["q"],"options":[],"answers":["A"]}"#, 1,
                "1 questions, 0 lists of options and 1 answers"
            ),
            (
                #"{"article":"x","questions":["q"],"options":[["a",1]],"answers":["A"]}"#, 1,
                "question 1 has an option that is no text"
            ),
        ] {
            let path = try write(text, "race/a.txt", in: folder)
            let error = #expect(throws: EvaluationError.self) {
                try questions("race", folder.path + "/race")
            }
            guard case .badLine(path, line, let found) = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(found.contains(problem), "\(found)")
        }
    }

    @Test("a question with a choice longer than the context is left out by its number")
    func longChoice() throws {
        func question(_ lengths: [Int]) -> TokenisedQuestion {
            TokenisedQuestion(
                subject: "law", context: [1],
                continuations: lengths.map { Array(repeating: 7, count: $0) },
                lengths: lengths, answer: 0)
        }
        let prepared = PreparedQuestions(
            questions: [question([4, 1]), question([1, 5]), question([2, 2])], categories: [:],
            leftOut: ["before"])
        let fitting = prepared.fitting(contextLength: 4)
        #expect(fitting.questions == [prepared.questions[0], prepared.questions[2]])
        #expect(
            fitting.leftOut == [
                "before", "question 2 (law): a choice of 5 tokens is longer than the context of 4",
            ])
    }

    @Test("mmlu: examples before the question, stripped; two spaces in the official reading")
    func mmlu() throws {
        let folder = try TemporaryFolder()
        let dev = (1...5).map { "\"Q\($0)?\",a,b,c,d,B" }.joined(separator: "\n")
        _ = try write(dev, "dev/world_history_dev.csv", in: folder)
        let test = try write(
            "\" What? \",1,None,3,4,C\nBad,1,2,3,4,E\n", "test/world_history_test.csv", in: folder)
        _ = try write("", "test/empty_test.csv", in: folder)
        let set = try questions("mmlu", folder.path, ["shots": .integer(1)])
        #expect(set.questions.count == 1)
        #expect(
            set.questions[0].context
                == "The following are multiple choice questions (with answers) about world "
                + "history.\n\nQ1?\nA. a\nB. b\nC. c\nD. d\nAnswer: B\n\n"
                + "What?\nA. 1\nB. None\nC. 3\nD. 4\nAnswer:")
        #expect(set.questions[0].answer == 2)
        #expect(
            set.leftOut == [
                "\(folder.path)/test/empty_test.csv: holds no question",
                "\(test):2: the answer \"E\" is none of A, B, C, D",
            ])
        let official = try questions("mmlu-official", folder.path, ["shots": .integer(0)])
        #expect(
            official.questions[0].context
                == "The following are multiple choice questions (with answers) about  world "
                + "history.\n\n What? \nA. 1\nB. nan\nC. 3\nD. 4\nAnswer:")
        #expect(throws: EvaluationError.self) {
            try questions("mmlu", folder.path, ["shots": .integer(6)])
        }
    }

    @Test("mmlu: a question of the dev split is none of its own examples")
    func devSplit() throws {
        let folder = try TemporaryFolder()
        let rows = (1...4).map { "\"Q\($0)?\",a,b,c,d,B" }
        // The last one is the first again.
        let dev = try write(
            (rows + [rows[0]]).joined(separator: "\n"), "dev/law_dev.csv", in: folder)
        for task in ["mmlu", "mmlu-official"] {
            func asked(_ shots: Int) throws -> [[String]] {
                try questions(
                    task, folder.path, ["split": .text("dev"), "shots": .integer(shots)]
                ).questions.map { $0.context.matches(of: /Q\d/).map { String($0.output) } }
            }
            let two = [
                ["Q2", "Q3", "Q1"], ["Q1", "Q3", "Q2"], ["Q1", "Q2", "Q3"], ["Q1", "Q2", "Q4"],
                ["Q2", "Q3", "Q1"],
            ]
            #expect(try asked(2) == two)
            #expect(try asked(0) == [["Q1"], ["Q2"], ["Q3"], ["Q4"], ["Q1"]])
            #expect(throws: EvaluationError.tooFewShots(path: dev, found: 3, wanted: 4)) {
                try asked(4)
            }
        }
    }

    @Test("boolq and piqa read both of their layouts")
    func layouts() throws {
        let folder = try TemporaryFolder()
        let google = try write(
            #"{"question":"is it","title":"T","answer":true,"passage":"P"}"#, "g.jsonl", in: folder)
        let glue = try write(
            #"{"question":"is it","passage":"T -- P","label":1,"idx":0}"#, "s.jsonl", in: folder)
        let (left, right) = (try questions("boolq", google), try questions("boolq", glue))
        #expect(left.questions[0].context == "T -- P\nQuestion: is it?\nAnswer:")
        #expect(left.questions[0].context == right.questions[0].context)
        #expect(left.questions[0].answer == 1 && right.questions[0].answer == 1)
        let piqa = try questions("piqa", Self.fixtures.appending(path: "piqa.jsonl").path)
        #expect(piqa.questions.map(\.answer) == [0, 1, 0, 0, 0, 0, 0, 0, 0, 0])
        #expect(piqa.questions[1].context == "Question: To carry hot soup to the table,\nAnswer:")
    }

    @Test("broken lines are named by file and line")
    func brokenLines() throws {
        let folder = try TemporaryFolder()
        let good = #"{"context":"c","choices":["a","b"],"answer":"B"}"#
        let cases = [
            ("{\"context\":", "is not JSON: column 12: the text ends too early"),
            ("[1]", "is not a JSON object, but a list"),
            (
                #"{"choices":["a","b"],"answer":0}"#,
                "has no field `context` with a text; it has `answer`, `choices`"
            ),
            (
                #"{"context":1,"choices":["a","b"],"answer":0}"#,
                "field `context` should be a text; it is 1"
            ),
            (
                #"{"context":"c","choices":["a"],"answer":0}"#,
                "field `choices` should be a list of at least two texts; it is a list of 1"
            ),
            (
                #"{"context":"c","choices":["a",2],"answer":0}"#,
                "field `choices` should be a list of at least two texts; it is a list of 2"
            ),
            (
                #"{"context":"c","choices":["a","b"],"answer":1.5}"#,
                "field `answer` should be a whole number; it is 1.5"
            ),
            (
                #"{"context":"c","choices":["a","b"],"answer":1e300}"#,
                "field `answer` should be a whole number; it is 1e300"
            ),
            (
                #"{"context":"c","choices":["a","b"],"answer":0,"subject":3}"#,
                "field `subject` should be a text; it is 3"
            ),
            (
                #"{"context":"c","choices":["a","b"],"answer":0,"answer":1}"#,
                "is not JSON: column 47: key `answer` appears twice"
            ),
        ]
        for (line, problem) in cases {
            let path = try write(good + "\n\n" + line + "\n", "m.jsonl", in: folder)
            #expect(throws: EvaluationError.badLine(path: path, line: 3, problem: problem)) {
                try questions("multiple-choice", path)
            }
        }
        let path = try write("a,b\n", "dev/x_dev.csv", in: folder)
        #expect(throws: EvaluationError.self) {
            try questions("mmlu", folder.path, ["split": .text("dev"), "shots": .integer(0)])
        }
        #expect(path.hasSuffix("x_dev.csv"))
    }

    @Test("a limit takes the first questions of each subject, a seed draws them")
    func limits() throws {
        let folder = try TemporaryFolder()
        let lines = (0..<40).map {
            #"{"context":"c\#($0)","choices":["a","b"],"answer":0,"subject":"s\#($0 % 2)"}"#
        }
        let path = try write(lines.joined(separator: "\n"), "m.jsonl", in: folder)
        let first = try questions("multiple-choice", path, ["limit": .integer(3)])
        #expect(first.questions.map(\.context) == ["c0", "c2", "c4", "c1", "c3", "c5"])
        let drawn = try questions(
            "multiple-choice", path, ["limit": .integer(3), "seed": .integer(4)])
        #expect(drawn.questions.map(\.subject) == ["s0", "s0", "s0", "s1", "s1", "s1"])
        #expect(drawn.questions != first.questions)
    }

    @Test("accuracies, pooled errors and the first of equals, by hand")
    func scores() throws {
        func question(_ subject: String, _ answer: Int, _ lengths: [Int]) -> TokenisedQuestion {
            TokenisedQuestion(
                subject: subject, context: [1], continuations: [[1], [2]], lengths: lengths,
                answer: answer)
        }
        let questions = [
            question("x", 0, [1, 1]), question("x", 1, [1, 4]), question("x", 1, [1, 1]),
            question("y", 0, [1, 1]), question("y", 1, [1, 1]),
        ]
        let values: [[Double]] = [[-1, -1], [-1, -2], [-3, -2], [-5, -4], [-2, -1]]
        let figures = ChoiceScore.figures(
            questions, values, isNormalised: true, categories: ["x": "c"])
        #expect(
            figures.map(\.metric) == ["accuracy", "accuracy_normalised", "accuracy_macro"])
        #expect(abs(figures[0].value - 0.6) < 1e-12)
        #expect(abs(figures[1].value - 0.8) < 1e-12)
        #expect(abs(figures[2].value - (2.0 / 3 + 0.5) / 2) < 1e-12)
        // Errors: x 1/3, y 1/2; pooled sqrt((3 * 2 / 9 + 2 * 1 / 4) / (5 - 2) / 5).
        let pooled = ((6.0 / 9 + 0.5) / 3 / 5).squareRoot()
        #expect(abs((figures[0].standardError ?? 0) - pooled) < 1e-12)
        #expect(figures[0].categories.map(\.name) == ["c"])
        #expect(figures[0].categories.map(\.count) == [3])
        #expect(figures[2].standardError != nil)

        // Of one question nobody knows how answers scatter: alone, pooled, among subjects.
        let single = ChoiceScore.figures(
            Array(questions[2...3]), Array(values[2...3]), isNormalised: false,
            categories: ["x": "c"])
        #expect(single.map(\.standardError) == [nil, nil])
        #expect(single[0].subjects.map(\.standardError) == [nil, nil])
        #expect(single[0].categories.map(\.standardError) == [nil])
        // One subject of one question leaves the others' errors to the pool, and no macro error.
        let mixed = ChoiceScore.figures(
            Array(questions[0...3]), Array(values[0...3]), isNormalised: false, categories: [:])
        let three = try #require(mixed[0].subjects[0].standardError)
        #expect(mixed[0].standardError == (6 * three * three / 2 / 4).squareRoot())
        #expect(mixed[1].standardError == nil)
    }

    @Test("flips and the divergence of choices, by hand")
    func comparison() {
        let questions = [(0, [1, 1]), (1, [1, 4]), (1, [1, 1]), (0, [2, 2])].map {
            TokenisedQuestion(
                subject: "", context: [1], continuations: [[1], [2]], lengths: $0.1,
                answer: $0.0)
        }
        // Likelihoods need not add up to one: choices share what they have.
        let original = [[0.2, 0.1], [0.1, 0.3], [0.2, 0.2], [0.4, 0.1]].map { $0.map { log($0) } }
        let model = [[0.1, 0.3], [0.3, 0.1], [0.4, 0.1], [0.1, 0.025]].map { $0.map { log($0) } }
        func figures(isNormalised: Bool) -> [TaskFigure] {
            ChoiceComparison.figures(
                questions, model, original: original, isNormalised: isNormalised)
        }
        let plain = figures(isNormalised: false)
        #expect(plain.map(\.metric) == ["flips", "choice_divergence"])
        // Right and wrong: 0 and 1 flip; 2 is wrong for both (the first of equals); 3 is right.
        #expect(plain[0].value == 0.5 && plain[0].count == 4)
        // By length question 1 is right for both: log(0.1) / 4 is more than log(0.3).
        #expect(figures(isNormalised: true)[0].value == 0.25)
        // p log(p / q) over the choices of each question.
        let divergences = [
            2.0 / 3 * log(2.0 / 3 / 0.25) + 1.0 / 3 * log(1.0 / 3 / 0.75),
            0.25 * log(0.25 / 0.75) + 0.75 * log(0.75 / 0.25),
            0.5 * log(0.5 / 0.8) + 0.5 * log(0.5 / 0.2), 0,
        ]
        let mean = divergences.reduce(0, +) / 4
        let spread = divergences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        #expect(abs(plain[1].value - mean) < 1e-12)
        #expect(abs((plain[1].standardError ?? 0) - (spread / 3 / 4).squareRoot()) < 1e-12)
        let same = ChoiceComparison.figures(
            questions, original, original: original, isNormalised: false)
        #expect(same.map(\.value) == [0, 0])
    }
}
