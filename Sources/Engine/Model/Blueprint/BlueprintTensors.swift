// The tensors a blueprint needs, with their shapes: the list that is checked against the
// checkpoint before anything is read, because loaders initialise what is missing at random.

/// A tensor that a model must have.
package struct ExpectedTensor: Sendable, Equatable {
    package var name: String
    package var shape: [Int]

    package init(name: String, shape: [Int]) {
        self.name = name
        self.shape = shape
    }
}

extension ModelBlueprint {
    /// Embedding and head, which no pass releases.
    package var tensorsAround: [ExpectedTensor] {
        let both = [embedding] + (outputHead == embedding ? [] : [outputHead])
        return both.map { ExpectedTensor(name: $0, shape: [vocabularySize, hiddenWidth]) }
    }

    /// Every tensor of the model, in the order of the forward pass, each once.
    package var tensors: [ExpectedTensor] {
        var list: [ExpectedTensor] = [
            ExpectedTensor(name: embedding, shape: [vocabularySize, hiddenWidth])
        ]
        if let positions {
            list.append(
                ExpectedTensor(name: positions.tensor, shape: [positions.rows, hiddenWidth]))
        }
        for layer in layers { list += layer.tensors }
        list += finalNorm.tensors
        if outputHead != embedding {
            list.append(ExpectedTensor(name: outputHead, shape: [vocabularySize, hiddenWidth]))
        }
        if let headBias {
            list.append(ExpectedTensor(name: headBias, shape: [vocabularySize]))
        }
        list += carried
        var seen: Set<String> = []
        return list.filter { seen.insert($0.name).inserted }
    }
}

extension LayerBlueprint {
    /// Every tensor of the layer, each once.
    package var tensors: [ExpectedTensor] {
        var list = inputNorm?.tensors ?? []
        switch mixer {
        case .attention(let attention): list += attention.tensors
        case .latent(let latent): list += latent.tensors
        case .mamba(let mamba): list += mamba.tensors
        case .shortConvolution(let short): list += short.tensors
        case .mamba2(let mamba): list += mamba.tensors
        case .deltaNet(let net): list += net.tensors
        case .absent: break
        }
        list += [postMixerNorm, feedForwardNorm].flatMap { $0?.tensors ?? [] }
        switch feedForward {
        case .mlp(let mlp): list += mlp.tensors
        case .experts(let experts): list += experts.tensors
        case .absent: break
        }
        list += postFeedForwardNorm?.tensors ?? []
        var seen: Set<String> = []
        return list.filter { seen.insert($0.name).inserted }
    }

    /// The same under names without the layer's prefix, so that two layers can be matched.
    package var localTensors: [ExpectedTensor] {
        tensors.map { ExpectedTensor(name: localName($0.name), shape: $0.shape) }
    }

    /// The name without the layer's prefix of a tensor that is the layer's.
    package func localName(_ fullName: String) -> String {
        precondition(fullName.hasPrefix(prefix), "the tensor is the layer's")
        return String(fullName.dropFirst(prefix.count))
    }

    package func fullName(_ localName: String) -> String { prefix + localName }
}

extension [LayerBlueprint] {
    /// The index of the layer that a tensor is of, and its name there; nil where it is of none.
    package func tensor(named fullName: String) -> (layer: Int, name: String)? {
        firstIndex { fullName.hasPrefix($0.prefix) }.map { ($0, self[$0].localName(fullName)) }
    }
}

extension NormBlueprint {
    fileprivate var tensors: [ExpectedTensor] {
        [ExpectedTensor(name: tensor, shape: shape ?? [width])]
            + (bias.map { [ExpectedTensor(name: $0, shape: [width])] } ?? [])
    }
}

extension ProjectionBlueprint {
    fileprivate var tensors: [ExpectedTensor] {
        [ExpectedTensor(name: tensor, shape: storedShape)]
            + (bias.map { [ExpectedTensor(name: $0, shape: biasShape)] } ?? [])
    }

    private var storedShape: [Int] {
        switch form {
        case .rows, .blocks: shape ?? [totalRows, inputs]
        case .columns: [inputs, totalRows]
        case .expertColumns: shape ?? [totalRows, inputs]
        }
    }

    private var biasShape: [Int] {
        guard let shape, shape.count == 3 else { return [totalRows] }
        return [shape[0], totalRows]
    }
}

extension AttentionBlueprint {
    fileprivate var tensors: [ExpectedTensor] {
        query.tensors + key.tensors + value.tensors + output.tensors
            + [queryNorm, keyNorm].flatMap { $0?.tensors ?? [] }
            + (sinks.map { [ExpectedTensor(name: $0, shape: [heads])] } ?? [])
            + (outputGate?.tensors ?? [])
    }
}

extension LatentAttentionBlueprint {
    fileprivate var tensors: [ExpectedTensor] {
        (queryLatent.map { $0.projection.tensors + $0.norm.tensors } ?? []) + query.tensors
            + latent.tensors + latentNorm.tensors + expansion.tensors + output.tensors
    }
}

extension MLPBlueprint {
    fileprivate var tensors: [ExpectedTensor] { projections.flatMap(\.tensors) }
}

extension ExpertsBlueprint {
    fileprivate var tensors: [ExpectedTensor] {
        let correction = routing.correction.map {
            [ExpectedTensor(name: $0, shape: routing.correctionShape ?? [experts.count])]
        }
        return router.tensors + (correction ?? []) + experts.flatMap(\.tensors)
            + (shared?.tensors ?? []) + (sharedGate?.tensors ?? [])
    }
}

extension MambaBlueprint {
    fileprivate var tensors: [ExpectedTensor] {
        var list = input.tensors
        list.append(
            ExpectedTensor(name: convolutionWeight, shape: [innerWidth, 1, convolutionWidth]))
        if let convolutionBias {
            list.append(ExpectedTensor(name: convolutionBias, shape: [innerWidth]))
        }
        list += parameters.tensors + timeStep.tensors
        list.append(ExpectedTensor(name: decayLog, shape: [innerWidth, stateWidth]))
        list.append(ExpectedTensor(name: skip, shape: [innerWidth]))
        list += output.tensors
        return list + [timeStepNorm, inputNorm, outputNorm].flatMap(\.tensors)
    }
}

extension ConvolutionBlueprint {
    fileprivate var tensors: [ExpectedTensor] {
        [ExpectedTensor(name: weight, shape: [channels, 1, width])]
            + (bias.map { [ExpectedTensor(name: $0, shape: [channels])] } ?? [])
    }
}

extension ShortConvolutionBlueprint {
    fileprivate var tensors: [ExpectedTensor] {
        input.tensors + convolution.tensors + output.tensors
    }
}

extension Mamba2Blueprint {
    fileprivate var tensors: [ExpectedTensor] {
        input.tensors + convolution.tensors
            + [stepBias, decayLog, skip].map { ExpectedTensor(name: $0, shape: [heads]) }
            + norm.tensors + output.tensors
    }
}

extension DeltaNetBlueprint {
    fileprivate var tensors: [ExpectedTensor] {
        (mixed + [gate, strength, decay]).flatMap(\.tensors) + convolution.tensors
            + [decayBias, decayLog].map { ExpectedTensor(name: $0, shape: [valueHeads]) }
            + norm.tensors + output.tensors
    }
}
