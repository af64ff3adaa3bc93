// GSM8K (Cobbe et al. 2021, arXiv 2110.14168), asked and scored as lm-evaluation-harness 0.4.13
// does (tasks/gsm8k, version 3.0): worked examples before each question, drawn anew for each.

import Catalogue
import Generation
import TensorMath
import Texts
import Tokenizer

struct GSM8KTask: GenerationTask {
    let name = "gsm8k"
    /// As the harness, unless it is told otherwise.
    let usesChatTemplate = false

    /// Beside the tokenizer's own `eos_token`, as the harness.
    private static let until = ["Question:", "</s>", "<|im_end|>"]
    /// Of the harness's draws.
    private static let seed: UInt32 = 1234

    private struct Problem {
        let question: String
        let answer: String

        init(_ record: TaskRecord) throws(EvaluationError) {
            question = try record.text("question")
            answer = try record.text("answer")
        }

        var prompt: String { "Question: \(question)\nAnswer:" }
    }

    /// The harness asks in plain text, whatever the model.
    func prompts(
        at path: String, _ parameters: Parameters, encoder: PromptEncoder, chat _: ChatPrompt?,
        contextLength: Int
    ) throws -> PreparedPrompts {
        let (file, train) = Self.files(path)
        let all = try TaskFiles.records(file)
        guard !all.isEmpty else {
            throw EvaluationError.noQuestions(
                path: file, expected: "a JSON object a line with `question` and `answer`")
        }
        let shots = parameters.integer("shots")
        let examples = shots > 0 ? try TaskFiles.records(train).map(Problem.init) : []
        guard examples.count >= shots else {
            throw EvaluationError.tooFewShots(path: train, found: examples.count, wanted: shots)
        }
        let tokensMax = parameters.integer("tokens")
        guard tokensMax < contextLength else {
            throw EvaluationError.noRoom(tokens: tokensMax, contextLength: contextLength)
        }
        var draws = MersenneTwister(pythonSeed: Self.seed)
        var cut = 0
        let prompts = try Self.chosen(all, parameters).map { record in
            let problem = try Problem(record)
            let before = draws.pythonSample(shots, of: examples.count)
                .map { "\(examples[$0].prompt) \(examples[$0].answer)\n\n" }
            let tokens = try encoder.encode(before.joined() + problem.prompt)
            if tokens.count > contextLength - tokensMax { cut += 1 }
            return Prompt(
                text: problem.question, tokens: tokens.suffix(contextLength - tokensMax),
                target: problem.answer)
        }
        var prepared = PreparedPrompts(prompts, tokensMax: tokensMax)
        prepared.until = Self.until
        if let end = encoder.endText, !Self.until.contains(end) { prepared.until.append(end) }
        if cut > 0 {
            prepared.notes.append(
                "gsm8k: \(cut) of \(prompts.count) prompts leave no room for \(tokensMax) tokens "
                    + "in a context of \(contextLength) and lost their beginning")
        }
        return prepared
    }

    /// Questions, and examples.
    private static func files(_ path: String) -> (questions: String, examples: String) {
        if TaskFiles.isFolder(path) { return ("\(path)/test.jsonl", "\(path)/train.jsonl") }
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        return (path, folder + "train.jsonl")
    }

    private static func chosen(_ all: [TaskRecord], _ parameters: Parameters) -> [TaskRecord] {
        guard let limit = parameters["limit"]?.integer else { return all }
        guard let seed = parameters["seed"]?.integer else { return Array(all.prefix(limit)) }
        var generator = SeededGenerator(seed: UInt64(seed))
        return generator.sample(limit, of: all.count).map { all[$0] }
    }

    func figures(
        _ prepared: PreparedPrompts, _ answers: [Generated], original: [Generated]?,
        tokenizer: Tokenizer
    ) throws -> [TaskFigure] {
        let said = try answers.map { try prepared.text(of: $0, tokenizer) }
        func figure(_ metric: String, _ number: (String) -> String) -> TaskFigure {
            let right = zip(prepared.prompts, said).map { prompt, said in
                WrittenNumber.normal(number(said)) == WrittenNumber.normal(prompt.target)
            }
            let share = ChoiceScore.mean("", right)
            return TaskFigure(
                metric: metric, value: share.value, standardError: share.standardError,
                count: share.count)
        }
        return [
            figure("exact_match_strict", WrittenNumber.strict),
            figure("exact_match_flexible", WrittenNumber.flexible),
        ]
    }
}
