// Keeps the listed layers.

import Catalogue

extension Method {
    static let passthrough = Method(.passthrough) { input in
        let layers = input.parameters.integers("layers")
        if let outside = layers.first(where: { $0 >= input.count }) {
            throw PlanError.malformed(
                "layer \(outside) is listed, the model has layers 0 to \(input.count - 1)")
        }
        return .keeping(layers, of: input.count)
    }
}
