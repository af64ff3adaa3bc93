// What a model has and its loader does not read: refused before anything is written, or told.

import Model

extension Loader {
    /// - Throws: `ExportRefusal` for the first thing that the loader would get wrong.
    func check(_ blueprint: ModelBlueprint) throws(ExportRefusal) {
        func refuse(_ reason: String) -> ExportRefusal {
            ExportRefusal(
                subject: "a \(blueprint.modelType) model",
                reason: "llama.cpp's loader of this family takes \(reason)",
                cure: ExportRefusal.leaveOut)
        }
        guard let attention = blueprint.attentions.first else { throw refuse("attention only") }
        if !takesHeadWidth, attention.headWidth * attention.heads != blueprint.hiddenWidth {
            throw refuse("heads of hidden / heads features, and these have \(attention.headWidth)")
        }
        if !takesQueryBias, attention.query.bias != nil { throw refuse("no bias of q, k and v") }
        if !takesOtherBiases, attention.output.bias != nil {
            throw refuse("no bias behind attention")
        }
        for gated in blueprint.layers.flatMap(\.perceptrons) {
            if gated.activation != activation {
                throw refuse(
                    "the activation \(activation.rawValue), and this is "
                        + gated.activation.rawValue)
            }
            if gated.up.bias != nil, !takesOtherBiases || blueprint.hasExperts {
                throw refuse("no bias of MLPs")
            }
        }
        if isTied, !blueprint.isTied { throw refuse("no head of its own beside the embedding") }
        if isTied, blueprint.finalSoftCap == nil || attention.softCap == nil {
            throw refuse("both soft caps, of attention and of the output")
        }
        if let rotary = attention.rotary, rotary.width != attention.headWidth, !takesPartOfHeads {
            throw refuse("heads that rotate as a whole")
        }
    }

    /// What the loader gets wrong in some texts only.
    func caveats(_ blueprint: ModelBlueprint) -> [String] {
        windowCaveats(blueprint) + rotationCaveats(blueprint)
    }

    /// llama.cpp goes by the context that it is started with, transformers by the text.
    private func rotationCaveats(_ blueprint: ModelBlueprint) -> [String] {
        guard case .longrope(_, _, let original, _) = blueprint.rotaries.first?.scaling,
            blueprint.contextLength > original
        else { return [] }
        return [
            "llama.cpp takes the factors of long texts wherever its context is longer than "
                + "\(original) tokens: for texts up to that length start it with `-c \(original)`"
        ]
    }

    private func windowCaveats(_ blueprint: ModelBlueprint) -> [String] {
        let windows = blueprint.attentions.compactMap(\.window)
        guard let window = windows.min(), window < blueprint.contextLength else { return [] }
        if takesWindows {
            let alternates = blueprint.attentions.indices.allSatisfy {
                (blueprint.attentions[$0].window != nil) == ($0 % 2 == 0)
            }
            return alternates
                ? []
                : [
                    "the file says which layers have a window; an older llama.cpp derives that "
                        + "from their numbers and is wrong in texts of more than \(window) tokens"
                ]
        }
        return [
            "llama.cpp has no attention windows in this family: it is wrong in texts of more than "
                + "\(window) tokens"
        ]
    }
}

extension ModelBlueprint {
    var attentions: [AttentionBlueprint] {
        layers.compactMap { layer in
            if case .attention(let attention) = layer.mixer { attention } else { nil }
        }
    }

    var hasExperts: Bool { experts != nil }

    /// Of the first layer: all have as many.
    var experts: ExpertsBlueprint? {
        if case .experts(let experts) = layers.first?.feedForward { experts } else { nil }
    }
}
