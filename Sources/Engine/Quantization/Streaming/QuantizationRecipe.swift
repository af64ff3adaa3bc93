// What is asked for of a quantised model: the grid, what happens to weights before they are
// rounded, and how they are rounded.

package import Schemes
import TensorMath

/// How a model's weights become codes.
package struct QuantizationRecipe: Sendable, Hashable {
    /// What a layer's inputs are divided by before its weights are rounded.
    package enum Scaling: Sendable, Hashable {
        case none
        /// AWQ: scales that a search finds.
        case activationAware
        /// SmoothQuant, with its migration strength.
        case smoothing(strength: Double)
    }

    package enum Rounding: Sendable, Hashable {
        /// Each number by itself; `clips`: with scales that may cut the largest.
        case nearest(clips: Bool)
        case feedback(Feedback)
    }

    /// GPTQ.
    package struct Feedback: Sendable, Hashable {
        /// A share of the mean diagonal.
        package var damping = 0.01
        /// Columns of large inputs first.
        package var byActivation = true
        package var target = Target.own

        package init() {}
    }

    /// What a projection's output should be near to.
    package enum Target: String, Sendable, CaseIterable {
        /// What its own weights give on the same inputs.
        case own
        /// What the original gives on its own stream, as far as held-back tokens say.
        case original
    }

    package var scheme: WeightScheme
    package var scaling: Scaling
    package var rounding: Rounding

    package init(
        scheme: WeightScheme, scaling: Scaling = .none, rounding: Rounding
    ) {
        self.scheme = scheme
        self.scaling = scaling
        self.rounding = rounding
    }

    /// - Parameter format: of the weight, which scales are stored in.
    func grid(_ format: FloatFormat) -> Grid { Grid(scheme, scaleFormat: format) }

    /// Whether weights are rounded by what their inputs have in common.
    var sumsInputs: Bool { rounding != .nearest(clips: false) }

    /// Whether the original's stream is followed beside the quantised one.
    var followsOriginal: Bool {
        if case .feedback(let feedback) = rounding { feedback.target == .original } else { false }
    }
}
