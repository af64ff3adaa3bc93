// Multiple-choice questions as every benchmark of choices gives them, before and after they are
// tokenised.

import PythonText
import TensorMath
package import Texts
import Tokenizer

/// A question, ready to be asked: what stands before the choices, and the choices.
package struct Question: Sendable, Equatable {
    /// File and line, for messages.
    package var origin: String
    /// Empty where the task has no subjects.
    package var subject: String
    package var context: String
    package var choices: [String]
    package var answer: Int

    package init(
        origin: String, subject: String = "", context: String, choices: [String], answer: Int
    ) {
        self.origin = origin
        self.subject = subject
        self.context = context
        self.choices = choices
        self.answer = answer
    }
}

/// The questions of a task, and what its files held besides.
package struct QuestionSet: Sendable, Equatable {
    package var questions: [Question]
    /// Places whose question cannot be asked, with the reason: `dev.csv:3: ...`.
    package var leftOut: [String] = []
    /// Category of each subject that has one.
    package var categories: [String: String] = [:]

    package init(_ questions: [Question] = []) { self.questions = questions }

    /// The first `limit` questions of each subject, or a draw of as many where there is a seed.
    func limited(to limit: Int?, seed: Int?) -> QuestionSet {
        guard let limit else { return self }
        var result = self
        result.questions = []
        var start = 0
        while start < questions.count {
            var end = start
            while end < questions.count, questions[end].subject == questions[start].subject {
                end += 1
            }
            let part = questions[start..<end]
            if let seed {
                var generator = SeededGenerator(seed: UInt64(seed))
                result.questions += generator.sample(limit, of: part.count).map {
                    part[start + $0]
                }
            } else {
                result.questions += part.prefix(limit)
            }
            start = end
        }
        return result
    }
}

/// How prompts become tokens.
package enum PromptRule: String, Sendable {
    /// As lm-evaluation-harness: " choice" after the context, special tokens by default.
    case harness
    /// As the published MKA pipeline: no special tokens, and each choice is the last token of its
    /// own encoding.
    case bareLastToken
}

/// A tokenised question.
package struct TokenisedQuestion: Sendable, Equatable {
    package var subject: String
    package var context: [Int32]
    package var continuations: [[Int32]]
    /// Code points of each choice: what normalised accuracy divides by.
    package var lengths: [Int]
    package var answer: Int

    package init(
        subject: String, context: [Int32], continuations: [[Int32]], lengths: [Int], answer: Int
    ) {
        self.subject = subject
        self.context = context
        self.continuations = continuations
        self.lengths = lengths
        self.answer = answer
    }

    package init(_ question: Question, rule: PromptRule, encoder: PromptEncoder) throws {
        let ids: (context: [Int32], continuations: [[Int32]])
        switch rule {
        case .harness:
            ids = try encoder.encode(
                context: question.context, continuations: question.choices.map { " " + $0 })
        case .bareLastToken:
            ids = (
                try encoder.tokenizer.encode(question.context, addSpecialTokens: false),
                try question.choices.map { try encoder.tokenizer.encode($0).suffix(1) }
            )
        }
        self.init(
            subject: question.subject, context: ids.context, continuations: ids.continuations,
            lengths: question.choices.map(PythonText.length), answer: question.answer)
    }

    /// One request per choice.
    package var requests: [LikelihoodRequest] {
        continuations.map { LikelihoodRequest(context: context, continuation: $0) }
    }
}
