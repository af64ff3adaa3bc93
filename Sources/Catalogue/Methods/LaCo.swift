// Layers collapse into one where the output of the model stays alike.

extension MethodDeclaration {
    package static let laco = Self(
        name: "laco",
        summary: "Adds the following layers' differences to a layer, where the output stays alike.",
        source:
            "Yang et al. 2024 (LaCo), arXiv 2402.11187; the formula, not the published notebook",
        formula: "W_l + sum_k (W_{l+k} - W_l), from the back, where mean cos(H, H') > threshold",
        needs: .search,
        parameters: [
            searchSamples,
            ParameterDeclaration(
                "layers_per_merge", .integer(2...64), default: .integer(4), unit: "layers",
                "Layers that become one in one step."),
            ParameterDeclaration(
                "interval", .integer(1...64), default: .integer(2), unit: "layers",
                "Layers from one merge to the next."),
            ParameterDeclaration(
                "lowest", .integer(0...4095), default: .integer(1), unit: "layer number from 0",
                "The first layer that may be merged into."),
            ParameterDeclaration(
                "highest", .integer(0...4095), default: .absent("the last layer"),
                unit: "layer number from 0", "The last layer that may be merged."),
            ParameterDeclaration(
                "threshold", .numberOrWord(-1...1, ["auto"]), default: .word("auto"),
                "Least cosine of the last hidden states; auto: the greatest of 0.95, 0.9, ... at "
                    + "which enough layers go."),
        ])
}
