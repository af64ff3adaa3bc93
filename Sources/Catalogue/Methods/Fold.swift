// Our own: layers chosen by measured divergence, weights by selection and least squares.

extension MethodDeclaration {
    package static let fold = Self(
        name: "fold",
        summary:
            "Concatenates stretches of layers, selects the best neurons and groups, refits, and "
            + "tunes towards the original stream.",
        source: "Layerfold, docs/METHODS.md; after Hassibi and Stork 1993 (optimal brain surgeon), "
            + "ReplaceMe (arXiv 2505.02819) and SLEB",
        formula: "min_W |Z W - R|^2 + mu |W - W0|^2; drop argmin_q |W_q|^2 / [C^-1]_qq; repeat; "
            + "then Adam on |layer(x) - target|^2 / |target|^2, for the last layer on "
            + "KL(original || folded)",
        needs: .tokens, computesWeights: true, takesIn: true,
        parameters: [
            ParameterDeclaration(
                "select", .choice(["divergence", "loss", "npib", "list"]),
                default: .word("divergence"),
                "Which layers go: by what folding each stretch of layers alone makes the model "
                    + "diverge, "
                    + "by measured loss, by the similarity that mka goes by, or as `layers` says."),
            ParameterDeclaration(
                "narrow", .flag, default: .absent("false"),
                onlyWith: .when("select", is: "divergence"),
                "Of a budget: besides removing layers, all MLPs that are left may get narrower, "
                    + "to one multiple of 128 neurons, where that is measured to cost less."),
            ParameterDeclaration(
                "search_samples", .integer(1...100_000), default: .integer(32), unit: "samples",
                onlyWith: .when("select", is: "divergence", "loss"),
                "Calibration samples on which the layers are chosen, spread evenly."),
            ParameterDeclaration(
                "exchange", .flag, default: .flag(true), onlyWith: .when("select", is: "loss"),
                "Bring removed layers back for others as long as that lowers the loss."),
            ParameterDeclaration(
                "layers", .integers(0...4095, canRepeat: false), default: .required,
                unit: "layer number from 0", onlyWith: .when("select", is: "list"),
                "Layers in the order in which they go; a ratio takes the first ones."),
            ParameterDeclaration(
                "lambda", .numberOrWord(1e-8...1, ["auto"]), default: .number(0.1),
                "Ridge, as a share of the mean diagonal of the Gram matrix; auto: for each least "
                    + "squares the one that is best on a quarter of the tokens."),
            ParameterDeclaration(
                "neurons", .flag, default: .flag(true),
                "Select neurons from all MLPs of a run; otherwise the kept layer's are refitted."),
            ParameterDeclaration(
                "group_run", .integer(1...8), default: .integer(4), unit: "layers",
                "Try to select key-value groups from all attentions of runs up to this length; "
                    + "1: never."),
            ParameterDeclaration(
                "inputs", .flag, default: .flag(true),
                "Fit what layers read to the stream they get, by a linear map in their weights."),
            ParameterDeclaration(
                "refit", .flag, default: .flag(false),
                "Refit the output projections of all layers behind the first change."),
            ParameterDeclaration(
                "tuning_steps", .integer(0...100_000), default: .integer(320), unit: "steps",
                "Steps down the gradient that a merged layer and the one behind it take at their end "
                    + "towards the original stream (the last layer then as many towards its "
                    + "logits), kept where sequences held back diverge less; 0: none."),
            ParameterDeclaration(
                "tuning_rate", .number(1e-6...1), default: .number(0.02),
                "Length of a step, as a share of a tensor's root mean square; a quarter towards "
                    + "logits."),
            ParameterDeclaration(
                "heal_steps", .integer(0...1_000_000), default: .integer(0), unit: "steps",
                "Steps of some 2,048 tokens that all layers from the first fold on take together at "
                    + "the end, down KL(original || model); ended where sequences held back no "
                    + "longer gain; 0: none."),
            ParameterDeclaration(
                "heal_rate", .number(1e-6...1), default: .number(0.003),
                "Longest of these steps, as a share of a tensor's root mean square."),
        ])
}
