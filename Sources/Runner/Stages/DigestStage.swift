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
    var sideFiles: SideFiles { model.checkpoint.sideFiles }
}

extension IdentifiedModel {
    /// Opens a checkpoint and finds its digest.
    ///
    /// - Parameter results: of the job; they may lie in the model's own folder.
    init(_ located: LocatedModel, results: FilePath, _ cache: StageCache) throws {
        let own = [results, cache.store.layout.root].compactMap(RealPath.of)
        let model = try Model(
            try Checkpoint(located.folder, within: located.fence, excluding: own))
        for warning in model.checkpoint.warnings { cache.progress.warn(warning.description) }
        for reading in model.blueprint.readings { cache.progress.warn(reading.description) }
        if !model.unreadKeys.isEmpty {
            cache.progress.warn(
                "config.json has keys that a \(model.blueprint.modelType) does not read here: "
                    + model.unreadKeys.joined(separator: ", "))
        }
        if let first = model.unread.first {
            cache.progress.note(
                "\(model.unread.count) stored tensors that loaders make anew are not read and not "
                    + "written: \(quoted(first))" + (model.unread.count > 1 ? " and others" : ""))
        }
        if let first = model.leftOut.first {
            cache.progress.note(
                "\(model.leftOut.count) stored tensors of layers that predict further tokens are "
                    + "not read and not written, and config.json of results says so: "
                    + quoted(first) + (model.leftOut.count > 1 ? " and others" : ""))
        }
        // What is computed from files that change meanwhile must not be kept under their old name.
        let stage = DigestStage(model)
        let watch = ModelWatch(
            model.checkpoint.weightFiles, in: model.checkpoint.folderText,
            again: { [progress = cache.progress] in try stage.digest(observedBy: progress) })
        cache.beforeKeeping { try watch.check() }
        let start = Date.now.timeIntervalSince1970
        let found = try cache.run(stage)
        watch.know(found.digest, readFrom: start)
        for warning in found.warnings { cache.progress.warn(warning) }
        self.init(model: model, digest: found.digest, name: located.name)
    }
}

/// The digest of a model, and what was noticed about its numbers while they were read.
struct DigestedModel {
    let digest: Digest
    let warnings: [String]
}

struct DigestStage: Stage {
    let name = "digest"
    let version = 2
    let isCacheable: Bool

    private let model: Model
    private let config: [UInt8]
    private let files: [MappedFile]

    init(_ model: Model) {
        self.model = model
        files = model.checkpoint.weightFiles
        config = Array(model.checkpoint.storedConfig.text.utf8)
        isCacheable = ModelWatch.isSettled(
            files.map(\.identity), now: Date.now.timeIntervalSince1970)
    }

    var inputs: StageInputs { [(role: "config", digest: Digest(of: config))] }

    var params: KeyJSON {
        named([
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
        ])
    }

    /// Two readings of the same files are two models.
    private func named(_ contents: [String: KeyJSON]) -> KeyJSON {
        var contents = contents
        let readings = model.blueprint.readings
        if !readings.isEmpty {
            contents["readings"] = .array(readings.map { .string($0.rawValue) })
        }
        return .object(contents)
    }

    var detail: String {
        "\(files.count) file\(files.count == 1 ? "" : "s"), "
            + "\(model.checkpoint.storedTensors.count) tensors"
    }

    var work: Work { Work(read: Double(model.checkpoint.tensorByteCount)) }

    /// It is done before anything is planned: every key comes from it.
    func assumed(_ unknown: StageResult) throws -> DigestedModel { throw unknown.lost("model") }

    func compute(_ outputs: inout StageOutputs, _ cache: StageCache) throws {
        var notFinite: [(name: String, count: Int)] = []
        try outputs.put("model", try contents(cache.progress, &notFinite).bytes)
        let shown = notFinite.prefix(3).map { quoted($0.name) + " (\($0.count) values)" }
        let more = notFinite.count > 3 ? " and \(notFinite.count - 3) more tensors" : ""
        let warning =
            "the checkpoint itself holds NaN or infinities in \(shown.joined(separator: ", "))\(more)"
            + "; compare its files with their source"
        try outputs.put("warnings", try WarningFile.encode(notFinite.isEmpty ? [] : [warning]))
    }

    func decode(_ stored: StageResult) throws -> DigestedModel {
        DigestedModel(
            digest: Digest(of: try stored.bytes("model")),
            warnings: try WarningFile.decode(try stored.bytes("warnings")))
    }

    /// Of the bytes as they are now; says nothing but that it reads them.
    func digest(observedBy progress: ProgressReporter) throws -> Digest {
        progress.note("the model's files were touched, or are new: their bytes are compared")
        let silent = ProgressReporter(listener: { _ in }, stop: progress.checkpoint)
        var notFinite: [(name: String, count: Int)] = []
        return Digest(of: try contents(silent, &notFinite).bytes)
    }

    /// Digests of config.json and of every tensor with its type and shape.
    private func contents(
        _ progress: ProgressReporter, _ notFinite: inout [(name: String, count: Int)]
    ) throws -> KeyJSON {
        var tensors: [String: KeyJSON] = [:]
        let total = model.checkpoint.tensorByteCount
        var done = 0
        for tensor in model.checkpoint.storedTensors {
            try progress.checkpoint()
            let name = tensor.name
            let digest = tensor.withBytes { bytes in Digest(of: bytes) }
            let count = tensor.coding == nil ? tensor.nonFiniteCount : 0
            if count > 0 { notFinite.append((name, count)) }
            // Otherwise the pages of the whole checkpoint stay resident.
            tensor.adviseDontNeed()
            tensors[name] = [
                "dtype": .string(tensor.storedType), "sha256": .string(digest.hex),
                "shape": .array(tensor.shape.map { .integer($0) }),
            ]
            done += tensor.byteCount
            progress.progress(done: done, total: total, unit: "bytes", detail: name)
        }
        for tensor in model.checkpoint.codedTensors {
            try progress.checkpoint()
            let count = tensor.nonFiniteCount
            if count > 0 { notFinite.append((tensor.name, count)) }
            tensor.adviseDontNeed()
        }
        return named(["config": .string(Digest(of: config).hex), "tensors": .object(tensors)])
    }
}
