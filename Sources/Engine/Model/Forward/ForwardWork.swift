// How many operations a forward pass takes, by the shapes of a model.

import TensorMath

/// Tokens that pass through layers.
package struct TokenLoad: Sendable, Equatable {
    package var tokens: Double
    /// Pairs of a token and one that it attends to, itself included.
    package var pairs: Double

    package static let none = TokenLoad(tokens: 0, pairs: 0)

    package init(tokens: Double, pairs: Double) {
        self.tokens = tokens
        self.pairs = pairs
    }

    package init(_ batch: PackedSequences) {
        self.init(lengths: batch.ranges.map(\.count), computed: batch.tokens.count)
    }

    /// - Parameters:
    ///   - lengths: of the texts.
    ///   - computed: tokens of them that are computed; fewer than all where texts begin alike.
    package init(lengths: [Int], computed: Int) {
        let all = lengths.reduce(0.0) { $0 + Double($1) }
        let pairs = lengths.reduce(0.0) { $0 + Double($1) * Double($1 + 1) / 2 }
        tokens = Double(computed)
        self.pairs = all > 0 ? pairs * Double(computed) / all : 0
    }

    package static func * (load: TokenLoad, share: Double) -> TokenLoad {
        TokenLoad(tokens: load.tokens * share, pairs: load.pairs * share)
    }
}

extension ProjectionBlueprint {
    /// Of a token.
    fileprivate var operations: Double { 2 * Double(rows.count) * Double(inputs) }
}

extension LayerBlueprint {
    package func operations(_ load: TokenLoad) -> Double {
        mixerOperations(load) + feedForwardOperations(load)
    }

    /// Where the output is wanted of some tokens alone.
    package func operations(_ load: TokenLoad, asked: TokenLoad) -> Double {
        let kept: [ProjectionBlueprint]
        switch mixer {
        case .attention(let attention): kept = [attention.key, attention.value]
        case .latent(let latent): kept = [latent.latent, latent.expansion]
        case .mamba, .shortConvolution, .mamba2, .deltaNet, .absent: return operations(load)
        }
        return operations(asked)
            + (load.tokens - asked.tokens) * kept.reduce(0) { $0 + $1.operations }
    }

    package func mixerOperations(_ load: TokenLoad) -> Double {
        switch mixer {
        case .attention(let attention):
            let projections =
                [attention.query, attention.key, attention.value, attention.output]
                + [attention.outputGate].compactMap { $0 }
            return load.tokens * projections.reduce(0) { $0 + $1.operations }
                + 4 * load.pairs * Double(attention.heads * attention.headWidth)
        case .latent(let latent):
            return load.tokens * latent.projections.reduce(0) { $0 + $1.operations }
                + 2 * load.pairs * Double(latent.heads * (latent.headWidth + latent.valueWidth))
        case .mamba, .shortConvolution, .mamba2, .deltaNet:
            return load.tokens
                * (mixer.recurrentProjections.reduce(0) { $0 + $1.operations }
                    + mixer.recurrentOperations)
        case .absent: return 0
        }
    }

    package func feedForwardOperations(_ load: TokenLoad) -> Double {
        func operations(_ mlp: MLPBlueprint) -> Double {
            mlp.projections.reduce(0) { $0 + $1.operations }
        }
        switch feedForward {
        case .mlp(let mlp): return load.tokens * operations(mlp)
        case .experts(let experts):
            let each = experts.experts.first.map(operations) ?? 0
            return load.tokens
                * (experts.router.operations + Double(experts.expertsPerToken) * each
                    + (experts.shared.map(operations) ?? 0))
        case .absent: return 0
        }
    }

    /// Numbers in the layer's tensors.
    package var parameterCount: Int { tensors.reduce(0) { $0 + $1.shape.reduce(1, *) } }
}

extension ModelBlueprint {
    /// Of all layers, without the head.
    package func operations(_ load: TokenLoad) -> Double {
        layers.reduce(0) { $0 + $1.operations(load) }
    }

    /// Of one layer, in the mean.
    package func meanLayerOperations(_ load: TokenLoad) -> Double {
        operations(load) / Double(max(1, layers.count))
    }

    /// Of the logits of as many tokens.
    package func headOperations(_ tokens: Double) -> Double {
        2 * tokens * Double(vocabularySize) * Double(hiddenWidth)
    }
}
