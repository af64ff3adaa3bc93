// A task's questions as a model is asked them: what stands between the data files and the runner
// of requests, and what turns its answers into figures.

package import Catalogue
package import Model
package import Texts

package struct PreparedQuestions: Sendable, Equatable {
    package var questions: [TokenisedQuestion]
    package var categories: [String: String]
    /// Places whose question is not asked, with the reason.
    package var leftOut: [String]

    package init(
        questions: [TokenisedQuestion], categories: [String: String], leftOut: [String]
    ) {
        self.questions = questions
        self.categories = categories
        self.leftOut = leftOut
    }

    /// Reads and tokenises the questions that `parameters` choose.
    package init(
        _ task: any QuestionTask, at path: String, _ parameters: Parameters,
        encoder: PromptEncoder, observer: some WorkObserver
    ) throws {
        let set = try task.chosen(at: path, parameters)
        var questions: [TokenisedQuestion] = []
        questions.reserveCapacity(set.questions.count)
        for (index, question) in set.questions.enumerated() {
            try observer.checkpoint()
            questions.append(
                try TokenisedQuestion(question, rule: task.rule, encoder: encoder))
            observer.progress(
                done: index + 1, total: set.questions.count, unit: "questions",
                detail: "tokenising")
        }
        self.init(questions: questions, categories: set.categories, leftOut: set.leftOut)
    }

    /// The questions a model can be asked: a choice that does not fit its context leaves its
    /// question out.
    package func fitting(contextLength: Int) -> PreparedQuestions {
        var result = self
        result.questions = []
        for (index, question) in questions.enumerated() {
            let longest = question.continuations.map(\.count).max() ?? 0
            if longest <= contextLength {
                result.questions.append(question)
                continue
            }
            let subject = question.subject.isEmpty ? "" : " (\(question.subject))"
            result.leftOut.append(
                "question \(index + 1)\(subject): a choice of \(longest) tokens is longer than the "
                    + "context of \(contextLength)")
        }
        return result
    }

    /// One request per choice of each question, in order.
    package var requests: [LikelihoodRequest] { questions.flatMap(\.requests) }

    /// The figures that the requests' log-likelihoods give.
    package func figures(_ task: any QuestionTask, _ likelihoods: [Double]) -> [TaskFigure] {
        ChoiceScore.figures(
            questions, grouped(likelihoods), isNormalised: task.isNormalised,
            categories: categories)
    }

    /// How far they are from the original's.
    package func comparison(
        _ task: any QuestionTask, _ likelihoods: [Double], original: [Double]
    ) -> [TaskFigure] {
        ChoiceComparison.figures(
            questions, grouped(likelihoods), original: grouped(original),
            isNormalised: task.isNormalised)
    }

    /// Log-likelihoods by question.
    package func grouped(_ likelihoods: [Double]) -> [[Double]] {
        var place = 0
        return questions.map { question in
            defer { place += question.continuations.count }
            return Array(likelihoods[place..<place + question.continuations.count])
        }
    }

    /// What a reader of the figures has to know: questions left out and prompts cut.
    package func notes(_ task: any QuestionTask, contextLength: Int) -> [String] {
        var notes: [String] = []
        if !leftOut.isEmpty {
            let shown = leftOut.prefix(3).joined(separator: "; ")
            notes.append(
                "\(task.name): \(leftOut.count) left out: \(shown)"
                    + (leftOut.count > 3 ? "; and \(leftOut.count - 3) more" : ""))
        }
        let cut = questions.count { question in
            question.requests.contains { $0.isCut(contextLength: contextLength) }
        }
        if cut > 0 {
            notes.append(
                "\(task.name): \(cut) of \(questions.count) prompts are longer than the context of "
                    + "\(contextLength) tokens; their beginnings were cut off, as the harness does")
        }
        return notes
    }
}

extension QuestionTask {
    /// Tokens a prompt may have: the model's context, or no limit where the rule knows none.
    package func contextLength(of blueprint: ModelBlueprint) -> Int {
        rule == .harness ? blueprint.contextLength : 1 << 30
    }
}
