// A model becomes a GGUF file: everything is checked and planned first, then tensors stream through
// one by one, and the file has its name when all of it is on disk.

import Checkpoint
package import DurableIO
package import Model
package import SystemPackage

extension ModelBlueprint {
    /// Why llama.cpp would not load the model; nil where it would.
    package var exportObstacle: String? {
        do throws(ExportRefusal) {
            try Loader.find(modelType).check(self)
            return nil
        } catch {
            return "\(error)"
        }
    }
}

/// The GGUF file of a model, before it is written.
package struct GGUFExport {
    /// Where llama.cpp does otherwise than transformers with this file, in words.
    package let caveats: [String]
    private let model: Model
    private let planned: [(tensor: PlannedTensor, info: TensorInfo)]
    private let layout: FileLayout

    /// - Parameters:
    ///   - type: of weights.
    ///   - name: what the file calls the model.
    /// - Throws: `ExportRefusal` for what llama.cpp would not load or would compute wrongly;
    ///   `TokenizerError`, `ChatTemplateError` where the tokenizer's files cannot be read.
    package init(_ model: Model, type: ExportType, name: String) throws {
        let blueprint = model.blueprint
        guard model.quantization == nil else {
            throw ExportRefusal(
                subject: name, reason: "its weights are codes of compressed-tensors",
                cure: "export the model that they were made of, with another `type`")
        }
        let loader = try Loader.find(blueprint.modelType)
        try loader.check(blueprint)
        let document = try TokenizerDocument(model.checkpoint.sideFiles)
        let vocabulary = try Vocabulary(document, size: blueprint.vocabularySize)
        var own = try loader.metadata(blueprint)
        var tensors = loader.tensors(blueprint)
        if let rotary = blueprint.attentions.first?.rotary {
            let rotation = try RotaryMetadata(
                rotary, loader: loader, context: blueprint.contextLength)
            own += rotation.values
            tensors = rotation.tensors + tensors
        }
        let head = blueprint.isTied ? "token_embd.weight" : "output.weight"
        planned = tensors.map { tensor in
            let type = tensor.type(for: type, isHead: tensor.name == head)
            return (tensor, TensorInfo(name: tensor.name, type: type, shape: tensor.shape))
        }
        layout = FileLayout(
            metadata: [
                ("general.architecture", .text(loader.name)), ("general.type", .text("model")),
                (
                    "general.name",
                    .text(NameRule.name(name, modelType: blueprint.modelType, document.tokenizer))
                ), ("general.file_type", .count(type.fileType)),
                ("general.quantization_version", .count(2)),
            ] + own.map { ("\(loader.name).\($0.name)", $0.value) } + vocabulary.metadata
                + (try SpecialTokens.metadata(of: model.checkpoint, document)),
            tensors: planned.map(\.info))
        let wider = planned.count { $0.tensor.isWeight && $0.info.type == .f16 }
        caveats =
            loader.caveats(blueprint) + vocabulary.caveats
            + (type == .f16 || wider == 0
                ? []
                : [
                    "\(wider) tensors are in f16, because \(type.rawValue) takes rows of whole "
                        + "blocks of \(type.tensor.blockLength)"
                ])
        self.model = model
    }

    /// Of the file.
    package var byteCount: Int { layout.byteCount }

    /// Bytes of stored tensors that are read.
    package var readByteCount: Int { model.checkpoint.tensorByteCount }

    /// Bytes that `write` holds at its peak: the metadata, which is there by now, and the pieces
    /// of a tensor that are under work.
    package var plannedPeak: Int { layout.prefix.count + TensorWriting.peakByteCount }

    /// Writes the file into a folder that exists.
    ///
    /// - Parameters:
    ///   - reader: gets the bytes while they are written; see `FileBatch.create`.
    ///   - observer: hears of bytes, and may stop the work.
    /// - Throws: `ExportRefusal` for a number that the type does not hold, `FileBatchError`,
    ///   `CheckpointError`.
    package func write(
        to folder: FilePath, as name: String, reader: (any ByteReader)? = nil,
        observer: some WorkObserver
    ) throws -> WrittenFile {
        let batch = try FileBatch(folder: folder, names: [name], byteCount: byteCount)
        do {
            let file = try batch.create(name, reader: reader)
            try file.append(unsafe layout.prefix.span.bytes)
            for (tensor, info) in planned {
                try TensorWriting(tensor, info, of: model.checkpoint).write(to: file) {
                    try observer.checkpoint()
                    observer.progress(
                        done: file.byteCount, total: byteCount, unit: "bytes", detail: "writing")
                }
            }
            try model.checkpoint.verifyUnchanged()
            _ = try batch.finish(file, expected: byteCount)
            try batch.publish()
        } catch {
            batch.discard()
            throw error
        }
        return WrittenFile(name: name, byteCount: byteCount)
    }
}

extension PlannedTensor {
    /// - Parameter isHead: whether the rows give the logits: their errors are the answer's own, so
    ///   that four bits are not enough for them.
    fileprivate func type(for asked: ExportType, isHead: Bool) -> TensorType {
        guard isWeight else { return .f32 }
        let type = isHead && asked == .q4 ? TensorType.q8 : asked.tensor
        return (shape.last ?? 0) % type.blockLength == 0 ? type : .f16
    }
}
