// How the merge weights of a folded model were learned, in report.json.

extension RunReport {
    package struct Learning: Codable, Sendable, Equatable {
        /// `gradient` or `bayesian`.
        package var by: String
        /// What the figures are: `loss` (nats per token) or `kl` (nats per token, to the original).
        package var objective: String
        /// `pair` or `tensor`: what has a weight of its own.
        package var per: String
        /// Step whose weights were kept.
        package var chosen: Int
        package var steps: [LearningStep]

        package init(
            by: String, objective: String, per: String, chosen: Int, steps: [LearningStep]
        ) {
            self.by = by
            self.objective = objective
            self.per = per
            self.chosen = chosen
            self.steps = steps
        }
    }

    /// One step of a search for merge weights.
    package struct LearningStep: Codable, Sendable, Equatable {
        package var step: Int
        /// On the step's own calibration samples.
        package var loss: Double
        /// On fixed samples that are learned from, and on fixed ones that are held back.
        package var calibration: Double?
        package var heldBack: Double?

        package init(step: Int, loss: Double, calibration: Double?, heldBack: Double?) {
            self.step = step
            self.loss = loss
            self.calibration = calibration
            self.heldBack = heldBack
        }

        private enum CodingKeys: String, CodingKey {
            case step, loss, calibration
            case heldBack = "held_back"
        }
    }
}
