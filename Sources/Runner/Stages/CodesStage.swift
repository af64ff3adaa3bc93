// Stage `codes`: what becomes of a model's weights by what they read of calibration tokens. The
// stage `quantize` writes it.

import Checkpoint
import JSON
import Model
import Quantization
import Schemes
import Store
import TensorMath

struct CodesStage: Stage {
    let name = "codes"
    let version = ModelQuantizing.version
    private let source: Subject
    private let tokens: TokenisedSet
    private let recipe: QuantizationRecipe
    private let numerics: Numerics
    private let quantizing: ModelQuantizing
    private let label: String

    /// - Parameter label: of the result, for people.
    init(
        _ source: Subject, _ tokens: TokenisedSet, _ recipe: QuantizationRecipe,
        space: StreamSpace, numerics: Numerics, label: String
    ) {
        self.source = source
        self.tokens = tokens
        self.recipe = recipe
        self.numerics = numerics
        self.label = label
        quantizing = ModelQuantizing(
            source.model.weights, mode: numerics.mode, batch: tokens.batch, recipe: recipe,
            space: space)
    }

    /// What there is too little of.
    var doubt: String? { quantizing.doubt }

    var inputs: StageInputs {
        [(role: "model", digest: source.identity), (role: "tokens", digest: tokens.digest)]
    }

    var params: KeyJSON { ["numerics": numerics.key, "recipe": recipe.canonical] }

    var detail: String { "\(label), on \(tokens.batch.tokens.count) tokens" }
    var plannedPeak: Int? { quantizing.peakByteCount }
    var scratchBytes: Int { quantizing.scratchByteCount }
    var kind: String { "\(name) \(recipe.name)" }
    var work: Work { quantizing.work }

    func compute(_ outputs: inout StageOutputs, _ cache: StageCache) throws {
        let recall = StoredLayers(key, weights: recipe.scheme, cache: cache)
        var index = CodesIndex()
        try quantizing.run(recall: recall, observer: cache.progress) { layer in
            let archive = layer.archive
            try outputs.put(CodesIndex.role(ofLayer: layer.layer), archive.bytes)
            index.notes += layer.notes
            index.layers.append(archive.entries.map(\.name))
        }
        try outputs.put(CodesIndex.role, json: index)
    }

    func decode(_ stored: StageResult) throws -> IdentifiedCodes {
        let bytes = try stored.bytes(CodesIndex.role)
        let index = try SortedJSON.value(CodesIndex.self, bytes)
        return IdentifiedCodes(
            tensors: StoredCodes(
                stored, index, scheme: recipe.scheme,
                largestLayer: source.model.blueprint.layers.map(\.parameterCount).max() ?? 0),
            digest: stored.key, notes: index.notes, seconds: stored.seconds)
    }

    /// Rounded to nearest: of the same shapes.
    func assumed(_ unknown: StageResult) -> IdentifiedCodes {
        IdentifiedCodes(
            tensors: RoundedTensors(source.model.weights.source, recipe.scheme),
            digest: unknown.key, notes: [], seconds: 0)
    }
}

extension QuantizationRecipe {
    /// All of it, for keys.
    fileprivate var canonical: KeyJSON {
        var members: [String: KeyJSON] = ["bits": .integer(scheme.bits)]
        if let group = scheme.group { members["group"] = .integer(group) }
        switch scaling {
        case .none: break
        case .activationAware: members["scaling"] = "activation-aware"
        case .smoothing(let strength): members["smoothing"] = .decimal(strength)
        }
        switch rounding {
        case .nearest(let clips): members["nearest"] = ["clips": .bool(clips)]
        case .feedback(let feedback):
            members["feedback"] = [
                "by_activation": .bool(feedback.byActivation),
                "damping": .decimal(feedback.damping),
                "target": .string(feedback.target.rawValue),
            ]
        }
        return .object(members)
    }

    /// What decides how fast it goes.
    fileprivate var name: String {
        let first =
            switch scaling {
            case .none: ""
            case .activationAware: "aware "
            case .smoothing: "smooth "
            }
        switch rounding {
        case .nearest: return first + "nearest"
        case .feedback(let feedback): return first + "feedback " + feedback.target.rawValue
        }
    }
}
