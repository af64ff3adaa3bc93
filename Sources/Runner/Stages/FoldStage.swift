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
    /// Digest of model, plan and output format: equal folds have equal bytes.
    let identity: Digest
    let folder: FilePath
    let files: [RunReport.File]
    let parameters: Int
    let bytes: Int
    let seconds: Double
}

struct FoldStage {
    let cache: StageCache
    let progress: ProgressReporter

    func write(
        _ plan: IdentifiedPlan, weights: IdentifiedWeights?, of original: IdentifiedModel,
        output: JobDescription.Output,
        to folder: FilePath, label: String
    ) throws -> FoldedModel {
        let dtype = output.dtype.dtype
        let folded = try FoldedCheckpoint(
            model: original.model, plan: plan.plan, computed: weights?.tensors ?? WeightPatch(),
            dtype: dtype)
        let request = StageRequest(
            name: "merge",
            inputs: [
                (role: "model", digest: original.digest), (role: "plan", digest: plan.digest),
            ] + (weights.map { [(role: "weights", digest: $0.digest)] } ?? []),
            params: [
                "dtype": .string(output.dtype.rawValue),
                "shard_bytes": .integer(output.shardBytes),
            ],
            detail: label, isCacheable: false)
        let watch = ContinuousClock.now
        var files: [RunReport.File] = []
        let result = try cache.run(request) { _ in
            try Syscalls.makeFolders(folder)
            let written = try folded.write(
                to: folder, shardByteLimit: output.shardBytes, observer: progress)
            for file in written.files {
                try progress.checkpoint()
                files.append(
                    RunReport.File(
                        name: file.name, bytes: file.byteCount,
                        sha256: try digest(folder.appending(file.name)).hex))
            }
        }
        let checkpoint = try Checkpoint(folder)
        _ = try folded.verify(checkpoint)
        return FoldedModel(
            model: try Model(checkpoint), identity: result.key, folder: folder, files: files,
            parameters: try folded.parameterCount(),
            bytes: files.reduce(0) { $0 + $1.bytes },
            seconds: (ContinuousClock.now - watch) / .seconds(1))
    }

    private func digest(_ path: FilePath) throws -> Digest {
        try MappedBytes.digest(path)
    }
}

extension JobDescription.OutputDType {
    fileprivate var dtype: DType? {
        switch self {
        case .keep: nil
        case .float32: .f32
        case .bfloat16: .bf16
        case .float16: .f16
        }
    }
}
