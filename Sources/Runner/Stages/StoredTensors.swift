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

    init(_ stored: StageResult) throws {
        let bytes = try stored.bytes(PatchIndex.role)
        digest = Digest(of: bytes)
        tensors = StoredTensors(try SortedJSON.value(PatchIndex.self, bytes), stored)
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

    static func role(ofPart part: Int) -> String { "\(role)-\(part)" }
}

extension StageOutputs {
    /// Stores all that `compute` gives, and the index.
    mutating func putTensors(
        _ compute: (_ give: (WeightPatch) throws -> Void) throws -> Void
    ) throws {
        var index = PatchIndex()
        try compute { patch in
            guard !patch.names.isEmpty else { return }
            let digest = try put(
                PatchIndex.role(ofPart: index.parts.count), patch.archive.bytes, elementBytes: 4)
            index.parts.append(PatchIndex.Part(digest: digest.hex, names: patch.names))
        }
        try put(PatchIndex.role, json: index)
    }
}

/// Reads a layer when a tensor of it is asked for, and holds it until one of another is.
private final class StoredTensors: ComputedTensors {
    let names: [String]
    private let places: [String: Int]
    private let stored: StageResult
    private var held: (part: Int, patch: WeightPatch)?

    init(_ index: PatchIndex, _ stored: StageResult) {
        names = index.parts.flatMap(\.names)
        places = Dictionary(
            index.parts.enumerated().flatMap { part, entry in entry.names.map { ($0, part) } },
            uniquingKeysWith: { _, last in last })
        self.stored = stored
    }

    func tensor(_ name: String) throws -> MatrixView? {
        guard let part = places[name] else { return nil }
        if let held, held.part == part { return held.patch.tensor(name) }
        held = nil
        let role = PatchIndex.role(ofPart: part)
        guard let patch = WeightPatch(try stored.archive(role)), patch.tensor(name) != nil else {
            throw stored.lost(role)
        }
        held = (part, patch)
        return patch.tensor(name)
    }
}
