// The methods that look at tokens: their schemes, and what is done with a model's weights.

import Catalogue
import Schemes

extension QuantizationMethod {
    static let gptq = QuantizationMethod(.gptq) { weights, parameters in
        try .weightsAlone(weights, parameters)
    } recipe: { scheme, parameters in
        var feedback = QuantizationRecipe.Feedback()
        feedback.damping = parameters.number("damping")
        feedback.byActivation = parameters.text("order") == "activation"
        feedback.target = parameters.text("target") == "original" ? .original : .own
        return QuantizationRecipe(scheme: scheme.weights, rounding: .feedback(feedback))
    }

    static let awq = QuantizationMethod(.awq) { weights, parameters in
        try .weightsAlone(weights, parameters)
    } recipe: { scheme, parameters in
        QuantizationRecipe(
            scheme: scheme.weights, scaling: .activationAware,
            rounding: .nearest(clips: parameters.flag("clip")))
    }

    static let smoothquant = QuantizationMethod(.smoothquant) { _, _ in
        QuantizationScheme(
            weights: WeightScheme(kind: .int, bits: 8, group: nil), activations: .int8Token)
    } recipe: { scheme, parameters in
        QuantizationRecipe(
            scheme: scheme.weights, scaling: .smoothing(strength: parameters.number("strength")),
            rounding: parameters.text("weights") == "gptq"
                ? .feedback(QuantizationRecipe.Feedback()) : .nearest(clips: false))
    }
}
