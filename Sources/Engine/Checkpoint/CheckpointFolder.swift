// What lies in a checkpoint folder, and how its weights are found: the search order of
// transformers (model.safetensors first, then the index), with every name and count checked.

import DurableIO
import JSON
import OrderedCollections
import Schemes
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
                    let shards = [files[first].name, file.name]
                    throw .index(
                        path: path, .tensorInTwoShards(tensor: tensor.name, shards: shards))
                }
                if index.weightMap[key] == nil {
                    warnings.append(.unlistedTensor(tensor: tensor.name, shard: file.name))
                }
            }
        }
        for (key, place) in index.weightMap where owners[key] != place {
            throw .index(
                path: path, .tensorNotInShard(tensor: key.string, shard: files[place].name))
        }
        let actual = files.reduce(0) { $0 + $1.dataByteCount }
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
    /// Names of the files and links in the folder, sorted.
    let names: [String]

    init(_ path: FilePath, within root: FilePath?) throws(CheckpointError) {
        self.path = path
        self.root = root
        let entries: [DirectoryScan.Entry]
        do {
            entries = try DirectoryScan.entries(of: path)
        } catch {
            switch error.errno {
            case .noSuchFileOrDirectory: throw .folder(path: path.string, .missing)
            case .notDirectory: throw .folder(path: path.string, .notAFolder)
            default: throw .system(error)
            }
        }
        guard entries.count <= Self.entryLimit else {
            throw .folder(path: path.string, .tooManyEntries(limit: Self.entryLimit))
        }
        names = entries.filter { $0.kind != .folder }.map(\.name.string)
    }

    func readConfig() throws(CheckpointError) -> ModelConfig {
        guard names.contains(Self.configName) else { throw .folder(path: path.string, .noConfig) }
        let file = try map(Self.configName)
        return try file.withBytes { (bytes) throws(CheckpointError) in
            try ModelConfig.parse(bytes, file: path.appending(Self.configName).string)
        }
    }

    /// How the checkpoint is quantised; nil where it is not.
    func quantization(_ config: ModelConfig) throws(CheckpointError) -> QuantizedFormat? {
        guard let value = config.value(QuantizationConfig.key) else { return nil }
        do {
            return try QuantizedFormat(parsing: value)
        } catch {
            throw .folder(path: path.string, .unreadQuantization(error))
        }
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

    /// Files that go where the model goes, beside these weights.
    ///
    /// - Parameter excluded: folders that are nothing of the model's.
    func companions(
        _ weights: CheckpointWeights, excluding excluded: [FilePath]
    ) throws(CheckpointError) -> Companions {
        try Companions(
            path, within: root,
            own: Set(weights.files.map(\.name) + [Self.configName, Self.indexName]),
            excluding: excluded)
    }

    /// Opens every shard the index names, and holds the index against what they really contain.
    private func openShards() throws(CheckpointError) -> CheckpointWeights {
        let file = try map(Self.indexName)
        let path = path.appending(Self.indexName).string
        guard file.byteCount <= Self.indexByteLimit else {
            throw .index(
                path: path, .tooLarge(byteCount: file.byteCount, limit: Self.indexByteLimit))
        }
        let index = try file.withBytes { (bytes) throws(CheckpointError) in
            try ShardIndex.parse(bytes, path: path)
        }
        var weights = CheckpointWeights()
        for shard in index.shards {
            guard names.contains(shard.name) else {
                throw .index(
                    path: path, .shardMissing(shard: shard.name, tensor: shard.tensor))
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
        if let file = names.first(where: { $0.hasSuffix(".safetensors") }) {
            return .folder(path: path.string, .unindexedWeights(file: file))
        }
        let torch = [".bin", ".pt", ".pth", ".ckpt"]
        if let file = names.first(where: { $0.hasSuffix(".gguf") }) {
            return .folder(path: path.string, .ggufWeights(file: file))
        }
        if let file = names.first(where: { name in torch.contains { name.hasSuffix($0) } }) {
            return .folder(path: path.string, .torchWeights(file: file))
        }
        return .folder(path: path.string, .noWeights)
    }
}
