// What of a layer `fold` works on, found once: parts that least squares can make of those of
// several layers, and why the others stay those of the layer that is kept.

import Model

/// A layer with the parts that `fold` found in it.
@dynamicMemberLookup
struct FoldableLayer {
    let layer: LayerBlueprint
    /// nil where the mixer is another one, or cannot be fitted.
    let attention: AttentionBlueprint?
    /// nil where the layer has experts or nothing, or the MLP cannot be fitted.
    let mlp: MLPBlueprint?
    /// nil where the layer has none, or they cannot be fitted.
    let experts: ExpertsBlueprint?
    /// Why the mixer, or the feed-forward part, of the layer is kept or removed as it is; nil where
    /// it can be fitted.
    let mixerObstacle: String?
    let feedForwardObstacle: String?

    init(_ layer: LayerBlueprint) {
        self.layer = layer
        var attention: AttentionBlueprint?
        if case .attention(let found) = layer.mixer { attention = found }
        let mixerObstacle = attention.map { layer.obstacle($0) } ?? layer.mixer.words
        self.mixerObstacle = mixerObstacle
        self.attention = mixerObstacle == nil ? attention : nil
        var (mlp, experts): (MLPBlueprint?, ExpertsBlueprint?)
        let obstacle: String?
        switch layer.feedForward {
        case .mlp(let found):
            mlp = found
            obstacle = layer.feedForwardObstacle(found.readers)
        case .experts(let found):
            experts = found
            obstacle = layer.obstacle(found)
        case .absent: obstacle = "no MLP"
        }
        feedForwardObstacle = obstacle
        self.mlp = obstacle == nil ? mlp : nil
        self.experts = obstacle == nil ? experts : nil
    }

    static func all(of blueprint: ModelBlueprint) -> [FoldableLayer] {
        blueprint.layers.map { FoldableLayer($0) }
    }

    subscript<Value>(dynamicMember path: KeyPath<LayerBlueprint, Value>) -> Value {
        layer[keyPath: path]
    }

    /// Projections that read the norm before attention.
    var attentionReaders: [ProjectionBlueprint] { attention?.readers ?? [] }
    /// Projections that read the norm before the MLP or the experts.
    var feedForwardReaders: [ProjectionBlueprint] { mlp?.readers ?? experts?.readers ?? [] }
    /// Local names of what attention reads the stream by.
    var attentionInputs: [String] { names(attentionReaders, layer.inputNorm) }
    /// Local names of what the MLP or the experts read the stream by.
    var feedForwardInputs: [String] { names(feedForwardReaders, layer.feedForwardNorm) }

    private func names(_ readers: [ProjectionBlueprint], _ norm: NormBlueprint?) -> [String] {
        var tensors = readers.map(\.tensor)
        // A norm's bias goes into theirs.
        if norm?.bias != nil { tensors += readers.compactMap(\.bias) }
        var seen: Set<String> = []
        return (tensors + [norm?.tensor, norm?.bias].compactMap { $0 })
            .filter { seen.insert($0).inserted }.map(layer.localName)
    }

    /// Whether a norm behind a branch makes the stream no linear function of its weights.
    var hasNormsBehind: Bool { layer.postMixerNorm != nil || layer.postFeedForwardNorm != nil }

    /// Whether what least squares make of the layer may well be worse than leaving it as it is, so
    /// that it has to be judged against that.
    var isUncertain: Bool {
        hasNormsBehind || experts != nil || mixerObstacle != nil || feedForwardObstacle != nil
    }
}

extension ModelBlueprint {
    /// Why nothing of the model can be merged or tuned; nil where something can.
    package var foldObstacle: String? {
        let isFitted = FoldableLayer.all(of: self).contains {
            $0.attention != nil || $0.mlp != nil || $0.experts != nil
                || BlockGradient.obstacle($0.layer) == nil
        }
        return isFitted ? nil : "its layers have no part that can be fitted or tuned"
    }
}

extension LayerBlueprint {
    fileprivate func obstacle(_ attention: AttentionBlueprint) -> String? {
        obstacle(reading: inputNorm, attention.readers, before: postMixerNorm)
    }

    fileprivate func feedForwardObstacle(_ readers: [ProjectionBlueprint]) -> String? {
        obstacle(reading: feedForwardNorm, readers, before: postFeedForwardNorm)
    }

    fileprivate func obstacle(_ experts: ExpertsBlueprint) -> String? {
        if postFeedForwardNorm != nil { return "a norm behind its experts" }
        return feedForwardObstacle(experts.readers)
    }

    /// Why what reads a norm cannot be fitted to another stream.
    private func obstacle(
        reading norm: NormBlueprint?, _ readers: [ProjectionBlueprint],
        before post: NormBlueprint?
    ) -> String? {
        if isParallel { return "attention and an MLP that read the same input" }
        if norm?.bias != nil, readers.contains(where: { $0.bias == nil }) {
            return "norms whose bias nothing behind them can take up"
        }
        return post?.isCentred == true ? "LayerNorms behind its branches" : nil
    }
}

extension AttentionBlueprint {
    /// What reads the layer's input.
    var readers: [ProjectionBlueprint] { [query, key, value] + [outputGate].compactMap { $0 } }

    /// Whether groups of the other can stand beside those of this one.
    func sharesGroups(with other: AttentionBlueprint) -> Bool {
        // A gain inside the heads (Qwen3) belongs to all heads of a layer at once.
        queryNorm == nil && keyNorm == nil && other.queryNorm == nil && other.keyNorm == nil
            && heads == other.heads && keyValueHeads == other.keyValueHeads
            && headWidth == other.headWidth && rotary == other.rotary && window == other.window
            && scale == other.scale && softCap == other.softCap && clip == other.clip
            && temperature == other.temperature && sinks == nil && other.sinks == nil
            && outputGate == nil && other.outputGate == nil
            && (query.bias == nil) == (other.query.bias == nil)
            && (key.bias == nil) == (other.key.bias == nil)
            && (value.bias == nil) == (other.value.bias == nil)
    }
}

extension MLPBlueprint {
    /// Whether neurons of the other can stand beside those of this one.
    func sharesNeurons(with other: MLPBlueprint) -> Bool {
        activation == other.activation && neuronCount == other.neuronCount
            && zip(projections, other.projections).allSatisfy {
                $0.inputs == $1.inputs && ($0.bias == nil) == ($1.bias == nil)
            } && projections.count == other.projections.count
    }
}

extension ExpertsBlueprint {
    /// What reads the layer's input: the router, all experts, and what they share.
    var readers: [ProjectionBlueprint] {
        [router] + experts.flatMap(\.readers) + (shared?.readers ?? [])
            + [sharedGate].compactMap { $0 }
    }

    /// Whether experts of the other can stand beside those of this one.
    func sharesExperts(with other: ExpertsBlueprint) -> Bool {
        guard let first = experts.first, let second = other.experts.first else { return false }
        return experts.count == other.experts.count && first.sharesNeurons(with: second)
            && expertsPerToken == other.expertsPerToken && renormalised == other.renormalised
            && routing.groups == nil && other.routing.groups == nil
            && (routing.correction == nil) == (other.routing.correction == nil)
            && routing.scores == other.routing.scores
            && (router.bias == nil) == (other.router.bias == nil)
    }
}

extension NormBlueprint? {
    /// Whether what reads one norm can read the other in its place, gains and biases aside.
    func isLike(_ other: NormBlueprint?) -> Bool {
        self?.isCentred == other?.isCentred && self?.epsilon == other?.epsilon
            && self?.width == other?.width && (self?.bias == nil) == (other?.bias == nil)
    }
}
