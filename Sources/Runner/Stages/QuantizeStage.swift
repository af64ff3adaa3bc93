// Stage `quantize`: writes a model of the results, or the original, in fewer bits. As with `merge`,
// its key names the model for the evaluations behind it, and the files are made anew each time.

import Checkpoint
import DurableIO
import JSON
import Jobs
import Model
import Quantization
import Report
import Schemes
import Store
import SystemPackage

/// A quantised model on disk, read back.
struct QuantizedModel {
    let model: Model
    /// Digest of model and scheme, not of the files: in how many it is written changes no figure.
    let identity: Digest
    let files: [RunReport.File]
    let bytes: Int
    let seconds: Double
}

struct QuantizeStage: Stage {
    let name = "quantize"
    let isCacheable = false
    let isForeseen = true
    private let source: Subject
    private let scheme: QuantizationScheme
    private let codes: IdentifiedCodes?
    private let output: JobDescription.Output
    private let folder: FilePath
    private let label: String
    private let quantized: QuantizedCheckpoint
    private let files = WrittenFiles()

    /// - Parameters:
    ///   - codes: of the weights; nil: each is rounded by itself.
    ///   - folder: an empty or absent folder of the results.
    ///   - label: the model's id in the report.
    init(
        _ source: Subject, _ scheme: QuantizationScheme, codes: IdentifiedCodes?,
        output: JobDescription.Output, to folder: FilePath, label: String
    ) throws {
        self.source = source
        self.scheme = scheme
        self.codes = codes
        self.output = output
        self.folder = folder
        self.label = label
        quantized = try QuantizedCheckpoint(
            source.model, scheme,
            tensors: codes?.tensors
                ?? RoundedTensors(source.model.weights.source, scheme.weights))
    }

    var inputs: StageInputs {
        [(role: "model", digest: source.identity)]
            + (codes.map { [(role: "codes", digest: $0.digest)] } ?? [])
    }

    var params: KeyJSON {
        var weights: [String: KeyJSON] = [
            "bits": .integer(scheme.weights.bits), "kind": .string(scheme.weights.kind.rawValue),
        ]
        if let group = scheme.weights.group { weights["group"] = .integer(group) }
        return [
            "activations": .string(scheme.activations.rawValue), "weights": .object(weights),
        ]
    }

    var detail: String { "\(label): \(scheme)" }
    var plannedPeak: Int? { quantized.peakByteCount }

    var work: Work {
        Work(
            read: Double(source.model.parameterCount),
            written: Double((try? quantized.byteCount(shardByteLimit: output.shardBytes)) ?? 0))
    }

    func compute(_ outputs: inout StageOutputs, _ cache: StageCache) throws {
        let start = ContinuousClock.now
        try Syscalls.makeFolders(folder)
        files.list = try WrittenFiles.list { reader in
            try quantized.write(
                to: folder, shardByteLimit: output.shardBytes, reader: reader,
                observer: cache.progress)
        }
        files.seconds = (ContinuousClock.now - start) / .seconds(1)
    }

    /// Opens what was written.
    func decode(_ stored: StageResult) throws -> QuantizedModel {
        QuantizedModel(
            model: try Model(try Checkpoint(folder, keepsCodes: true)), identity: stored.key,
            files: files.list, bytes: files.list.reduce(0) { $0 + $1.bytes },
            seconds: files.seconds)
    }

    /// The shape of the model that is quantised.
    func assumed(_ unknown: StageResult) throws -> QuantizedModel {
        QuantizedModel(
            model: source.model, identity: unknown.key, files: [],
            bytes: Int(work.written), seconds: 0)
    }
}
