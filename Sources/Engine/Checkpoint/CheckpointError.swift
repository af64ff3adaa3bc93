// What can be wrong with a checkpoint folder, and what to do about it.

package import DurableIO

package enum CheckpointError: Error, Equatable {
    case file(MappedFileError)
    case safetensors(path: String, SafetensorsFault)
    case json(path: String, JSONFault)
    case config(ConfigError)

    // The folder.
    case folderMissing(path: String)
    case notAFolder(path: String)
    case configMissing(path: String)
    case weightsMissing(path: String)
    case weightsInTorchFormat(path: String, file: String)
    case weightsInGGUF(path: String, file: String)
    case quantised(path: String, method: String)
    case fileTooLarge(path: String, byteCount: Int, limit: Int)
    case folderTooLarge(path: String, limit: Int)

    // The shard index.
    case indexValue(path: String, key: String, expected: String)
    case indexEmpty(path: String)
    case shardName(path: String, tensor: String, shard: String)
    case shardsTooMany(path: String, limit: Int)
    case shardMissing(path: String, shard: String, tensor: String)
    case tensorNotInShard(path: String, tensor: String, shard: String)
    case tensorInTwoShards(path: String, tensor: String, shards: [String])

    // Tensors.
    case tensorMissing(tensor: String, path: String)
    case tensorQuantised(tensor: String, dtype: DType, path: String)
    case notAFloat(tensor: String, dtype: DType, path: String)
}

extension CheckpointError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .file(let error): error.description
        case .safetensors(let path, let fault): "\(path): \(fault)"
        case .json(let path, let fault): "\(path): \(fault)"
        case .config(let error): error.description
        case .folderMissing(let path):
            "\(path): no such folder; expected a Hugging Face checkpoint folder"
        case .notAFolder(let path):
            "\(path): expected a Hugging Face checkpoint folder, found a file; "
                + "give the folder that holds it"
        case .configMissing(let path):
            "\(path): config.json is missing; is this a Hugging Face checkpoint folder?"
        case .weightsMissing(let path):
            "\(path): no weights: expected model.safetensors or model.safetensors.index.json"
        case .weightsInTorchFormat(let path, let file):
            "\(path): the weights are a PyTorch pickle (\(quoted(file))), which is not read; "
                + "convert them in Python: "
                + "AutoModelForCausalLM.from_pretrained(\"FOLDER\").save_pretrained(\"NEW\")"
        case .weightsInGGUF(let path, let file):
            "\(path): the weights are GGUF (\(quoted(file))), which is not read; "
                + "use the original safetensors checkpoint that the file was made from"
        case .quantised(let path, let method):
            "\(path): the checkpoint is quantised (quantization_config, method "
                + "\(quoted(method))), and quantised weights cannot be folded; "
                + "use the original F32, F16 or BF16 checkpoint and quantise the result"
        case .fileTooLarge(let path, let byteCount, let limit):
            "\(path): \(byteCount) bytes, more than the limit of \(limit)"
        case .folderTooLarge(let path, let limit):
            "\(path): more than \(limit) entries; is this a checkpoint folder?"
        default: tensorDescription
        }
    }

    private var tensorDescription: String {
        switch self {
        case .indexValue(let path, let key, let expected):
            "\(path): \(quoted(key)) must be \(expected)"
        case .indexEmpty(let path):
            "\(path): `weight_map` names no tensor"
        case .shardName(let path, let tensor, let shard):
            "\(path): tensor \(quoted(tensor)) is said to lie in \(quoted(shard)); expected "
                + "the plain name of a .safetensors file in the same folder"
        case .shardsTooMany(let path, let limit):
            "\(path): more than \(limit) different shards"
        case .shardMissing(let path, let shard, let tensor):
            "\(path): shard \(quoted(shard)), which holds tensor \(quoted(tensor)), is missing "
                + "from the folder; copy or download it"
        case .tensorNotInShard(let path, let tensor, let shard):
            "\(path): tensor \(quoted(tensor)) is said to lie in \(quoted(shard)), but that "
                + "file has no such tensor"
        case .tensorInTwoShards(let path, let tensor, let shards):
            "\(path): tensor \(quoted(tensor)) lies in more than one shard: "
                + shards.map(quoted).joined(separator: ", ")
        case .tensorMissing(let tensor, let path):
            "\(path): tensor \(quoted(tensor)) is missing"
        case .tensorQuantised(let tensor, let dtype, let path):
            "\(path): tensor \(quoted(tensor)) is quantised (\(dtype.rawValue)), and quantised "
                + "weights cannot be folded; use the original F32, F16 or BF16 checkpoint"
        case .notAFloat(let tensor, let dtype, let path):
            "\(path): tensor \(quoted(tensor)) is \(dtype.rawValue); "
                + "expected F32, F16 or BF16"
        default:
            preconditionFailure("every case is described")
        }
    }
}

/// What can be wrong with one key of a config file. `file` is its name, `key` the dotted path.
package enum ConfigError: Error, Equatable, CustomStringConvertible {
    case notAnObject(file: String, found: String)
    case missing(file: String, key: String, expected: String)
    case wrongType(file: String, key: String, expected: String, found: String)
    case outOfRange(file: String, key: String, expected: String, found: String)

    package var description: String {
        switch self {
        case .notAnObject(let file, let found):
            "\(file): expected an object, found \(found)"
        case .missing(let file, let key, let expected):
            "\(file): key \(quoted(key)) is missing; expected \(expected)"
        case .wrongType(let file, let key, let expected, let found):
            "\(file): key \(quoted(key)): expected \(expected), found \(found)"
        case .outOfRange(let file, let key, let expected, let found):
            "\(file): key \(quoted(key)) is out of range: expected \(expected), found \(found)"
        }
    }
}
