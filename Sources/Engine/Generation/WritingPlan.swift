// Texts that a model writes for its own calibration: which prompts it answers, which openings it
// goes on from, and which of its texts are of use.

import TensorMath
package import Texts

/// What is asked for.
package struct WritingPlan: Sendable, Equatable {
    package var samples: Int
    /// Share of the samples that answer prompts.
    package var answers: Double
    /// Codes.
    package var languages: Set<String>
    package var seed: UInt64

    package init(samples: Int, answers: Double, languages: Set<String>, seed: UInt64) {
        self.samples = samples
        self.answers = answers
        self.languages = languages
        self.seed = seed
    }

    /// The beginning of a text.
    package enum Beginning: Sendable, Equatable {
        /// A user's turn. It is never drawn from the model: in training it was masked.
        case question(String)
        case opening(String)
    }

    /// Beginnings in an order that mixes them, each as often as the others of its sort. With an
    /// opening that comes again another text begins: the draws are others.
    ///
    /// - Throws: `WritingError` for a language that nothing is in.
    package func beginnings(
        questions: [WritingPrompt] = WritingPrompt.questions,
        openings: [WritingPrompt] = WritingPrompt.openings
    ) throws(WritingError) -> [Beginning] {
        let known = Set((questions + openings).map(\.language))
        if let unknown = languages.subtracting(known).min() {
            throw .unknownLanguage(unknown, known: known.sorted())
        }
        func chosen(_ prompts: [WritingPrompt]) -> [String] {
            prompts.filter { languages.contains($0.language) }.map(\.text)
        }
        let (questions, openings) = (chosen(questions), chosen(openings))
        guard !questions.isEmpty || !openings.isEmpty else {
            throw .unknownLanguage("", known: known.sorted())
        }
        var generator = SeededGenerator(seed: seed)
        // A language may have openings only.
        let share = questions.isEmpty ? 0 : openings.isEmpty ? 1 : answers
        let answered = Int((share * Double(samples)).rounded())
        let all =
            Self.deal(questions, answered, &generator).map(Beginning.question)
            + Self.deal(openings, samples - answered, &generator).map(Beginning.opening)
        return Self.shuffled(all, &generator)
    }

    /// `count` texts, round after round of all in an order of its own.
    private static func deal(
        _ texts: [String], _ count: Int, _ generator: inout SeededGenerator
    ) -> [String] {
        var dealt: [String] = []
        while dealt.count < count {
            dealt += shuffled(texts, &generator).prefix(count - dealt.count)
        }
        return dealt
    }

    private static func shuffled<Element>(
        _ list: [Element], _ generator: inout SeededGenerator
    ) -> [Element] {
        var list = list
        for place in list.indices.dropLast() {
            list.swapAt(place, place + generator.index(below: list.count - place))
        }
        return list
    }
}

/// What a text is worth.
package enum WritingQuality {
    /// Raised whenever other texts are of use than before.
    package static let version = 1
    /// A text that says less than this many tokens tells nothing.
    package static let tokensMin = 16
    /// A text whose share of repeated 4-grams is larger runs in circles.
    private static let repetitionMax = 0.3

    /// - Parameter tokens: that the model made.
    package static func isOfUse(_ tokens: [Int32]) -> Bool {
        tokens.count >= tokensMin && (Repetition.share(of: tokens) ?? 0) <= repetitionMax
    }
}
