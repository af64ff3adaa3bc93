// `layerfold inspect MODEL`: what a checkpoint is, without computing anything.

import ArgumentParser
import Checkpoint
import DurableIO
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
        let leftOut: [String]
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
            quantization: model.quantization.map { "\($0.scheme)" }
                ?? checkpoint.decodedFormat,
            files: checkpoint.weightFiles.map { $0.path.lastComponent?.string ?? "" },
            unread: model.unread, leftOut: model.leftOut,
            warnings: checkpoint.warnings.map(\.description)
                + (model.unreadKeys.isEmpty
                    ? []
                    : [
                        "config.json has keys that are not read: "
                            + model.unreadKeys.joined(separator: ", ")
                    ]),
            tensors: tensors || json
                ? try checkpoint.tensorNames.map { name in
                    let tensor = try checkpoint.tensor(name)
                    return Listing.Tensor(
                        name: name, dtype: tensor.storedType, shape: tensor.shape)
                } : nil)
        if json { return try Terminal.json(listing) }
        var rows = [
            ["architecture", listing.architecture], ["layers", "\(listing.layers)"],
            ["kinds", Set(listing.layerKinds).sorted().joined(separator: "; ")],
            ["hidden", "\(listing.hidden)"], ["vocabulary", "\(listing.vocabulary)"],
            ["context", "\(listing.context)"], ["parameters", "\(listing.parameters)"],
            ["bytes", "\(listing.bytes)"],
        ]
        if let quantization = listing.quantization { rows.append(["quantised", quantization]) }
        rows.append(["files", listing.files.joined(separator: ", ")])
        rows.append(["unread", listing.unread.joined(separator: ", ")])
        if !listing.leftOut.isEmpty {
            rows.append(["left out", listing.leftOut.joined(separator: ", ")])
        }
        Terminal.table(rows, hasHeader: false)
        for warning in listing.warnings { Terminal.paragraph("warning: \(warning)") }
        if let tensors = listing.tensors {
            Terminal.table(
                [["tensor", "type", "shape"]]
                    + tensors.map { [$0.name, $0.dtype, "\($0.shape)"] })
        }
    }
}
