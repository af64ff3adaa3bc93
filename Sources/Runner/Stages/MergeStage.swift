// Stage `merge`: writes a folded model into the results. Its key names the model (for the
// analysis and the evaluations behind it); the files themselves are made anew each time, because
// results belong to the user, not to the cache.

import Checkpoint
import Compression
import DurableIO
import Foundation
import JSON
import Jobs
import Model
import Report
import Store
import SystemPackage

/// A folded model on disk.
struct FoldedModel {
    let model: Model
    /// Digest of model, plan and type: equal folds have equal tensors, in however many files.
    let identity: Digest
    let folder: FilePath
    let files: [RunReport.File]
    let parameters: Int
    let bytes: Int
    let seconds: Double
    /// Which programs get it wrong, in words.
    let caveats: [String]
}

struct MergeStage: Stage {
    let name = "merge"
    /// The files are the user's and made anew each time; the key names the model for the stages
    /// behind it.
    let isCacheable = false
    let isForeseen = true
    let plan: IdentifiedPlan
    private let weights: IdentifiedWeights?
    private let original: IdentifiedModel
    private let output: JobDescription.Output
    private let folder: FilePath
    private let label: String
    private let folded: FoldedCheckpoint
    private let files = WrittenFiles()

    /// - Parameters:
    ///   - folder: an empty or absent folder of the results.
    ///   - label: the result's id.
    init(
        _ plan: IdentifiedPlan, weights: IdentifiedWeights?, of original: IdentifiedModel,
        output: JobDescription.Output, to folder: FilePath, label: String
    ) throws {
        self.plan = plan
        self.weights = weights
        self.original = original
        self.output = output
        self.folder = folder
        self.label = label
        folded = try FoldedCheckpoint(
            model: original.model, plan: plan.plan, computed: weights?.tensors ?? WeightPatch(),
            dtype: output.dtype.dtype)
    }

    var inputs: StageInputs {
        [(role: "model", digest: original.digest), (role: "plan", digest: plan.digest)]
            + (weights.map { [(role: "weights", digest: $0.digest)] } ?? [])
    }

    var params: KeyJSON { ["dtype": .string(output.dtype.rawValue)] }

    var detail: String { label }

    var work: Work { Work(written: Double(folded.byteCount)) }

    func compute(_ outputs: inout StageOutputs, _ cache: StageCache) throws {
        let start = ContinuousClock.now
        try Syscalls.makeFolders(folder)
        files.list = try WrittenFiles.list { reader in
            try folded.write(
                to: folder, shardByteLimit: output.shardBytes, reader: reader,
                observer: cache.progress)
        }
        files.seconds = (ContinuousClock.now - start) / .seconds(1)
    }

    /// Opens what was written.
    func decode(_ stored: StageResult) throws -> FoldedModel {
        let start = ContinuousClock.now
        let checkpoint = try Checkpoint(folder)
        return FoldedModel(
            model: try Model(checkpoint), identity: stored.key, folder: folder,
            files: files.list, parameters: try folded.parameterCount(),
            bytes: files.list.reduce(0) { $0 + $1.bytes },
            seconds: files.seconds + (ContinuousClock.now - start) / .seconds(1),
            caveats: folded.caveats)
    }
}

extension MergeStage {
    /// The shape of what will be written; its key names it already where all that goes in is known.
    func assumed(_ unknown: StageResult) throws -> FoldedModel {
        FoldedModel(
            model: try folded.shape(), identity: unknown.key, folder: folder, files: [],
            parameters: try folded.parameterCount(), bytes: folded.byteCount, seconds: 0,
            caveats: folded.caveats)
    }
}

extension JobDescription.OutputDType {
    /// nil keeps each tensor's own.
    var dtype: DType? {
        switch self {
        case .keep: nil
        case .float32: .f32
        case .bfloat16: .bf16
        case .float16: .f16
        }
    }
}
