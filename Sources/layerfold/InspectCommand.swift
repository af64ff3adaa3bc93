// `layerfold inspect MODEL`: what a checkpoint is, without computing anything.

import ArgumentParser
import Checkpoint
import Model
import SystemPackage

struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Show what a checkpoint is made of, and check it.")

    @OptionGroup var model: ModelArgument
    @Flag(help: "Print JSON.") var json = false
    @Flag(help: "List every tensor.") var tensors = false

    private struct Listing: Encodable {
        struct Tensor: Encodable {
            let name: String
            let dtype: String
            let shape: [Int]
        }

        let architecture: String
        let layers: Int
        let layerKinds: [String]
        let hidden: Int
        let vocabulary: Int
        let context: Int
        let parameters: Int
        let bytes: Int
        let quantization: String?
        let files: [String]
        let unread: [String]
        let warnings: [String]
        let tensors: [Tensor]?
    }

    func run() throws {
        let model = try self.model.open()
        let checkpoint = model.checkpoint
        let listing = Listing(
            architecture: model.blueprint.modelType, layers: model.blueprint.layers.count,
            layerKinds: model.blueprint.layers.map(\.kind),
            hidden: model.blueprint.hiddenWidth, vocabulary: model.blueprint.vocabularySize,
            context: model.blueprint.contextLength, parameters: model.parameterCount,
            bytes: checkpoint.tensorByteCount,
            quantization: model.quantization.map { "\($0.scheme)" },
            files: checkpoint.files.map(\.name),
            unread: model.unread, warnings: checkpoint.warnings.map(\.description),
            tensors: tensors || json
                ? try checkpoint.tensorNames.map { name in
                    let tensor = try checkpoint.tensor(name)
                    return Listing.Tensor(
                        name: name, dtype: tensor.dtype.rawValue, shape: tensor.shape)
                } : nil)
        if json { return try Terminal.json(listing) }
        Terminal.table(
            [
                ["architecture", listing.architecture], ["layers", "\(listing.layers)"],
                ["kinds", Set(listing.layerKinds).sorted().joined(separator: "; ")],
                ["hidden", "\(listing.hidden)"], ["vocabulary", "\(listing.vocabulary)"],
                ["context", "\(listing.context)"], ["parameters", "\(listing.parameters)"],
                ["bytes", "\(listing.bytes)"],
            ] + (listing.quantization.map { [["quantised", $0]] } ?? []) + [
                ["files", listing.files.joined(separator: ", ")],
                ["unread", listing.unread.joined(separator: ", ")],
            ], hasHeader: false)
        for warning in listing.warnings { Terminal.paragraph("warning: \(warning)") }
        if let tensors = listing.tensors {
            Terminal.table(
                [["tensor", "type", "shape"]]
                    + tensors.map { [$0.name, $0.dtype, "\($0.shape)"] })
        }
    }
}
