// Layers are dropped by measured loss.

extension MethodDeclaration {
    package static let sleb = Self(
        name: "sleb",
        summary: "Drops, one after the other, the layer without which the loss is least.",
        source: "Song et al. 2024, arXiv 2402.09025, Algorithm 1",
        formula: "argmin_l mean -log p(t_i | t_<i) of the model without layer l, repeated",
        needs: .tokens,
        parameters: [searchSamples])
}
