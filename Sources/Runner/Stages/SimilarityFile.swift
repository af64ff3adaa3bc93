// How a similarity and its warnings lie in the store.

import Analysis
import Checkpoint
import Foundation

/// A similarity matrix as a safetensors file.
enum SimilarityFile {
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
enum WarningFile {
    static func encode(_ warnings: [String]) throws -> [UInt8] {
        [UInt8](try JSONEncoder().encode(warnings))
    }

    static func decode(_ bytes: [UInt8]) throws -> [String] {
        try JSONDecoder().decode([String].self, from: Data(bytes))
    }
}
