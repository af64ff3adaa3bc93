// Task `generation`: prompts without a right answer. What a model says to them is held against the
// original's answers, and looked at for itself.

import Catalogue
import Generation
import Texts
import Tokenizer

struct OpenPromptsTask: GenerationTask {
    let name = "generation"
    let usesChatTemplate = true

    func prompts(
        at path: String, _ parameters: Parameters, encoder: PromptEncoder, chat: ChatPrompt?,
        contextLength: Int
    ) throws -> PreparedPrompts {
        let records = try TaskFiles.records(path)
        guard !records.isEmpty else {
            throw EvaluationError.noPrompts(path: path)
        }
        let places = Self.spread(parameters["prompts"]?.integer, of: records.count)
        var long: EvaluationError?
        var left = 0
        let prompts = try places.compactMap { place -> Prompt? in
            let record = records[place]
            let text = try record.text("prompt")
            let tokens =
                try chat?.tokens(text, by: encoder.tokenizer) ?? encoder.encode(text)
            guard !tokens.isEmpty else { throw record.problem("the prompt has no tokens") }
            guard tokens.count < contextLength else {
                left += 1
                long =
                    long
                    ?? record.problem(
                        "the prompt has \(tokens.count) tokens, and the model's context holds "
                            + "\(contextLength): shorten it")
                return nil
            }
            return Prompt(text: text, tokens: tokens)
        }
        if prompts.isEmpty, let long { throw long }
        var prepared = PreparedPrompts(prompts, tokensMax: parameters.integer("tokens"))
        if let long { prepared.notes.append("\(name): \(left) prompts are left out: \(long)") }
        return prepared
    }

    /// Places of `count` of all, as far apart as they can be; all where there are no more.
    static func spread(_ count: Int?, of total: Int) -> [Int] {
        guard let count, count < total else { return Array(0..<total) }
        return (0..<count).map { $0 * total / count }
    }

    func figures(
        _ prepared: PreparedPrompts, _ answers: [Generated], original: [Generated]?,
        tokenizer: Tokenizer
    ) -> [TaskFigure] {
        (original.map { AnswerFigures.comparison(answers, original: $0) } ?? [])
            + AnswerFigures.own(answers)
    }
}
