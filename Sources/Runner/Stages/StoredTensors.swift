// Computed tensors in the store: an object for each new layer and an index of them, so that no more
// than a layer of them is held in memory, when they are made and when they are read.

import Checkpoint
import Foundation
import Model
import Store
import TensorMath

/// What a stage computed. The digest is of the index, which names the objects by theirs.
struct IdentifiedWeights {
    let tensors: any ComputedTensors
    let digest: Digest
    /// Whether they were computed, and are not only planned.
    let isKnown: Bool
    /// Wall time of computing them.
    var seconds: Double

    /// - Parameters:
    ///   - role: as `putTensors` was told.
    ///   - layers: the original's, by which the new model's tensors are named.
    init(
        _ stored: StageResult, as role: String = PatchIndex.role, naming layers: [LayerBlueprint]
    ) throws {
        let bytes = try stored.bytes(role)
        digest = Digest(of: bytes)
        isKnown = true
        seconds = stored.seconds
        tensors = try StoredTensors(
            SortedJSON.value(PatchIndex.self, bytes), role, stored, naming: layers)
    }

    /// Nothing computed yet: the original's tensors have the same shapes.
    init(unknown: StageResult) {
        tensors = WeightPatch()
        digest = unknown.key
        isKnown = false
        seconds = 0
    }

    /// Layers of the new model, of `count`, of which any tensor was computed.
    func layers(of count: Int) -> Set<Int> {
        Set((0..<count).filter { !tensors.tensors(ofLayer: $0).isEmpty })
    }
}

/// Which tensors are in which object.
struct PatchIndex: Codable {
    struct Part: Codable {
        let digest: String
        let names: [String]
    }

    static let role = "weights"
    var parts: [Part] = []

    static func role(ofPart part: Int, of whole: String) -> String { "\(whole)-\(part)" }
}

extension StageOutputs {
    /// Stores all that `compute` gives, and the index.
    ///
    /// - Parameter role: of the index, and how those of the objects begin.
    mutating func putTensors(
        as role: String = PatchIndex.role, naming layers: [LayerBlueprint],
        _ compute: (_ give: (WeightPatch) throws -> Void) throws -> Void
    ) throws {
        var index = PatchIndex()
        try compute { patch in
            let archive = patch.archive(naming: layers)
            let names = archive.entries.map(\.name)
            guard !names.isEmpty else { return }
            let digest = try put(
                PatchIndex.role(ofPart: index.parts.count, of: role), archive.bytes,
                elementBytes: 4)
            index.parts.append(PatchIndex.Part(digest: digest.hex, names: names))
        }
        try put(role, json: index)
    }
}

/// Reads a layer when a tensor of it is asked for, and holds it until one of another is.
private final class StoredTensors: ComputedTensors {
    private let layers: [LayerBlueprint]
    /// Which part a tensor is in, by new layer and local name.
    private var parts: [Int: [String: Int]] = [:]
    private let role: String
    private let stored: StageResult
    private var held: (part: Int, patch: WeightPatch)?

    init(
        _ index: PatchIndex, _ role: String, _ stored: StageResult,
        naming layers: [LayerBlueprint]
    ) throws {
        self.layers = layers
        self.role = role
        self.stored = stored
        for (part, entry) in index.parts.enumerated() {
            for name in entry.names {
                guard let tensor = layers.tensor(named: name) else {
                    throw stored.lost(role)
                }
                parts[tensor.layer, default: [:]][tensor.name] = part
            }
        }
    }

    func tensors(ofLayer layer: Int) -> [String: () throws -> MatrixView] {
        var result: [String: () throws -> MatrixView] = [:]
        for (name, part) in parts[layer] ?? [:] {
            result[name] = { try self.tensor(name, ofLayer: layer, inPart: part) }
        }
        return result
    }

    private func tensor(
        _ name: String, ofLayer layer: Int, inPart part: Int
    ) throws -> MatrixView {
        if held?.part != part { held = nil }
        let role = PatchIndex.role(ofPart: part, of: role)
        guard let patch = try held?.patch ?? WeightPatch(stored.archive(role), naming: layers),
            let matrix = patch[layer][name]
        else { throw stored.lost(role) }
        held = (part, patch)
        return matrix
    }
}
