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
    /// Every tensor of the model, in the order of the forward pass, each once.
    package var tensors: [ExpectedTensor] {
        var list: [ExpectedTensor] = [
            ExpectedTensor(name: embedding, shape: [vocabularySize, hiddenWidth])
        ]
        for layer in layers { list += layer.tensors }
        list.append(finalNorm.expected)
        if outputHead != embedding {
            list.append(ExpectedTensor(name: outputHead, shape: [vocabularySize, hiddenWidth]))
        }
        var seen: Set<String> = []
        return list.filter { seen.insert($0.name).inserted }
    }
}

extension LayerBlueprint {
    /// Every tensor of the layer, each once.
    package var tensors: [ExpectedTensor] {
        var list = [inputNorm.expected]
        switch mixer {
        case .attention(let attention): list += attention.tensors
        case .mamba(let mamba): list += mamba.tensors
        }
        if let postMixerNorm { list.append(postMixerNorm.expected) }
        list.append(feedForwardNorm.expected)
        switch feedForward {
        case .gated(let gated): list += gated.tensors
        case .experts(let experts):
            list += experts.router.tensors + experts.experts.flatMap(\.tensors)
        }
        if let postFeedForwardNorm { list.append(postFeedForwardNorm.expected) }
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
    fileprivate var expected: ExpectedTensor { ExpectedTensor(name: tensor, shape: [width]) }
}

extension ProjectionBlueprint {
    fileprivate var tensors: [ExpectedTensor] {
        [ExpectedTensor(name: tensor, shape: [totalRows, inputs])]
            + (bias.map { [ExpectedTensor(name: $0, shape: [totalRows])] } ?? [])
    }
}

extension AttentionBlueprint {
    fileprivate var tensors: [ExpectedTensor] {
        query.tensors + key.tensors + value.tensors + output.tensors
            + [queryNorm, keyNorm].compactMap { $0?.expected }
    }
}

extension GatedBlueprint {
    fileprivate var tensors: [ExpectedTensor] { gate.tensors + up.tensors + down.tensors }
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
        return list + [timeStepNorm.expected, inputNorm.expected, outputNorm.expected]
    }
}
