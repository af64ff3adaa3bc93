// What lies in a checkpoint folder, and how its weights are found: the search order of
// transformers (model.safetensors first, then the index), with every name and count checked.

import DurableIO
import OrderedCollections
import SystemPackage

/// The weight files of a folder and which of them owns which tensor.
struct CheckpointWeights {
    var files: [SafetensorsFile] = []
    var owners: [ExactString: Int] = [:]
    var warnings: [CheckpointWarning] = []
}

extension CheckpointWeights {
    /// Fills `owners` from what the shards contain, and proves that the index says the same.
    fileprivate mutating func own(
        _ index: ShardIndex, path: String
    ) throws(CheckpointError) {
        for (place, file) in files.enumerated() {
            for tensor in file.tensors {
                let key = ExactString(tensor.name)
                if let first = owners.updateValue(place, forKey: key) {
                    throw .tensorInTwoShards(
                        path: path, tensor: tensor.name, shards: [files[first].name, file.name])
                }
                if index.weightMap[key] == nil {
                    warnings.append(.unlistedTensor(tensor: tensor.name, shard: file.name))
                }
            }
        }
        for (key, place) in index.weightMap where owners[key] != place {
            throw .tensorNotInShard(
                path: path, tensor: key.string, shard: files[place].name)
        }
        let actual = files.reduce(0) { $0 + $1.file.byteCount - $1.header.dataStart }
        if let stated = index.totalSize, stated != String(actual) {
            warnings.append(
                .totalSize(file: CheckpointFolder.indexName, stated: stated, actual: actual))
        }
    }
}

struct CheckpointFolder {
    static let configName = "config.json"
    static let singleName = "model.safetensors"
    static let indexName = "model.safetensors.index.json"
    /// The index of a checkpoint with 100,000 tensors is about 10 MB.
    static let indexByteLimit = 64 << 20
    static let shardLimit = 10_000
    static let entryLimit = 100_000

    let path: FilePath
    let root: FilePath?
    /// Names of everything in the folder, sorted.
    let names: [String]

    init(_ path: FilePath, within root: FilePath?) throws(CheckpointError) {
        self.path = path
        self.root = root
        self.names = try FolderListing.names(in: path, limit: Self.entryLimit)
    }

    func readConfig() throws(CheckpointError) -> ModelConfig {
        guard names.contains(Self.configName) else { throw .configMissing(path: path.string) }
        let file = try map(Self.configName)
        let config = try file.withBytes { (bytes) throws(CheckpointError) in
            try ModelConfig.parse(bytes, file: path.appending(Self.configName).string)
        }
        if let quantisation = config.value("quantization_config") {
            var method = "unknown"
            if case .object(let object) = quantisation {
                method = object["quant_method"]?.string ?? method
            }
            throw .quantised(path: path.appending(Self.configName).string, method: method)
        }
        return config
    }

    func openWeights() throws(CheckpointError) -> CheckpointWeights {
        if names.contains(Self.singleName) {
            var weights = CheckpointWeights()
            weights.files = [
                try SafetensorsFile(path.appending(Self.singleName), within: root)
            ]
            for tensor in weights.files[0].tensors { weights.owners[ExactString(tensor.name)] = 0 }
            if names.contains(Self.indexName) {
                weights.warnings.append(.indexIgnored(file: Self.indexName))
            }
            return weights
        }
        guard names.contains(Self.indexName) else { throw noWeights() }
        return try openShards()
    }

    /// Files that the model needs and that hold no weights.
    var companions: [String] {
        names.filter { name in
            let fixed: Set = [
                "generation_config.json", "special_tokens_map.json", "added_tokens.json",
                "merges.txt", "chat_template.json", "preprocessor_config.json", "NOTICE",
            ]
            let prefixes = ["tokenizer", "chat_template", "vocab.", "LICENSE", "USE_POLICY"]
            return fixed.contains(name) || name.hasSuffix(".model")
                || prefixes.contains { name.hasPrefix($0) }
        }
    }

    /// Opens every shard the index names, and holds the index against what they really contain.
    private func openShards() throws(CheckpointError) -> CheckpointWeights {
        let file = try map(Self.indexName)
        let path = path.appending(Self.indexName).string
        guard file.byteCount <= Self.indexByteLimit else {
            throw .fileTooLarge(
                path: path, byteCount: file.byteCount, limit: Self.indexByteLimit)
        }
        let index = try file.withBytes { (bytes) throws(CheckpointError) in
            try ShardIndex.parse(bytes, path: path)
        }
        var weights = CheckpointWeights()
        for shard in index.shards {
            guard names.contains(shard.name) else {
                throw .shardMissing(path: path, shard: shard.name, tensor: shard.tensor)
            }
            weights.files.append(
                try SafetensorsFile(self.path.appending(shard.name), within: root))
        }
        try weights.own(index, path: path)
        return weights
    }

    private func map(_ name: String) throws(CheckpointError) -> MappedFile {
        do {
            return try MappedFile(path.appending(name), within: root)
        } catch {
            throw .file(error)
        }
    }

    /// The clearest word on why there is nothing to read.
    private func noWeights() -> CheckpointError {
        let torch = [".bin", ".pt", ".pth", ".ckpt"]
        if let file = names.first(where: { $0.hasSuffix(".gguf") }) {
            return .weightsInGGUF(path: path.string, file: file)
        }
        if let file = names.first(where: { name in torch.contains { name.hasSuffix($0) } }) {
            return .weightsInTorchFormat(path: path.string, file: file)
        }
        return .weightsMissing(path: path.string)
    }
}
