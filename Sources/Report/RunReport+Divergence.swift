// How far a computed model is from the original on calibration sequences: those that it was fitted
// to, and those that were held back.

extension RunReport {
    /// Mean KL(original || model) in nats per token; the result first, then what could be in its
    /// place.
    package struct Rival: Codable, Sendable, Equatable {
        /// Such as `fold` or `drop`.
        package var name: String
        package var heldBack: Double
        /// On as many sequences that it was fitted to.
        package var fitted: Double?

        package init(name: String, heldBack: Double, fitted: Double? = nil) {
            self.name = name
            self.heldBack = heldBack
            self.fitted = fitted
        }

        private enum CodingKeys: String, CodingKey {
            case name, fitted
            case heldBack = "held_back"
        }
    }

    /// A last pass through the whole model; figures as a rival's.
    package struct Healing: Codable, Sendable, Equatable {
        /// Step whose tensors were kept.
        package var chosen: Int
        package var looks: [HealingLook]

        package init(chosen: Int, looks: [HealingLook]) {
            self.chosen = chosen
            self.looks = looks
        }
    }

    /// A look at it, before the first step or behind one.
    package struct HealingLook: Codable, Sendable, Equatable {
        package var step: Int
        package var heldBack: Double
        /// Over the waves learnt from since the last look, before their steps.
        package var fitted: Double?

        package init(step: Int, heldBack: Double, fitted: Double? = nil) {
            self.step = step
            self.heldBack = heldBack
            self.fitted = fitted
        }

        private enum CodingKeys: String, CodingKey {
            case step, fitted
            case heldBack = "held_back"
        }
    }
}
