// A list of layers to keep.

extension MethodDeclaration {
    package static let passthrough = Self(
        name: "passthrough",
        summary: "Keeps exactly the layers that are listed.",
        source: "mergekit, merge method passthrough",
        formula: "layer i of the result = layer layers[i] of the original",
        takesRatios: false,
        parameters: [
            ParameterDeclaration(
                "layers", .integers(0...4095, canRepeat: true), default: .required,
                unit: "layer number from 0",
                "The layers that stay, in their order in the result.")
        ])
}
