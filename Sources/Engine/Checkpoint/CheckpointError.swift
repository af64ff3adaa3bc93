// What can be wrong with a checkpoint folder, and what to do about it.

package import DurableIO
package import Failures
package import JSON
package import Schemes

package enum CheckpointError: DiskFailure, Equatable {
    case system(SystemCallError)
    case file(MappedFileError)
    case folder(path: String, FolderFault)
    case json(path: String, TextPlace, JSONFault)
    case config(ConfigError)
    case safetensors(path: String, SafetensorsFault)
    case gguf(path: String, GGUFFault)
    case index(path: String, IndexFault)
    /// A tensor that is missing or of no use; the path is that of its file, or of the folder.
    case weight(tensor: String, path: String, WeightFault)

    package var failureClass: FailureClass {
        switch self {
        case .system(let error): error.failureClass
        case .file(let error): error.failureClass
        case .config(let error): error.failureClass
        case .json(_, _, let fault): fault.failureClass
        case .safetensors(_, let fault): fault.failureClass
        case .gguf(_, let fault): fault.failureClass
        case .folder, .index, .weight: .user
        }
    }

    package var isDiskFull: Bool {
        if case .system(let error) = self { error.isDiskFull } else { false }
    }
}

package enum FolderFault: Equatable, Sendable {
    case missing
    case notAFolder
    case tooManyEntries(limit: Int)
    case noConfig
    case noWeights
    case unindexedWeights(file: String)
    case torchWeights(file: String)
    case ggufWeights(file: String)
    case unreadQuantization(UnreadQuantization)
}

package enum IndexFault: Equatable, Sendable {
    case tooLarge(byteCount: Int, limit: Int)
    case value(key: String, expected: String)
    case empty
    case tooManyTensors(limit: Int)
    case tooManyShards(limit: Int)
    case shardName(tensor: String, shard: String)
    case shardMissing(shard: String, tensor: String)
    case tensorNotInShard(tensor: String, shard: String)
    case tensorInTwoShards(tensor: String, shards: [String])
}

package enum WeightFault: Equatable, Sendable {
    case missing
    case quantised(DType)
    case notAFloat(DType)
    /// Of a tensor that is stored as codes.
    case part(String, expected: String, found: String, cure: String)
}

extension CheckpointError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .system(let error): error.description
        case .file(let error): error.description
        case .folder(let path, let fault): "\(path): \(fault)"
        case .json(let path, let place, let fault):
            "\(path): \(place): \(fault)"
        case .config(let error): error.description
        case .safetensors(let path, let fault): "\(path): \(fault)"
        case .gguf(let path, let fault): "\(path): \(fault)"
        case .index(let path, let fault): "\(path): \(fault)"
        case .weight(let tensor, let path, let fault):
            "\(path): tensor \(quoted(tensor)) \(fault)"
        }
    }
}

extension FolderFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .missing:
            "no such folder; expected a Hugging Face checkpoint folder"
        case .notAFolder:
            "expected a Hugging Face checkpoint folder, found a file; give the folder that holds it"
        case .tooManyEntries(let limit):
            "more than \(limit) entries; is this a checkpoint folder?"
        case .noConfig:
            "config.json is missing; is this a Hugging Face checkpoint folder?"
        case .noWeights:
            "no weights: expected model.safetensors or model.safetensors.index.json"
        case .unindexedWeights(let file):
            "found \(quoted(file)), but neither model.safetensors nor "
                + "model.safetensors.index.json; rename a single file, or copy the index as well"
        case .torchWeights(let file):
            "the weights are a PyTorch pickle (\(quoted(file))), which is not read; convert them "
                + "in Python: AutoModelForCausalLM.from_pretrained(OLD).save_pretrained(NEW)"
        case .ggufWeights(let file):
            "the weights are GGUF (\(quoted(file))): give that file itself as the model, not its "
                + "folder"
        case .unreadQuantization(let error): error.description
        }
    }
}

extension IndexFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tooLarge(let byteCount, let limit):
            "\(byteCount) bytes, more than the limit of \(limit)"
        case .value(let key, let expected):
            "\(quoted(key)) must be \(expected)"
        case .empty:
            "`weight_map` names no tensor"
        case .tooManyTensors(let limit):
            "more than \(limit) tensors"
        case .tooManyShards(let limit):
            "more than \(limit) different shards"
        case .shardName(let tensor, let shard):
            "tensor \(quoted(tensor)) is said to lie in \(quoted(shard)); expected the plain name "
                + "of a .safetensors file in the same folder"
        case .shardMissing(let shard, let tensor):
            "shard \(quoted(shard)), said to hold tensor \(quoted(tensor)), is missing from the "
                + "folder; copy or download it"
        case .tensorNotInShard(let tensor, let shard):
            "tensor \(quoted(tensor)) is said to lie in \(quoted(shard)), but does not; "
                + "index and shards are not of one checkpoint"
        case .tensorInTwoShards(let tensor, let shards):
            "tensor \(quoted(tensor)) lies in more than one shard: "
                + shards.map(quoted).joined(separator: ", ")
        }
    }
}

extension WeightFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .missing:
            "is missing"
        case .quantised(let dtype):
            "is quantised (\(dtype.rawValue)), and config.json does not say how "
                + "(`quantization_config`); use the original F32, F16 or BF16 checkpoint"
        case .notAFloat(let dtype):
            "is \(dtype.rawValue); expected F64, F32, F16 or BF16"
        case .part(let name, let expected, let found, let cure):
            "is stored as codes, for which \(quoted(name)) must be \(expected): found \(found); "
                + cure
        }
    }
}

/// What can be wrong with one key of a config file. `file` is its path, `key` the dotted path of
/// keys.
package enum ConfigError: ClassifiedFailure, Equatable, CustomStringConvertible {
    package var failureClass: FailureClass { .user }

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
