// The words that a report uses, for readers who do not fold models every day.

extension ReportPage {
    /// Only words that this page uses.
    func glossary() -> Markup {
        let metrics = table.metrics
        let cells = table.rows.flatMap(\.cells)
        let measures = report.similarity
        let words: [(word: String, isUsed: Bool, meaning: Markup)] = [
            (
                "Layer", true,
                """
                One of the equal blocks that a language model passes a text through, in turn. \
                Fewer layers: less memory, less time per word.
                """
            ),
            (
                "Fold", true,
                "Produce a model of fewer layers, by merging layers or leaving them out."
            ),
            ("Method", true, "The way to choose the layers and to compute the new ones."),
            ("Removed", true, "The share of layers that the folded model lacks: (L − L′) / L."),
            (
                "Plan", true,
                "Which layers go into which, with weights; fixed before any weight is touched."
            ),
            (
                "Parameters", true,
                """
                The numbers that a model consists of. Embeddings stay whole, so the share of \
                parameters gone is smaller than the share of layers.
                """
            ),
            (
                "Perplexity", metrics.contains(where: \.isPerplexity),
                """
                Between how many equally likely next tokens the model hesitates, on average over \
                a text. Lower is better; it compares models with the same tokenizer and the same \
                text only.
                """
            ),
            (
                "Accuracy", metrics.contains { $0.isShare && !$0.isWriting },
                """
                The share of questions answered right. Guessing among four choices reaches 25%.
                """
            ),
            (
                "Flips", metrics.contains { $0.metric == "flips" },
                """
                The share of questions that one of two models answers right and the other wrong. \
                Two models of one accuracy may be right about different questions.
                """
            ),
            (
                "Divergence", metrics.contains { $0.metric.hasSuffix("divergence") },
                """
                How far the folded model's probabilities are from the original's: the mean of \
                KL(original || folded) over next tokens, or over the choices of a question \
                (choice divergence), in nats. 0 is the same.
                """
            ),
            (
                "Agreement", metrics.contains { $0.metric == "agreement" },
                """
                The share of the tokens of the original's answers that stand before the first \
                difference, both taking the likeliest token each time. One other word changes \
                all behind it, so that good models may have little of it.
                """
            ),
            (
                "Repetition", metrics.contains { $0.metric == "repetition" },
                """
                The share of runs of four tokens that occurred before in the same answer. Text of \
                people repeats little; a model that falls apart repeats itself without end.
                """
            ),
            (
                "Standard error", cells.contains { $0?.stderr != nil },
                """
                How far a figure would typically move if other questions or another text of the \
                same kind were used. Differences below two of them prove little.
                """
            ),
            (
                "Similarity", !measures.isEmpty,
                """
                How much two layers do the same with the calibration texts; the measure is named \
                above its map.
                """
            ),
            (
                "NPIB", measures.contains { $0.measure.hasPrefix("npib") },
                """
                Normalised pairwise information bottleneck, the measure of the MKA paper: the \
                mutual information of two layers' embeddings over the geometric mean of their \
                entropies.
                """
            ),
            (
                "Condition number", measures.contains { !$0.conditionNumbers.isEmpty },
                """
                How much an embedding can be swayed by rounding. The MKA paper trusts kernel \
                matrices up to 2,000.
                """
            ),
            (
                "Store", !report.stages.isEmpty,
                """
                Where the result of every stage is kept under a key made of all its inputs. A \
                hit was found there and not computed again.
                """
            ),
            (
                "Planned", report.stages.contains { $0.plannedPeakBytes != nil },
                "The memory that a stage was expected to need, computed before it ran."
            ),
            ("Verdicts", !metrics.isEmpty, "\(Verdict.rule)"),
        ]
        return Self.definitions(words.filter(\.isUsed).map { ($0.word, $0.meaning) })
    }
}
