// A Hugging Face checkpoint folder: config.json, weights in one safetensors file or in shards
// with an index, and the files that travel with them.

package import DurableIO
import JSON
package import Schemes
package import SystemPackage

/// What was noticed about a checkpoint that does not stop its use.
package enum CheckpointWarning: Sendable, Equatable, CustomStringConvertible {
    case totalSize(file: String, stated: String, actual: Int)
    case unlistedTensor(tensor: String, shard: String)
    case indexIgnored(file: String)
    case leftBehind(LeftBehind, files: [String])
    case noTokenizer(reason: String)

    package var description: String {
        switch self {
        case .totalSize(let file, let stated, let actual):
            "\(file): metadata.total_size is \(stated), the tensors have \(actual) bytes"
        case .unlistedTensor(let tensor, let shard):
            "\(shard): tensor \(quoted(tensor)) is not in the index; it is used all the same"
        case .indexIgnored(let file):
            "\(file) is ignored, because model.safetensors is there as well"
        case .noTokenizer(let reason):
            "it comes without a tokenizer: \(reason)"
        case .leftBehind(let reason, let files):
            "not copied to results: \(reason): "
                + files.prefix(3).map(quoted).joined(separator: ", ")
                + (files.count > 3 ? " and \(files.count - 3) more" : "")
        }
    }
}

/// An open checkpoint: every file mapped, every header and the index validated.
package final class Checkpoint: Sendable {
    private let contents: CheckpointContents

    /// Opens a folder, or a GGUF file, and checks everything that can be checked without reading
    /// weights.
    ///
    /// - Parameters:
    ///   - root: where given, every file (after symbolic links) must lie below this folder.
    ///   - excluded: folders that are nothing of the model's, though they may lie in it.
    ///   - keepsCodes: whether weights of compressed-tensors stay codes, for who computes with
    ///     them as its runtimes do; all others see numbers.
    package init(
        _ folder: FilePath, within root: FilePath? = nil, excluding excluded: [FilePath] = [],
        keepsCodes: Bool = false
    ) throws(CheckpointError) {
        contents =
            if GGUFFile.isNamed(folder) {
                try CheckpointContents(file: folder, within: root)
            } else {
                try CheckpointContents(
                    folder: folder, within: root, excluding: excluded, keepsCodes: keepsCodes)
            }
    }

    /// Of a GGUF file the file itself.
    package var folder: FilePath { contents.path }
    /// For messages.
    package var folderText: String { folder.string }
    /// Of the tensors as they are shown.
    package var config: ModelConfig { contents.config }
    /// As it is stored.
    package var storedConfig: ModelConfig { contents.storedConfig }
    /// How codes are to be read that stay codes; nil where all tensors are numbers.
    package var quantization: QuantizationConfig? { contents.quantization }
    /// The codes whose numbers are shown, in words; nil where there are none.
    package var decodedFormat: String? { contents.decodedFormat }
    /// Of safetensors, in the order of their names.
    package var files: [SafetensorsFile] { contents.files }
    /// Every file of weights.
    package var weightFiles: [MappedFile] { contents.weightFiles }
    package var warnings: [CheckpointWarning] { contents.warnings }
    /// Tokenizer, chat template and settings, by name.
    package var sideFiles: SideFiles { contents.sideFiles }
    /// As they lie in the files, codes and their scales included, sorted by name.
    package var storedTensors: [StoredTensor] { contents.storedTensors }
    /// Paths, below the folder, of the other files that go where the model goes, sorted.
    var companions: [String] { contents.companions }

    private var owners: [ExactString: Int] { contents.owners }
    private var presentation: Presentation { contents.presentation }

    /// Every tensor name, sorted by code points.
    package var tensorNames: [String] {
        let stored = owners.keys.filter {
            presentation.made[$0] == nil && !presentation.hidden.contains($0)
        }
        return (stored + presentation.made.keys).map(\.string).sorted(by: ExactString.precedes)
    }

    /// Those whose numbers are made of what is stored, sorted by name.
    package var codedTensors: [StoredTensor] {
        presentation.made.values.filter { $0.coding != nil }.sorted {
            ExactString.precedes($0.name, $1.name)
        }
    }

    package var tensorCount: Int { tensorNames.count }

    /// Bytes of all tensors as they are stored.
    package var tensorByteCount: Int {
        contents.storedTensors.reduce(0) { $0 + $1.byteCount }
    }

    /// Numbers of all tensors, as they are shown.
    package var parameterCount: Int {
        let stored = files.reduce(0) { sum, file in
            file.tensors.filter { presentation.shows($0.name) }.reduce(sum) {
                $0 + $1.elementCount
            }
        }
        return presentation.made.values.reduce(stored) { $0 + $1.entry.elementCount }
    }

    package func contains(_ name: String) -> Bool {
        let key = ExactString(name)
        return presentation.made[key] != nil
            || owners[key] != nil && !presentation.hidden.contains(key)
    }

    /// The tensor called `name`, as a value that keeps its file mapped.
    package func tensor(_ name: String) throws(CheckpointError) -> StoredTensor {
        if let made = presentation.made[ExactString(name)] { return made }
        guard contains(name), let owner = owners[ExactString(name)] else {
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
        for file in weightFiles {
            do {
                try file.verifyUnchanged()
            } catch {
                throw .file(error)
            }
        }
    }
}

extension Checkpoint {
    /// The files of a model, for who needs no weights of it.
    package static func sideFiles(of model: FilePath) throws(CheckpointError) -> SideFiles {
        guard GGUFFile.isNamed(model) else { return SideFiles(model) }
        let file = try GGUFFile(model, within: nil)
        do throws(GGUFFault) {
            return try GGUFSideFiles(
                file, in: model.removingLastComponent(), within: nil
            ).files
        } catch { throw .gguf(path: model.string, error) }
    }

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
                files.append(
                    try MappedFile(sideFiles.path(name), within: contents.root))
            } catch {
                throw .file(error)
            }
        }
        return files
    }
}

extension Checkpoint {
    /// Texts that go where the model goes, and are not files of its folder.
    func madeCompanions() throws -> [(name: String, bytes: [UInt8])] {
        try sideFiles.madeNames.compactMap { name in
            try sideFiles.madeText(name).map { (name, $0) }
        }
    }
}
