// What of a layer `fold` works on, found once; and what it cannot compute.

import Failures
package import Model

/// Why `fold` cannot compute a layer.
enum FoldError: ClassifiedFailure, Equatable, CustomStringConvertible {

    var failureClass: FailureClass { .user }

    case unsupported(layer: Int, what: String)

    var description: String {
        switch self {
        case .unsupported(let layer, let what):
            "method fold cannot compute layer \(layer): \(what); choose mka, sleb or reverse"
        }
    }
}

/// A layer with the attention and the MLP that `fold` found in it.
@dynamicMemberLookup
struct FoldableLayer {
    let layer: LayerBlueprint
    let inputNorm: NormBlueprint
    let attention: AttentionBlueprint
    let feedForwardNorm: NormBlueprint
    let gated: MLPBlueprint

    /// - Parameter index: of the layer in the original, for what is refused.
    init(_ layer: LayerBlueprint, index: Int) throws(FoldError) {
        if case .latent = layer.mixer {
            throw .unsupported(
                layer: index,
                what: "its heads share a latent and the end of their keys, and heads of other "
                    + "layers have their own")
        }
        guard case .attention(let attention) = layer.mixer else {
            throw .unsupported(layer: index, what: "its mixer is not attention")
        }
        guard attention.outputGate == nil else {
            throw .unsupported(
                layer: index, what: "a gate multiplies what its heads put out")
        }
        guard case .mlp(let gated) = layer.feedForward else {
            throw .unsupported(
                layer: index,
                what: "which experts a token takes depends on the router, so their "
                    + "neurons are not features of one least squares")
        }
        guard layer.postMixerNorm == nil, layer.postFeedForwardNorm == nil else {
            throw .unsupported(
                layer: index,
                what: "a norm behind the branch makes the output nonlinear in its "
                    + "weights")
        }
        if let what = layer.branchObstacle { throw .unsupported(layer: index, what: what) }
        guard let inputNorm = layer.inputNorm, let feedForwardNorm = layer.feedForwardNorm else {
            throw .unsupported(layer: index, what: "it has no norm before a branch")
        }
        for (norm, readers) in [
            (inputNorm, [attention.query, attention.key, attention.value]),
            (feedForwardNorm, gated.readers),
        ] where norm.bias != nil && readers.contains(where: { $0.bias == nil }) {
            throw .unsupported(
                layer: index,
                what: "its norms add a bias and what reads them has none to take it up")
        }
        self.layer = layer
        self.inputNorm = inputNorm
        self.attention = attention
        self.feedForwardNorm = feedForwardNorm
        self.gated = gated
    }

    static func all(of blueprint: ModelBlueprint) throws(FoldError) -> [FoldableLayer] {
        var all: [FoldableLayer] = []
        for (index, layer) in blueprint.layers.enumerated() {
            all.append(try FoldableLayer(layer, index: index))
        }
        return all
    }

    subscript<Value>(dynamicMember path: KeyPath<LayerBlueprint, Value>) -> Value {
        layer[keyPath: path]
    }

    /// Projections that read the norm before attention.
    var attentionReaders: [ProjectionBlueprint] {
        [attention.query, attention.key, attention.value]
    }
    /// Projections that read the norm before the MLP.
    var feedForwardReaders: [ProjectionBlueprint] { gated.readers }
    /// Local names of what attention reads the stream by.
    var attentionInputs: [String] {
        (attentionReaders.map(\.tensor) + [inputNorm.tensor]).map(layer.localName)
    }
    /// Local names of what the MLP reads the stream by.
    var feedForwardInputs: [String] {
        (feedForwardReaders.map(\.tensor) + [feedForwardNorm.tensor]).map(layer.localName)
    }
}

extension ModelBlueprint {
    /// Why layers of the model cannot be folded; nil where all can.
    package var foldObstacle: String? {
        do throws(FoldError) {
            _ = try FoldableLayer.all(of: self)
            return nil
        } catch {
            switch error {
            case .unsupported(_, let what): return what
            }
        }
    }
}

extension AttentionBlueprint {
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
