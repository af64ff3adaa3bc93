// `quantization_config` of a config.json: the keys that every compressed-tensors from 0.12 on
// reads, and no others. Docs: docs/QUANTISATION.md.

package import Failures
package import JSON

/// What a config.json says of how its model is quantised.
package struct QuantizationConfig: Sendable, Equatable {
    package static let key = "quantization_config"
    private static let method = "compressed-tensors"

    package let scheme: QuantizationScheme
    /// Modules that stay as they are: exact names, or patterns behind `re:`.
    package let ignore: [String]

    package init(_ scheme: QuantizationScheme, ignore: [String]) {
        self.scheme = scheme
        self.ignore = ignore
    }

    /// The value of the key.
    package var json: JSONValue {
        [
            "quant_method": .string(Self.method), "format": .string(scheme.format),
            "quantization_status": "compressed",
            "ignore": .array(ignore.map { .string($0) }),
            "config_groups": [
                "group_0": [
                    "targets": ["Linear"], "weights": scheme.weights.json,
                    "input_activations": scheme.activations.json,
                ]
            ],
        ]
    }
}

extension QuantizationScheme {
    /// What compressed-tensors calls the layout of the tensors.
    package var format: String {
        switch (weights.kind, activations) {
        case (.float, _): "float-quantized"
        case (.int, .none): "pack-quantized"
        case (.int, _): "int-quantized"
        }
    }
}

extension WeightScheme {
    fileprivate var json: JSONValue {
        var members: [(String, JSONValue)] = [
            ("num_bits", .integer(bits)), ("type", .string(kind.rawValue)), ("symmetric", true),
            ("strategy", .string(group == nil ? "channel" : "group")),
        ]
        if let group { members.append(("group_size", .integer(group))) }
        members.append(("dynamic", false))
        return .object(JSONObject(members))
    }
}

extension ActivationScheme {
    fileprivate var json: JSONValue {
        guard self != .none else { return nil }
        return [
            "num_bits": 8, "type": self == .fp8Token ? "float" : "int", "symmetric": true,
            "strategy": "token", "dynamic": true,
        ]
    }
}

// MARK: - Reading

/// A `quantization_config` of a kind that this build does not read.
package struct UnreadQuantization: ClassifiedFailure, Equatable, CustomStringConvertible {
    /// Of the format, as the file names it.
    package let format: String
    /// What of it, where the format itself is known.
    package let detail: String?

    package init(format: String, detail: String?) {
        self.format = format
        self.detail = detail
    }

    package var failureClass: FailureClass { .user }

    package var description: String {
        "the checkpoint is quantised (\(quoted(format))\(detail.map { ", \($0)" } ?? "")), which "
            + "this build does not read; it reads `fp8` in blocks, `mxfp4`, and of "
            + "compressed-tensors what is symmetric: pack-quantized, int-quantized and "
            + "float-quantized with tokens rounded on the way. Use the original F32, F16 or BF16 "
            + "checkpoint"
    }
}

extension QuantizationConfig {
    /// - Parameter value: of the key.
    /// - Throws: for every kind that is not one of ours.
    package init(parsing value: JSONValue) throws(UnreadQuantization) {
        let method = value["quant_method"]?.string ?? "unknown"
        guard method == Self.method else { throw UnreadQuantization(format: method, detail: nil) }
        let format = value["format"]?.string ?? "unknown"
        func refused(_ detail: String) -> UnreadQuantization {
            UnreadQuantization(format: format, detail: detail)
        }
        guard let status = value["quantization_status"]?.string, status == "compressed" else {
            throw refused("`quantization_status` is not `compressed`")
        }
        guard case .object(let groups)? = value["config_groups"], groups.count == 1 else {
            throw refused("not one group of modules")
        }
        let group = groups[0].value
        guard let weights = group["weights"].flatMap(WeightScheme.init(json:)) else {
            throw refused("weights that are not symmetric, or of another type or strategy")
        }
        guard let activations = ActivationScheme(json: group["input_activations"] ?? .null) else {
            throw refused("activations that are not rounded token by token")
        }
        let scheme = QuantizationScheme(weights: weights, activations: activations)
        let others = [group["output_activations"], value["kv_cache_scheme"]]
        guard scheme.format == format, others.allSatisfy({ ($0 ?? .null) == .null }) else {
            throw refused("more than weights and the inputs of products")
        }
        // Rotations at run time, and weights of which zeros were left out.
        for key in ["transform_config", "sparsity_config"] {
            guard value[key].map({ $0 == .null || $0 == [:] }) ?? true else {
                throw refused("`\(key)`")
            }
        }
        self.init(
            scheme, ignore: value["ignore"].flatMap { $0.elements { $0.string } } ?? [])
    }
}

extension WeightScheme {
    fileprivate init?(json: JSONValue) {
        guard json["symmetric"]?.bool ?? true, json["dynamic"]?.bool != true,
            Self.keepsGroups(json["actorder"] ?? .null), let bits = json["num_bits"]?.integer,
            let kind = Kind(rawValue: json["type"]?.string ?? "int")
        else { return nil }
        guard kind == .int ? (2...8).contains(bits) : bits == 8 else { return nil }
        switch json["strategy"]?.string {
        case "channel": self.init(kind: kind, bits: bits, group: nil)
        case "group":
            guard let group = json["group_size"]?.integer, group > 0 else { return nil }
            self.init(kind: kind, bits: bits, group: group)
        default: return nil
        }
    }

    /// Whether groups are of neighbouring columns. `group`, its alias `dynamic` and `true` assign
    /// columns to groups by a tensor `weight_g_idx`, which is not read.
    private static func keepsGroups(_ order: JSONValue) -> Bool {
        switch order {
        case .null, .bool(false), "weight", "static": true
        default: false
        }
    }
}

extension ActivationScheme {
    fileprivate init?(json: JSONValue) {
        if json == .null {
            self = .none
            return
        }
        guard json["num_bits"]?.integer == 8, json["symmetric"]?.bool ?? true,
            json["strategy"]?.string == "token", json["dynamic"]?.bool == true
        else { return nil }
        switch json["type"]?.string {
        case "int": self = .int8Token
        case "float": self = .fp8Token
        default: return nil
        }
    }
}
