// A last pass through a whole new model, as Runner sees it: what it takes is told before it runs,
// and what it leaves on its way lets it go on.

package import Model

/// A pass of steps down KL(original || model), from computed weights on.
package struct Healing: Sendable {
    /// Raised whenever the same inputs give other weights than before.
    package static let version = 1

    /// Names of the parameters that the result depends on, beside the kept layers.
    package let parameters: [String]
    /// In a few words, for people.
    package let detail: String
    /// Why there can be no such pass; nil where there can.
    package let obstacle: @Sendable (MethodInput, _ kept: [Int]) -> String?
    package let peakByteCount: @Sendable (MethodInput, _ kept: [Int]) -> Int
    /// Of files that streams lie in.
    package let scratchByteCount: @Sendable (MethodInput) -> Int
    package let work: @Sendable (MethodInput, _ kept: [Int]) -> Work
    /// Begins with what was computed; gives the tensors that diverged least on what is held back,
    /// of all looks.
    package let run:
        @Sendable (
            MethodInput, _ kept: [Int], _ computed: any ComputedTensors, any HealingRecall,
            any WorkObserver
        ) throws -> (tensors: any ComputedTensors, looks: [HealingLook])
}

/// Mean KL(original || model) in nats a token, before the first step or behind one.
package struct HealingLook: Sendable, Equatable, Codable {
    package var step: Int
    /// Over the waves that were learnt from since the last look, before each of their steps; nil
    /// before the first.
    package var fitted: Double?
    /// On the sequences held back.
    package var heldBack: Double

    package init(step: Int, fitted: Double? = nil, heldBack: Double) {
        self.step = step
        self.fitted = fitted
        self.heldBack = heldBack
    }

    /// The one that diverged least on what is held back, the first of equals.
    package static func best(of looks: [HealingLook]) -> HealingLook? {
        looks.min { $0.heldBack < $1.heldBack }
    }
}

/// Where a pass is behind a look: all it needs to go on.
package struct HealingState {
    package let looks: [HealingLook]
    package let tensors: any ComputedTensors
    /// Those of the best look; nil where that is this one, or the start.
    package let best: (any ComputedTensors)?

    package init(
        looks: [HealingLook], tensors: any ComputedTensors, best: (any ComputedTensors)?
    ) {
        self.looks = looks
        self.tensors = tensors
        self.best = best
    }
}

/// What passes before left behind.
package protocol HealingRecall {
    func state(behind step: Int) throws -> HealingState?
    /// May keep it; reads the tensors before it returns.
    func keep(_ state: HealingState, behind step: Int) throws
}
