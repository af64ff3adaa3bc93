// Sizes, rotations and stored formats that the shared checkpoints lack, against transformers.

import Checkpoint
import EngineTestSupport
import Foundation
import SystemPackage
import TensorMath
import Testing

@testable import Model

/// f32 in another order of summation; the same bound as for the shared checkpoints.
private let parityTolerance: Float = 1e-4

@Suite struct FixtureParityTests {
    @Test(
        "a ragged batch of 1, 5 and 97 tokens gives each sequence what it gives alone in Python",
        arguments: ArchitectureFixtures.names)
    func agrees(name: String) throws {
        let model = try ArchitectureFixtures.model(name)
        let expected = try ArchitectureFixtures.expected(name)
        let sequences = try (0..<3).map { try #require(expected.integers("ids.\($0)")) }
        #expect(sequences.map(\.count) == [1, 5, 97])
        let batch = PackedSequences(sequences)
        let forward = ForwardPass(weights: model.weights, mode: .float32)
        func compare(_ stream: MatrixView, _ part: (Int) -> String) throws {
            for (index, range) in batch.ranges.enumerated() {
                let place = part(index)
                let wanted = try #require(expected.matrix(place))
                let error = relativeError(stream.rows(range).values(), wanted.values())
                #expect(error <= parityTolerance, "\(place): \(error)")
                if ProcessInfo.processInfo.environment["LAYERFOLD_SHOW_ERRORS"] != nil {
                    Swift.print("\(place): \(error)")
                }
            }
        }
        let layers = model.blueprint.layers.count
        let stream = try forward.run(batch, observer: SilentObserver()) { boundary, stream in
            if boundary < layers { try compare(stream) { "hidden.\($0).\(boundary)" } }
        }
        try compare(try forward.finalNorm(stream)) { "final.\($0)" }
        try compare(try OutputHead(forward).logits(stream)) { "logits.\($0)" }
    }

    @Test(
        "the tensors a blueprint asks for are those of the checkpoint, no more and no fewer",
        arguments: ArchitectureFixtures.folders)
    func tensorLists(folder: FilePath) throws {
        let checkpoint = try Checkpoint(folder)
        let model = try Model(checkpoint)
        let names = model.blueprint.tensors.map(\.name)
        let read = checkpoint.tensorNames.filter { !model.leftOut.contains($0) }
        #expect(names.sorted() == read.sorted())
        #expect(Set(names).count == names.count)
        #expect(model.unread == [])
        let leftOut = try model.leftOut.reduce(0) {
            $0 + (try checkpoint.tensor($1).shape.reduce(1, *))
        }
        #expect(model.parameterCount == checkpoint.parameterCount - leftOut)
        for layer in model.blueprint.layers {
            #expect(layer.tensors.allSatisfy { $0.name.hasPrefix(layer.prefix) })
            #expect(layer.localTensors.map { layer.fullName($0.name) } == layer.tensors.map(\.name))
        }
    }
}
