// `layerfold forward MODEL`: logits and hidden states of given token ids as safetensors.

import ArgumentParser
import Checkpoint
import Failures
import Foundation
import Model
import Runner
import SystemPackage
import TensorMath

struct ForwardCommand: ComputingCommand {
    static let configuration = CommandConfiguration(
        commandName: "forward",
        abstract: "Run token ids through a model; writes logits and hidden states.",
        discussion: """
            The output holds, for sequence i, all F32: logits.i [T, vocabulary], hidden.i.0 \
            (embedding output) to hidden.i.L (output of the last layer, before the final norm), \
            final.i (after it).
            """)

    @OptionGroup var model: ModelArgument
    @Option(help: "A JSON list of lists of token ids.") var tokens: String
    @Option(help: "The safetensors file to write.") var output: String
    @Option(help: "f32 | bf16 | auto.") var compute = "f32"
    @Flag(help: "Leave out the hidden states.") var logitsOnly = false
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        let output = try NamedOutput(self.output)
        if json, case .standardOutput = output {
            throw Failure(
                .usage, "--json: standard output holds the tensors; name a file with --output")
        }
        let model = try self.model.open()
        let sequences = try readTokens()
        let batch = PackedSequences(sequences)
        let mode = try ComputeOption.mode(compute)
        let forward = ForwardPass(weights: model.weights, mode: mode)
        var archive = TensorArchive()
        func add(_ name: (Int) -> String, _ matrix: MatrixView) {
            for (index, range) in batch.ranges.enumerated() {
                archive.add(name(index), matrix.rows(range))
            }
        }
        let stream: MatrixView
        do {
            stream = try forward.run(batch, observer: SilentObserver()) { boundary, stream in
                if !logitsOnly { add({ "hidden.\($0).\(boundary)" }, stream) }
            }
        } catch let error as ModelError {
            throw Failure(.refused, "\(tokens): \(FaultText.describe(error))")
        }
        if !logitsOnly { add({ "final.\($0)" }, try forward.finalNorm(stream)) }
        add({ "logits.\($0)" }, try OutputHead(forward).logits(stream))
        try output.write(archive.bytes)
        if json {
            try Terminal.json(["output": self.output, "compute": mode.rawValue])
        } else if case .file = output {
            // Behind the tensors a name would be a part of them.
            Terminal.line(self.output)
        }
    }

    private func readTokens() throws -> [[Int32]] {
        let data = try NamedFile.read(tokens)
        guard let sequences = try? JSONDecoder().decode([[Int32]].self, from: data),
            !sequences.isEmpty, sequences.allSatisfy({ !$0.isEmpty })
        else {
            throw Failure(
                .refused, "\(tokens): expected a JSON list of non-empty lists of token ids")
        }
        return sequences
    }
}

enum ComputeOption {
    static func mode(_ name: String) throws -> ComputeMode {
        if name == "auto" { return MatrixProduct.automaticMode }
        guard let mode = ComputeMode(rawValue: name) else {
            throw Failure(.usage, "--compute \(name): expected f32, bf16 or auto")
        }
        return mode
    }
}
