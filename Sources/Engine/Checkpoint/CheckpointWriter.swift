// Writing a checkpoint folder: everything is planned and the disk checked first, tensors are
// streamed, and no file has its name before all of them are on disk.

package import DurableIO
package import SystemPackage

package struct WrittenCheckpoint: Sendable, Equatable {
    /// Weights first, in shard order; then the index, config.json, companions.
    package let files: [WrittenFile]
    package let tensorByteCount: Int
    package let parameterCount: Int
}

/// Writes new checkpoints into a folder that exists and that nobody else writes into.
package struct CheckpointWriter {
    package let folder: FilePath
    /// Tensor bytes per weight file; nil for a single file. Default: nil.
    package var shardByteLimit: Int?
    /// Entries of every weight file's `__metadata__`, beside `"format": "pt"`.
    package var metadata: [(key: String, value: String)] = []
    /// Who reads a file of this name while it is written; has read all of it when `write`
    /// returns. Default: nobody.
    package var reader: ((_ name: String) -> any ByteReader)?
    /// Looks at a weight file that has all its bytes, while the disk takes them in; what it throws
    /// ends the write. Default: nothing.
    package var check: ((SafetensorsFile) throws -> Void)?

    package init(folder: FilePath) { self.folder = folder }

    /// Writes the weights, and what is given of config and companions.
    ///
    /// Tensors are written in the order of the file (see `SafetensorsLayout`), which is not that
    /// of `tensors`; shards are filled in the order of `tensors`. Until everything is on disk the
    /// files have temporary names; an error removes them all.
    ///
    /// - companionsOf: the checkpoint whose tokenizer and other files are copied.
    /// - progress: called with the bytes done and the bytes in all; what it throws ends the write.
    package func write(
        _ tensors: [OutputTensor], config: ModelConfig? = nil,
        companionsOf checkpoint: Checkpoint? = nil,
        progress: (_ bytesDone: Int, _ bytesTotal: Int) throws -> Void = { _, _ in }
    ) throws -> WrittenCheckpoint {
        let plans = tensors.map(\.plan)
        let shards = ShardPlan.shards(of: plans, byteLimit: shardByteLimit)
        let layouts = Self.layouts(of: shards, plans, metadata)
        var texts: [(name: String, bytes: [UInt8])] = []
        if shards.count > 1 {
            let index = ShardPlan.index(of: shards, plans)
            texts.append((CheckpointFolder.indexName, Array(index.utf8)))
        }
        if let config { texts.append((CheckpointFolder.configName, Array(config.text.utf8))) }
        texts += try checkpoint?.madeCompanions() ?? []
        let names = checkpoint?.companions ?? []
        let companions = try checkpoint?.openCompanions() ?? []

        let total =
            layouts.reduce(0) { $0 + $1.fileByteCount }
            + texts.reduce(0) { $0 + $1.bytes.count }
            + companions.reduce(0) { $0 + $1.byteCount }
        let batch = try FileBatch(
            folder: folder, names: shards.map(\.name) + texts.map(\.name) + names,
            byteCount: total)
        var written = 0
        do {
            for (shard, layout) in zip(shards, layouts) {
                let file = try batch.create(shard.name, reader: reader?(shard.name))
                try write(layout, shard.tensors.map { tensors[$0] }, to: file) { count in
                    try progress(written + count, total)
                }
                if let check { try check(try SafetensorsFile(file.path)) }
                written += try batch.finish(file, expected: layout.fileByteCount)
            }
            for (name, bytes) in texts {
                let file = try batch.create(name, reader: reader?(name))
                try file.append(unsafe bytes.span.bytes)
                written += try batch.finish(file, expected: bytes.count)
            }
            for (name, companion) in zip(names, companions) {
                let file = try batch.create(name, reader: reader?(name))
                try file.append(companion, 0..<companion.byteCount) { _ in }
                written += try batch.finish(file, expected: companion.byteCount)
            }
            try progress(written, total)
            try Self.verifyUnchanged(tensors, companions)
            try batch.publish()
        } catch {
            batch.discard()
            throw error
        }
        return WrittenCheckpoint(
            files: batch.written, tensorByteCount: layouts.reduce(0) { $0 + $1.dataByteCount },
            parameterCount: plans.reduce(0) { $0 + $1.elementCount })
    }

    /// Bytes of the files of weights that `write` makes of such tensors, headers and all, where it
    /// is given no metadata.
    package static func weightByteCount(of plans: [TensorPlan], shardByteLimit: Int?) -> Int {
        let shards = ShardPlan.shards(of: plans, byteLimit: shardByteLimit)
        return layouts(of: shards, plans, []).reduce(0) { $0 + $1.fileByteCount }
    }

    private static func layouts(
        of shards: [PlannedShard], _ plans: [TensorPlan], _ metadata: [(key: String, value: String)]
    ) -> [SafetensorsLayout] {
        shards.map { shard in
            SafetensorsLayout(shard.tensors.map { plans[$0] }, metadata: metadata)
        }
    }

    /// One weight file: the header, then each tensor at its place.
    private func write(
        _ layout: SafetensorsLayout, _ tensors: [OutputTensor], to file: OutputFile,
        progress: (Int) throws -> Void
    ) throws {
        try file.append(unsafe layout.prefix.span.bytes)
        for index in layout.order {
            let tensor = tensors[index]
            switch tensor.source {
            case .copy(let stored):
                if let coding = stored.coding {
                    try produce(tensor.plan, to: file) { try $0.write(stored, coding) }
                    try progress(file.byteCount)
                } else {
                    try file.append(stored.file, stored.entry.byteRange, progress: progress)
                }
            case .produce(let body):
                try produce(tensor.plan, to: file, body)
                try progress(file.byteCount)
            }
        }
    }

    private func produce(
        _ plan: TensorPlan, to file: OutputFile, _ body: (inout TensorSink) throws -> Void
    ) throws {
        var sink = TensorSink(plan: plan, output: file)
        try body(&sink)
        try sink.checkRange()
        guard sink.writtenByteCount == plan.byteCount else {
            throw TensorByteCountError(
                tensor: plan.name, expected: plan.byteCount, found: sink.writtenByteCount)
        }
    }

    /// A source that changed while it was read makes a result that belongs to no model.
    private static func verifyUnchanged(
        _ tensors: [OutputTensor], _ companions: [MappedFile]
    ) throws {
        var seen: Set<ObjectIdentifier> = []
        for tensor in tensors {
            guard case .copy(let stored) = tensor.source else { continue }
            for part in stored.parts where seen.insert(ObjectIdentifier(part.file)).inserted {
                try part.file.verifyUnchanged()
            }
        }
        for companion in companions { try companion.verifyUnchanged() }
    }
}
