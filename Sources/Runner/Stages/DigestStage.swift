// Stage `digest`: the identity of a checkpoint by content. Hashing is skipped where the files are
// the same ones as in an earlier job (device, inode, size, times of modification and of change).

import Checkpoint
import DurableIO
import Foundation
import JSON
import Locations
import Model
import Store
import SystemPackage

/// An opened model with what names it in keys and reports.
struct IdentifiedModel {
    let model: Model
    /// Over config.json and all tensors.
    let digest: Digest
    let name: String
    /// Of the job's stage that reads the model.
    var folder: FilePath { model.checkpoint.folder }
}

extension IdentifiedModel {
    /// Opens a checkpoint and finds its digest.
    init(_ located: LocatedModel, _ cache: StageCache) throws {
        let model = try Model(try Checkpoint(located.folder, within: located.fence))
        for warning in model.checkpoint.warnings { cache.progress.warn(warning.description) }
        // What is computed from files that change meanwhile must not be kept under their old name.
        cache.beforeKeeping { try model.checkpoint.verifyUnchanged() }
        self.init(
            model: model, digest: try cache.run(DigestStage(model)),
            name: located.name)
    }
}

struct DigestStage: Stage {
    let name = "digest"
    let isCacheable: Bool

    private let model: Model
    private let config: [UInt8]
    private let files: [MappedFile]

    /// A file changed this recently may change again without its time telling (racy git).
    private static let settleSeconds = 2.0

    init(_ model: Model) {
        self.model = model
        files = model.checkpoint.files.map(\.file)
        config = Array(model.checkpoint.config.text.utf8)
        let newest =
            files.map { max($0.identity.modifiedNanoseconds, $0.identity.changedNanoseconds) }.max()
            ?? 0
        let age = Date.now.timeIntervalSince1970 - Double(newest) * 1e-9
        isCacheable = age > Self.settleSeconds
    }

    var inputs: StageInputs { [(role: "config", digest: Digest(of: config))] }

    var params: KeyJSON {
        [
            "files": .array(
                files.map { file in
                    [
                        "device": .string(String(file.identity.device)),
                        "inode": .string(String(file.identity.inode)),
                        "name": .string(file.path.lastComponent?.string ?? ""),
                        "changed": .string(String(file.identity.changedNanoseconds)),
                        "modified": .string(String(file.identity.modifiedNanoseconds)),
                        "size": .integer(file.byteCount),
                    ]
                })
        ]
    }

    var detail: String {
        "\(files.count) file\(files.count == 1 ? "" : "s"), "
            + "\(model.checkpoint.tensorCount) tensors"
    }

    var work: Work { Work(read: Double(model.checkpoint.tensorByteCount)) }

    /// It is done before anything is planned: every key comes from it.
    func assumed(_ unknown: StageResult) throws -> Digest { throw unknown.lost("model") }

    func compute(_ outputs: inout StageOutputs, _ cache: StageCache) throws {
        try outputs.put("model", try contents(cache.progress).bytes)
    }

    func decode(_ stored: StageResult) throws -> Digest { Digest(of: try stored.bytes("model")) }

    /// Digests of config.json and of every tensor with its type and shape.
    private func contents(_ progress: ProgressReporter) throws -> KeyJSON {
        var tensors: [String: KeyJSON] = [:]
        let total = model.checkpoint.tensorByteCount
        var done = 0
        for name in model.checkpoint.tensorNames {
            try progress.checkpoint()
            let tensor = try model.checkpoint.tensor(name)
            let digest = tensor.withBytes { bytes in Digest(of: bytes) }
            // Otherwise the pages of the whole checkpoint stay resident.
            tensor.adviseDontNeed()
            tensors[name] = [
                "dtype": .string(tensor.dtype.rawValue), "sha256": .string(digest.hex),
                "shape": .array(tensor.shape.map { .integer($0) }),
            ]
            done += tensor.byteCount
            progress.progress(done: done, total: total, unit: "bytes", detail: name)
        }
        return ["config": .string(Digest(of: config).hex), "tensors": .object(tensors)]
    }
}
