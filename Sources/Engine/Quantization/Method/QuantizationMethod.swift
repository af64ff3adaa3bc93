// The ways to quantise: from the parameters of an entry to the numbers that it writes.

package import Catalogue
package import Schemes

/// One for each of `Offer.quantizations`.
package struct QuantizationMethod: Sendable {
    package let declaration: QuantizationDeclaration
    /// For the weights of a model, by the entry's parameters.
    private let find: @Sendable (QuantizableWeights, Parameters) throws -> QuantizationScheme
    /// What is done with the weights by what they read of calibration tokens, in a scheme; nil
    /// where each number is rounded by itself.
    private let plan: @Sendable (QuantizationScheme, Parameters) -> QuantizationRecipe?

    init(
        _ declaration: QuantizationDeclaration,
        scheme find:
            @escaping @Sendable (
                QuantizableWeights, Parameters
            ) throws -> QuantizationScheme,
        recipe plan:
            @escaping @Sendable (QuantizationScheme, Parameters) -> QuantizationRecipe? = { _, _ in
                nil
            }
    ) {
        self.declaration = declaration
        self.find = find
        self.plan = plan
    }

    package static let all: [QuantizationMethod] = [.gptq, .awq, .smoothquant, .rtn, .fp8]

    package static func named(_ name: String) -> QuantizationMethod {
        guard let method = all.first(where: { $0.declaration.name == name }) else {
            preconditionFailure("the manifest parser knows the declared ones only: \(name)")
        }
        return method
    }

    /// The scheme that a model is written in.
    /// - Throws: where a group does not fit, or no loader takes such a model in it.
    package func scheme(
        of weights: QuantizableWeights, _ parameters: Parameters
    ) throws -> QuantizationScheme {
        let scheme = try find(weights, parameters)
        try weights.check(scheme)
        return scheme
    }

    /// What is done by calibration tokens; nil where none are looked at.
    package func recipe(
        _ scheme: QuantizationScheme, _ parameters: Parameters
    ) -> QuantizationRecipe? {
        plan(scheme, parameters)
    }
}

extension QuantizationMethod {
    static let rtn = QuantizationMethod(.rtn) { weights, parameters in
        try .weightsAlone(weights, parameters)
    }

    static let fp8 = QuantizationMethod(.fp8) { _, _ in
        QuantizationScheme(
            weights: WeightScheme(kind: .float, bits: 8, group: nil), activations: .fp8Token)
    }
}

extension QuantizationScheme {
    /// Whole numbers by `bits` and `group`; activations as they are.
    static func weightsAlone(
        _ weights: QuantizableWeights, _ parameters: Parameters
    ) throws -> QuantizationScheme {
        let group = try GroupChoice(parameters).group(of: weights)
        return QuantizationScheme(
            weights: WeightScheme(kind: .int, bits: parameters.integer("bits"), group: group),
            activations: .none)
    }
}

extension GroupChoice {
    /// From the parameter `group`.
    package init(_ parameters: Parameters) {
        switch parameters["group"] {
        case .integer(let columns)?: self = .columns(columns)
        case .text("channel")?: self = .channel
        default: self = .auto
        }
    }
}
