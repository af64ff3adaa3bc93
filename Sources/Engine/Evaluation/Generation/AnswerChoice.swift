// Which answers a reader is shown: what is usual, and what is worst. Pure.

package import Generation

package struct AnswerChoice: Sendable, Equatable {
    package enum Reason: String, Sendable {
        /// As near to the original's answer as half of all are.
        case usual
        /// Of the others the one that repeats itself most.
        case repetitive
    }

    package let prompt: Int
    package let reason: Reason

    /// At most one of each; the first of equal ones.
    package static func choices(
        _ answers: [Generated], original: [Generated]
    ) -> [AnswerChoice] {
        let shares = zip(answers, original).map { answer, original in
            let (equal, count) = AnswerFigures.agreement(answer, original: original)
            return Double(equal) / Double(max(1, count))
        }
        let order = shares.indices.sorted { (shares[$0], $0) < (shares[$1], $1) }
        guard !order.isEmpty else { return [] }
        let usual = order[(order.count - 1) / 2]
        var chosen = [AnswerChoice(prompt: usual, reason: .usual)]
        var worst: (prompt: Int, repetition: Double)?
        for (prompt, answer) in answers.enumerated() where prompt != usual {
            let repetition = Repetition.share(of: answer.tokens) ?? 0
            guard repetition > 0 else { continue }
            if worst.map({ repetition > $0.repetition }) ?? true { worst = (prompt, repetition) }
        }
        if let worst { chosen.append(AnswerChoice(prompt: worst.prompt, reason: .repetitive)) }
        return chosen
    }
}
