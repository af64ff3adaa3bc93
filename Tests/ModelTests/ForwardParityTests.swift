// The forward pass against transformers: hidden states and logits of tiny random checkpoints of
// every architecture, f32.

import Checkpoint
import Foundation
import Model
import SystemPackage
import TensorMath
import TestSupport
import Testing

/// f32 in another order of summation; the bound, relative to the largest absolute value.
private let parityTolerance: Float = 1e-4

@Suite("forward parity with transformers")
struct ForwardParityTests {
    static let architectures = [
        "llama2", "llama3", "llama31", "llama_tied_bias", "mistral", "qwen2", "qwen3", "mixtral",
        "jamba", "phi3", "gemma2",
    ]

    @Test(
        "hidden states and logits agree",
        .enabled(if: Places.hasShared, Comment(rawValue: Places.sharedMissing)),
        arguments: architectures)
    func agrees(name: String) throws {
        let folder = Places.shared.appending(path: "golden/arch/\(name)").path
        let model = try Model(try Checkpoint(FilePath(folder)))
        let expected = try SafetensorsFile(FilePath(folder + "/expected.safetensors"))
        let ids = try expected.tensor("input_ids")
        let sequences: [[Int32]] = ids.withBytes { bytes in
            (0..<ids.shape[0]).map { row in
                (0..<ids.shape[1]).map { column in
                    unsafe Int32(
                        bytes.unsafeLoadUnaligned(
                            fromByteOffset: 8 * (row * ids.shape[1] + column), as: Int64.self))
                }
            }
        }
        let batch = PackedSequences(sequences)
        let forward = ForwardPass(weights: model.weights, mode: .float32)
        let layers = model.blueprint.layers.count
        let stream = try forward.run(batch, observer: SilentObserver()) { boundary, stream in
            if boundary < layers {
                try compare(
                    stream, try expected.tensor("hidden.\(boundary)"), "\(name) \(boundary)")
            }
        }
        // transformers gives the last state after the final norm.
        try compare(
            try forward.finalNorm(stream), try expected.tensor("hidden.\(layers)"), "\(name) final")
        let logits = try OutputHead(forward).logits(stream)
        try compare(logits, try expected.tensor("logits"), "\(name) logits")
    }

    private func compare(_ found: MatrixView, _ tensor: StoredTensor, _ place: String) throws {
        let expected = try tensor.floats()
        let values = found.values()
        #expect(values.count == expected.count)
        let largest = expected.map(abs).max() ?? 1
        let error = zip(values, expected).map { abs($0 - $1) }.max() ?? 0
        #expect(error <= parityTolerance * largest, "\(place): error \(error) of \(largest)")
        if ProcessInfo.processInfo.environment["LAYERFOLD_SHOW_ERRORS"] != nil {
            Swift.print("\(place): \(error / largest)")
        }
    }
}
