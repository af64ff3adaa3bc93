// A Hugging Face checkpoint folder: config.json, weights in one safetensors file or in shards
// with an index, and the files that travel with them.

import DurableIO
import JSON
package import Schemes
package import SystemPackage

/// What was noticed about a checkpoint that does not stop its use.
package enum CheckpointWarning: Sendable, Equatable, CustomStringConvertible {
    case totalSize(file: String, stated: String, actual: Int)
    case unlistedTensor(tensor: String, shard: String)
    case indexIgnored(file: String)
    case leftBehind(LeftBehind, files: [String])

    package var description: String {
        switch self {
        case .totalSize(let file, let stated, let actual):
            "\(file): metadata.total_size is \(stated), the tensors have \(actual) bytes"
        case .unlistedTensor(let tensor, let shard):
            "\(shard): tensor \(quoted(tensor)) is not in the index; it is used all the same"
        case .indexIgnored(let file):
            "\(file) is ignored, because model.safetensors is there as well"
        case .leftBehind(let reason, let files):
            "not copied to results: \(reason): "
                + files.prefix(3).map(quoted).joined(separator: ", ")
                + (files.count > 3 ? " and \(files.count - 3) more" : "")
        }
    }
}

/// An open checkpoint: every file mapped, every header and the index validated.
package final class Checkpoint: Sendable {
    package let folder: FilePath
    /// For messages.
    package var folderText: String { folder.string }
    package let config: ModelConfig
    /// How it is quantised; nil where it is not.
    package let quantization: QuantizationConfig?
    /// In the order of their names.
    package let files: [SafetensorsFile]
    package let warnings: [CheckpointWarning]
    /// Paths, below the folder, of the other files that go where the model goes, sorted.
    let companions: [String]
    fileprivate let root: FilePath?
    private let owners: [ExactString: Int]

    /// Opens the folder and checks everything that can be checked without reading weights.
    ///
    /// - Parameters:
    ///   - root: where given, every file (after symbolic links) must lie below this folder.
    ///   - excluded: folders that are nothing of the model's, though they may lie in it.
    ///   - readsQuantised: whether a quantised checkpoint will do, for who only computes with it.
    package init(
        _ folder: FilePath, within root: FilePath? = nil, excluding excluded: [FilePath] = [],
        readsQuantised: Bool = false
    ) throws(CheckpointError) {
        let listing = try CheckpointFolder(folder, within: root)
        let config = try listing.readConfig()
        let quantization = try listing.quantization(config, isRead: readsQuantised)
        let weights = try listing.openWeights()
        for file in weights.files where quantization == nil {
            for tensor in file.tensors where tensor.looksQuantised {
                throw .weight(
                    tensor: tensor.name, path: file.path.string, .quantised(tensor.dtype))
            }
        }
        self.folder = folder
        self.root = root
        self.config = config
        self.quantization = quantization
        self.files = weights.files
        self.owners = weights.owners
        let companions = try listing.companions(weights, excluding: excluded)
        self.companions = companions.names
        self.warnings =
            weights.warnings
            + LeftBehind.allCases.compactMap { reason in
                companions.leftBehind[reason].map { .leftBehind(reason, files: $0) }
            }
    }

    /// Every tensor name, sorted by code points.
    package var tensorNames: [String] {
        owners.keys.map(\.string).sorted(by: ExactString.precedes)
    }

    package var tensorCount: Int { owners.count }

    /// Bytes of all tensors.
    package var tensorByteCount: Int {
        files.reduce(0) { $0 + $1.dataByteCount }
    }

    package var parameterCount: Int {
        files.reduce(0) { sum, file in file.tensors.reduce(sum) { $0 + $1.elementCount } }
    }

    package func contains(_ name: String) -> Bool { owners[ExactString(name)] != nil }

    /// The tensor called `name`, as a value that keeps its file mapped.
    package func tensor(_ name: String) throws(CheckpointError) -> StoredTensor {
        guard let owner = owners[ExactString(name)] else {
            throw .weight(tensor: name, path: folder.string, .missing)
        }
        return try files[owner].tensor(name)
    }

    /// Widens `rows` of a tensor to f32; see `StoredTensor.copyFloats`.
    func copyFloats(
        _ name: String, rows: Range<Int>, into destination: UnsafeMutableBufferPointer<Float>
    ) throws(CheckpointError) {
        try unsafe tensor(name).copyFloats(rows: rows, into: destination)
    }

    /// Throws where a file is no longer what was opened; see `MappedFile.verifyUnchanged`.
    package func verifyUnchanged() throws(CheckpointError) {
        for file in files {
            do {
                try file.file.verifyUnchanged()
            } catch {
                throw .file(error)
            }
        }
    }
}

extension Checkpoint {
    /// Bytes of config.json's companions; those that cannot be opened are told of when they are
    /// copied.
    package var companionByteCount: Int {
        ((try? openCompanions()) ?? []).reduce(0) { $0 + $1.byteCount }
    }

    /// Opens the companions under the same confinement as everything else.
    func openCompanions() throws(CheckpointError) -> [MappedFile] {
        var files: [MappedFile] = []
        for name in companions {
            do {
                files.append(try MappedFile(folder.appending(name), within: root))
            } catch {
                throw .file(error)
            }
        }
        return files
    }
}

extension TensorEntry {
    /// Floats of eight bits and fewer, and the integer tensors into which the usual quantisers
    /// pack weights (GPTQ, AWQ, compressed-tensors, bitsandbytes).
    fileprivate var looksQuantised: Bool {
        if dtype.isQuantisedFloat { return true }
        guard dtype.floatFormat == nil else { return false }
        let suffixes = [".weight", ".qweight", ".qzeros", ".weight_packed", ".weight_shape"]
        return suffixes.contains { name.hasSuffix($0) }
    }
}
