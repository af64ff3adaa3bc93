// A task of multiple-choice questions as a value: what it is called, how its files become
// questions, how those become tokens, and which figures come out.

package import Catalogue

package protocol QuestionTask: Sendable {
    /// As the catalogue lists it.
    var name: String { get }
    /// Whether the accuracy by length is reported.
    var isNormalised: Bool { get }
    var rule: PromptRule { get }
    /// Files that the questions come from, for the digest of the task, in a fixed order.
    func files(at path: String, _ parameters: Parameters) throws -> [String]
    /// Reads the questions; pure but for the files.
    func questions(at path: String, _ parameters: Parameters) throws -> QuestionSet
}

extension QuestionTask {
    package var rule: PromptRule { .harness }
    package var isNormalised: Bool { false }

    package func files(at path: String, _ parameters: Parameters) throws -> [String] { [path] }

    /// The questions that the parameters `limit` and `seed` choose; at least one.
    package func chosen(at path: String, _ parameters: Parameters) throws -> QuestionSet {
        let all = try questions(at: path, parameters)
        let set = all.limited(
            to: parameters["limit"]?.integer, seed: parameters["seed"]?.integer)
        guard !set.questions.isEmpty else {
            throw EvaluationError.noQuestions(
                path: path,
                expected: set.leftOut.first.map { "other than what is left out: \($0)" }
                    ?? "the layout that `layerfold tasks` describes for \(name)")
        }
        return set
    }
}
