// What travels with a model: every file of its folder that is no weight and that stays true when
// layers go.

import DurableIO
import SystemPackage

/// Files of a checkpoint folder that no fold copies, and why.
package enum LeftBehind: String, Sendable, CaseIterable, CustomStringConvertible {
    case weights, model, stale, size, number, link, results

    package var description: String {
        switch self {
        case .weights: "weights in another format, or pickles"
        case .model: "folders that hold a model of their own"
        case .stale: "files that count the original's layers"
        case .size:
            "files larger than \(Companions.fileBytesMax >> 20) MiB, or beyond "
                + "\(Companions.bytesMax >> 20) MiB in all"
        case .link: "links to folders, and what is no file"
        case .results: "folders of results of earlier jobs"
        case .number:
            "files beyond \(Companions.filesMax), or deeper than \(Companions.depthMax) folders"
        }
    }
}

struct Companions {
    static let fileBytesMax = 256 << 20
    static let bytesMax = 1 << 30
    static let filesMax = 1_000
    static let depthMax = 4

    /// Paths below the folder, by bytes.
    private(set) var names: [String] = []
    private(set) var leftBehind: [LeftBehind: [String]] = [:]

    private var byteCount = 0
    private let folder: FilePath
    private let root: FilePath?
    /// Real paths that are not gone into.
    private let excluded: [FilePath]

    /// - Parameter own: names of the weights that belong to the checkpoint.
    init(
        _ folder: FilePath, within root: FilePath?, own: Set<String>, excluding excluded: [FilePath]
    ) throws(CheckpointError) {
        self.folder = folder
        self.root = root
        self.excluded = excluded
        try add("", depth: 0, own: own)
        names.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Each file is opened once, so that one that may not be read is refused now, not when the
    /// result is written.
    private mutating func add(
        _ path: String, depth: Int, own: Set<String>
    ) throws(CheckpointError) {
        for entry in try entries(path) where !entry.name.string.hasPrefix(".") {
            let name = path.isEmpty ? entry.name.string : path + "/" + entry.name.string
            if entry.kind == .folder {
                try addFolder(name, depth: depth + 1)
            } else if !own.contains(name) {
                try addFile(name)
            }
        }
    }

    private mutating func addFolder(_ name: String, depth: Int) throws(CheckpointError) {
        let path = folder.appending(name)
        if excluded.contains(where: { $0.starts(with: path) }) { return }
        guard depth <= Self.depthMax else { return leave(name + "/", .number) }
        let inside = Set(try entries(name).map(\.name.string))
        if inside.contains(CheckpointFolder.configName) { return leave(name + "/", .model) }
        if inside.isSuperset(of: ["DONE", "report.json"]) { return leave(name + "/", .results) }
        try add(name, depth: depth, own: [])
    }

    private mutating func addFile(_ name: String) throws(CheckpointError) {
        // The card of the original is not that of the result, which has its own.
        if name == "README.md" { return }
        if Self.isWeight(name) { return leave(name, .weights) }
        if Self.countsLayers.contains(where: { name == $0 || name.hasSuffix("/" + $0) }) {
            return leave(name, .stale)
        }
        guard names.count < Self.filesMax else { return leave(name, .number) }
        let file: MappedFile
        do {
            file = try MappedFile(folder.appending(name), within: root)
        } catch .notRegular {
            return leave(name, .link)
        } catch {
            throw .file(error)
        }
        guard file.byteCount <= min(Self.fileBytesMax, Self.bytesMax - byteCount) else {
            return leave(name, .size)
        }
        byteCount += file.byteCount
        names.append(name)
    }

    private mutating func leave(_ name: String, _ reason: LeftBehind) {
        leftBehind[reason, default: []].append(name)
    }

    private func entries(_ name: String) throws(CheckpointError) -> [DirectoryScan.Entry] {
        do throws(SystemCallError) {
            return try DirectoryScan.entries(of: name.isEmpty ? folder : folder.appending(name))
        } catch {
            throw .system(error)
        }
    }

    /// By the endings that model hubs know.
    private static func isWeight(_ name: String) -> Bool {
        let name = name.lowercased()
        return weightEndings.contains { name.hasSuffix($0) }
    }

    private static let weightEndings = [
        ".safetensors", ".safetensors.index.json", ".bin", ".bin.index.json", ".pt", ".pth",
        ".ckpt",
        ".pkl", ".pickle", ".joblib", ".gguf", ".ggml", ".onnx", ".onnx_data", ".h5", ".msgpack",
        ".npz", ".npy", ".tflite", ".ot", ".nemo", ".mlmodel", ".pdparams", ".engine", ".tar",
        ".zip",
    ]

    /// Configurations of other programs with the number of layers in them (Meta's, Mistral's).
    private static let countsLayers: Set = ["params.json"]
}
