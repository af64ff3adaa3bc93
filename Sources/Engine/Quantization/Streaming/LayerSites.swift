// The places in a layer at which projections read: those that read the same are rounded by the same
// sums.

import Model
import TensorMath

/// An input of a layer and the weights that read it.
struct LayerSite {
    enum Place: Hashable {
        case mixer
        /// Of latent attention: what makes queries reads, where it is a latent.
        case queryLatent
        /// Of latent attention: what makes keys and values reads.
        case latent
        /// Of attention, before its output projection.
        case heads
        case feedForward
        case neurons
        /// Tokens that an expert was chosen for.
        case expert(Int)
        case expertNeurons(Int)
        /// Neurons of what all experts share.
        case shared
    }

    let place: Place
    /// Stored tensors, each once and whole: those that are fused are rounded as they are stored.
    let weights: [ProjectionBlueprint]

    init(_ place: Place, _ projections: [ProjectionBlueprint]) {
        self.place = place
        var seen: Set<String> = []
        weights = projections.filter { seen.insert($0.tensor).inserted }.map(\.whole)
    }

    var inputs: Int { weights[0].inputs }
    var outputs: Int { weights.reduce(0) { $0 + $1.totalRows } }
}

extension ProjectionBlueprint {
    /// All rows of the stored tensor.
    fileprivate var whole: ProjectionBlueprint {
        var whole = self
        whole.rows = 0..<totalRows
        return whole
    }
}

extension LayerBlueprint {
    /// Of the mixer, in the order in which they are read; a Mamba mixer's stay as they are.
    var mixerSites: [LayerSite] {
        switch mixer {
        case .attention(let attention):
            [
                LayerSite(.mixer, [attention.query, attention.key, attention.value]),
                LayerSite(.heads, [attention.output]),
            ]
        case .latent(let latent):
            [LayerSite(.mixer, [latent.queryLatent?.projection ?? latent.query, latent.latent])]
                + (latent.queryLatent == nil ? [] : [LayerSite(.queryLatent, [latent.query])])
                + [LayerSite(.latent, [latent.expansion]), LayerSite(.heads, [latent.output])]
        case .mamba, .shortConvolution, .mamba2, .deltaNet, .absent: []
        }
    }

    /// Of the feed-forward part.
    var feedForwardSites: [LayerSite] {
        switch feedForward {
        case .mlp(let mlp):
            [LayerSite(.feedForward, mlp.readers), LayerSite(.neurons, [mlp.down])]
        case .experts(let experts):
            experts.experts.enumerated().flatMap { index, expert in
                [
                    LayerSite(.expert(index), expert.readers),
                    LayerSite(.expertNeurons(index), [expert.down]),
                ]
            }
                + (experts.shared.map {
                    [LayerSite(.feedForward, $0.readers), LayerSite(.shared, [$0.down])]
                } ?? [])
        case .absent: []
        }
    }
}

/// A model at a layer: its weights and its stream.
struct LayerReader {
    let layer: LayerBlueprint
    let context: BlockContext

    /// What projections at a place read of a wave. Before the feed-forward part the stream is the
    /// one behind the mixer.
    ///
    /// - Parameters:
    ///   - stream: residual stream of the wave, [tokens, hidden]; stays as it is.
    ///   - chosen: tokens of the wave that an expert gets; those of another model where two are
    ///     held against each other.
    func input(
        _ place: LayerSite.Place, stream: MatrixView, layout: WaveLayout, chosen: [Int]? = nil
    ) throws -> MatrixView {
        let normal = context.scratch.matrix(rows: stream.rows, columns: stream.columns)
        switch (place, layer.mixer, layer.feedForward) {
        case (.mixer, _, _):
            try context.normalise(stream, layer.inputNorm, into: normal)
            return normal
        case (.heads, .attention(let attention), _):
            try context.normalise(stream, layer.inputNorm, into: normal)
            return try attention.heads(normal, layout: layout, context: context)
        case (.heads, .latent(let latent), _):
            try context.normalise(stream, layer.inputNorm, into: normal)
            return try latent.heads(normal, layout: layout, context: context)
        case (.queryLatent, .latent(let latent), _):
            try context.normalise(stream, layer.inputNorm, into: normal)
            return try latent.queryInput(normal, context: context)
        case (.latent, .latent(let latent), _):
            try context.normalise(stream, layer.inputNorm, into: normal)
            return try latent.latents(normal, context: context).latents
        case (.feedForward, _, _):
            try context.normalise(stream, layer.feedForwardNorm, into: normal)
            return normal
        case (.neurons, _, .mlp(let mlp)):
            try context.normalise(stream, layer.feedForwardNorm, into: normal)
            return try mlp.neurons(normal, context: context)
        case (.expert, _, .experts):
            try context.normalise(stream, layer.feedForwardNorm, into: normal)
            return normal.gathered(chosen ?? [])
        case (.expertNeurons(let index), _, .experts(let experts)):
            try context.normalise(stream, layer.feedForwardNorm, into: normal)
            return try experts.experts[index].neurons(
                normal.gathered(chosen ?? []), context: context)
        case (.shared, _, .experts(let experts)):
            try context.normalise(stream, layer.feedForwardNorm, into: normal)
            guard let shared = experts.shared else { fallthrough }
            return try shared.neurons(normal, context: context)
        default: preconditionFailure("the layer has no such place")
        }
    }

    /// Tokens of a wave that an expert gets; nil where a place is of no expert.
    func chosen(_ place: LayerSite.Place, stream: MatrixView) throws -> [Int]? {
        let index: Int
        switch place {
        case .expert(let expert), .expertNeurons(let expert): index = expert
        default: return nil
        }
        guard case .experts(let experts) = layer.feedForward else { return nil }
        let normal = context.scratch.matrix(rows: stream.rows, columns: stream.columns)
        try context.normalise(stream, layer.feedForwardNorm, into: normal)
        return try experts.tokens(of: index, normal, context: context)
    }

    /// The stream through the mixer, in place.
    func passMixer(_ stream: MatrixView, layout: WaveLayout) throws {
        let normal = context.scratch.matrix(rows: stream.rows, columns: stream.columns)
        try context.normalise(stream, layer.inputNorm, into: normal)
        try layer.runMixer(normal, stream: stream, layout: layout, context: context)
    }

    /// The stream through the feed-forward part, in place.
    func passFeedForward(_ stream: MatrixView) throws {
        let normal = context.scratch.matrix(rows: stream.rows, columns: stream.columns)
        try context.normalise(stream, layer.feedForwardNorm, into: normal)
        try layer.runFeedForward(normal, stream: stream, context: context)
    }
}
