// Tiny checkpoints with what transformers computes of them (Scripts/make_arch_fixtures.py), and
// the larger ones that may lie beside this checkout.

package import Checkpoint
import Foundation
package import Model
package import SystemPackage
import TensorMath
import TestSupport

package enum ArchitectureFixtures {
    package static let folder = FilePath(Places.fixtures.path).appending("arch")

    /// Every folder with a config.json.
    package static let names =
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.string)) ?? [])
        .filter {
            FileManager.default.fileExists(
                atPath: folder.appending($0).appending("config.json").string)
        }.sorted()

    /// The committed checkpoints, and the shared ones where they are.
    package static let folders =
        names.map { folder.appending($0) } + SharedCheckpoints.architectures

    package static func model(_ name: String) throws -> Model {
        try Model(try Checkpoint(folder.appending(name)))
    }

    /// A copy of a fixture with other names (nil leaves a tensor out), more tensors, another
    /// config.
    package static func changed(
        _ name: String, named: (String) -> String? = { $0 },
        adding: (Checkpoint) throws -> [OutputTensor] = { _ in [] },
        config change: (inout ModelConfig) -> Void = { _ in }
    ) throws -> (scratch: CheckpointScratch, checkpoint: Checkpoint) {
        let source = try Checkpoint(folder.appending(name))
        let scratch = try CheckpointScratch()
        var config = source.config
        change(&config)
        let tensors = try source.tensorNames.compactMap { tensor in
            try named(tensor).map { OutputTensor.copy(try source.tensor(tensor), as: $0) }
        }
        _ = try CheckpointWriter(folder: scratch.path).write(
            tensors + adding(source), config: config)
        return (scratch, try Checkpoint(scratch.path))
    }

    /// What transformers computes of a checkpoint.
    package static func expected(_ name: String) throws -> TensorArchive {
        try TensorArchive(
            parsing: try CheckpointScratch.bytes(
                folder.appending("expected").appending(name + ".safetensors")))
    }

    /// Seeded ids below the model's vocabulary.
    package static func tokens(_ lengths: [Int], of model: Model, seed: UInt64 = 1) -> [[Int32]] {
        var generator = SeededGenerator(seed: seed)
        return lengths.map { length in
            (0..<length).map { _ in
                Int32(generator.index(below: model.blueprint.vocabularySize))
            }
        }
    }
}

/// The largest difference as a share of the largest absolute value expected.
package func relativeError(_ found: [Float], _ expected: [Float]) -> Float {
    guard found.count == expected.count else { return .infinity }
    let largest = expected.map { abs($0) }.max() ?? 1
    let errors = zip(found, expected).map { abs($0 - $1) }
    // A NaN must not pass for a small number.
    guard errors.allSatisfy({ $0.isFinite }) else { return .infinity }
    return (errors.max() ?? 0) / largest
}
