// What a checkpoint holds, found: in a folder of safetensors, or in one GGUF file.

import DurableIO
import JSON
import Schemes
import SystemPackage

struct CheckpointContents: Sendable {
    let path: FilePath
    let root: FilePath?
    let config: ModelConfig
    let storedConfig: ModelConfig
    var quantization: QuantizationConfig?
    var decodedFormat: String?
    var files: [SafetensorsFile] = []
    var owners: [ExactString: Int] = [:]
    let presentation: Presentation
    let weightFiles: [MappedFile]
    let storedTensors: [StoredTensor]
    let companions: [String]
    let sideFiles: SideFiles
    let warnings: [CheckpointWarning]
}

extension CheckpointContents {
    init(
        folder: FilePath, within root: FilePath?, excluding excluded: [FilePath],
        keepsCodes: Bool
    ) throws(CheckpointError) {
        let listing = try CheckpointFolder(folder, within: root)
        let config = try listing.readConfig()
        var format = try listing.quantization(config)
        let weights = try listing.openWeights()
        var codes: QuantizationConfig?
        if keepsCodes, case .compressedTensors(let found) = format {
            codes = found
            format = nil
        }
        let presentation = try Presentation(weights, format)
        for tensor in weights.tensors where codes == nil {
            guard tensor.entry.looksQuantised, presentation.shows(tensor.name) else { continue }
            throw tensor.fault(.quantised(tensor.dtype))
        }
        let companions = try listing.companions(weights, excluding: excluded)
        self.init(
            path: folder, root: root,
            config: codes == nil ? config.ofNumbers(presentation) : config,
            storedConfig: config, quantization: codes, decodedFormat: format?.description,
            files: weights.files, owners: weights.owners, presentation: presentation,
            weightFiles: weights.files.map(\.file),
            storedTensors: weights.tensors.sorted { ExactString.precedes($0.name, $1.name) },
            companions: companions.names, sideFiles: SideFiles(folder),
            warnings: weights.warnings
                + LeftBehind.allCases.compactMap { reason in
                    companions.leftBehind[reason].map { .leftBehind(reason, files: $0) }
                })
    }

    /// - Parameter path: of a GGUF file.
    init(file path: FilePath, within root: FilePath?) throws(CheckpointError) {
        let file = try GGUFFile(path, within: root)
        do throws(GGUFFault) {
            let found = try GGUFConfig(file)
            let side = try GGUFSideFiles(file, in: path.removingLastComponent(), within: root)
            let types = Set(file.tensors.map(\.type.name)).sorted()
            self.init(
                path: path, root: root, config: found.config, storedConfig: found.config,
                decodedFormat: "GGUF, " + types.joined(separator: ", "),
                presentation: try Presentation(
                    file, found.family, heads: found.heads, keyHeads: found.keyHeads),
                weightFiles: [file.file],
                storedTensors: file.tensors.map(\.stored).sorted {
                    ExactString.precedes($0.name, $1.name)
                },
                companions: side.companions, sideFiles: side.files,
                warnings: side.reason.map { [.noTokenizer(reason: $0)] } ?? [])
        } catch {
            throw .gguf(path: path.string, error)
        }
    }
}

extension TensorEntry {
    /// Floats of eight bits and fewer, and the integer tensors into which the usual quantisers
    /// pack weights (GPTQ, AWQ, compressed-tensors, bitsandbytes).
    var looksQuantised: Bool {
        if dtype.isQuantisedFloat { return true }
        guard dtype.floatFormat == nil else { return false }
        let suffixes = [".weight", ".qweight", ".qzeros", ".weight_packed", ".weight_shape"]
        return suffixes.contains { name.hasSuffix($0) }
    }
}

extension ModelConfig {
    /// Of a checkpoint whose codes are read as numbers, and its doubles as floats.
    fileprivate func ofNumbers(_ presentation: Presentation) -> ModelConfig {
        var result = self
        result.set(QuantizationConfig.key, to: JSONValue?.none)
        guard !presentation.made.isEmpty else { return result }
        for key in ["dtype", "torch_dtype"]
        where value(key)?.string == DType.f64.configName {
            result.set(key, to: .string(DType.f32.configName))
        }
        return result
    }
}
