// Whether every MLP of a model can have fewer neurons, so that any loader takes the result: the
// width is one number of config.json.

import Checkpoint
package import Failures
import JSON
package import Model

extension Model {
    /// Neurons of each MLP of a model whose MLPs can all be narrowed alike.
    ///
    /// - Throws: `NarrowingError` with what it lacks; what reading its config.json throws.
    package func narrowableWidth() throws -> Int {
        let width = try blueprint.narrowableWidth()
        guard let widest = MLPWidths.all(below: width).first else {
            throw NarrowingError.tooNarrow(width: width)
        }
        var config = checkpoint.config
        try architecture.narrow(&config, to: widest)
        let narrowed = blueprint.layers.map { $0.narrowed(to: widest).localTensors }
        guard try architecture.blueprint(config).layers.map(\.localTensors) == narrowed else {
            throw NarrowingError.config(modelType: blueprint.modelType)
        }
        return width
    }
}

extension ModelBlueprint {
    func narrowableWidth() throws(NarrowingError) -> Int {
        var found: Int?
        for (index, layer) in layers.enumerated() {
            let own = try Self.narrowableWidth(of: layer, index)
            if let found, found != own { throw .differs(layer: index, width: own, first: found) }
            found = own
        }
        guard let found else { throw .layer(0, what: "is none") }
        return found
    }

    private static func narrowableWidth(
        of layer: LayerBlueprint, _ index: Int
    ) throws(NarrowingError) -> Int {
        switch layer.feedForward {
        case .experts: throw .layer(index, what: "has experts")
        case .absent: throw .layer(index, what: "has no MLP")
        case .mlp(let mlp):
            let obstacle = FoldableLayer(layer).feedForwardObstacle ?? mlp.narrowingObstacle
            if let obstacle { throw .layer(index, what: "has " + obstacle) }
            return mlp.neuronCount
        }
    }
}

/// Why the MLPs of a model cannot be narrowed.
package enum NarrowingError: ClassifiedFailure, Equatable, CustomStringConvertible {

    package var failureClass: FailureClass { .user }

    case layer(Int, what: String)
    case differs(layer: Int, width: Int, first: Int)
    case tooNarrow(width: Int)
    case config(modelType: String)
    /// Columns that share a scale in an entry of `quantize`.
    case group(Int, entry: String)

    package var description: String {
        let reason =
            switch self {
            case .layer(let index, let what):
                "all MLPs are narrowed alike, and layer \(index) \(what)"
            case .differs(let layer, let width, let first):
                "all MLPs are narrowed to one width, and layer \(layer) has \(width) neurons, "
                    + "layer 0 has \(first)"
            case .tooNarrow(let width):
                "no multiple of \(MLPWidths.step) lies below the model's \(width) neurons and not "
                    + "below half of them"
            case .config(let modelType):
                "config.json of a \(modelType) does not say how wide its MLPs are"
            case .group(let group, let entry):
                "MLPs are narrowed to multiples of \(MLPWidths.step) neurons, and `group` "
                    + "\(group) of \(quoted(entry)) in `quantize` does not divide all of them: "
                    + "give a `group` that divides \(MLPWidths.step), or `auto`"
            }
        return "`narrow`: \(reason); or leave `narrow` out"
    }
}
