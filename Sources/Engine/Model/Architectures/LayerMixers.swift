// Lists that name the mixer of each layer, under the names of today and those of before
// (transformers' remap_legacy_layer_types): what hybrid families share.

import Checkpoint
import JSON

/// What a layer of a hybrid model is.
enum LayerMixer: String {
    case attention = "full_attention"
    case recurrent = "linear_attention"
    case convolution = "conv"
    case experts = "moe"
    case perceptron = "mlp"

    /// nil where the name is not known.
    init?(name: String) {
        switch name {
        case "attention": self = .attention
        case "mamba": self = .recurrent
        default: self.init(rawValue: name)
        }
    }
}

extension ModelConfig {
    /// The mixers of a list with an entry for each layer; nil where there is none.
    ///
    /// - Parameters:
    ///   - count: of the layers; nil: as many as there are entries.
    ///   - known: what layers of the family can be.
    func mixers(
        _ key: String, count: Int?, known: Set<LayerMixer>
    ) throws -> [LayerMixer]? {
        guard let names = try strings(key) else { return nil }
        guard names.count == count ?? names.count else {
            throw ModelError.unsupported(
                key: key, found: "\(names.count) entries",
                advice: "one for each of the \(count ?? 0) layers is expected")
        }
        return try names.map { name in
            guard let mixer = LayerMixer(name: name), known.contains(mixer) else {
                throw ModelError.unsupported(
                    key: key, found: quoted(name),
                    advice: "known are " + known.map(\.rawValue).sorted().joined(separator: ", "))
            }
            return mixer
        }
    }

    /// Keeps the entries of a list with one for each of `count` layers, where it is there. One of
    /// another length is not in force beside the list that says what the layers are, and goes.
    mutating func keepEntries(_ key: String, _ kept: [Int], of count: Int) throws {
        guard let entries = try strings(key) else { return }
        guard entries.count == count else { return set(key, to: nil as JSONValue?) }
        set(key, to: kept.map { entries[$0] })
    }

    /// Makes a list of layers' numbers true, where it is there.
    mutating func setIndices(_ key: String, where holds: [Bool]) {
        guard value(key) != nil else { return }
        set(key, to: .array(holds.indices.filter { holds[$0] }.map { JSONValue.integer($0) }))
    }

    /// Layers behind the last one that guess further tokens are not kept.
    mutating func dropFurtherTokens() {
        for key in ["mtp_num_hidden_layers", "num_nextn_predict_layers"] where value(key) != nil {
            set(key, to: 0)
        }
    }
}

extension LayerBlueprint {
    var attends: Bool { if case .attention = mixer { true } else { false } }
}
