// How architecture files read config.json: counts within limits, defaults where a key is absent.

import Checkpoint
import JSON

/// Widths and counts beyond this are no transformer but an attack on our memory.
let countMax = 1 << 24

/// Ten times as deep as any known model (GPT-3 has 96 layers, Llama 3.1 405B 126); a blueprint
/// takes memory for each layer, and for each expert of each.
private let layersMax = 4096
private let expertsMax = 4096
/// Of all layers together: 256 in each of 61 are 15,616 (DeepSeek-V3).
private let expertsOfAllMax = 1 << 17

extension ModelConfig {
    func has(_ key: String) -> Bool { contains(key) }

    /// Whether the key is there and null.
    func isNull(_ key: String) -> Bool { contains(key) && value(key) == nil }

    /// A required whole number from 1.
    func count(_ key: String) throws -> Int { try integer(key, in: 1...countMax) }

    func count(_ key: String, default value: Int) throws -> Int {
        try integerIfPresent(key, in: 1...countMax) ?? value
    }

    /// A number of layers, each of which takes memory before a weight is read.
    func layerCount() throws -> Int { try integer("num_hidden_layers", in: 1...layersMax) }

    /// Experts of a layer, of `layers` layers at most. The key goes by several names
    /// (transformers' `attribute_map`): the first that is there counts.
    func expertCount(anyOf keys: [String], default value: Int, layers: Int) throws -> Int {
        let key = keys.first { self.value($0) != nil } ?? keys[0]
        let most = min(expertsMax, max(1, expertsOfAllMax / layers))
        return try integerIfPresent(key, in: 1...most) ?? value
    }

    /// A whole number from 0.
    func index(_ key: String, default value: Int) throws -> Int {
        try integerIfPresent(key, in: 0...countMax) ?? value
    }

    func number(_ key: String) throws -> Double { try double(key) }

    func number(_ key: String, default value: Double) throws -> Double {
        try doubleIfPresent(key) ?? value
    }

    /// nil where the key is null; the default where it is absent.
    func optionalNumber(_ key: String, default value: Double?) throws -> Double? {
        isNull(key) ? nil : try doubleIfPresent(key) ?? value
    }

    func flag(_ key: String, default value: Bool) throws -> Bool {
        try boolIfPresent(key) ?? value
    }

    func string(_ key: String, default value: String) throws -> String {
        try stringIfPresent(key) ?? value
    }

    func isWord(_ key: String, _ word: String) -> Bool { value(key) == .string(word) }

    func strings(_ key: String) throws -> [String]? { try stringsIfPresent(key) }
    func integers(_ key: String) throws -> [Int]? { try integersIfPresent(key) }

    func numbers(_ key: String) throws -> [Double] {
        guard let values = try doublesIfPresent(key) else {
            throw ConfigError.missing(file: file, key: key, expected: "an array of numbers")
        }
        return values
    }

    func section(_ key: String) throws -> ModelConfig? { try sectionIfPresent(key) }

    /// The layer count, and every list with one entry a layer, for the kept layers.
    mutating func keepLayers(_ kept: [Int], of count: Int) throws {
        set("num_hidden_layers", to: kept.count)
        for key in ["layer_types", "mlp_layer_types"] {
            guard let types = try strings(key) else { continue }
            guard types.count == count else {
                throw unsupported(key, expected: "one entry for each of \(count) layers")
            }
            set(key, to: kept.map { types[$0] })
        }
    }
}
