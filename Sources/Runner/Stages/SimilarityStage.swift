// Stages `embedding` and `similarity`: how alike the layers of a model are. The measures of the
// NPIB family have an embedding stage of their own, the others compare activations directly.

import Catalogue
import Engine
import Foundation
import Jobs
import Store
import TensorMath

/// A similarity matrix with the digest of its bytes.
struct IdentifiedSimilarity {
    let measure: String
    let matrix: SimilarityMatrix
    let digest: Digest

    /// - Parameter subject: `original`, or the id of a result.
    func report(of subject: String) -> RunReport.Similarity {
        RunReport.Similarity(
            measure: measure, reading: measure == "npib-official" ? "official" : "paper",
            of: subject, layers: (0..<matrix.size).map(String.init),
            matrix: (0..<matrix.size).map { row in
                (0..<matrix.size).map { matrix[row, $0] }
            },
            conditionNumbers: matrix.conditionNumbers, warnings: matrix.warnings)
    }
}

struct SimilarityStage {
    let cache: StageCache
    let progress: ProgressReporter
    let numerics: Numerics

    /// What the similarity stage reads: embeddings, or the activations themselves.
    private enum Source {
        case embeddings(StageResult, EmbeddingFamily)
        case activations(StoredActivations)

        var inputs: [(role: String, digest: Digest)] {
            switch self {
            case .embeddings(let result, _): result.sortedOutputs
            case .activations(let stored): stored.result.sortedOutputs
            }
        }
    }

    func measure(
        _ name: String, parameters: Parameters, activations: StoredActivations, label: String
    ) throws -> IdentifiedSimilarity {
        let settings = SimilarityParameters(parameters)
        var source = Source.activations(activations)
        if let family = EmbeddingFamily(measure: name) {
            let embedding = try embed(family, parameters, settings, activations, label)
            source = .embeddings(embedding, family)
        }
        let request = StageRequest(
            name: "similarity", inputs: source.inputs,
            params: [
                "measure": .string(name), "numerics": numerics.key,
                "parameters": parameters.canonical(),
            ],
            detail: "\(label): \(name), \(activations.boundaries - 1) layers")
        let result = try cache.run(request) { outputs in
            try progress.checkpoint()
            let matrix = try compare(source, name, settings)
            try outputs.put("similarity", SimilarityFile.encode(matrix))
            try outputs.put("warnings", try WarningFile.encode(matrix.warnings))
        }
        let bytes = try cache.bytes(result, "similarity", stage: request.name)
        let warnings = try WarningFile.decode(
            try cache.bytes(result, "warnings", stage: request.name))
        guard let matrix = SimilarityFile.decode(bytes, warnings: warnings) else {
            throw StageInputLost(stage: request.name, role: "similarity")
        }
        return IdentifiedSimilarity(measure: name, matrix: matrix, digest: Digest(of: bytes))
    }

    private func embed(
        _ family: EmbeddingFamily, _ parameters: Parameters, _ settings: SimilarityParameters,
        _ activations: StoredActivations, _ label: String
    ) throws -> StageResult {
        let request = StageRequest(
            name: "embedding", inputs: activations.result.sortedOutputs,
            params: [
                "family": .string(family.rawValue), "numerics": numerics.key,
                "parameters": parameters.canonical(["sigma", "dimensions"]),
            ],
            detail: "\(label): \(family.rawValue) reading, \(activations.boundaries - 1) layers")
        return try cache.run(request) { outputs in
            let rows = try activations.allRows(cache: cache)
            try progress.checkpoint()
            let embeddings = try family.embed(rows, settings)
            var archive = TensorArchive()
            for (layer, coordinates) in embeddings.coordinates.enumerated() {
                archive.add(
                    "layer.\(layer)", shape: [coordinates.rows, coordinates.columns],
                    doubles: coordinates.values)
            }
            archive.add(
                "condition_numbers", shape: [embeddings.conditionNumbers.count],
                doubles: embeddings.conditionNumbers)
            try outputs.put("embeddings", archive.bytes)
            try outputs.put("warnings", try WarningFile.encode(embeddings.warnings))
        }
    }

    private func compare(
        _ source: Source, _ name: String, _ settings: SimilarityParameters
    ) throws -> SimilarityMatrix {
        switch source {
        case .activations(let stored):
            return try SimilarityMeasures.find(name).similarity(
                of: try stored.allRows(cache: cache), parameters: settings)
        case .embeddings(let result, let family):
            let archive = try cache.archive(result, "embeddings", stage: "embedding")
            let warnings = try WarningFile.decode(
                try cache.bytes(result, "warnings", stage: "embedding"))
            let layers = archive.entries.count - 1
            let coordinates = try (0..<layers).map { layer in
                let name = "layer.\(layer)"
                guard let shape = archive.entry(name)?.shape, let values = archive.doubles(name)
                else { throw StageInputLost(stage: "embedding", role: "embeddings") }
                return DoubleMatrix(rows: shape[0], columns: shape[1], values: values)
            }
            let matrix = try family.compare(coordinates, settings)
            return SimilarityMatrix(
                size: matrix.size, values: matrix.values, warnings: warnings + matrix.warnings,
                conditionNumbers: archive.doubles("condition_numbers") ?? [])
        }
    }
}

extension StageResult {
    /// Outputs as inputs of the next stage, by role.
    fileprivate var sortedOutputs: [(role: String, digest: Digest)] {
        outputs.sorted { $0.key < $1.key }.map { (role: $0.key, digest: $0.value) }
    }
}

/// A similarity matrix as a safetensors file.
private enum SimilarityFile {
    static func encode(_ matrix: SimilarityMatrix) -> [UInt8] {
        var archive = TensorArchive()
        archive.add("similarity", shape: [matrix.size, matrix.size], doubles: matrix.values)
        archive.add(
            "condition_numbers", shape: [matrix.conditionNumbers.count],
            doubles: matrix.conditionNumbers)
        return archive.bytes
    }

    static func decode(_ bytes: [UInt8], warnings: [String]) -> SimilarityMatrix? {
        guard let archive = try? TensorArchive(parsing: bytes),
            let entry = archive.entry("similarity"), entry.shape.count == 2,
            entry.shape[0] == entry.shape[1], let values = archive.doubles("similarity")
        else { return nil }
        return SimilarityMatrix(
            size: entry.shape[0], values: values, warnings: warnings,
            conditionNumbers: archive.doubles("condition_numbers") ?? [])
    }
}

/// Warnings of a stage as a JSON list, so that a hit warns as the first run did.
private enum WarningFile {
    static func encode(_ warnings: [String]) throws -> [UInt8] {
        [UInt8](try JSONEncoder().encode(warnings))
    }

    static func decode(_ bytes: [UInt8]) throws -> [String] {
        try JSONDecoder().decode([String].self, from: Data(bytes))
    }
}
